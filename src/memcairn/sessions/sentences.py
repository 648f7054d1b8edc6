"""Sentences that a session note keeps: decisions, corrections by the user, and open ends.

The rules know the words for these in English, German, Chinese and Japanese. A sentence that no rule
recognizes is not kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from memcairn.notes import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SENTENCE_CHARS = 240
_MAX_REPLY_CHARS = 12_000
# What follows is likely pasted: a log, a file.
_MAX_PROMPT_CHARS = 1_500
_MAX_OPEN = 6
_MAX_SUMMARY_WORDS = 40

_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)\s*$", re.MULTILINE | re.DOTALL)
_MARKS = re.compile(r"^[\s>]*(?:(?:[-*+•]|\d{1,3}[.)]|#{1,6})\s+)?(?:\[[ xX]\]\s+)?")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s")
_DONE_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[xX]\]|✅|✔|☑|~~)")

_DECIDED = re.compile(
    r"\A(?:decisions?|decided|entscheidung(?:en)?|entschieden|beschlossen|决定|决策|決定"
    r"|方針)(?:事項)?\s*[:：]\s*(.+)"
    r"|\A(.*\b(?:(?:we|i)(?:'ve| have)? (?:decided|agreed|settled on|chose|opted)|let's go with|(?:we"
    r"|i)(?:'ll| will)"
    r" go with|went with|wir haben (?:uns )?(?:entschieden|beschlossen)|ich habe mich (?:für"
    r"|entschieden))\b.*)"
    r"|\A(.*(?:我们决定|决定(?:使用|采用|改用)|ことに(?:しました|決めました|する)).*)",
    re.IGNORECASE | re.DOTALL,
)
_CORRECTS = re.compile(
    r"\A(?:(?:and|but|also|so|please|ok(?:ay)?),? )?(?:no|nope|wrong|not (?!sure|yet|only)|don'?t|do "
    r"not|never|always|stop|please (?:don'?t|do not"
    r"|never|always|use)"
    r"|instead|rather|use\b.*\b(?:not|instead)|only (?:use|ever)|actually,? (?:use|we|the|don))\b"
    r"|\b(?:instead of|rather than|from now on|in (?:the )?future|must (?:not|never|always)"
    r"|should (?:not|never|always)"
    r"|shouldn'?t|mustn'?t|(?:we|i) (?:always|never|don'?t|prefer)|i (?:said|meant)|not allowed|no "
    r"longer|but (?:without|not|only|don'?t))\b"
    r"|\A(?:that'?s|this is|it'?s) (?:wrong|not (?:right|what|how))\b"
    r"|\A(?:nein|falsch|nicht|nie(?:mals)?|immer|bitte (?:nicht|keine?n?|nie|immer)|stattdessen|keine?n?)\b"
    r"|\b(?:statt(?:dessen)?|anstatt|anstelle|ab jetzt|ab sofort|sondern|künftig|in zukunft|auf "
    r"keinen fall|niemals)\b"
    r"|\A(?:verwende|nutze|benutze|nimm|schreibe?|mach|halte)\b.*\b(?:immer|nur|nie|keine?n?)\b"
    r"|(?:不要|不对|不是.*而是|别再?用|必须|改用|而不是|以后|永远|总是|不能|应该用|请用)"
    r"|(?:ではなく|じゃなくて|しないで|使わないで|使用しないで|必ず|今後|代わりに|やめて|違います|禁止)",
    re.IGNORECASE,
)
# What begins like a correction and is none.
_NO_RULE = re.compile(
    r"\b(?:(?:i|we) (?:don'?t|do not) (?:know|think|see|understand|care|remember|mind)|don'?t (?:worry"
    r"|know|mind)"
    r"|never mind|no (?:problem|worries|idea|need|rush|thanks|longer than)|nothing else"
    r"|(?:i|we)(?:'ve| have)? never (?:saw|seen|heard|had|tried)|may want|might want|kein problem"
    r"|keine ahnung"
    r"|nicht schlimm)\b",
    re.IGNORECASE,
)
# What says that nothing is open.
_NOTHING = re.compile(
    r"\b(?:nothing|none|no (?:open|remaining|further|other|more|known)|(?:couldn'?t|could not"
    r"|didn'?t) find any|nichts"
    r"|keine? (?:offenen?|weiteren?|bekannten?))\b"
    r"|没有(?:剩余|遗留|其他|未完成)|(?:残り|課題|未対応).{0,12}ありません",
    re.IGNORECASE,
)
_DECISIONS_HEADING = re.compile(
    r"\A\W*(?:(?:key |my )?decisions?(?: made| taken)?|decided|entscheidung(?:en)?|决定"
    r"|決定(?:事項)?)\W*(?:[:：]|\Z)\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
_QUESTION = re.compile(r"[?？]\s*[)\]\"'”’*_`]*\Z")
_OPEN_HEADING = re.compile(
    r"\A\W*(?:next(?: steps?| up)?|remaining(?: work| steps?| tasks?)?|still (?:open|to do|missing"
    r"|failing)|to ?do|open"
    r"(?: (?:ends?|points?|issues?|questions?))?|left(?: to do| open)?|not (?:yet )?done(?: yet)?"
    r"|follow-?ups?"
    r"|known issues|blocked|nächste schritte|als nächstes|(?:noch )?offen(?:e punkte)?|ausstehend"
    r"|verbleibend|bleibt"
    r"|下一步|待办|剩余|未完成|尚未完成|遗留问题|次の(?:ステップ|手順|作業)|残り|残作業|未対応|未完了"
    r"|今後の作業|課題)"
    r"\W*(?:[:：]|\Z)\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
_OPEN = re.compile(
    r"\b(?:still (?:fails?|failing|open|missing|needs?|broken|to do|have to|has to)|not (?:(?:\w+ ){0,3}yet"
    r"|implemented|done|fixed"
    r"|tested|finished)|isn'?t (?:done|fixed|finished)|remains? (?:open|to be|to do|unfixed)|(?:is|are"
    r"|was) left to do"
    r"|left to (?:do|fix)|to-?do:|next,? (?:i|we)(?:'ll| will| should| need)?|couldn'?t|could not|unable "
    r"to|needs? (?:to be"
    r" (?:done|fixed)|your)|waiting for|blocked (?:by|on)|didn'?t (?:get to|finish|fix)"
    r"|haven'?t (?:done|fixed|tested"
    r"|started|finished))\b"
    r"|\b(?:noch nicht|fehlt noch|fehlen noch|noch offen|steht noch aus|bleibt noch|schlägt (?:noch"
    r"|weiterhin)"
    r" fehl|konnte (?:ich )?nicht|als nächstes|muss noch|müssen noch)\b"
    r"|(?:尚未|还没|还没有|仍然失败|还需要|还剩|未能|下一步|待完成|仍需)"
    r"|(?:まだ|未対応|未完了|残って(?:い|お)|できませんでした|次は|これから|失敗したまま)",
    re.IGNORECASE,
)


# What the user is asked to do.
_REQUEST = re.compile(
    r"(?:\A|[,;:–—-] )please \w+|\byou(?:'ll| will| still)? (?:need|have) to\b"
    r"|(?:\A|[,;:–—-] )bitte \w+|\b(?:du musst|sie müssen)\b"
    r"|请(?:您|你)?(?:手动|先|自行|尽快|检查|确认|更换|重启|运行|更新|在)|(?:して|って|んで|いて)ください",
    re.IGNORECASE,
)
# What only ends a reply politely.
_COURTESY = re.compile(
    r"\b(?:let me know|feel free|tell me|ask me|say so|reach out|sag(?:en)? (?:mir )?bescheid|melde?n?)\b"
    r"|告诉我|告知|联系|随时|知らせて|お申し付け|教えて",
    re.IGNORECASE,
)


def corrections(prompt: str) -> list[str]:
    """The sentences of a prompt by which a user corrects the agent, or sets a rule."""
    found = [
        sentence
        for line in _prose_lines(prompt[:_MAX_PROMPT_CHARS])
        for sentence in _sentences(line)
        if _CORRECTS.search(sentence) and not _NO_RULE.search(sentence) and _says_enough(sentence)
    ]
    if len(prompt) > _MAX_PROMPT_CHARS:
        del found[-1:]  # it may be cut
    return [one for one in found if len(one) <= MAX_SENTENCE_CHARS]


def decisions(reply: str) -> list[str]:
    """The sentences of a reply that the agent marks as decisions, and lists under such a heading."""
    lines = _prose_lines(_end(reply))
    found = _listed(lines, _DECISIONS_HEADING)
    for line in lines:
        for sentence in _sentences(line):
            match = _DECIDED.match(sentence)
            if match and not _QUESTION.search(sentence):
                found.append(next(group for group in match.groups() if group).strip())
    return [one for one in dict.fromkeys(found) if len(one) <= MAX_SENTENCE_CHARS]


def open_ends(reply: str) -> list[str]:
    """What a reply says is left to do: marked sentences, lists under such a heading, a last question."""
    lines = _prose_lines(_end(reply))
    found = _listed(lines, _OPEN_HEADING)
    for line in lines:
        if _DONE_ITEM.match(line):
            continue
        for sentence in _sentences(line):
            heading = _OPEN_HEADING.match(sentence)
            if heading:
                found.append(heading[1])
            elif (_OPEN.search(sentence) or _is_request(sentence)) and _says_enough(sentence):
                found.append(sentence)
    asked = list(_sentences(lines[-1]))[-1:] if lines else []
    found += [one for one in asked if _QUESTION.search(one)]
    return [one for one in dict.fromkeys(found) if one and not _NOTHING.search(one)][-_MAX_OPEN:]


def _listed(lines: list[str], heading: re.Pattern[str]) -> list[str]:
    """The items of the lists under a heading, or the paragraph that is there instead of a list."""
    found = []
    # What may follow: nothing, the first line under a heading, more items of its list.
    expected = ""
    for line in lines:
        text, is_item = _plain(line), _ITEM.match(line) is not None
        match = heading.match(text)
        if match and not match[1]:
            expected = "first"
        elif expected == "first" or (expected == "item" and is_item):
            if not _DONE_ITEM.match(line):
                found.append(text)
            expected = "item" if is_item else ""
        else:
            expected = ""
    return found


def _is_request(sentence: str) -> bool:
    return _REQUEST.search(sentence) is not None and not _COURTESY.search(sentence)


def _says_enough(sentence: str) -> bool:
    return sizes.size(sentence) > 2 and not _QUESTION.search(sentence)


def is_question(sentence: str) -> bool:
    """Whether a sentence asks something."""
    return _QUESTION.search(sentence) is not None


def summary(reply: str) -> list[str]:
    """The first sentences of a reply that say something, up to the first heading or list."""
    found: list[str] = []
    for line in _prose_lines(reply[:_MAX_REPLY_CHARS]):
        if found and (_ITEM.match(line) or line.lstrip().startswith("#")):
            break
        for sentence in _sentences(line):
            if sizes.size(sentence) > 2 and not sentence.endswith((":", "：")):
                if found and sizes.size(" ".join([*found, sentence])) > _MAX_SUMMARY_WORDS:
                    return found
                found.append(sentence)
    return found


def _prose_lines(text: str) -> list[str]:
    """The lines of a text without code blocks, tables and quotes."""
    lines = _FENCE.sub("\n", text).splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith(("|", ">"))]


def _sentences(line: str) -> Iterator[str]:
    for sentence in sizes.sentences(_plain(line)):
        if stripped := sentence.strip():
            yield stripped


def _plain(line: str) -> str:
    """A line without its Markdown marks."""
    return " ".join(_MARKS.sub("", line).replace("**", "").replace("__", "").split())


def _end(reply: str) -> str:
    """The end of a long reply, from the beginning of a line on."""
    return reply if len(reply) <= _MAX_REPLY_CHARS else reply[-_MAX_REPLY_CHARS:].partition("\n")[2]
