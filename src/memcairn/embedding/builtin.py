"""The built-in model: all-MiniLM-L6-v2 with 8-bit weights, in the folder minilm.

    minilm/model.onnx     the encoder; inputs input_ids, attention_mask, token_type_ids;
                          output last_hidden_state, float32 [batch, tokens, 384]
    minilm/vocab.txt      the tokens of its WordPiece tokenizer
    minilm/manifest.json  the name of this version, and the sha256 of both files

models/ of the repository builds the first two when memcairn is installed or packed; they are not in git.

Reimers and Gurevych 2019, "Sentence-BERT"; Wang et al. 2020, "MiniLM". The model is for English. It knows
other languages in the Latin script in part, and only single characters of other scripts.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from memcairn.embedding.encoder import Encoder
from memcairn.embedding.onnx import OnnxEmbedder
from memcairn.embedding.providers import BUILTIN_FOLDER
from memcairn.embedding.wordpiece import WordPiece
from memcairn.errors import EmbeddingError

MAX_TOKENS = 256  # the length that the model was trained with
LATIN = re.compile(r"[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")


def load() -> OnnxEmbedder:
    """Load the built-in model, in about 0.1 s.

    Raises:
        EmbeddingError: its files are missing or damaged.
    """
    folder = Path(BUILTIN_FOLDER)
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        tokenizer = WordPiece(folder / "vocab.txt", MAX_TOKENS)
    except (OSError, ValueError, KeyError) as error:
        raise EmbeddingError(
            "the model cannot be read", path=folder, hint="install memcairn again"
        ) from error
    encoder = Encoder(folder / "model.onnx", tokenizer)
    return OnnxEmbedder(manifest["name"], encoder, latin_share)


def latin_share(text: str) -> float:
    """Fraction of a text's letters that are Latin; 1 for a text without letters."""
    letters = sum(map(str.isalpha, text))
    return len(LATIN.findall(text)) / letters if letters else 1.0
