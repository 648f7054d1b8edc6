"""Find secrets in text before it is written, and redact them before it is shown.

    a note is written, indexed or imported ──► find_secrets ──► refuse_secrets
    a passage goes to a model              ──► redact

redact-secret finds private keys, connection strings, assignments and the formats of some providers;
`formats`, `assignments` and `FORMS` add what it misses, and `_harmless` removes what is not a secret. All
of them go by structure and context, never by entropy alone, so that a commit id, a UUID or a checksum
stays. A secret never appears in a message, a log line or a `Secret`: only its kind and its place do.
"""

from __future__ import annotations

import re

import redact_secret

from memcairn.errors import SecretFound
from memcairn.safety import assignments, key_formats
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


_MAX_PASSES = 5


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
        (start, end, kind)
        for start, end, kind in key_formats.find_tokens(text)
        if not assignments.is_placeholder(text[start:end]) and _varies(text[start:end])
    )
    spans.extend((start, end, ASSIGNED) for start, end in assignments.find_values(text))
    spans.extend(
        (*match.span(1), kind)
        for kind, literal, form in with_literals(FORMS)
        if literal in text
        for match in compiled(form).finditer(text)
        if not assignments.is_harmless(text, match.start(1), match[1])
    )
    found: list[Secret] = []
    line = 1
    for start, end, kind in sorted(spans):
        last = found[-1] if found else Secret("", 1, 0, 0)
        if start < last.end:
            better = kind if last.kind == ASSIGNED else last.kind
            found[-1] = last._replace(end=max(end, last.end), kind=better)
        else:
            line += text.count("\n", last.start, start)
            found.append(Secret(kind, line, start, end))
    return found


def redact(text: str) -> str:
    """Replace each secret with `[redacted: kind]`."""
    for _ in range(_MAX_PASSES):  # one secret can hide another one from the library
        parts, at = [], 0
        for secret in find_secrets(text):
            parts += [text[at : secret.start], f"[redacted: {secret.kind}]"]
            at = secret.end
        if not parts:
            break
        text = "".join([*parts, text[at:]])
    return text


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


def refuse_new_secrets(before: str, after: str) -> None:
    """Stop a change that completes a secret: one that is in the text after it, and not before.

    Raises:
        SecretFound: naming the kinds and their lines.
    """
    found = find_secrets(after)
    if not found:
        return
    known = {before[secret.start : secret.end] for secret in find_secrets(before)}
    if any(after[secret.start : secret.end] not in known for secret in found):
        refuse_secrets(after, allow=False)


def _lines_by_kind(found: list[Secret]) -> dict[str, list[int]]:
    lines: dict[str, list[int]] = {}
    for secret in found:
        of_kind = lines.setdefault(secret.kind, [])
        if secret.line not in of_kind:
            of_kind.append(secret.line)
    return lines


# The library's default limits are for servers; here every accepted note is checked.
LIMITS = redact_secret.WholeInputLimits(max_input_bytes=1 << 40, max_findings=1 << 40)

ASSIGNED = "credential assignment"
KINDS = {
    "contextual_secret": ASSIGNED,
    "connection_string_password": "password in a URL",
    "jwt": "JSON web token",
}

_VALUE = r"([A-Za-z0-9!@#%^&*+=?~]{10,200})(?![\w/.-])"

# Forms that the library does not know: kind, and a pattern with the secret as its first group.
# Each begins with a literal, which makes it fast, and has bounded repetitions, so that no text makes it
# slow.
FORMS = (
    (
        "private key",
        (
            r"(-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?=[^`|]{0,400}?[A-Za-z0-9+/]{40})(?:(?:\r?\n|\\n)[ \t>|]{0,8}"
            r"(?!-----)[\w+/=: .,()-]{0,200}){1,2000}"
            r"(?:(?:\r?\n|\\n)[ \t>|]{0,8}-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?)"
        ),
    ),
    (
        "netrc password",
        (
            r"machine[ \t]{1,9}\S{1,200}\s{1,9}login\s{1,9}\S{1,200}"
            r"\s{1,9}password\s{1,9}([^\s\[]\S{3,200})"
        ),
    ),
    (
        "password in a URL",
        r"://[^\s:/@\"'<>`|]{0,80}:([^\s:/@\"'<>`|]{5,200})@[\w.-]{1,200}",
    ),
    (
        "authorization header",
        (
            r"uthorization[\"'`]?: ?[\"'`]?(?:[Tt]oken|SSWS|[Kk]ey|[Aa]pi[Kk]ey|Basic|Bearer|Bot|GenieKey"
            r"|Splunk)[ =]"
            r"[\"']?([\w.~+/=-]{16,2000})"
        ),
    ),
    (
        "session cookie",
        (
            r"ookie: [^\n]{0,200}?(?:sess|sid|auth|token|jwt)[\w.-]{0,20}="
            r"([\w%.+/=-]{16,2000})"
        ),
    ),
    ("webhook", r"/hooks/([a-z0-9]{26})(?![A-Za-z0-9])"),
    ("password argument", r"sshpass -p ?[\"']?([^\s\"'`$]{4,200})"),
    (
        "password argument",
        r"docker login [^\n]{0,200}?-p[= ]?[\"']?([^\s\"'`$<]{6,200})",
    ),
    (
        "password argument",
        r"curl [^\n]{0,200}?(?:-u|--user)[ =]?[\"']?[^\s:\"']{1,80}:([^\s\"'`$<]{5,200})",
    ),
    ("password argument", r"mysql[^\n]{0,200}? -p([^\s\"'`$<]{6,200})"),
    ("password file", r":5432:[\w*-]{1,60}:[\w*-]{1,60}:([^\s:]{6,200})"),
    (
        "private key",
        r"Private-Lines: \d{1,4}((?:\r?\n[ \t>]{0,8}[A-Za-z0-9+/=]{20,76}){1,2000})",
    ),
    (
        "seed phrase",
        (
            r"(?:[Ss]eed|[Rr]ecovery|[Mm]nemonic|[Bb]ackup) (?:phrase|words?|seed)\W{1,6}"
            r"((?:\d{0,2}\W{0,2}[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})"
        ),
    ),
    ("token in a URL", r"://([A-Za-z0-9_-]{20,200})(?::x-oauth-basic)?@[\w.-]{1,200}"),
    (
        "credential argument",
        (
            r"--(?:password|passphrase|token|secret|api-key|access-key|access-token|auth-token"
            rf"|client-secret|secret-key)[= ][\"']?{_VALUE}"
        ),
    ),
)

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_CREDENTIAL = r"(?i)pass|secret|key|_token"
_MIN_URL_PASSWORD_CHARS = 5  # documentation writes `user:pass@`


def _harmless(text: str, start: int, end: int, kind: str) -> bool:
    """Whether a finding of the library is a false positive."""
    value = text[start:end]
    match kind:
        case "private_key":
            return not re.search("[A-Za-z0-9+/]{40}", value)  # only the line that begins one
        case "connection_string_password":
            short = len(value) < _MIN_URL_PASSWORD_CHARS
            harmless = short or assignments.is_harmless(text, start, value)
        case "telegram_bot_token":
            harmless = not any(c.isdigit() for c in value.partition(":")[2])
        case "contextual_secret":
            name = text[max(start - 60, 0) : start].rpartition("\n")[2]
            # A UUID is an identifier, unless it is given as a password or key.
            harmless = (
                value.endswith((":", ")", "("))
                or assignments.is_format_name(value)
                or assignments.is_harmless(text, start, value)
                or bool(compiled(_UUID).fullmatch(value) and not compiled(_CREDENTIAL).search(name))
            )
        case _:
            harmless = False
    return harmless or assignments.is_placeholder(value)


def _varies(token: str) -> bool:
    """Whether a text in a provider's format has digits, or changes case as no identifier does."""
    changes = len(re.findall("[a-z][A-Z]|[A-Z][a-z]", token))
    return any(c.isdigit() for c in token) or changes > len(token) // 4
