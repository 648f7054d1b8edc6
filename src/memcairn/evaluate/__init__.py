"""Measure how well searches find the lines that answer questions, on the user's own notes.

    questions.json ──► systems (memcairn, grep, BM25, vectors) ──► passages ──► measures ──► table

`evaluation.evaluate` measures a folder of notes in a temporary home. bench/quality.py uses the same measures
and systems on its own corpora.
"""
