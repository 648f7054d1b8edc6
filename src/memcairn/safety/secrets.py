"""Secrets in text: found before it is written, replaced before it is shown.

    a note is written, indexed or imported ──► find_secrets ──► refuse_secrets
    a passage goes to a model              ──► redact

Secrets are found by redact-secret: provider formats, private keys, connection strings and
assignments such as `password = ...`, by structure and context, never by entropy alone, so that a
commit id, a UUID or a checksum is left in peace. A few forms that it does not know are in
`FORMS`, and a few harmless ones that it reports are taken out by `_harmless`. A secret never
appears in a message, a log line or a `Secret`: only its kind and its place do.
"""

from __future__ import annotations

import re

import redact_secret

from memcairn.errors import SecretFound
from memcairn.safety.patterns import compiled, with_literals

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
        for kind, literal, form in with_literals(FORMS)
        if literal in text
        for match in compiled(form).finditer(text)
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
            f"seems to contain a secret: {where}",
            hint="write down where it is kept instead; --allow-secrets writes it all the same",
        )
    import logging  # noqa: PLC0415 - a hook call has nothing to log here

    logging.getLogger(__name__).warning(
        "safety.secret_allowed: %s", where, extra={"kinds": sorted({s.kind for s in found})}
    )


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
