"""Find secrets in text before it is written, and redact them before it is shown.

    a note is written, indexed or imported ──► find_secrets ──► refuse_secrets
    a passage goes to a model              ──► redact

Secrets are found by redact-secret: provider formats, private keys, connection strings and
assignments such as `password = ...`, by structure and context, never by entropy alone, so that commit
ids, UUIDs and checksums are not reported. `FORMS` adds a few forms that it does not know, and
`_harmless` removes a few false positives. Messages, log lines and `Secret` contain only the kind and
place of a secret, never the secret itself.
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
        """The place and kind of a secret in a text, without the secret itself.

        Args:
            kind: "github token", "private key", "credential assignment" ...
            line: its first line, 1-based.
            start: the offset of its first character, 0-based, in code points.
            end: the offset after its last character.
        """

        kind: str
        line: int
        start: int
        end: int

else:
    from collections import namedtuple  # typing costs a hook call half as much as starting Python

    Secret = namedtuple("Secret", "kind line start end")  # noqa: PYI024


def find_secrets(text: str) -> list[Secret]:
    """All apparent secrets in a text, in order."""
    # The library refuses lone surrogates; replacing each with one character keeps the offsets.
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
    """Replace each secret with `[redacted: kind]`."""
    parts, at = [], 0
    for secret in find_secrets(text):
        parts += [text[at : secret.start], f"[redacted: {secret.kind}]"]
        at = secret.end
    return "".join([*parts, text[at:]])


def refuse_secrets(text: str, *, allow: bool) -> None:
    """Refuse a text with secrets.

    Args:
        text: the text to be written.
        allow: accept the secrets, and log their kinds.

    Raises:
        SecretFound: with the kinds and their lines.
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
            hint="write where the secret is stored instead; --allow-secrets writes it anyway",
        )
    import logging  # noqa: PLC0415 - hook calls log nothing here

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


# The library's default limits are for servers; here every accepted note is checked.
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
# Each begins with a literal, which makes it fast, and has bounded repetitions, so that no text makes it
# slow.
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

# Tokens of this kind identify a page of results or a request; they are not credentials.
_BOOKKEEPING = re.compile(
    r"(?i)(?:next|forward|backward|page|paging|continuation|request|client|lock|creation"
    r"|idempotency|sync|resume)[_-]?(?:lock[_-]?)?token[\"'`]?\s{0,3}[:=]\s{0,3}[\"'`]?$"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CREDENTIAL = re.compile(r"(?i)pass|secret|key")
_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|redacted|omitted|truncated|changeme|\.\.\.|^(.)\1*$|^\W*$"
)
_MIN_URL_PASSWORD_CHARS = 5  # documentation writes `user:pass@`


def _harmless(text: str, start: int, end: int, kind: str) -> bool:
    """Whether a finding of the library is a false positive."""
    value = text[start:end]
    name = text[max(start - 60, 0) : start].rpartition("\n")[2]
    match kind:
        case "private_key":
            return False
        case "connection_string_password":
            harmless = len(value) < _MIN_URL_PASSWORD_CHARS
        case "telegram_bot_token":
            harmless = not any(c.isdigit() for c in value.partition(":")[2])
        case "contextual_secret":
            # A UUID is an identifier, unless it is assigned to a password or key.
            harmless = (
                bool(_BOOKKEEPING.search(name))
                or value.endswith((":", ")", "("))
                or bool(_UUID.fullmatch(value) and not _CREDENTIAL.search(name))
            )
        case _:
            harmless = False
    return harmless or bool(_PLACEHOLDER.search(value))


def _looks_random(value: str) -> bool:
    """Whether a value has digits and letters of both cases, unlike words of prose."""
    return (
        any(c.islower() for c in value)
        and any(c.isupper() for c in value)
        and any(c.isdigit() for c in value)
        and not _PLACEHOLDER.search(value)
    )
