"""Measure secret detection: formats found in every place of a note, and false alarms in documentation.

    python bench/secret_formats.py [--docs FOLDER ...] [--floor]

Compares memcairn with redact-secret alone and, if it is installed, detect-secrets. The documentation is
that of the installed Python and Node packages: the few findings there are nearly all example passwords.
With `--floor`, exits with 1 if memcairn finds less than 95% of the formats in some place, or reports more
than 0.3 findings in 1,000 paragraphs.
"""

from __future__ import annotations

import argparse
import collections
import importlib.util
import re
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import redact_secret

from fake_formats import NAMED_FORMS, NAMES, PLACEHOLDERS, PLACES, TEMPLATES, provider_secrets
from fake_secrets import Maker
from memcairn.safety.secrets import find_secrets

MIN_FOUND = 0.95
MAX_FALSE_ALARMS = 0.3
SUFFIXES = {".md", ".markdown", ".rst"}

Spans = list[tuple[int, int]]


def memcairn(text: str) -> Spans:
    return [(found.start, found.end) for found in find_secrets(text)]


def library(text: str) -> Spans:
    return [(found.start, found.end) for found in redact_secret.scan(text)]


def detect_secrets(text: str) -> Spans:
    """The whole line of each finding: detect-secrets reports no columns."""
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import default_settings

    # Not `scan_line`, which also reports every word without a filter.
    with tempfile.NamedTemporaryFile("w", suffix=".md", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        with default_settings():
            found = {secret.line_number for secret in scan_file(file.name)}
    spans, at = [], 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if number in found:
            spans.append((at, at + len(line)))
        at += len(line)
    return spans


def paragraphs(folders: list[Path]) -> list[str]:
    """Each different paragraph of the Markdown, reStructuredText and package descriptions."""
    found: dict[str, None] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if (file.suffix.lower() in SUFFIXES or file.name == "METADATA") and file.is_file():
                text = file.read_text(encoding="utf-8", errors="replace")
                found.update(dict.fromkeys(filter(str.strip, re.split(r"\n[ \t]*\n", text))))
    return list(found)


def named() -> tuple[list[tuple[str, str]], list[str]]:
    """Texts that assign random values to names, with the values; and the same texts with placeholders."""
    maker = Maker(3)
    forms = [form.replace("{name}", name) for name in NAMES for form in NAMED_FORMS]
    values = [maker.mixed(20) for _ in forms]
    secrets = [(f.replace("{value}", v), v) for f, v in zip(forms, values, strict=True)]
    placeholders = PLACEHOLDERS.splitlines()
    return secrets, [form.replace("{value}", one) for form in forms[::9] for one in placeholders]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", nargs="*", type=Path, help="folders of documentation")
    parser.add_argument("--floor", action="store_true", help="fail below the promised quality")
    args = parser.parse_args()
    root = Path(__file__).parent.parent
    installed = (
        Path(sysconfig.get_path("purelib")),
        root / ".clients/node_modules",
        Path("/usr/lib/node_modules"),
        Path("/usr/share/doc"),
    )
    docs = paragraphs(args.docs or [folder for folder in installed if folder.is_dir()])
    fakes = provider_secrets()
    print(f"{len(TEMPLATES.split())} formats in {len(PLACES)} places, {len(docs):,} paragraphs")
    detectors = [memcairn, library]
    if importlib.util.find_spec("detect_secrets"):
        detectors.append(detect_secrets)
    good = True
    for detector in detectors:
        found: collections.Counter[str] = collections.Counter()
        for fake in fakes:
            first = fake.text.index(fake.secret)
            last = first + len(fake.secret)
            place = fake.kind.rpartition(", ")[2]
            found[place] += any(a <= first and last <= b for a, b in detector(fake.text))
        shares = {place: found[place] / len(TEMPLATES.split()) for place in PLACES}
        sample = docs[::40] if detector is detect_secrets else docs  # it takes 100 times as long
        secrets, placeholders = named()
        if detector is detect_secrets:
            secrets, placeholders = secrets[::10], placeholders[::100]
        hits = sum(
            any(
                a <= text.index(value) and text.index(value) + len(value) <= b
                for a, b in detector(text)
            )
            for text, value in secrets
        ) / len(secrets)
        wrong = sum(bool(detector(text)) for text in placeholders) / len(placeholders)
        began = time.process_time()
        alarms = sum(bool(detector(text)) for text in sample) / len(sample) * 1000
        took = time.process_time() - began
        print(f"{detector.__name__}: {alarms:.2f} findings in 1,000 paragraphs, {took:.1f} s CPU")
        print("  " + ", ".join(f"{place} {share:.1%}" for place, share in shares.items()))
        print(f"  values of {len(NAMES)} names in {len(NAMED_FORMS)} forms {hits:.1%}")
        print(f"  reported of {len(PLACEHOLDERS.splitlines())} placeholders there {wrong:.1%}")
        if detector is memcairn:
            good = min(*shares.values(), hits) >= MIN_FOUND and alarms <= MAX_FALSE_ALARMS
    return 0 if good or not args.floor else 1


if __name__ == "__main__":
    sys.exit(main())
