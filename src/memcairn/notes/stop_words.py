"""English words that a question is made of and that say nothing about its subject.

Articles, pronouns, auxiliaries, question words, prepositions, and what contractions leave behind.
Written for questions to a memory: words that carry time or order in other uses (`after`, `never`)
are here, because the passages that answer a question rarely repeat them. Only queries drop them;
notes are indexed with every word.

Without apostrophes, case-folded, not stemmed.
"""

_LINES = """
a an the this that these those such
i me my mine myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
one ones someone somebody something anyone anybody anything everyone everybody everything
nobody nothing
be am is are was were been being do does did doing done have has had having
can could will would shall should may might must ought
cannot cant couldnt wont wouldnt shouldnt dont doesnt didnt isnt arent wasnt werent havent hasnt
hadnt aint mustnt neednt
who whom whose what which when where why how whether whatever whichever whoever whenever wherever
and or but nor if then else than because as so though although while until since unless
of at by for with about against between among into onto through during before after above below
to from up down in out on off over under again further within without upon toward towards via
here there now just only also too very really quite rather even still yet ever never always often
some any all both each few more most much many other others another same own every either neither
no not yes ok okay please
get gets got getting go goes going gone went make makes made
let lets like know tell say said says
im ive id ill youre youve youd youll hes shes theyre theyve weve whats wheres whos hows thats
theres heres
s t d ll m re ve y o
"""

STOP_WORDS = frozenset(_LINES.split())
"""Checked against words as they are written, before stemming."""
