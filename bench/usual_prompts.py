#!/usr/bin/env python3
"""Embed `bench/gate/usual.txt` by the built-in models: src/memcairn/search/usual_prompts.npz.

usage: usual_prompts.py

Each line has a language and a prompt as people write it to an agent anywhere: no note is about it. A search
compares a passage's similarity to a prompt with its similarity to these (docs/decisions/relevance.md). The
English model gets the English ones. None of them is among the prompts that bench/gate.py asks.
"""

from pathlib import Path

import numpy as np

from memcairn.embedding import builtin, multilingual
from memcairn.store.vectors import quantised

TEXTS = Path(__file__).parent / "gate" / "usual.txt"
VECTORS = Path(__file__).parents[1] / "src" / "memcairn" / "search" / "usual_prompts.npz"


def main() -> None:
    lines = [line.split("\t") for line in TEXTS.read_text("utf-8").splitlines()]
    english, every = builtin.load(), multilingual.load()
    texts = [text for language, text in lines if language == "en"]
    np.savez(
        VECTORS,
        **{
            english.name: np.array([quantised(v) for v in english.embed(texts).vectors]),
            every.name: np.array(
                [quantised(v) for v in every.embed([text for _, text in lines]).vectors]
            ),
        },
    )


if __name__ == "__main__":
    main()
