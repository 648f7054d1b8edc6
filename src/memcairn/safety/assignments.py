"""Passwords and keys that only their name gives away: `DB_PASS=...`, `**Password:** ...`, a table's column.

A name, Markdown or HTML around it, a separator and a value make a candidate. What the value looks like
decides: a placeholder, a reference to a variable, code and a word of prose are not credentials.
"""

from __future__ import annotations

import itertools
import re

from memcairn.safety.patterns import compiled

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Iterator


def find_values(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each value that a text assigns to the name of a credential."""
    for match in _matches(text):
        name, separator = match["name"].lower(), match["separator"].strip().lower()
        start, end = _without_punctuation(match["value"], match.start("value"))
        value = text[start:end]
        if is_harmless(text, start, value):
            continue
        if separator.startswith("is"):
            found = _is_spoken(value)
        elif name.endswith(_PASSWORDS) or "pass" in name:
            found = _is_password(value) and not (
                separator == "" or (name == "pass" and " " in separator)
            )
        else:
            found = looks_random(value) or _is_long_code(value)
        if found:
            yield start, end
    yield from _in_tables(text)


def _matches(text: str) -> Iterator[re.Match[str]]:
    """The matches of `_ASSIGNED` in a text, as `finditer` returns them, in a tenth of the time.

    A name has a stem, and a separator soon after it: only near such places is the pattern tried.
    """
    # The pattern takes a long s for an s. The lower case of İ has two characters.
    lower = text.replace("ſ", "s").replace("İ", "i").lower()
    tail, assigned = compiled(_TAIL), compiled(_ASSIGNED)
    places = []
    for stem in _STEMS:
        at = lower.find(stem)
        while at >= 0:
            if tail.match(text, at + len(stem)):
                places.append(at)
            at = lower.find(stem, at + 1)
    end = 0
    for place in sorted(places):
        for start in range(max(end, place - _MAX_BEFORE_STEM), place + 1):
            match = assigned.match(text, start)
            if match is not None:
                yield match
                end = match.end()
                break


def is_harmless(text: str, start: int, value: str) -> bool:
    """Whether a value is a placeholder, its own name, or a reference to where the value is kept."""
    line = text[max(start - 60, 0) : start].rpartition("\n")[2]
    name = re.search(r"(\w{5,})\W*$", line)
    return (
        is_placeholder(value)
        or compiled(_REFERENCE).match(value) is not None
        or _plain(value) in _plain(line)
        or (name is not None and value.isalnum() and _plain(value).startswith(_plain(name[1])))
        or compiled(_BOOKKEEPING).search(line) is not None
    )


def is_placeholder(value: str) -> bool:
    """Whether a value only shows where a secret goes."""
    return compiled(_PLACEHOLDER).search(value) is not None


def looks_random(value: str) -> bool:
    """Whether a value has letters of both cases and digits, as no word of prose has."""
    return (
        len(value) >= _MIN_RANDOM_CHARS
        and re.fullmatch(r"[A-Za-z0-9!@#%^&*+=?~/_.-]+", value) is not None
        and any(c.islower() for c in value)
        and any(c.isupper() for c in value)
        and any(c.isdigit() for c in value)
    )


_PASSWORDS = (
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "pwd",
    "pass",
    "contraseña",
    "kennwort",
)
# Every name has one of these.
_STEMS = ("pass", "pwd", "secret", "token", "key", "kennwort", "contraseña")
_MIN_RANDOM_CHARS = 12
_MAX_VALUE_CHARS = 200
# More than a name has before its last stem.
_MAX_BEFORE_STEM = 32

_MARKS = r"(?:[\"'`*_\]]|</?[a-z]{1,8}>){0,6}"
_SEPARATOR = r"(?:[ \t]{0,3}(?::=|=>|->|[:=])|[ \t]{1,2}(?:is(?:[ \t]now)?:?)(?=[ \t]))"
# What may stand between the last stem of a name and its value.
_TAIL = rf"(?i)[a-zñ]{{0,6}}(?:[ _-]?base)?{_MARKS}{_SEPARATOR}"
_ASSIGNED = (
    r"(?i)"
    r"(?P<name>(?:password|passwd|passphrase|passwort|kennwort|contraseña|pwd"
    r"|(?<![a-z])pass|secret(?:[ _-]?key)?(?:[ _-]?base)?|token"
    r"|(?:api|access|account|private|encryption|master|admin|auth|signing|shared|license|service|client"
    r"|storage|primary|secondary|deploy|shared[ _-]?access|app|application|webhook|jwt|session|hmac|aes"
    r"|cipher|crypt|data|project|root|server|user|host|recovery|subscription|account)[ _-]?key))"
    rf"{_MARKS}(?P<separator>{_SEPARATOR})"
    rf"[ \t]{{0,3}}{_MARKS}[ \t]{{0,3}}{_MARKS}"
    rf"(?P<value>[^\s\"'`<>|,;\\]{{6,{_MAX_VALUE_CHARS}}})"
)

# Tokens of this kind page through results or make a request unique; they open nothing.
_BOOKKEEPING = (
    r"(?i)(?:next|forward|backward|page|paging|continuation|request|client|lock|creation"
    r"|idempotency|sync|resume)[_-]?(?:lock[_-]?)?token[\"'`*]*\s{0,3}[:=]\s{0,3}[\"'`*]*$"
)
_PLACEHOLDER = (
    r"(?i)example|placeholder|redacted|omitted|truncated|change[_-]?(?:me|it|this)|\.\.\.|…|^(.)\1*$|^\W*$"
    r"|xxxx|\*\*\*|0{6}|(?-i:(?!A)(.)\2{5})|A{12}$|abcdef|123456|qwerty|foobar|s3cr3t|(?:super|very|top|some)[_-]?s[e3]cret|^secret(?:[_-]?(?:key|token|password|value)|\d{1,3})$"
    r"|(?:^|[_-])(?:your|my[_-]|some|insert|enter|replace|todo|dummy|fake|sample|test[_-]?(?:key|token|password))"
    r"|[_-]here$|^<|>$|^(?-i:[a-z]+)(?: (?-i:[a-z]+)){1,2}$|^password \w+"
    # "mytoken123" and "a-very-secret-token" say what they stand for.
    r"|^(?-i:(?=\D*\d{0,5}\D*$)[a-z0-9 !_-]*(?:secret|password|token)[a-z0-9 !_-]*)$"
)
_REFERENCE = (
    r"(?i)\$[\w{(]|%[a-z(_]+[%)]?|[{(\[<]|[&@!#][a-z_]+$|(?:~|\.{1,2})?/[a-z._-]+(?:/|\.|$)"
    r"|(?:https?|env|vault|op|file|ssm|keychain|secret|aws|gcp|azure|data)s?:"
    r"|[a-z_$][\w$]{0,24}(?:[?!]?\.[a-z_$][\w$-]{0,24})+(?:[(\[?;)]|$)"
    r"|[a-z_$][\w$.]{0,40}[(\[{]|--?[a-z]+|[a-z]+\)$"
)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower() or " "


def _without_punctuation(value: str, start: int) -> tuple[int, int]:
    """Where a value begins and ends without the Markdown and the punctuation after it."""
    return start, start + len(re.sub(r"[.:)*\]}?]+$", "", value))


def _is_password(value: str) -> bool:
    letters = any(c.isalpha() for c in value)
    digits = sum(c.isdigit() for c in value)
    if (
        len(value) < 6
        or not value.isprintable()
        or not letters
        or compiled(_FORMAT_NAME).search(value)
    ):
        return False
    symbols = len(re.findall(r"[!@#$%^&*+=?~]", value))
    # Brackets belong to code more often than to passwords.
    return (bool(digits) or bool(symbols)) and not re.search(r"[()\[\]{}]", value)


def _is_spoken(value: str) -> bool:
    return (
        _is_password(value)
        and any(c.isdigit() for c in value)
        and re.fullmatch(r"[A-Za-z0-9!@#%^&*+=?~_.-]+", value) is not None
        and not re.fullmatch(r"[\d.]+[a-z]{0,3}|[a-z]+-?\d{1,2}-?[a-z]*", value)
    ) or looks_random(value)


# Names of algorithms, encodings and versions, which have digits as passwords do.
_FORMAT_NAME = (
    r"(?i)^(?:sha|md|base|utf|oauth|rs|hs|es|ps|aes|rsa|argon|scram|pbkdf|ed|x|iso|http|v|int|uint|float|str"
    r"|bcrypt|pkcs|rfc|ipv|k8s|i18n|ascii)[_-]?\d"
)


def _is_long_code(value: str) -> bool:
    """Whether a value is a UUID, or many hexadecimal digits or characters of base 36."""
    if compiled(_UUID).fullmatch(value):
        return True
    digits = sum(c.isdigit() for c in value)
    return re.fullmatch(
        r"(?:[0-9a-f]{20,}|[0-9A-F]{20,}|[a-z0-9]{24,}|[A-Z0-9]{24,})", value
    ) is not None and 3 <= digits < len(value)


_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_HEADER = (
    r"(?m)^[^\n]*\|[^\n]*\n[ \t]{0,3}\|?[ \t]{0,3}:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$"
)
_COLUMN = (
    r"(?i)^[\s*_`]*(?:\w+ )?(?:password|passwd|passphrase|pwd|pass|secret|token|api[ _-]?key"
    r"|(?:access|secret)[ _-]?key)[\s*_`]*$"
)


def _in_tables(text: str) -> Iterator[tuple[int, int]]:
    for header in compiled(_HEADER).finditer(text):
        titles = _cells(header[0].partition("\n")[0], 0)
        columns = [n for n, (_, _, title) in enumerate(titles) if compiled(_COLUMN).match(title)]
        if not columns:
            continue
        at = header.end() + 1
        for start, line in _rows(text, at):
            cells = _cells(line, start)
            for number in columns:
                if number < len(cells):
                    first, last, value = cells[number]
                    if " " in value or is_placeholder(value) or compiled(_REFERENCE).match(value):
                        continue
                    if _is_password(value) or looks_random(value) or _is_long_code(value):
                        yield first, last


def _rows(text: str, at: int) -> Iterator[tuple[int, str]]:
    while at < len(text):
        end = text.find("\n", at)
        line = text[at : end if end >= 0 else len(text)]
        if "|" not in line:
            return
        yield at, line
        at += len(line) + 1


def _cells(line: str, start: int) -> list[tuple[int, int, str]]:
    """Start, end and text of each cell of a row, without the Markdown around it."""
    cells = []
    pieces = line.split("|")
    ends = itertools.accumulate(len(piece) + 1 for piece in pieces)
    for piece, end in zip(pieces, ends, strict=True):
        inner = re.sub(
            r"^(?:[\s*_`\"']|</?[a-z]{1,8}>)+|(?:[\s*_`\"']|</?[a-z]{1,8}>)+$", "", piece
        )
        first = start + end - 1 - len(piece) + piece.find(inner)
        cells.append((first, first + len(inner), inner))
    return cells[1:] if not pieces[0].strip() else cells
