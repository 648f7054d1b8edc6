"""Stop words, which say nothing about the subject of a query, by language.

The English list has articles, pronouns, auxiliaries, question words, common prepositions and quantities,
and the remains of contractions. It has no words of time, place and action (`before`, `under`, `get`,
`know`): without them, recall on questions about real conversations fell by a point, and in technical
notes they often are the subject. Only queries drop stop words; notes are indexed with every word.

Words are written without apostrophes, case-folded and not stemmed.
"""

_ENGLISH = """
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

_OTHERS = {
    "de": """
der die das dem den des ein eine einer eines einem einen kein keine keinen keiner und oder aber
sondern denn weil dass daß ob wenn als wie wo wer wen wem was wann warum wieso weshalb welche
welcher welches welchen wohin woher ist sind war waren sei bin bist seid wird werden wurde wurden
worden hat haben habe hatte hatten hast kann können könnte kannst muss müssen musste soll sollen
sollte darf dürfen will wollen mag möchte ich du er sie es wir ihr mich dich sich uns euch mir dir
ihm ihn ihnen mein meine meinen dein deine sein seine seinen unser unsere ihre ihren dieser diese
dieses diesem diesen jede jeder jedes alle alles man nicht nur auch noch schon sehr so zu zum zur in
im ins an am auf aus bei beim mit von vom nach für über unter durch gegen ohne um bis seit zwischen
hier dort da dann doch mal bitte gibt etwas mehr viel viele heute
""",
    "fr": """
le la les l un une des du de d au aux et ou mais donc car ni que qui quoi dont où quand comment
pourquoi combien quel quelle quels quelles lequel est sont était étaient être été suis es sommes
êtes sera seront a ai as avons avez ont avait avoir peut peux peuvent pouvoir pouvez doit dois
doivent faut faire fait je j tu il elle on nous vous ils elles me m te t se s lui leur leurs mon ma
mes ton ta tes son sa ses notre nos votre vos ce cet cette ces c ça cela ne n pas plus moins très
trop aussi encore déjà si comme avec sans sous sur dans en par pour vers chez entre depuis jusque y
tout tous toute toutes même quelque quelques alors qu
""",
    "es": """
el la los las lo un una unos unas de del al y e o u pero sino porque que qué quien quién quienes
cual cuál cuáles cuando cuándo cómo como dónde donde cuánto cuánta cuántos cuántas es son era eran
fue fueron ser sido soy eres somos está están estaba estar estoy ha han he hemos había haber hay
tiene tienen tengo tener puede puedo pueden poder debe debo deben hace hacer yo tú él ella ellos
ellas nosotros usted ustedes me te se nos le les mi mis tu tus su sus nuestro nuestra este esta esto
estos estas ese esa eso esos esas no ni sí si muy más menos también ya con sin sobre bajo en por
para a ante desde hasta entre según todo todos toda todas otro otra cada
""",
    "pt": """
o a os as um uma uns umas de do da dos das no na nos nas ao aos à às pelo pela pelos pelas num numa
e ou mas porque por que quê quem qual quais quando como onde quanto quanta quantos quantas é são era
eram foi foram ser sido sou somos está estão estava estar estou tem têm tinha ter tenho há pode
posso podem poder deve devo devem faz fazer eu tu ele ela eles elas nós você vocês me te se nos lhe
lhes meu minha meus minhas teu tua seu sua seus suas nosso nossa este esta isto estes estas esse
essa isso esses essas aquele aquela não nem sim muito mais menos também já com sem sobre sob em para
até desde entre todo todos toda todas outro outra cada
""",
    "it": """
il lo la i gli le l un uno una di del dello della dei degli delle a al allo alla ai agli alle da dal
dalla dai dalle in nel nello nella nei nelle su sul sulla sui sulle con per tra fra e ed o ma perché
che chi cosa quale quali quando come dove quanto quanta quanti quante è sono era erano essere stato
stata sei siamo siete ha hanno ho hai abbiamo aveva avere può posso possono deve devo devono fa fare
io tu lui lei noi voi loro mi ti si ci vi ne mio mia miei mie tuo tua suo sua suoi sue nostro nostra
questo questa questi queste quello quella quelli non né sì se molto più meno anche già senza sotto
sopra ogni tutto tutti tutta tutte altro altra
""",
    "nl": """
de het een der den en of maar want omdat dat die dit deze wie wat wanneer waar waarom hoe welke welk
is zijn was waren ben bent wordt worden werd werden geworden heeft hebben heb had hadden kan kunnen
kon moet moeten mag mogen wil willen zal zullen zou ik jij je u hij zij ze wij we jullie mij me jou
hem haar ons hun mijn jouw uw onze niet geen nog ook al zeer te in op aan van voor met bij naar uit
over onder door tegen zonder om tot sinds tussen er hier daar dan als zo alle alles veel meer
""",
    "pl": """
i a o u w z ze we na do od dla po za przy przez pod nad bez oraz lub albo ale bo więc że żeby który
która które których co kto kogo czego jak jaki jaka jakie gdzie kiedy dlaczego czemu czy ile jest są
był była było były być będzie będą jestem jesteś ma mają mam może mogę można musi trzeba ja ty on
ona ono my wy oni one mnie mi ci ciebie go jej jego ich im nas nam was wam się siebie mój moja moje
twój swój ten ta to tego tej tych tym te nie tak tylko też także już jeszcze bardzo więcej
""",
    "tr": """
ve veya ya da de ile için gibi kadar ama fakat ancak çünkü ki bir bu şu o bunu şunu onu bunlar onlar
ben sen biz siz beni seni bana sana bize size benim senin bizim sizin onun ne nasıl neden niçin niye
nerede nereye nereden kim kimin hangi kaç mi mı mu mü değil var yok çok daha en her hiç ise olan
olarak olur oldu olduğu olmak eğer göre sonra
""",
    "sv": """
och eller men att som det den de en ett är var vara varit blir blev har hade ha kan kunde ska skulle
måste vill får inte bara också mycket mer jag du han hon vi ni dom mig dig sig oss er min mitt mina
din ditt sin sitt sina vår vårt denna detta dessa vad vem vilka vilken vilket när varför hur i på av
till från med utan om under över mellan efter före för så här där
""",
    "ru": """
и в во на с со к ко по о об обо из за от до у без для при про над под между через но а или либо что
чтобы как так если когда где куда откуда почему зачем кто кого кому чем какой какая какие каком
какую который которая которые это этот эта эти этого этой того тот та те то он она оно они мы вы ты
я мне меня нас вас их его её ему ей им мой моя мои наш наша ваш свой себя не ни да нет ли бы же уже
ещё еще только тоже также очень есть был была было были быть будет можно нужно надо может могу
сколько
""",
    "ar": """
في من إلى الى على عن مع هذا هذه ذلك تلك التي الذي الذين ما ماذا من هو هي هم نحن أنا انا أنت انت كيف
متى أين اين لماذا هل كم أي اي لا لم لن ليس قد كان كانت يكون تكون أن ان إن أو او و ثم بعد قبل كل بعض
غير عند بين حتى إذا اذا لكن
""",
}

STOP_WORDS = frozenset(_ENGLISH.split())
"""English stop words, to compare with words before stemming."""

STOP_WORDS_BY_LANGUAGE: dict[str, frozenset[str]] = {
    "en": STOP_WORDS,
    **{code: frozenset(lines.split()) for code, lines in _OTHERS.items()},
}
"""The same by language, as an ISO 639-1 code."""

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
