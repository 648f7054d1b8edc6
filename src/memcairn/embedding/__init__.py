"""Embeddings: a vector for each text, and sign bits for each of its tokens.

Importing this package loads nothing. The modules that use NumPy, onnxruntime and tokenizers are imported
when a search or a backfill needs an embedder.
"""
