"""Detect text in notes that addresses the model instead of a reader (prompt injection).

Such text is flagged, not removed: `ORDERS` and `HIDDEN` are small tables, English only, and a
determined author can evade them. The protection is the fence and the label around recalled text; a
flag shows a reader which notes to review.
"""

from __future__ import annotations

import re
import unicodedata

from memcairn.safety.patterns import compiled, with_literals


def injection_warnings(text: str) -> list[str]:
    """Find signs that a text gives instructions to the model.

    Returns:
        The reasons as clauses ("closes the fence around recalled text"), without duplicates, in the
        order of the tables below. Empty for nearly all ordinary text.
    """
    hidden: tuple[tuple[str, str], ...]
    if text.isascii():
        hidden, plain = CONTROLS, text.lower()
    else:
        hidden = (*HIDDEN, *CONTROLS)
        plain = unicodedata.normalize("NFKC", text.translate(INVISIBLE)).casefold()
        text = EMOJI_FLAG.sub("", text)
    reasons = [reason for reason, form in hidden if compiled(form).search(text)]
    reasons.extend(
        reason
        for reason, literal, form in with_literals(ORDERS)
        if literal in plain and compiled(form).search(plain)
    )
    return list(dict.fromkeys(reasons))


# Flags of regions are a black flag and tag characters: the only legitimate use of tag characters.
EMOJI_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f")

HIDDEN = (
    ("contains invisible tag characters", "[\U000e0000-\U000e007f]"),
    ("changes the direction of text", "[\u202a-\u202e\u2066-\u2069]"),
    ("contains a run of invisible characters", "[\u200b-\u200d\u2060-\u2064\ufeff]{6}"),
    ("contains a run of variation selectors", "[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3}"),
)
CONTROLS = (("contains control characters", r"[\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x9f]"),)

# Characters that can be put between the letters of a word without being visible.
INVISIBLE = dict.fromkeys(
    code
    for first, last in (
        (0xAD, 0xAD),
        (0x34F, 0x34F),
        (0x61C, 0x61C),
        (0x115F, 0x1160),
        (0x180E, 0x180E),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xE0000, 0xE01EF),
    )
    for code in range(first, last + 1)
)

_GAP = r"[\W_]{1,8}"  # between two words: spaces, line ends, emphasis, punctuation
_WORD = rf"[^\W_]{{1,15}}{_GAP}"


def _orders(reason: str, verbs: tuple[str, ...], rest: str) -> list[tuple[str, str]]:
    """A pattern for each verb: patterns that begin with a literal match many times faster."""
    return [(reason, verb + _GAP + rest) for verb in verbs]


# Matched against lower-case text. Gaps and words have no character in common and their repetitions are
# bounded, so the time is linear in the length of any text.
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
