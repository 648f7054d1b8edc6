"""English words that a question is made of and that say nothing about its subject.

Articles, pronouns, auxiliaries, question words, the plainest prepositions and quantities, and what
contractions leave. Words of time, place and action (`before`, `under`, `get`, `know`) are not
here: on questions about real conversations, dropping them lost a point of recall, and in technical
notes they often are the subject. Only queries drop stop words; notes are indexed with every word.

Without apostrophes, case-folded, not stemmed.
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
"""Checked against words as they are written, before stemming."""
