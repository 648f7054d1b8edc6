"""Meaning: texts become vectors, and their tokens become sign bits.

Nothing is loaded by importing this package: numpy, onnxruntime and tokenizers are imported by the
modules that use them, and those only when a search or an index run needs an embedder.
"""
