"""Stop words, which say nothing about the subject of a query.

The English list has articles, pronouns, auxiliaries, question words, common prepositions and quantities,
and the remains of contractions. It has no words of time, place and action (`before`, `under`, `get`,
`know`): without them, recall on questions about real conversations fell by a point, and in technical
notes they often are the subject. Only queries drop stop words; notes are indexed with every word.

Words are written without apostrophes, case-folded and not stemmed.
"""

_LINES = """
a an the this that these those such
i me my mine myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
one ones someone somebody something anyone anybody anything everyone everybody everything
be am is are was were been being do does did doing have has had having
can could will would shall should may might must ought
cannot cant couldnt wont wouldnt shouldnt dont doesnt didnt isnt arent wasnt werent havent hasnt
hadnt aint mustnt neednt
who whom whose what which when where why how whether whatever whichever whoever whenever
and or but nor if then else than because as so though although
of at by for from to in on with about
there just only also too very really quite rather even
some any all both each few more most much many other others another same own every
no not yes ok okay please let lets tell
im ive id ill youre youve youd youll hes shes theyre theyve weve whats wheres whos hows thats
theres heres
s t d ll m re ve y o
"""

STOP_WORDS = frozenset(_LINES.split())
"""English stop words, to compare with words before stemming."""

_PAIR_LINES = """
什么 甚么 怎么 怎样 如何 为何 为什 是否 能否 可否 哪个 哪些 哪里 哪种 哪儿 多少 几个 谁的 何时
这个 那个 这些 那些 这里 那里 这样 那样 一个 一些 一下 我们 你们 他们 它们 自己 大家 应该 应当 可以 能够 需要
时候 的时 因为 所以 如果 但是 而且 以及 或者 还是 就是 不是 会不 不会 是不 有没 没有 已经 可能 之后 以后 之前
為什 什麼 怎麼 怎樣 為何 哪個 哪裡 多少 這個 那個 這些 我們 你們 他們 應該 需要 時候 因為 還是 沒有 已經
何故 何処 場合 理由 方法 時に
"""
STOP_PAIRS = frozenset(_PAIR_LINES.split())
"""Pairs of characters that are common in any Chinese or Japanese question."""

PARTICLES = frozenset("的了吗嗎呢吧么麼嘛")
"""Chinese particles, which do not form a word with the character beside them."""

_KOREAN_LINES = """
이 그 저 것 거 걸 게 수 때 더 좀 잘 왜 뭐 무엇 무슨 어떤 어떻게 어디 언제 누가 누구 얼마 얼마나 몇 어느
하는 하면 하고 해서 했을 할 한 하나요 하나 되나요 있는 있나요 있을 없는 나요 인가요 이란 처럼 대한 위한 우리
"""
KOREAN_STOP_WORDS = frozenset(_KOREAN_LINES.split())
"""Korean stop words, as written between spaces."""
