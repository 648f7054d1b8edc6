"""How well searches find the lines that answer questions, on anybody's notes.

    questions.json ──► systems (memcairn, grep, BM25, vectors) ──► passages ──► measures ──► table

`evaluation.evaluate` does it for a folder of notes, in a home that is thrown away. bench/quality.py uses the
same measures and systems on its own corpora.
"""
