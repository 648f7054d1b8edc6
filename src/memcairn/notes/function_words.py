"""French, Spanish, Portuguese and Korean statements with their function words in English.

    La caché ya no dura dos semanas.     ──►  caché no longer dura 2 weeks.
    Le serveur écoute désormais à 15 h.  ──►  serveur écoute now at 15:00.

Names and other content words stay. `statement` then reads these languages by the rules for English: what
denies, what changed, weekdays, months, numbers, units and times.
"""

from __future__ import annotations

import re
from functools import cache

from memcairn.notes.language import likely_language
from memcairn.notes.stop_words import STOP_WORDS_BY_LANGUAGE

LANGUAGES = ("fr", "es", "pt", "ko")

# In order: `pattern => English`. Patterns are words unless they hold other characters; \1 is a group.
_RULES = {
    "fr": r"""
        n['’](?:est|était|ont|a) plus => no longer
        n(?:e |['’])(\w+) plus => no longer \1
        ne plus => no longer
        (?:il )?n(?:e |['’])(\w+) jamais|ne jamais => never \1
        (?:il )?n(?:e |['’])(\w+) pas|ne pas => not \1
        jamais => never
        et non(?: pas)?|et pas|mais pas|pas => not
        sans => without
        aucune? => no
        ne|n['’] =>
        désormais|maintenant|dorénavant|à présent|à partir de maintenant => now
        au lieu d(?:e |u |es |['’])|plutôt qu(?:e |['’])|à la place d(?:e |u |es |['’]) => instead of \s
        en fait|en réalité|finalement => actually
        (?:est |sont |avons |a )?pass[ée]e?s? (?:d[eu] (\S+) )?(?:à|au|en|sur) => changed from \1 to
        (?:est |sont |a été |ont été )?remplacée?s? par => was replaced by
        (?:déplac|migr|renomm|chang|modifi)ée?s? => moved
        toujours => always
        interdite?s? => forbidden
        aussi|également => also
        (?:tous|toutes) les jours|chaque jour|quotidien(?:ne)?(?:ment)?|par jour => every day
        (?:tous|toutes) les|chaque => every
        lundis? => monday
        mardis? => tuesday
        mercredis? => wednesday
        jeudis? => thursday
        vendredis? => friday
        samedis? => saturday
        dimanches? => sunday
        une heure et demie => 90 minutes
        par défaut => default
        un quart d['’]heure => 15 minutes
        une demi-heure => 30 minutes
        à (\d{1,2}) ?(?:h|heures?)(?! ?\d) => at \1:00
        (\d{1,2}) ?h ?(\d\d) => \1:\2
        au bout d(?:e |u |es |['’]) => after \s
        préfèrent?|aime(?:rait)? => prefers
        responsables? => responsible
        s['’]appelle|se nomme => called
        serveur de test|environnement de test => test server
        désactivée?s? => disabled
        activée?s? => enabled
        (?:est |sont )?(?:gard|conserv|stock)(?:ée?s?|ent|er|e) => store
        lecture => read
        écriture => write
        développement => development
        utilis(?:e|ent|er|ons|ée?s?)|il faut|faut => \s
    """,
    "es": r"""
        ya no => no longer
        (?:se )?dej(?:ó|amos|aron) de => no longer
        nunca|jamás => never
        y no|sino|no => not
        sin => without
        ning[uú]n[oa]? => no
        en (?:vez|lugar) de(?:l)? => instead of
        ahora|actualmente|a partir de ahora|desde ahora|de ahora en adelante => now
        en realidad|de hecho|corrección => actually
        (?:se )?(?:pas|cambi|migr|actualiz|mov|mud)(?:ó|amos|aron|ado|ada|ido|imos) => moved
        (?:fue |ha sido |se )?(?:reemplaz|sustitu)(?:ado|ada|ido|ida|yó|ó) por => was replaced by
        siempre => always
        prohibid[oa]s? => forbidden
        evit(?:a|ar|e) => avoid
        también|además => also
        todos los días|cada día|a diario|diariamente|al día => every day
        cada|todos los|todas las => every
        lunes => monday
        martes => tuesday
        miércoles => wednesday
        jueves => thursday
        viernes => friday
        sábados? => saturday
        domingos? => sunday
        una hora y media => 90 minutes
        por defecto|predeterminad[oa] => default
        un cuarto de hora => 15 minutes
        media hora => 30 minutes
        a las? (\d{1,2}) (?:de la (?:tarde|noche)|p\.? ?m\.?) => at \1 pm
        a las? (\d{1,2})(?!:?\d) => at \1:00
        (?:al usuario )?(?:le gustan?|prefiere|prefieren) => prefers
        encargad[oa]|responsable => responsible
        se llama => called
        (?:servidor|entorno) de pruebas? => test server
        producción => production
        desarrollo => development
        desactivad[oa]s?|deshabilitad[oa]s? => disabled
        activad[oa]s?|habilitad[oa]s? => enabled
        (?:se )?(?:guard|conserv|almacen)(?:an?|ad[oa]s?|ar) => store
        lectura => read
        escritura => write
        us(?:a|an|ar|amos|e|ad[oa]s?)|utiliz(?:a|an|ar|amos) => \s
    """,
    "pt": r"""
        n[oa]s? (?:lugar|vez) d[eoa]s?|em vez d[eoa]s?|ao invés d[eoa]s? => instead of
        n[oa]s? =>
        já não => no longer
        não (\w+(?: \w+)?) mais => no longer \1
        deix(?:ou|amos|aram) de => no longer
        nunca|jamais => never
        não => not
        sem => without
        nenhuma? => none
        agora|atualmente|a partir de agora => now
        na verdade|correção => actually
        (?:troc|substitu)(?:amos|ou|ímos|iu) (?:[oa] )?(\S+) (?:pel[oa]s?|por) => replaced \1 by
        (?:foi |foram )?(?:troc|substitu)(?:ad[oa]s?|íd[oa]s?) (?:pel[oa]s?|por) => was replaced by
        (?:pass|mud|migr|atualiz)(?:ou|amos|aram|ad[oa]s?) (?:a |para )? => moved
        sempre => always
        proibid[oa]s? => forbidden
        evit(?:e|ar) => avoid
        também|além disso => also
        tod[oa]s? (?:[oa]s? )?dias?|diariamente|por dia => every day
        cada|tod[oa]s? [oa]s? => every
        segundas?(?:-feiras?)? => monday
        terças?(?:-feiras?)? => tuesday
        quartas?(?:-feiras?)? => wednesday
        quintas?(?:-feiras?)? => thursday
        sextas?(?:-feiras?)? => friday
        sábados? => saturday
        domingos? => sunday
        uma hora e meia => 90 minutes
        por padrão|padrão|por omissão => default
        um quarto de hora => 15 minutes
        meia hora => 30 minutes
        às (\d{1,2}) (?:da (?:tarde|noite)|p\.? ?m\.?) => at \1 pm
        [àa]s (\d{1,2}) ?h ?(\d\d) => at \1:\2
        às (\d{1,2})(?: ?h(?:oras?)?)?(?!:?\d) => at \1:00
        (?:gosta|prefere)m?(?: d[eoa])? => prefers
        responsáve(?:l|is)|don[oa] => responsible
        se chama|chama-se => called
        servidor de testes?|ambiente de testes? => test server
        homologação => staging
        produção => production
        desenvolvimento => development
        desativad[oa]s?|desabilitad[oa]s? => disabled
        ativad[oa]s?|habilitad[oa]s? => enabled
        (?:fica[m]? |são |é )?(?:guard|armazen)(?:am?|ad[oa]s?|ar) => store
        leitura => read
        escrita => write
        us(?:a|am|ar|amos|e|ad[oa]s?)|utiliz(?:a|am|ar|amos)|ficam? => \s
    """,
    "ko": r"""
        더 ?이상 => no longer \s
        (\S+?)(?:이|가|은|는)? 아니라 =>  not \1, now \s
        (\S+?) 대신(?:에)? =>  instead of \1 \s
        이제(?:는|부터)?|앞으로(?:는)?|지금은|현재(?:는)?|사실(?:은)?|정정: => now \s
        (\S*?)(?:에서|으로부터) (\S+?)(?:으로|로) (?:변경|이전|전환|교체|바뀌|바꾸|바꿨|옮)\S* =>  changed from \1 to \2 \s
        (?:으로|로) (?:변경|이전|전환|교체|바뀌|바꾸|바꿨|옮|업그레이드)\S* =>  changed \s
        (?:변경|이전|전환|교체|바뀌|바꾸|바꿨|옮)(?:되|했|었|겼|하)\S* =>  changed \s
        지 (?:않|말|못)\S*|면 안 ?된다|면 안 ?됩니다|금지\S* =>  never \s
        안 된다|안 됩니다 => never
        없(?:다|습니다|음|이)  =>  without \s
        항상|반드시 =>  always \s
        도 (?:또한|역시)|또한 =>  also \s
        매일|하루에 => every day \s
        매주 => every week \s
        매달|매월 => every month \s
        매시간 => every hour \s
        월요일(?:에|은|마다)? => monday \s
        화요일(?:에|은|마다)? => tuesday \s
        수요일(?:에|은|마다)? => wednesday \s
        목요일(?:에|은|마다)? => thursday \s
        금요일(?:에|은|마다)? => friday \s
        토요일(?:에|은|마다)? => saturday \s
        일요일(?:에|은|마다)? => sunday \s
        (?:오후|저녁|밤) (\d{1,2})시(?! ?간)(?:에|부터|까지)? =>  \1 pm \s
        (\d{1,2})시 ?(\d{1,2})분(?:에|부터|까지)? =>  \1:\2 \s
        (?:오전 |아침 )?(\d{1,2})시(?! ?간)(?:에|부터|까지)? =>  \1:00 \s
        (\d+)초 =>  \1 seconds \s
        (\d+)분 =>  \1 minutes \s
        (\d+) ?시간 =>  \1 hours \s
        (\d+)일 =>  \1 days \s
        (\d+)주(?:일|간)? =>  \1 weeks \s
        (\d+)(?:개월|달) =>  \1 months \s
        (\d+)년 =>  \1 years \s
        기본 => default \s
        동안|간(?= ) => \s
        선호\S*|좋아\S* => prefers
        담당자?(?:는|은|이|가|한다|합니다|이다|입니다)? => responsible \s
        운영|프로덕션 => production
        스테이징 => staging
        개발(?= ) => development
        테스트 서버(?:는|은|이|가)? => test server \s
        비활성화\S*|꺼져\S* => disabled \s
        활성화\S*|켜져\S* => enabled \s
        (?:보관|저장)\S* => store \s
        사용(?:한다|합니다|하\S*) => \s
    """,
}  # fmt: skip
_NUMBERS = {
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "pt": "(?:dois|duas) três quatro cinco seis sete oito nove dez onze doze",
    "ko": "",
}
_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "ko": "",
}
_ENGLISH_MONTHS = "january february march april may june july august september october november december"  # fmt: skip
_UNITS = {
    "fr": "secondes? minutes? heures? jours? semaines? mois (?:ans?|années?)",
    "es": "segundos? minutos? horas? días? semanas? mes(?:es)? años?",
    "pt": "segundos? minutos? horas? dias? semanas? m(?:ês|eses) anos?",
    "ko": "",
}
_ENGLISH_UNITS = "second minute hour day week month year"
# A particle ends a Korean word.
_PARTICLE = re.compile(
    r"(?<=[\uac00-\ud7a3]|[A-Za-z0-9])(?:에서는|에서|에게|까지|부터|으로|라고|이다|입니다|은|는|이|가|을|를|에|의|로|와|과|도)(?![\uac00-\ud7a3])"
)
_CODE = re.compile(r"(`[^`\n]*`|https?://\S+|\S*[/\\]\S*)")


def of(text: str) -> str:
    """The language that a text is in, if it is one of these; else ""."""
    found = likely_language(text)
    if found not in LANGUAGES or found == "ko":
        return found if found == "ko" else ""
    # "La caché dura 15 minutos": articles are shared, and units are not.
    fits = {
        one: sum(len(pattern.findall(text)) for pattern, _ in _compiled(one))
        for one in LANGUAGES
        if one != "ko"
    }
    return max(fits, key=lambda one: (fits[one], one == found))


def in_english(text: str, language: str) -> str:
    """The text with the function words of one of these languages in English; code and paths stay."""
    parts = _CODE.split(text)
    parts[::2] = [_part(part, language) for part in parts[::2]]
    return "".join(parts)


def _part(text: str, language: str) -> str:
    for pattern, english in _compiled(language):
        text = pattern.sub(english, text)
    return (_PARTICLE.sub(" ", text) if language == "ko" else text).translate(_SHOWN)


@cache
def _compiled(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    pairs = []
    for line in _RULES[language].strip().splitlines():
        pattern, _, english = line.partition("=>")
        pairs.append((pattern.strip(), english.strip()))
    pairs += zip(_NUMBERS[language].split(), map(str, range(2, 13)), strict=False)
    pairs += zip(_MONTHS[language].split(), _ENGLISH_MONTHS.split(), strict=False)
    pairs += [
        (rf"(\d+) ?{unit}", rf"\1 {english}s") if plural else (unit, english)
        for unit, english in zip(_UNITS[language].split(), _ENGLISH_UNITS.split(), strict=False)
        for plural in (True, False)
    ]
    if language != "ko":
        dropped = sorted(STOP_WORDS_BY_LANGUAGE[language], key=len, reverse=True)
        pairs += [("|".join(dropped), ""), (r"[ld]['’](?=\w)", "")]
    edge = "" if language == "ko" else r"\b"
    more = " " if language == "ko" else ""
    return tuple(
        (
            re.compile(f"{edge}(?:{pattern})(?:(?<!\\w)|{edge or '(?=.|$)'})", re.IGNORECASE),
            re.sub(r"\\.|[a-z]", _hidden, english) + more,
        )
        for pattern, english in pairs
    )


def _hidden(match: re.Match[str]) -> str:
    """A letter that no later rule matches. Groups of a template stay, and its escaped s is a space."""
    found = match[0]
    return chr(_HIDDEN + ord(found)) if len(found) == 1 else found.replace(r"\s", " ")


_HIDDEN = 0xE100
_SHOWN = {_HIDDEN + code: code for code in range(ord("a"), ord("z") + 1)}
