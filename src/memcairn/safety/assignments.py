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
        name, separator = match["name"].lower(), match["separator"].strip(" \t")
        start, end = _without_punctuation(match["value"], match.start("value"))
        if "&" in match["value"] and compiled(_IN_A_URL).search(text[max(start - 60, 0) : start]):
            end = start + match["value"].index("&")
        value = text[start:end]
        if is_harmless(text, start, value):
            continue
        if not separator.startswith(_SIGNS) and "value" not in separator.lower():
            # `--password x`, but not a word and its neighbour.
            if not separator and text[start - 1] != "(" and not _is_option(text, match.start()):
                continue
            found = _is_spoken(value, ends=not text[end : end + 2].strip(_ENDS), name=name)
        elif compiled(_PASSWORDS).search(name):
            found = _is_password(value) and not (name == "pass" and " " in separator)
        else:
            found = looks_random(value) or _is_long_code(value)
        if found:
            yield start, end
    yield from _in_tables(text)


def _matches(text: str) -> Iterator[re.Match[str]]:
    """The matches of `_ASSIGNED` in a text, also within the values of others.

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
        for start in range(max(end, place - _MAX_BEFORE_STEM), place + 2):
            match = assigned.match(text, start)
            if match is not None:
                yield match
                end = match.end("separator")
                break


def is_harmless(text: str, start: int, value: str) -> bool:
    """Whether a value is a placeholder, its own name, or a reference to where the value is kept."""
    core = re.sub(r"[`\"'.:)*\]}?!]+$", "", value.partition("&")[0]) or value
    line = text[max(start - 60, 0) : start].rpartition("\n")[2]
    name = re.search(r"(\w{5,})\W*$", line)
    return (
        is_placeholder(value)
        or is_placeholder(core)
        or compiled(_REFERENCE).match(core) is not None
        or _plain(core) in _plain(line)
        or (name is not None and core.isalnum() and _plain(core).startswith(_plain(name[1])))
        or compiled(_BOOKKEEPING).search(line) is not None
    )


def is_placeholder(value: str) -> bool:
    """Whether a value only shows where a secret goes."""
    return compiled(_PLACEHOLDER).search(value) is not None


def is_format_name(value: str) -> bool:
    """Whether a value is the name of an algorithm, an encoding or a version."""
    return not looks_random(value) and compiled(_FORMAT_NAME).search(value) is not None


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
    r"(?i)pass|pwd$|(?:^|[^a-z])pw$|psk$|senha|wachtwoord|hasło|haslo|lösenord|adgangskode|salasana|parola"
    r"|şifre|kennwort|contrase[ñn]a|пароль|密[码碼]|口令|パスワード|비밀번호|암호|mật khẩu|كلمة المرور"
)
# Every name has one of these, in lower case.
_STEMS = (
    *(
        "pass",
        "pwd",
        "pw",
        "psk",
        "secret",
        "token",
        "key",
        "credential",
        "auth",
        "code",
        "_sk",
        "pat",
    ),
    *("kennwort", "contrase", "senha", "wachtwoord", "hasło", "haslo", "lösenord", "adgangskode"),
    *(
        "salasana",
        "parola",
        "şifre",
        "пароль",
        "密码",
        "密碼",
        "口令",
        "パスワード",
        "비밀번호",
        "암호",
    ),
    *("mật khẩu", "كلمة المرور", "zugangsdaten", "jeton", "clave", "bearer"),
)
_MIN_RANDOM_CHARS = 12
_MAX_VALUE_CHARS = 200
# More than a name has before its last stem.
_MAX_BEFORE_STEM = 32

_MARKS = r"(?:[\"'`*_\]]|</?[a-z]{1,8}>){0,6}"
_SIGNS = (":", "=", "->", "→", "：", "＝")
_SEPARATOR = (
    r"(?:[ \t]{0,3}(?::=|=>|->|→|[:=：＝])(?:[ \t]{0,3}\r?\n(?:[ \t]{0,20}\r?\n)?(?=[ \t]))?"
    r"|[ \t]{0,3},?\s{1,12}[\"'`]?value[\"'`]?[ \t]{0,3}[:=]"
    r"|[ \t]{1,2}(?:(?:is|was)(?:[ \t]now)?|(?:is[ \t]|was[ \t])?(?:set|changed|reset)[ \t]to):?"
    r"(?=[ \t])"
    r"|[ \t]{1,2}[-–—]{1,2}(?=[ \t])|[ \t]{1,8}\||>|[ \t](?=[(\w\"'`]))"
)
# What may stand between the last stem of a name and its value.
_TAIL = rf"(?i)[a-zñ]{{0,6}}(?:[ _-]?(?:base|data|key))?{_MARKS}{_SEPARATOR}"
_NAME = (
    r"(?:password|passwd|passphrase|passcode|passwort|kennwort|contrase[ñn]a|mot[ _]de[ _]passe|senha"
    r"|wachtwoord|hasło|haslo|lösenord|adgangskode|salasana|parola|şifre|пароль|密[码碼]|口令|パスワード|비밀번호"
    r"|암호|mật khẩu|كلمة المرور|zugangsdaten|jeton|bearer|(?<![a-z])clave(?![a-z])"
    r"|pwd|(?<![a-z])pw(?![a-z])|(?<![a-z])psk(?![a-z])"
    r"|(?<![a-z])pass|secret(?:[ _-]?key)?(?:[ _-]?base)?|token|credentials?|(?<![a-z])auth(?![a-z])"
    r"|(?-i:(?<=[A-Z0-9]_)(?:KEY|SK|PAT)|(?<![A-Za-z])PAT)(?![a-z])"
    r"|(?:access|unlock|recovery|backup|pin)[ _-]?code"
    r"|(?:api|access|account|private|encryption|master|admin|auth|signing|shared|license|service|client"
    r"|storage|primary|secondary|deploy|shared[ _-]?access|app|application|webhook|jwt|session|hmac|aes"
    r"|fernet|pre-?shared|cipher|crypt|data|project|root|server|user|host|recovery|subscription|account)"
    r"[ _-]?key(?:[ _-]data)?)"
)
_ASSIGNED = (
    rf"(?i)(?P<name>{_NAME})"
    rf"{_MARKS}(?P<separator>{_SEPARATOR})"
    rf"[ \t]{{0,12}}{_MARKS}[ \t]{{0,3}}{_MARKS}\(?"
    rf"(?P<value>[^\s\"'`<>|,;\\“”„«»。，、；…]{{6,{_MAX_VALUE_CHARS}}})"
)
# What may follow a value that ends a clause.
_ENDS = " \t\r\n.,;:!?)|\"'`*_<"

# Tokens of this kind page through results or make a request unique; they open nothing.
_BOOKKEEPING = (
    r"(?i)(?:next|forward|backward|page|paging|continuation|request|client|lock|creation"
    r"|idempotency|sync|resume)[_-]?(?:lock[_-]?)?token[\"'`*]*\s{0,3}[:=]\s{0,3}[\"'`*]*$"
)
# Words of which at least one is in a text that says what belongs in its place.
_TELLING = (
    r"(?:[a-z0-9]*[_-])*(?:key|token|secret|pass|pw|password|bytes?|chars?|hex|string|encoded|provided|generated"
    r"|real|demo|test|tests|testing|only|value|build|step|default|local|dev|admin|this|that|the|credentials?)\d{0,2}(?:[_-]|$)"
)
_PLACEHOLDER = (
    r"(?i)example|placeholder|redacted|omitted|truncated|change[_-]?(?:me|it|this)|\.\.\.|…|•|^(.)\1*$|^\W*$"
    r"|xxxx|\*\*\*|0{6}|(?-i:(?!A)(.)\2{5})|A{12}$|abcdef|123456|qwerty|foobar|^foo\d|deadbeef|^abc-?123"
    r"|letmein|correct.?horse|lorem|s3cr3t|(?:super|very|top|some)[_-]?s[e3]cret"
    r"|^secret(?:[_-]?(?:key|token|password|value)|\d{1,3})$|^(?:admin|test|demo|user|root|guest)\d{1,4}!?$"
    r"|^(?:required|optional|undefined|none|null|true|false|unset|missing|invalid|disabled|enabled|hidden|masked"
    r"|encrypted|hashed|expired|rotated|revoked|string|default|todo|fixme|tbd|1password|bitwarden|keepass(?:xc)?)\d?$"
    r"|(?:^|[_-])(?:your|my[_-]|some|insert|enter|replace|paste|put|todo|dummy|fake|sample"
    r"|test[_-]?(?:key|token|password))"
    r"|[_-]here$|^<|>$|^(?-i:[a-z]+)(?: (?-i:[a-z]+)){1,2}$|^password \w+"
    # "mytoken123", "StrongP@ssw0rd" and "a-very-secret-token" say what they stand for,
    r"|^(?=\D*\d{0,5}\D*\d?\D*$)[a-z0-9 !@_-]*(?:secret|p[a@][s$]{2}w[o0]rd|passwort|token)[a-z0-9 !@_-]*$"
    # as do "the-key-from-step-2", "API_KEY_1" and "apiKey2".
    rf"|^(?={_TELLING})(?-i:(?:[a-z]+|\d{{1,3}})(?:[_-](?:[a-z]+\d{{0,2}}|\d{{1,3}}))+)$"
    r"|^_{0,2}(?-i:[A-Z]+(?:_[A-Z]+)*_?(?:KEY|TOKEN|PASS|PASSWORD|SECRET|PWD|ENV)(?:_?[A-Z0-9]{1,9})?)_{0,2}$"
    r"|^(?=\w*(?:[Kk]ey|oken|ecret|assword|Pass|Str|Value))(?-i:[a-z]+(?:[A-Z][a-z]+)+\d?|(?:[A-Z][a-z]+){2,}\d?)$"
)
_REFERENCE = (
    r"(?i)`|\$[\w{(]|%[a-z(_]+[%)]?|[{(\[<]|[&@!#:][a-z_]+\d?$|(?:~|\.{1,2})?/[a-z._-]+(?:/|\.|$)"
    r"|(?:https?|env|vault|op|file|ssm|keychain|keyring|keyvault|secret|aws|gcp|azure|data|arn|pass|sops|kms"
    r"|doppler|config|vars?|lookup)s?:(?![^/]*\d[^/]*[!@#$%^&*])|[a-z][a-z+_-]{1,20}://|projects/\d|@@\w+@@|#\{|@\w+\.\w+\("
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
    if len(value) < 6 or not value.isprintable() or not letters or is_format_name(value):
        return False
    symbols = len(re.findall(r"[!@#$%^&*+=?~]", value))
    # Brackets belong to code more often than to passwords.
    return (bool(digits) or bool(symbols)) and not re.search(r"[()\[\]{}]", value)


def _is_spoken(value: str, *, ends: bool, name: str) -> bool:
    """Whether a value that a sentence or a table gives is a credential, not a word of prose.

    Args:
        value: the value.
        ends: whether a clause ends after it.
        name: what the text calls it, in lower case.
    """
    if looks_random(value) or _is_long_code(value):
        return True
    if not (_is_password(value) and compiled(r"[A-Za-z0-9!@#$%^&*+=?~_.-]+").fullmatch(value)):
        return False
    if not any(c.isdigit() for c in value) or compiled(_NUMBER).fullmatch(value):
        return False
    # "v2-beta" and "step-3" are prose, unless the sentence says that it is a password.
    is_word = compiled(r"[a-z]+-?\d{1,2}-?[a-z]*").fullmatch(value) is not None
    return not is_word or (
        ends and len(value) >= _MIN_WORD_CHARS and bool(compiled(_PASSWORDS).search(name))
    )


_IN_A_URL = r"[?&][\w.-]{0,40}=[*_`\"']{0,12}$"
_NUMBER = r"(?i)[\d.,:/-]+[a-z%]{0,4}"
_MIN_WORD_CHARS = 8


def _is_option(text: str, at: int) -> bool:
    """Whether the word at this place belongs to an option: `--db-password`."""
    return (
        compiled(r"(?:^|[\s`\"'(])--?[\w-]{0,30}$").search(text[max(at - 40, 0) : at]) is not None
    )


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
_COLUMN = rf"(?i)^[\w\s*`-]{{0,40}}?{_NAME}[\s*_`]*$"


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
                    if _is_spoken(value, ends=True, name=titles[number][2].lower()):
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
