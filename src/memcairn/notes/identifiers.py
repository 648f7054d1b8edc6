"""The index words of identifiers, paths, versions and other words with punctuation: whole and parts.

    getUserName      getusernam  get  user  name
    src/user-db.rs   src/user-db.rs  src  user-db.rs  user-db  user  db  rs
    v1.2.3           v1.2.3  1.2.3  1.2
    --dry-run        --dry-run  dry-run  dry  run

A text is thus found by the whole name and by each word in it. Parts are stemmed; wholes with
punctuation are not. Words are case-folded here; `folding` has removed diacritics before.
"""

from __future__ import annotations

import re

from memcairn.notes.stems import stem

MAX_WORD = 64
"""The maximum length of a word, in characters."""

_MAX_IDENTIFIER = 512
"""Longer ones are data such as base64, and are not split by case."""

_LETTERS_OR_DIGITS = re.compile(r"[^\W_]+")
_STRONG = re.compile(r"[/\\:@=&?%+~#$>]+|->")
_WEAK = re.compile(r"[-_]+")
_VERSION = re.compile(r"(?<![^\W_])(?<!\.)[vV]?(\d+(?:\.\d+)+)")
_YEAR_AND_MONTH = re.compile(r"(\d{4}-\d\d)-\d\d(?!\d)")
_INITIALS = re.compile(r"(?:[A-Z]\.)+[A-Z]")
_CONTRACTION = re.compile(r"'(?:s|re|ve|ll|d|m)\Z", re.IGNORECASE)
_CASES = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


def identifier_words(text: str) -> list[str]:
    """The index words of one word that may contain punctuation, each once, the whole first."""
    if text.isalpha() and text[1:].islower():
        return [stem(text.casefold())[:MAX_WORD]]
    if len(text) > _MAX_IDENTIFIER:
        return [part.casefold()[:MAX_WORD] for part in _LETTERS_OR_DIGITS.findall(text)]
    words: list[str] = []
    whole = without_contraction(text)
    if whole[0] in "-.$@#§":
        words.append(whole)
        whole = whole.removeprefix("-")[whole[0] != "-" :].removeprefix("-")
    if whole.endswith(("++", "#")):
        words.append(whole)
        whole = whole.removesuffix("#").removesuffix("++")
    if "," in whole:  # 1,000,000
        whole = whole.replace(",", "")
    components = [whole] if whole.isidentifier() else _STRONG.split(whole)
    if len(components) > 1:
        components = [component for component in components if component.strip("._-'")]
        if len(components) > 1:
            words.append(whole)
    for component in components:
        words += _component_words(component.strip("_-'"))
    if len(text) > MAX_WORD or not (text.isascii() and text.islower()):
        words = [word.casefold()[:MAX_WORD] for word in words]
    return list(dict.fromkeys(words))


def without_contraction(word: str) -> str:
    """Remove a contraction: `they're` becomes `they`, `Caroline's` `Caroline`; `don't` stays."""
    return _CONTRACTION.sub("", word) if "'" in word else word


def _component_words(component: str) -> list[str]:
    """The words of a part between slashes, colons and similar separators."""
    if "." not in component:
        return _name_words(component)
    words: list[str] = []
    rest = component
    for version in _VERSION.finditer(component):
        numbers = version[1].split(".")
        words += [version[0], version[1]]
        words += [".".join(numbers[:end]) for end in range(min(len(numbers) - 1, 4), 1, -1)]
        rest = rest.replace(version[0], " ")
    names = rest.replace(".", " ").split()
    if len(names) > 1 or rest != component or component.startswith("."):
        words.insert(0, component)
    if _INITIALS.fullmatch(component):
        words.append(stem(component.replace(".", "").casefold()))
    for name in names:
        words += _name_words(name)
    return words


def _name_words(name: str) -> list[str]:
    """The words of a name without punctuation other than hyphens, underscores and apostrophes."""
    atoms = _WEAK.split(name) if "-" in name or "_" in name else [name]
    words: list[str] = []
    if len(atoms) > 1:
        words.append(name)
        if name[0].isdigit():
            words += _YEAR_AND_MONTH.findall(name)
    for atom in atoms:
        if atom.isalpha() and atom.islower():
            words.append(stem(atom))
        else:
            words += _atom_words(atom)
    return words


def _atom_words(atom: str) -> list[str]:
    """The words of letters, digits and apostrophes that are not only lower-case letters."""
    if "'" in atom:
        return _apostrophe_words(atom)
    parts = _parts(atom)
    numbers = [part for part in parts if part.isdigit()]
    whole = atom if numbers else stem(atom.casefold())
    if len(parts) == 1:
        return [whole]
    # One number at either end belongs to a name (utf8, 10ms); more numbers mean a hash or a code.
    named = not numbers or (numbers[1:] == [] and (parts[0].isdigit() or parts[-1].isdigit()))
    shortest = 2 if named else 3
    words = [part for part in parts if len(part) >= shortest and not part.isdigit()]
    return [whole, *(stem(part.casefold()) for part in words), *(numbers if named else ())]


def _apostrophe_words(atom: str) -> list[str]:
    """The words of `Caroline's` (caroline), `don't` (dont), `O'Brien` (obrien, brien)."""
    base = without_contraction(atom.casefold())
    whole = stem(base.replace("'", ""))
    if "'" not in base or base.endswith("n't"):
        return [whole]
    return [whole, *(stem(part) for part in base.split("'") if len(part) > 1)]


def _parts(atom: str) -> list[str]:
    """Split where case changes, and between letters and digits."""
    if atom.isascii():
        return _CASES.findall(atom)
    shape = "".join(
        "0" if sign.isdigit() else "A" if sign.isupper() else "s" if sign == "s" else "a"
        for sign in atom
    )
    return [atom[match.start() : match.end()] for match in _CASES.finditer(shape)]
