"""What must not enter a note, and what must not be believed when it comes out of one.

    a note is written, indexed or imported ──► find_secrets ──► refuse_secrets
    a passage goes to a model              ──► redact, suspicious

Secrets are found by redact-secret: provider formats, private keys, connection strings and
assignments such as `password = ...`, by structure and context, never by entropy alone, so that a
commit id, a UUID or a checksum is left in peace. A few forms that it does not know are in
`FORMS`, and a few harmless ones that it reports are taken out by `_harmless`. A secret never
appears in a message, a log line or a `Secret`: only its kind and its place do.

Text that speaks to the model instead of to a reader is flagged, not removed: `ORDERS` and `HIDDEN`
are small tables, English only, and a determined author gets past them. The fence and the label
around recalled text are what protects; a flag tells the reader where to look.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import redact_secret

from memcairn.errors import SecretFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class Secret(NamedTuple):
        """Where a secret stands in a text, and of what kind it is; never the secret itself.

        Args:
            kind: "github token", "private key", "credential assignment" ...
            line: the line it begins on, 1-based.
            start: its first character, 0-based, in code points.
            end: the character after its last one.
        """

        kind: str
        line: int
        start: int
        end: int

else:
    from collections import namedtuple  # typing costs a hook call half as much as starting Python

    Secret = namedtuple("Secret", "kind line start end")  # noqa: PYI024


def find_secrets(text: str) -> list[Secret]:
    """Everything in a text that looks like a secret, in the order in which it stands there."""
    # A lone surrogate cannot be passed on; a question mark keeps every offset as it is.
    text = text.encode("utf-8", "replace").decode("utf-8")
    spans = [
        (finding.start, finding.end, KINDS.get(finding.type, finding.type.replace("_", " ")))
        for finding in redact_secret.scan(text, limits=LIMITS)
        if not _harmless(text, finding.start, finding.end, finding.type)
    ]
    spans.extend(
        (*match.span(1), kind)
        for kind, literal, form in _begun(FORMS)
        if literal in text
        for match in _compiled(form).finditer(text)
        if kind != SPOKEN or _looks_random(match[1])
    )
    found: list[Secret] = []
    line = 1
    for start, end, kind in sorted(spans):
        last = found[-1] if found else Secret("", 1, 0, 0)
        if start < last.end:
            found[-1] = last._replace(end=max(end, last.end))
        else:
            line += text.count("\n", last.start, start)
            found.append(Secret(kind, line, start, end))
    return found


def redact(text: str) -> str:
    """The text with each secret replaced by `[redacted: kind]`."""
    parts, at = [], 0
    for secret in find_secrets(text):
        parts += [text[at : secret.start], f"[redacted: {secret.kind}]"]
        at = secret.end
    return "".join([*parts, text[at:]])


def refuse_secrets(text: str, *, allow: bool) -> None:
    """Stop a text with secrets from being written.

    Args:
        text: what is about to be written.
        allow: let it pass, and log which kinds were let pass.

    Raises:
        SecretFound: naming the kinds and their lines.
    """
    found = find_secrets(text)
    if not found:
        return
    where = "; ".join(
        f"{kind} ({'line' if len(lines) == 1 else 'lines'} {', '.join(map(str, lines))})"
        for kind, lines in _lines_by_kind(found).items()
    )
    if not allow:
        raise SecretFound(
            f"looks like it holds a secret: {where}",
            hint="write down where it is kept instead; --allow-secrets writes it all the same",
        )
    import logging  # noqa: PLC0415 - a hook call has nothing to log here

    logging.getLogger(__name__).warning(
        "safety.secret_allowed: %s", where, extra={"kinds": sorted({s.kind for s in found})}
    )


def suspicious(text: str) -> list[str]:
    """Why a text looks like an order to the model rather than something remembered.

    Returns:
        Reasons as clauses ("closes the fence around recalled text"), each once, in the order of
        the tables below. Empty for nearly all ordinary text.
    """
    hidden: tuple[tuple[str, str], ...]
    if text.isascii():
        hidden, plain = CONTROLS, text.lower()
    else:
        hidden = (*HIDDEN, *CONTROLS)
        plain = unicodedata.normalize("NFKC", text.translate(INVISIBLE)).casefold()
        text = EMOJI_FLAG.sub("", text)
    reasons = [reason for reason, form in hidden if _compiled(form).search(text)]
    reasons.extend(
        reason
        for reason, literal, form in _begun(ORDERS)
        if literal in plain and _compiled(form).search(plain)
    )
    return list(dict.fromkeys(reasons))


@cache
def _begun(table: tuple[tuple[str, str], ...]) -> list[tuple[str, str, str]]:
    """A table's labels and patterns, with the text that each pattern begins with.

    That a text has no such beginning in it is found many times faster than by the pattern.
    """
    return [(label, _literal(form), form) for label, form in table]


# Where a pattern's beginning is in no text, it need not be compiled: that takes longer than this import.
_compiled = cache(re.compile)


def _literal(form: str) -> str:
    """What every match of a pattern begins with, as far as that is plain text; may be empty."""
    plain = re.match(r"\(?([\w '’:/<-]*)(?![\w '’:/<-])(?P<next>.?)", form)
    if plain is None or "|" in re.sub(r"\(.*\)", "", form, flags=re.DOTALL):
        return ""
    literal = plain[1]
    return literal[:-1] if plain["next"] and plain["next"] in "?*{" else literal


def _lines_by_kind(found: list[Secret]) -> dict[str, list[int]]:
    lines: dict[str, list[int]] = {}
    for secret in found:
        of_kind = lines.setdefault(secret.kind, [])
        if secret.line not in of_kind:
            of_kind.append(secret.line)
    return lines


# The library's limits are for servers; a note that the vault accepts is never too large to check.
LIMITS = redact_secret.WholeInputLimits(max_input_bytes=1 << 40, max_findings=1 << 40)

KINDS = {
    "contextual_secret": "credential assignment",
    "connection_string_password": "password in a URL",
    "jwt": "JSON web token",
}

SPOKEN = "spoken credential"

_SAID = r" {0,2}(?:is|was|to|=|:|is:|is now) {0,2}[`\"']?"
_VALUE = r"([A-Za-z0-9!@#%^&*+=?~]{10,200})(?![\w/.-])"

# Forms that the library does not know: kind, and a pattern with the secret as its first group.
# Each begins with a literal, which makes it nearly free, and repeats within bounds, so that no
# text makes it slow.
FORMS = (
    (
        "private key",
        (
            r"(-----BEGIN PGP PRIVATE KEY BLOCK-----(?:\r?\n(?!-----)[^\n]{0,200}){1,2000}"
            r"(?:\r?\n-----END PGP PRIVATE KEY BLOCK-----)?)"
        ),
    ),
    ("age secret key", r"(AGE-SECRET-KEY-1[0-9A-Z]{58})\b"),
    (
        "webhook URL",
        r"(https://hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]{20,200})",
    ),
    (
        "webhook URL",
        r"(https://discord(?:app)?\.com/api/webhooks/\d{10,25}/[\w-]{30,100})",
    ),
    ("azure storage key", r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    ("fly token", r"(fo1_[\w-]{43})(?![\w-])"),
    ("square token", r"(sq0(?:atp|csp)-[\w-]{22,43})(?![\w-])"),
    (
        "netrc password",
        (
            r"machine[ \t]{1,9}\S{1,200}\s{1,9}login\s{1,9}\S{1,200}"
            r"\s{1,9}password\s{1,9}([^\s\[]\S{3,200})"
        ),
    ),
    (SPOKEN, rf"assword{_SAID}{_VALUE}"),
    (SPOKEN, rf"assphrase{_SAID}{_VALUE}"),
    (SPOKEN, rf"ecret{_SAID}{_VALUE}"),
    (SPOKEN, rf" key(?<=(?:API|api|ret|ess) key){_SAID}{_VALUE}"),
    (SPOKEN, rf" token(?<=(?:API|api|ess|uth) token){_SAID}{_VALUE}"),
    (
        SPOKEN,
        (
            r"--(?:password|passphrase|token|secret|api-key|access-key|access-token|auth-token"
            rf"|client-secret|secret-key)[= ][\"']?{_VALUE}"
        ),
    ),
)

# Tokens of this kind page through results or make a request unique; they open nothing.
_BOOKKEEPING = re.compile(
    r"(?i)(?:next|forward|backward|page|paging|continuation|request|client|lock|creation"
    r"|idempotency|sync|resume)[_-]?(?:lock[_-]?)?token[\"'`]?\s{0,3}[:=]\s{0,3}[\"'`]?$"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CREDENTIAL = re.compile(r"(?i)pass|secret|key")
_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|redacted|omitted|truncated|changeme|\.\.\.|^(.)\1*$|^\W*$"
)
_SHORTEST_URL_PASSWORD = 5  # `user:pass@` and shorter are how documentation writes it


def _harmless(text: str, start: int, end: int, kind: str) -> bool:
    """Whether something that the library reports opens nothing."""
    value = text[start:end]
    name = text[max(start - 60, 0) : start].rpartition("\n")[2]
    match kind:
        case "private_key":
            return False
        case "connection_string_password":
            harmless = len(value) < _SHORTEST_URL_PASSWORD
        case "telegram_bot_token":
            harmless = not any(c.isdigit() for c in value.partition(":")[2])
        case "contextual_secret":
            # A UUID is an identifier, unless it is given as a password or key.
            harmless = (
                bool(_BOOKKEEPING.search(name))
                or value.endswith((":", ")", "("))
                or bool(_UUID.fullmatch(value) and not _CREDENTIAL.search(name))
            )
        case _:
            harmless = False
    return harmless or bool(_PLACEHOLDER.search(value))


def _looks_random(value: str) -> bool:
    """Whether a value has letters of both cases and digits, as no word of prose has."""
    return (
        any(c.islower() for c in value)
        and any(c.isupper() for c in value)
        and any(c.isdigit() for c in value)
        and not _PLACEHOLDER.search(value)
    )


# Flags of countries' parts are a black flag and tag characters: the one honest use of these.
EMOJI_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f")

HIDDEN = (
    ("holds invisible tag characters", "[\U000e0000-\U000e007f]"),
    ("changes the direction of text", "[\u202a-\u202e\u2066-\u2069]"),
    ("holds a run of invisible characters", "[\u200b-\u200d\u2060-\u2064\ufeff]{6}"),
    ("holds a run of variation selectors", "[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3}"),
)
CONTROLS = (("holds control characters", r"[\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x9f]"),)

# What can be put between the letters of a word without being seen.
INVISIBLE = dict.fromkeys(
    code
    for first, last in (
        (0xAD, 0xAD),
        (0x180E, 0x180E),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xE0000, 0xE01EF),
    )
    for code in range(first, last + 1)
)

_GAP = r"[\W_]{1,8}"  # what stands between two words: spaces, line ends, emphasis, punctuation
_WORD = rf"[^\W_]{{1,15}}{_GAP}"


def _orders(reason: str, verbs: tuple[str, ...], rest: str) -> list[tuple[str, str]]:
    """A pattern for each verb: one that begins with a literal is found many times faster."""
    return [(reason, verb + _GAP + rest) for verb in verbs]


# Matched against text in lower case. Gaps and words have no character in common and repeat within
# bounds, so that the time is linear in the text, whatever it holds.
ORDERS = (
    *_orders(
        "tells the model to drop its instructions",
        ("ignore", "disregard", "forget", "override", "stop following", "not follow"),
        rf"(?:(?:all|any|every|each|of|the|your|my|our|these|those|this|other|and){_GAP}){{0,4}}"
        rf"(?:(?:previous|prior|above|earlier|preceding|former|initial|original|system|developer)"
        rf"{_GAP}(?:and{_GAP})?){{1,2}}(?:{_WORD}){{0,1}}"
        r"(?:instruction|prompt|direction|guideline|command|order|message|constraint)",
    ),
    *_orders(
        "tells the model to drop its instructions",
        ("ignore", "disregard", "forget", "override"),
        rf"(?:all{_GAP})?(?:of{_GAP})?your{_GAP}(?:{_WORD}){{0,2}}"
        r"(?:instruction|prompt|guideline|rules|training|programming)",
    ),
    *_orders(
        "tells the model to drop its instructions",
        ("ignore", "disregard", "forget"),
        rf"(?:all{_GAP}|everything{_GAP}|anything{_GAP})(?:{_WORD}){{0,2}}"
        rf"(?:above|before this|you were told|you have been told|you know)",
    ),
    *_orders(
        "gives the model another role",
        ("you are now", "you're now"),
        rf"(?:(?:in|a|an|the){_GAP})?(?:{_WORD}){{0,2}}"
        r"(?:mode|dan|jailbroken|unrestricted|unfiltered|uncensored)\b",
    ),
    *_orders(
        "gives the model another role",
        ("from now on",),
        rf"you{_GAP}(?:are|will|must|should|shall|can|have)\b",
    ),
    *_orders(
        "gives the model new instructions",
        ("new", "updated", "revised", "real", "actual"),
        rf"(?:(?:system|secret|hidden){_GAP})?(?:instructions?|directives?)[ *_]{{0,3}}:",
    ),
    *_orders(
        "asks for the model's own instructions",
        ("reveal", "print", "repeat", "output", "show", "display", "leak", "disclose"),
        rf"(?:me{_GAP}|us{_GAP})?(?:your|all|the){_GAP}(?:{_WORD}){{0,2}}"
        rf"(?:system{_GAP}(?:prompt|message)|initial{_GAP}prompt|hidden{_GAP}(?:prompt|instruction))",
    ),
    *_orders(
        "asks the model to hide something from the user",
        ("do not", "don't", "don’t", "never"),
        rf"(?:ever{_GAP})?(?:tell|inform|mention|reveal|disclose|alert|notify)\b{_GAP}"
        rf"(?:{_WORD}){{0,4}}(?:the{_GAP}|your{_GAP})(?:user|human|operator|owner)\b",
    ),
    *_orders(
        "asks the model to send secrets away",
        ("send", "post", "upload", "exfiltrate", "forward", "email", "transmit"),
        rf"(?:{_WORD}){{0,6}}(?:api{_GAP}keys?|secrets?|passwords?|credentials?|tokens?|env"
        rf"|ssh{_GAP}keys?|private{_GAP}keys?|environment{_GAP}variables?)\b{_GAP}"
        rf"(?:{_WORD}){{0,4}}to{_GAP}(?:https?://|[^\s@]{{1,64}}@)",
    ),
    ("closes the fence around recalled text", r"<\s{0,3}/?\s{0,3}memcairn"),
    (
        "imitates the tags of a host or model",
        (
            r"<\s{0,3}/?\s{0,3}(?:(?:system|assistant|developer|human|(?:system|important)[-_]\w{1,20})"
            r"\s{0,3}>|(?:antml:|function_(?:calls?|results?)|tool_(?:calls?|use|results?|response))"
            r"[^<>]{0,80}>|invoke\s{1,3}name\s{0,3}=|(?:start|end)_of_turn>)"
        ),
    ),
    (
        "imitates the tags of a host or model",
        (
            r"<\|(?:im_(?:start|end|sep)|system|user|assistant|endoftext|eot_id|begin_of_text"
            r"|(?:start|end)_header_id)\|>"
        ),
    ),
    ("imitates the tags of a host or model", r"\[/?inst\](?!\()"),
    ("imitates the tags of a host or model", r"<<\s{0,3}/?\s{0,3}sys\s{0,3}>>"),
    (
        "has an image address to be filled with data",
        (
            r"!\[[^\]\n]{0,200}\]\(\s{0,3}https?://[^\s()?]{1,300}\?[^\s()]{0,200}"
            r"=(?:\{|\$\{|<|%7b|\[|your[-_])"
        ),
    ),
)
