"""The words of an identifier, path, version or any other word with signs in it: whole and in parts.

    getUserName      getusernam  get  user  name
    src/user-db.rs   src/user-db.rs  src  user-db.rs  user-db  user  db  rs
    v1.2.3           v1.2.3  1.2.3  1.2
    --dry-run        --dry-run  dry-run  dry  run

So a text is found by the name as it is written and by each word in it. Parts are stemmed, wholes
with signs in them are not. Words are case-folded here; diacritics have gone before (`folding`).
"""

from __future__ import annotations

import re

from memcairn.notes.stems import stem

MAX_WORD = 64
"""Characters of a word that are kept."""

_MAX_IDENTIFIER = 512
"""A longer one is data (base64, say): no names within it are worth splitting by case."""

_SIGIL = re.compile(r"--?|[.$@#§]")
_SUFFIX = re.compile(r"(?:\+\+|#)\Z")
_LETTERS_OR_DIGITS = re.compile(r"[^\W_]+")
_STRONG = re.compile(r"[/\\:@=&?%+~#$>]+|->")
_WEAK = re.compile(r"[-_]+")
_VERSION = re.compile(r"(?<![^\W_])(?<!\.)[vV]?(\d+(?:\.\d+)+)")
_YEAR_AND_MONTH = re.compile(r"(\d{4}-\d\d)-\d\d(?!\d)")
_INITIALS = re.compile(r"(?:[A-Z]\.)+[A-Z]")
_CONTRACTION = re.compile(r"'(?:s|re|ve|ll|d|m)\Z", re.IGNORECASE)
_CASES = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


def identifier_words(text: str) -> list[str]:
    """The words of one word that may have signs in it, each once, the whole first."""
    if text.isalpha() and text[1:].islower():
        return [stem(text.casefold())[:MAX_WORD]]
    text = without_contraction(text)
    if len(text) > _MAX_IDENTIFIER:
        return [part[:MAX_WORD].casefold() for part in _LETTERS_OR_DIGITS.findall(text)]
    words: list[str] = []
    whole = text
    sigil = _SIGIL.match(whole)
    if sigil:
        words.append(whole)
        whole = whole[sigil.end() :]
    if _SUFFIX.search(whole):
        words.append(whole)
        whole = _SUFFIX.sub("", whole)
    if "," in whole:  # 1,000,000
        whole = whole.replace(",", "")
    components = [component for component in _STRONG.split(whole) if component.strip("._-'")]
    if len(components) > 1:
        words.append(whole)
    for component in components:
        words += _component_words(component.strip("_-'"))
    return list(dict.fromkeys(word[:MAX_WORD].casefold() for word in words))


def without_contraction(word: str) -> str:
    """`they're` is they, `Caroline's` is Caroline; `don't` stays."""
    return _CONTRACTION.sub("", word)


def _component_words(component: str) -> list[str]:
    """The words of what stands between slashes, colons and the like."""
    words: list[str] = []
    rest = component
    for version in _VERSION.finditer(component):
        numbers = version[1].split(".")
        words += [version[0], *(".".join(numbers[:end]) for end in range(len(numbers), 1, -1))]
        rest = rest.replace(version[0], " ")
    names = rest.replace(".", " ").split()
    if len(names) > 1 or rest != component or component.startswith("."):
        words.insert(0, component)
    if _INITIALS.fullmatch(component):
        words.append(stem(component.replace(".", "").casefold()))
    for name in names:
        atoms = [atom for atom in (atom.strip("'") for atom in _WEAK.split(name)) if atom]
        if len(atoms) > 1:
            words.append(name)
            words += _YEAR_AND_MONTH.findall(name)
        for atom in atoms:
            words += _atom_words(atom)
    return words


def _atom_words(atom: str) -> list[str]:
    """The words of letters and digits; apostrophes are the only signs left."""
    if "'" in atom:
        return _apostrophe_words(atom)
    parts = _parts(atom)
    whole = stem(atom.casefold()) if not any(part.isdigit() for part in parts) else atom
    if len(parts) == 1:
        return [whole]
    letters = [part for part in parts if not part.isdigit()]
    # One number at either end is a name's (utf8, 10ms); more of them are a hash or a code.
    if len(letters) == len(parts):
        shortest = 2
    elif len(parts) - len(letters) == 1 and (parts[0].isdigit() or parts[-1].isdigit()):
        shortest = 2
        letters.append(next(part for part in parts if part.isdigit()))
    else:
        shortest = 3
    return [
        whole,
        *(stem(part.casefold()) for part in letters if len(part) >= shortest or part.isdigit()),
    ]


def _apostrophe_words(atom: str) -> list[str]:
    """The words of `Caroline's` (caroline), `don't` (dont), `O'Brien` (obrien, brien)."""
    base = without_contraction(atom.casefold())
    whole = stem(base.replace("'", ""))
    if "'" not in base or base.endswith("n't"):
        return [whole]
    return [whole, *(stem(part) for part in base.split("'") if len(part) > 1)]


def _parts(atom: str) -> list[str]:
    """`atom` cut where its case changes, and between letters and digits."""
    if atom.isascii():
        return _CASES.findall(atom)
    shape = "".join(
        "0" if sign.isdigit() else "A" if sign.isupper() else "s" if sign == "s" else "a"
        for sign in atom
    )
    return [atom[match.start() : match.end()] for match in _CASES.finditer(shape)]
