"""The words and forms that `statement` knows: changes, denials, scopes, units, synonyms: English, German, Chinese, Japanese.

Patterns are searched in text of Unicode form NFKC. Words are case-folded, and stemmed if they are English.
"""

from __future__ import annotations

import re

from memcairn.notes.stems import stem


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_UNDONE = (
    "encrypted|signed|supported|limited|restricted|tested|documented|authenticated|available|stable|safe|versioned|"
    "protected|compressed|used|usable|necessary|required|reliable|locked|pinned|typed|cached|validated"
)
_ENGLISH_HOURS = "one two three four five six seven eight nine ten eleven twelve".split()
_HOURS = "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf".split()
# Forms that are read as another one.
PLAIN = tuple(
    (re.compile(pattern, re.IGNORECASE), plain)
    for pattern, plain in (
        # The day that `relative_dates` put behind "yesterday".
        (r"\s*\((?:week of )?\d{4}-\d\d(?:-\d\d)?\)", ""),
        (r"\b(?:an|one) hour and a half\b|\banderthalb Stunden\b", "90 minutes"),
        (r"\bhalf an hour\b|\b(?:eine[rn]?|ne) halben? Stunde\b|\bhalbstündlich\b", "30 minutes"),
        (r"\b(?:a )?quarter of an hour\b|\b(?:einer? )?Viertelstunde\b", "15 minutes"),
        (r"\bfortnight\b", "2 weeks"),
        (r"\bwith no\b", "without"),
        (r"\b(?:for ?ever|indefinitely|for good|unbegrenzt|dauerhaft|für immer)\b|永久に?|無期限に?|无限期", "999 years"),
        (rf"\bun(?=(?:{_UNDONE})\b)", "not "),
        (r"\b(?:it(?:['’]s| is) (?:fine|ok|okay|safe|allowed|all right)|feel free) to\b", "do"),
        (r"\b(?:turned|switched|switches?|turns?) on\b", "enabled"),
        (r"\b(?:turned|switched|switches?|turns?) off\b", "disabled"),
        (r"\b(?:may|must|can|should|do|does)(?: not|not|n't) exceed\b|\b(?:is |are )?(?:limited to|capped at)\b", "at most"),
        (r"\b(?:no|not) (?:more|longer|later|higher) than\b", "at most"),
        (r"\b(?:no|not) (?:less|fewer|earlier|lower) than\b|\bor (?:newer|later|above|higher|more)\b", "at least"),
        (r"(?<=\d)\+(?=\s)", " at least"),
        (r"\beinmal (?:im|am|in der) (?=(?:Tag|Woche|Monat|Quartal|Jahr)\b)", "jede "),
        (r"\bfor (?:an?|one) (?=(?:hour|day|week|month|year)\b)", "for 1 "),
        (r"不(?:能|得|可|可以|应)?超过|不多于", "最大"),
        (r"\b(?:midnight|Mitternacht)\b|午夜(?![前后])", "00:00"),
        (r"\b(?:at noon|midday|mittags)\b|正午", "12:00"),
        (r"千分之([一二三四五六七八九]|\d+)", r"\1‰"),
        (r"每个(?![月周星小季])", "所有"),
        (r"\b(?:once|einmal) (?=every|a\b|per|each|pro|jede|am|im|täglich)", ""),
        (r"\b(?:every|alle|once in) 24 (?:hours|stunden)\b|24 時間ごと", "every day"),
        (r"\b(?:every|alle) (?:60 (?:minutes|minuten)|hour)\b", "every hour"),
        (r"\b(?:every|alle) 7 (?:days|tage)\b", "every week"),
        (r"\bin charge of\b|\btakes care of\b|\blooks after\b", "responsible for"),
        (r"\bstopped (?=\w+ing\b)", "no longer "),
        (r"(?:する)?必要(?:が(?:ある|あります)|です)", "なければならない"),
        (r"([日週月年])に[1一][回度]", r"毎\1"),
        (r"(每[天日周月年])[一1]次", r"\1"),
        *((rf"\bhalf past {name}\b", f"{hour}:30") for hour, name in enumerate(_ENGLISH_HOURS, 1)),
        *((rf"\b(?:a )?quarter past {name}\b", f"{hour}:15") for hour, name in enumerate(_ENGLISH_HOURS, 1)),
        *((rf"\b(?:a )?quarter to {name}\b", f"{hour}:45") for hour, name in enumerate(_ENGLISH_HOURS)),
        *((rf"\bhalb {name}\b", f"{hour}:30") for hour, name in enumerate(_HOURS)),
        *((rf"\bviertel nach {name}\b", f"{hour}:15") for hour, name in enumerate(_HOURS, 1)),
        *((rf"\bviertel vor {name}\b", f"{hour}:45") for hour, name in enumerate(_HOURS)),
        (r"(\d{1,2}(?::\d\d)?)(?: uhr)? (?:nachmittags|abends|am (?:nachmittag|abend)|in the (?:afternoon|evening))\b", r"\1 pm"),
        (r"(\d{1,2}(?::\d\d)?)(?: uhr)? (?:morgens|vormittags|am (?:morgen|vormittag)|in the morning)\b", r"\1 am"),
    )
)  # fmt: skip
CHANGE = _any(
    r"\b(?:no longer|not any ?more|any ?more|from now on|as of (?:now|today)|correction|now(?:adays)?|actually|in fact|turns out|scratch that|as of this \w+|no more)\b",
    r"\b(?:(?:I|we|that) (?:was|were) wrong|superseded|handed (?:over )?to|handed over|scaled (?:up|down)|went (?:up|down|back)|stop \w+ing)\b",
    r"\b(?:doch (?:lieber|nicht)|eigentlich|tatsächlich|in Wahrheit|übergeben|übernimmt)\b",
    r"\b(?:instead|rather than|replac(?:es?|ed|ing)|moved|switched|changed|renamed|migrated|upgraded|downgraded|converted|bumped)\b",
    r"\braised(?! (?:as|by|when|if|in|an?|from)\b)|\b(?:lowered|increased|decreased|reduced|extended|shortened|dropped|removed|deleted|deprecated|retired|these days)\b",
    r"\b(?:has been (?:turned|set)|(?:is|are|was|were|got) (?:gone|abandoned|cancell?ed|obsolete|dead)|we left|left|took over|taken over|was (?:split|turned)|turned out|used to|formerly)\b",
    r"\b(?:nicht mehr|anstatt|anstelle|stattdessen|statt|jetzt|nun|nunmehr|inzwischen|mittlerweile|ab sofort)\b",
    r"\b(?:künftig|von nun an|ab jetzt|sondern|umgestellt|umgezogen|umbenannt|verlegt|verschoben|abgeschafft)\b",
    r"\b(?:geändert|ersetzt|gewechselt|gewandert|erhöht|gesenkt|verlängert|verkürzt|korrektur|migriert|gekündigt|abgelöst|eingestellt|weggefallen)\b",
    r"\bseit (?:dem|der|kurzem|heute|gestern)\b|\bwurde\w* auf\b",
    "今は|其实|實際|实际上|事实上|不再|改为|改成|改用|改到|改在|改名|改由|换成|換成|换到|现在|現在|已经|已經|已改|已迁|已换|已移|迁移到|迁到|搬到|搬迁|调整为|调整到|升级到",
    "升级为|而不是|而非|更正|纠正|取代|替换|替代|从今|今后|以后都|提高到|降低到|降到|延长到|缩短到|延长为|缩短为|转移到|移交给|交给|接手|停用|废弃|下线|放弃|弃用",
    "実は|実際は|ようになった|ようになりました|ではなく|じゃなく|変更|変わ|になった(?!ら|とき|時|場合)|になりました|移した|移しました|移動した|移行|今後|これから|代わりに|もう|やめ|引き上げ|引き下げ",
    "廃止|訂正|修正|切り替え|置き換え|改名|引き継|最近|乗り換え|延長|短縮|更新された|解約|終了した|使わなくなった",
)
_MONTH_NAMES = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "januar|februar|märz|mai|juni|juli|oktober|dezember"
)
# Since when something holds: a newer statement than one that does not say so.
SINCE = _any(
    rf"\b(?:since|seit|as of)\s+(?:(?:early|mid|late|anfang|mitte|ende)[ -])?(?:{_MONTH_NAMES}|20\d\d)\b",
)
CONTRAST = _any(
    r",?\s*(?:but )?not\s+(?:on |in |the |a |with |via |by )?[`\w.\-]+\s*(?:[.,;]|$)",
    r"\b(?:instead of|rather than|no longer|anstatt|anstelle|statt|nicht mehr|sondern)\b",
    r",\s*(?:nicht|kein\w*)\b",
    r"不再|而不是|而非|代替|取代|不用|[,，]\s*不(?:是|再|用|使用|要用)|ではなく|じゃなく|代わりに|もう|使わ",
)
# What is contrasted stands behind these, or before those.
CONTRASTED = _any(
    r"\((?:was|were|formerly|previously|früher|vorher|zuvor|bisher|antes|avant|原来|以前|原為)[\s:]*(`[^`]+`|[\w./-]*\w)",
    r"\b(?:switched|moved|migrated|went|changed?|upgraded|downgraded|converted|renamed|bumped|raised|lowered|increased|decreased|reduced|extended|shortened)\s"
    r"(?:[^.;,]{0,60}?\s)?from\s+(`[^`]+`|[\w./-]*\w)\s+to\b",
    r"\b(?:replaced|superseded|abandoned|dropped|removed|retired|ditched)\s+(`[^`]+`|[\w./-]*\w)\s+(?:with|by|in favou?r of|for)\b",
    r"(`[^`]+`|[\w./-]*\w)\s+(?:was|is|were|has been|got)\s+(?:replaced|superseded)\s+(?:by|with)\b",
    r"\bvon\s+(`[^`]+`|[\w./-]*\w)\s+(?:auf|zu|nach)\s+\S+\s+(?:umgestellt|gewechselt|migriert|umgestiegen|erhöht|gesenkt|verlegt|verschoben)",
    r"(`[^`]+`|[\w./-]*\w)\s+(?:wurde|wird|ist)\s+durch\s+\S+\s+(?:ersetzt|abgelöst)",
    r"从\s*([A-Za-z][\w./-]*|[\u3400-\u9fff]{1,4}?)\s*(?:换|改|迁|搬|升级|切换|转)",
    r"(?:\b(?:not|instead of|rather than|no longer|anstatt|anstelle von|statt|nicht mehr)\b|, ?(?:nicht|kein)\b)"
    r"\s+(?:(?:on|in|to|at|from|for|of|per|the|a|an|any|with|via|by|use|using|used|stored|be|mit|auf|über|als|bei|in|im|am|an|von|den|die|das|der|dem)\s+)*(`[^`]+`|[\w./-]*\w)",
    r"[,;(]\s*(?:and\s+)?(`[^`]+`|[#@]?[\w./-]*\w)\s+(?:is|are|was|were|has been)\s+(?:archived|closed|shut|off)\b",
    r"[,;(]\s*(?:and\s+)?(`[^`]+`|[\w./-]*\w)\s+(?:(?:is|are|was|were|has been|got)\s+(?:gone|removed|deleted|dropped|deprecated|retired|obsolete|cancell?ed|shut down|on leave)|left|quit|retired|(?:has )?moved (?:on|teams?|to))\b",
    r"(?:不再(?:使用|用|是|存储在)?|而不是|而非|代替|取代|[,，]\s*不用|[,，]\s*不要用|[,，]\s*不是)\s*([A-Za-z][\w./-]*|[\u3400-\u9fff]{1,4})",
    r"([A-Za-z][\w./-]*|[\u30a1-\u30fc]+|[\u3400-\u9fff]{1,4})\s*(?:ではなく|じゃなく|の代わりに|はもう|は使わ|は使いません)",
)
DENIAL = _any(
    r"\b(?:never|not|no|none|cannot|can't|don't|doesn't|didn't|won't|mustn't|shouldn't|isn't|aren't|wasn't)\b",
    r"\b(?:forbid(?:den|s)?|prohibit(?:ed|s)?|disallow(?:ed|s)?|avoid|refuses?|banned|unsupported|stop)\b",
    r"\b(?:nie|niemals|nicht|kein(?:e|en|em|er|es)?|verboten|untersagt|unzulässig|vermeiden)\b",
    "不要|不能|不可|不得|不准|不许|不允许|不应|不会|无需|不必|不需要?|不用|不支持|不是|不使|禁止|切勿|请勿|勿|没有|从不|绝不|别|不",
    "禁止|いけない|いけません|ならない|なりません|ないこと|しない|しません|できない|できません|ではない|ありません|不可|禁ず|使わない|ないで(?:下さい|ください)|ない(?=[。、\\s]|$)",
)
# A double denial affirms; these say that something must be, or need not be.
DUTY = _any(
    "可以不|不经|なくて(?:も)?(?:よい|いい|良い)",
    "なければならない|なければなりません|なければいけない|必要がある|しなければ|不得不|不要忘记|必须|必ず",
    r"\b(?:with no|must|always|do(?:n't| not) forget|never forget|nicht vergessen|immer|muss|müssen)\b(?! not\b)",
)
ON = _any(
    r"\b(?:turned on|switched on|is on|are on|enabled?|activated?|eingeschaltet|aktiviert|aktiv|sind an|ist an|an)(?=\s*(?:[.,;!]|$| in\b| for\b| by\b| seit\b| in der\b))",
    "打开|开启|启用|開啟|啟用|有効|オンに|オンで",
)
OFF = _any(
    r"\b(?:turned off|switched off|is off|are off|off|disabled?|deactivated?|ausgeschaltet|deaktiviert|inaktiv|sind aus|ist aus|aus)(?=\s*(?:[.,;!]|$| in\b| for\b| by\b))",
    "关闭|关掉|禁用|停用|關閉|無効|オフ",
)
# One thing is the one or the other.
OPPOSITES = {
    one: other
    for pair in (("automat", "manual"), ("requir", "option"), ("synchron", "asynchron"))
    for one, other in (pair, pair[::-1])
}
SWITCHES = frozenset(map(stem, "enabled disabled activated deactivated".split())) | frozenset(
    "eingeschaltet ausgeschaltet aktiviert deaktiviert".split()
)
WITHOUT = re.compile(
    r"\b(?:without|ohne)\s+(?:(?:a|an|any|the|eine?n?|einer|jede[nrs]?)\s+)?([\w./-]*\w)",
    re.IGNORECASE,
)
# A list after a colon says everything: "Log levels: debug, info, warn".
ITEMS = re.compile(r"[:：]\s*([^.;:。；\n]+?(?:[,，、][^.;:。；\n]+?)+)\s*[.。]?\s*\Z")
PREFERENCE = _any(
    r"\b(?:prefers?|likes?|loves?|enjoys?|mag|bevorzugt|möchte|liebt)\b",
    "喜欢|喜歡|偏好|爱用|好む|好み|好き",
)
ASSIGNMENT = _any(
    r"\b(?:owns?|owners?|owned|maintains?|maintainers?|leads?|responsible|in charge|on.call|contact|reviewers?|approves?)\b",
    r"\b(?:verantwortlich\w*|zuständig\w*|ansprechpartner\w*|betreut|leitet)\b",
    "负责|負責|负责人|担当|責任者|管轄|主管|(?<!经)由(?!于)|さんが|氏が",
)
NAMING = _any(
    r"\b(?:called|named|defaults?|set to|uses? \S+ as|heißt|heißen|lautet|genannt|standardmäßig)\b",
    r"\b(?:stored|kept|written|hosted|located|recorded|tracked|lives?|reside|ends? up|land) (?:in|on|at|under)\b|\blande[nt] (?:im?|bei|auf)\b|\bbuilt with\b|\b(?:liegt|liegen|steht|stehen) in\b|で書|に保存",
    "叫做?|名为|名叫|默认|放在|位于|という名前|と呼|既定|デフォルト",
)
# By which means something is done; there usually is one.
MEANS = _any(
    r"\b(?:via|through|using|with|by means of|mittels|mithilfe von|mit|über|per|durch)\s+"
    r"(?:(?:the|a|an|der|dem|den|die|das|einem|einer|einen)\s+)?(`[^`]+`|[\w./-]*\w(?:\s[A-Z]\w+)?)",
    r"(?:通过|经由|使用|用)([A-Za-z][\w./-]*|[\u3400-\u9fff]{1,4})",
    r"([A-Za-z][\w ./-]*|[\u30a1-\u30fc]+|[\u3400-\u9fff]{1,6})で(?![すきはもあ])",
)
ALSO = _any(
    r"\b(?:also|too|as well|in addition|additionally|besides|another|auch|außerdem|zusätzlich|ebenfalls)\b",
    "也(?!必须|不|要|需|得|应)|还(?!原)|另外|此外|また、|さらに|加えて",
)
TASK = _any(
    r"\b(?:owns|maintains|leads|reviews|approves|is (?:responsible for|in charge of)|betreut|leitet)\b",
    r"\bist für\b.*\b(?:verantwortlich|zuständig)\b",
    r"负责(?=[\u3400-\u9fffA-Za-z])(?!人)|が.+を担当|\A\s*由|\A\s*\w{1,6}(?:さん|氏)が",
)
COMMAND = re.compile(
    r"\W*(?:(?:we|use|always|never|do not|don't|please|prefer|wir|nie|immer|bitte|nutze|verwende)\b|不要|请|我们|必须|必ず)",
    re.IGNORECASE,
)
# What may be said of several things: "supports", "depends on", "sends".
LISTING = _any(
    r"\b(?:can|may|could|allows?|supports?|accepts?|offers?|kann|können|darf|dürfen|unterstützt|akzeptiert)\b",
    r"\b(?:sends|depends on|requires|includes|contains|imports|calls|exposes|provides|emits|handles|reads|writes|checks)\b",
    r"\b(?:skips|ignores|rejects|subscribes|consumes|publishes|registers|validates|exports|shows|deletes)\b",
    r"\b(?:sendet|hängt von|enthält|importiert|ruft|liest|schreibt|prüft|überspringt|verlangt|zeigt|löscht)\b",
    "可以|能够|支持|允许|包含|依赖|跳过|检查|できる|できます|サポート|対応|てよい|含む|依存|確認する",
)

SCOPES: dict[str, dict[str, str]] = {
    "environment": {
        "staging": r"\bstag(?:e|ing)\b|预发|預發|ステージング",
        "production": r"\bprod(?:uction)?\b|\bproduktion\w*|生产|正式环境|线上|本番",
        "development": r"\bdev(?:elopment)?\b|\bentwicklung(?:sumgebung)?\b|开发环境|開発環境",
        "test": r"\b(?:test|qa|uat)(?:[ -]?(?:environment|system|server|umgebung|database|cluster|db))\b|\b(?:qa|uat)\b|\btest(?:umgebung|system|datenbank)\w*|测试环境|测试库|テスト環境|検証環境",
        "release candidate": r"\bpre-?releases?\b|\bbetas?\b|\bnightl(?:y|ies) builds?\b",
        "local": r"\blocal(?:ly|host)?\b|\blokal\w*|本地|ローカル",
    },
    "platform": {
        "linux": r"\b(?:linux|ubuntu|debian|fedora)\b",
        "macos": r"\b(?:mac ?os|mac|macs|os ?x|darwin)\b",
        "windows": r"\bwindows\b",
        "ios": r"\b(?:ios|iphone)\b",
        "android": r"\bandroid\b",
    },
    "access": {
        "read": r"\breads?\b|\bread(?:ing|er|ers|-only)\b|\blese\w*|读(?!书)|讀|読み取り|読み込み|読取|参照系",
        "write": r"\bwrites?\b|\bwrit(?:ing|er|ers)\b|\bschreib\w*|写(?!的|成|给|了|日)|寫|書き込み|書込|更新系",
    },
    "direction": {
        "in": r"\b(?:imports?|import\w*job|uploads?|inputs?|inbound|ingress|incoming|eingehende\w*)\b|导入|上传|インポート|アップロード",
        "out": r"\b(?:exports?|export\w*job|downloads?|outputs?|outbound|egress|outgoing|ausgehende\w*)\b|导出|下载|エクスポート|ダウンロード",
    },
    "part": {
        "frontend": r"\bfront-?end\w*|前端|フロントエンド",
        "backend": r"\bback-?end\w*|后端|後端|バックエンド",
        "client": r"\bclients?\b|客户端|クライアント",
        "server": r"\bserver(?!less)s?\b|服务端|服务器端|サーバー側",
        "mobile": r"\bmobile\b|移动端|モバイル",
        "desktop": r"\bdesktop\b|桌面端|デスクトップ",
        "cli": r"\bcli\b|命令行|コマンドライン",
        "web": r"\bweb (?:app|ui|client)\b|网页端",
    },
    "build": {
        "debug": r"\bdebug\b|\bdebug-?build\w*|调试版|デバッグ",
        "release": r"\brelease(?:-| )builds?\b|\bin release\b|发布版|リリースビルド|リリース版",
    },
    "tests": {
        "unit": r"\bunit\b|\bunit-?tests?\b|\bmodultests?\b|单元|単体",
        "integration": r"\bintegrations?\b|\bintegrationstests?\b|集成|結合",
        "end to end": r"\be2e\b|\bend-to-end\b|端到端",
        "smoke": r"\bsmoke\b|冒烟|スモーク",
        "load": r"\b(?:load|performance|last)-?tests?\b|压力测试|性能测试|負荷",
    },
    "role": {
        "admin": r"\badmin(?:s|istrators?|istratoren)?\b|管理员|管理者",
        "guest": r"\bguests?\b|\bgäste\b|\bgast\b|访客|游客|ゲスト",
        "editor": r"\beditors\b|编辑者|編集者",
        "viewer": r"\bviewers?\b|查看者|閲覧者",
        "customer": r"\bcustomers?\b|\bkunden?\b|客户(?!端)|顧客",
        "employee": r"\bemployees?\b|\bmitarbeiter\w*|员工|社員",
    },
    "copy": {
        "primary": r"\bprimary\b|主库|主节点|プライマリ",
        "replica": r"\b(?:replicas?|secondary|standby)\b|从库|副本|レプリカ",
    },
    "hardware": {
        "cpu": r"\bcpu\b",
        "gpu": r"\bgpu\b",
        "arm": r"\b(?:arm64|aarch64|arm)\b",
        "x86": r"\b(?:x86(?:_64)?|amd64)\b",
    },
    "bound": {
        "lower": r"\bmin(?:imum|imal\w*|destens)?\b|\bat least\b|最低|最小|至少|下限",
        "upper": r"\bmax(?:imum|imal\w*)?\b|\bat most\b|\bhöchstens\b|最高|最大|最多|上限",
        "soft": r"\bsoft limit\b",
        "hard": r"\bhard limit\b",
    },
    "plan": {
        name: rf"\b{name}(?= (?:plan|tier|edition|accounts?|tarif)\b)"
        for name in "free basic starter pro plus team business enterprise".split()
    },
    "reach": {
        "internal": r"\binternal\b|\bintern\w*\b|内部|内网|社内",
        "external": r"\bexternal\b|\bextern\w*\b|外部|外网|社外",
        "public": r"\bpublic\b|\böffentlich\w*|公开|公開",
        "private": r"\bprivate\b|\bprivat\w*|私有|非公開",
    },
    "days": {
        "workdays": r"\b(?:weekdays?|workdays?|werktags?|werktage\w*)\b|工作日|平日",
        "weekend": r"\b(?:weekends?|wochenende\w*)\b|周末|週末|休日",
    },
    "place": {
        name: name if not name.isascii() else rf"\b{name}\b"
        for name in """tokyo osaka kyoto berlin hamburg munich münchen frankfurt nürnberg cologne köln madrid
        barcelona paris london dublin vienna wien zurich zürich seattle boston chicago austin sydney
        singapore 北京 上海 深圳 广州 杭州 成都 东京 大阪 東京 京都 名古屋 福岡 札幌 nord süd north south east west 华东 华南 华北
        emea apac eu us""".split()
    },
    "language": {
        name: rf"(?:\bin (?:all )?)?\b{re.escape(name)}(?=(?:[- ](?:files?|code|dateien|projects?|projekte\w*|services?)|\s*(?:文件|代码|ファイル|コード)))"
        for name in "python go rust java kotlin javascript typescript ruby c php swift sql".split()
    },
}
# Things that a number names, and does not count: "tenant 0".
NUMBERED = _any(
    r"\b(?:tenant|customer|user|account|project|ticket|issue|shard|partition|worker|job|step|phase|sensor|device|"
    r"machine|rack|team|chapter|mandant|kunde|projekt|schritt|gerät|租户|客户|步骤|テナント|顧客)\s*#?\d+",
)
SCOPE_PATTERNS = {
    category: {name: re.compile(pattern, re.IGNORECASE) for name, pattern in names.items()}
    for category, names in SCOPES.items()
}

WEEKDAYS = {
    f"{name}{ending}": day
    for names in ("mon tues wednes thurs fri satur sun", "mon diens mitt donners frei sams sonn")
    for day, name in enumerate(names.split(), 1)
    for ending in ("day", "days", "tag", "tags", "tage", "tagen", "woch", "wochs")
}
CJK_WEEKDAYS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7} | {
    sign: day for day, sign in enumerate("月火水木金土日", 1)
}
MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jan feb mar apr may jun jul aug sep oct nov dec",
    )
    for number, name in enumerate(names.split(), 1)
}
NUMBERS = {
    name: number
    for names in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
        "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
    )
    for number, name in enumerate(names.split())
} | {
    "a": 1, "an": 1, "eine": 1, "einer": 1, "einen": 1, "einem": 1, "eins": 1, "zwo": 2, "once": 1, "twice": 2,
    "twenty": 20, "zwanzig": 20, "thirty": 30, "dreißig": 30, "forty": 40, "vierzig": 40, "fifty": 50,
    "fünfzig": 50, "sixty": 60, "sechzig": 60, "seventy": 70, "siebzig": 70, "eighty": 80, "achtzig": 80, "ninety": 90, "neunzig": 90, "hundred": 100, "hundert": 100,
    "dozen": 12, "dutzend": 12,
}  # fmt: skip
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "twelfth": 12, "fifteenth": 15, "twentieth": 20, "thirtieth": 30, "last": -1, "zweiten": 2, "zweiter": 2, "zweite": 2,
    "ersten": 1, "erster": 1, "erste": 1, "dritten": 3, "dritter": 3, "dritte": 3, "letzten": -1, "letzter": -1,
}  # fmt: skip
HAN_DIGITS = {"〇": 0, "零": 0, "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5,
               "六": 6, "七": 7, "八": 8, "九": 9}  # fmt: skip
HAN_POWERS = {"十": 10, "百": 100, "千": 1000}
SECONDS = {
    "millisecond": 0.001,
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 7 * 86_400,
}
UNITS = {
    "millisecond": r"ms|milliseconds?|millisekunden?|毫秒|ミリ秒",
    "second": r"s|secs?|seconds?|sek|sekunden?|秒钟|秒間|秒",
    "minute": r"mins?|minutes?|minuten?|分钟|分鐘|分間|分(?=[でごおまか以後内経]|$|\b)",
    "hour": r"h|hrs?|hours?|std|stunden?|个小时|小时|小時|時間",
    "day": r"d|days?|tage?n?|天|日間|日(?!志|誌)",
    "week": r"weeks?|wochen?|个星期|星期|周|週間",
    "month": r"months?|monate?n?|个月|ヶ月|か月|カ月",
    "year": r"years?|jahre?n?|年間|年",
}
BYTES = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
HAN_NUMBER = "[〇零一二两兩三四五六七八九十百千]+"
NUMBER = (
    rf"(?:\d+(?:[.,]\d+)*|{HAN_NUMBER}|\b(?:{'|'.join(sorted(NUMBERS, key=len, reverse=True))})\b)"
)
COUNTERS = (
    "次|回|遍|个|個|つ|名|人|位|台|条|條|件|页|ページ|行|スレッド|线程|ノード|节点|核|倍|本|枚|分"
)
MONTH = "|".join(sorted((name for name in MONTHS if name != "mar"), key=len, reverse=True))
PERIODS = {
    period: name
    for name, periods in {
        "second": "second sekunde 秒 秒钟", "minute": "minute 分 分钟", "hour": "hour hourly stunde stündlich 小时 時 时 時間",
        "day": "day daily tag täglich 天 日", "night": "night nightly nacht nachts 晚",
        "week": "week weekly woche wöchentlich 周 週 週間 星期", "month": "month monthly monat monatlich 月 か月",
        "quarter": "quarter quarterly quartal vierteljährlich", "year": "year yearly annually jahr jährlich 年",
    }.items()
    for period in periods.split()
}  # fmt: skip
SCAN = re.compile(
    "|".join(
        (
            r"\ue000(?P<synonym>\S+)",
            r"(?P<url>\bhttps?://[^\s<>)\]）」]+)",
            r"(?P<email>\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b)",
            r"`(?P<code>[^`\n]+)`",
            r"(?P<tag>(?<![\w/&])[#@][A-Za-z][\w-]+|\b[A-Za-z_]\w*=[^\s,;`]+\w|\b(?:kebab|snake|camel|pascal)[-_ ]?case\b)",
            r"(?P<date>\b\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?)",
            rf"\b(?P<d1>\d{{1,2}})(?:\.|st|nd|rd|th)?\s+(?:of\s+)?(?P<m1>{MONTH})\.?,?(?:\s+(?P<y1>\d{{4}}))?\b",
            rf"\b(?P<m2>{MONTH})\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y2>\d{{4}}))?",
            r"(?P<m3>\d{1,2})月(?P<d3>\d{1,2})(?:日|号)",
            r"\b(?:every|each|per|a|jede[nrs]?|pro)\s+(?P<period>second|minute|hour|day|night|week|month|quarter|year|sekunde|minute|stunde|tag|nacht|woche|monat|quartal|jahr)\b",
            r"\b(?P<often>hourly|daily|nightly|weekly|monthly|quarterly|yearly|annually|stündlich|täglich|nachts|wöchentlich|monatlich|vierteljährlich|jährlich)\b",
            r"(?:每个?|毎)(?P<zh_period>秒钟?|分钟?|小时|時|时|天|日|晚|周|週|星期|月|年)(?![一二三四五六日天])",
            r"(?P<ja_period>1?\s*(?:秒|分|時間|日|週間?|か?月|年))ごと",
            rf"(?P<day_part>凌晨|早上|早晨|上午|中午|下午|晚上|午夜|半夜|午前|午後|深夜|朝|夜|夕方)?\s*(?P<cjk_hour>\d{{1,2}}|{HAN_NUMBER})\s*(?:点|點|時(?!間)|时(?!间))钟?(?P<cjk_minute>半|(?:\d{{1,2}}|{HAN_NUMBER})分?)?",
            r"(?P<day_part2>凌晨|早上|上午|下午|晚上|午前|午後|深夜)\s*(?P<hour2>\d{1,2}):(?P<minute2>\d{2})",
            r"(?P<hour>\b\d{1,2})(?::(?P<minute>\d{2}))(?::\d{2})?\s*(?P<half>[ap]\.?m\b\.?|uhr\b)?",
            r"(?P<hour3>\b\d{1,2})\s*(?P<half3>[ap]\.m\.?|[ap]m\b|uhr\b)",
            r"\b(?:at|um|gegen)\s+(?P<hour4>\d{1,2})(?=\s*(?:[.,;)]|$|\b(?:sharp|every|on|each|in)\b))",
            r"(?P<path>(?:(?<![\w/])(?:~|\.{1,2}|%\w+%)?[/\\]|[A-Za-z]:\\)?[\w.@%+~-]+(?:[/\\][\w.@%*+~-]+)+[/\\]?|(?<![\w/])(?:~|\.{1,2})?/[\w.@%*+~-]+/?|\b[\w.-]+/(?=[\s、。,;)]|$))",
            rf"(?P<size>{NUMBER})\s*-?(?P<size_unit>[kmgt])(?:i?b\b|ilobytes?\b|egabytes?\b|igabytes?\b|erabytes?\b|(?=\W|$))(?!\w)",
            rf"(?P<percent>{NUMBER})\s*(?:%|‰|percent\b|prozent\b|パーセント)",
            rf"(?P<amount>{NUMBER}|半)\s*-?(?:(?:business|working|calendar|full)\s+)?(?P<unit>{'|'.join(f'(?P<unit_{n}>{p})' for n, p in UNITS.items())})(?![a-zäöü])",
            rf"第(?P<cjk_nth>\d+|{HAN_NUMBER})(?:个|個|の|次|回)?|(?P<cjk_first>最初の)",
            r"(?:周|星期|礼拜|禮拜)(?P<zh_day>[一二三四五六日天])",
            r"(?P<ja_day>[月火水木金土日])曜日?",
            r"(?P<month_number>\d{1,2})月",
            rf"(?P<counted>{NUMBER})\s*(?P<counter>{COUNTERS}|-?mal\b|times?\b|attempts?\b|tries\b|versuche?n?\b)",
            r"(?P<day_of_month>\b\d{1,2})(?:\.(?=\s+[A-Za-zÄÖÜ])|st\b|nd\b|rd\b|th\b|日)",
            r"(?P<locale>(?-i:\b[a-z]{2}[-_][A-Z]{2}\b))",
            r"(?P<version>\bv?\d+(?:\.\d+)+(?:[-+][\w.]+)?)",
            r"(?P<file>\b[\w-]{2,}\.[A-Za-z][A-Za-z0-9]{0,9}(?:\.\w+)*\b(?!\())",
            r"(?P<number>(?<![\w.])\d+(?:[.,]\d+)*(?![\w]))",
            r"(?P<ident>\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9][\w-]*\b|\b\w+_\w+\b|(?-i:\b[a-z]+[A-Z]\w*|\b[A-Z][a-z]+[A-Z]\w*))",
            r"(?P<word>[^\W\d_\u2e80-\u9fff\uac00-\ud7a3\uff00-\uffef]+(?:['’][^\W\d_]+)?)",
            r"(?P<kana>[\u30a1-\u30fa\u30fc-\u30ff]+)",
            r"(?P<han>[\u3005\u3400-\u9fff])",
            r"(?P<hangul>[\uac00-\ud7a3]+)",
        )
    ),
    re.IGNORECASE,
)
TIMES_OF_DAY = {"下午", "午後", "晚上", "夜", "夕方"}
DAILY = {"nachts": "jede nacht", "nightly": "every night", "daily": "every day"}

# Words that carry no subject beside the stop words of a query; and words of the change itself.
LIGHT = frozenset(
    """
    use used uses using run runs running get gets got go goes put set sets take takes place happen happens
    happened make makes kept keep keeps live lives lie lies stay stays stand stands there under into onto
    please always never must may now currently still since last week month year today yesterday after
    before until per each every time times attempt attempts instead longer anymore correction finished
    been being be become becomes became note remember reminder fyi also hence therefore was were has have had
    der die das den dem des ein eine einen einem einer eines und oder aber ist sind war waren wird werden
    wurde wurden hat haben für mit auf in im an am zu zum zur von vom bei nach vor über unter aus als auch
    nur noch schon sehr es er sie wir ihr man sich seit jetzt nun inzwischen mittlerweile sofort ab statt
    anstatt nicht mehr sondern immer nie niemals kein keine keinen keiner keines um uhr jede jeden jeder
    jedes herr herrn frau mr mrs ms gibt darf dürfen muss müssen soll sollen kann können lassen benutzen benutzt nutzen nutzt nutzten
    verwenden verwendet brauchen braucht gebraucht bitte hand dort steht stehen liegt liegen landen laufen
    läuft lauf mal korrektur künftig beträgt uns unsere unser
    """.split()
)
HAN_LIGHT = frozenset(
    "的了在是会會被把和与與着著我们們就也都将將里中用使为為有从從由于於到这那此该請请而且能要须需已经經再改成换換现現后後之及其很被所以及每以内で"
)


# Words that say the same of a setting, a rule or a habit; the first one is the key.
SYNONYM_GROUPS = """
store save persist keep hold cache 保存 存储 储存 存放 存在 格納 speichern speichert gespeichert abgelegt ablegen
delete remov purg clean wipe 删除 清除 移除 清理 削除 消去 löschen löscht gelöscht entfernt entfernen
execut run 运行 执行 跑 実行 ausführen ausgeführt führen führt
start begin kick launch 开始 启动 開始 始まる 始める beginnt beginnen startet starten gestartet
finish end stop complet 结束 完成 终止 終了 終わる 完了 endet enden beendet fertig abgeschlossen
like prefer want wish love 喜欢 偏好 希望 想要 好む 好み 好き 希望 bevorzugt bevorzugen möchte mag wünscht bevorzugten
maximum max most limit cap 上限 最大 最多 不超过 最高 最长 maximal maximale höchstens höchste obergrenze limit begrenzt
minimum min least lowest 下限 最低 最小 至少 最短 minimal mindestens kleinste
answer respons repli 回答 回复 答复 答案 返答 返信 antwort antworten
short concis brief 简短 简洁 简明 短い 簡潔 kurz kurze knapp knappe
send report ship forward 上报 发送 报告 送る 送信 報告 melden gemeldet schicken senden sendet
write written wrote author creat 编写 撰写 写 書く 書か 作成 geschrieben schreiben erstellt
edit modifi chang touch alter 修改 编辑 改动 編集 変える ändern geändert bearbeiten bearbeitet anfassen
review approv approval 评审 审核 审查 审批 批准 レビュー 承認 freigabe review geprüft
deploy rollout publish 部署 发布 上线 发版 デプロイ deployt deployment deployments deployen veröffentlicht ausgerollt
own owner maintain maintain respons 负责人 负责 担当者 担当 責任者 verantwortlich zuständig
size larg big 大小 サイズ 大きさ größe groß
length long 长度 長さ dauer dauert dauern länge lang
file 文件 ファイル datei dateien
upload 上传 アップロード hochgeladen hochgeladene
need requir 需要 必要 要求 braucht gebraucht benötigt benötigen erforderlich
read load 读取 加载 読み込む 読み込まれる 読み込み gelesen lesen geladen
config configur set 配置 设置 設定 konfiguration einstellungen
repeat retri 重试 リトライ 再試行 wiederholt wiederholen
commit 提交 コミット
test 测试 テスト tests
expir timeout time 超时 过期 タイムアウト abgelaufen
interrupt abort cancel 中止 中断 abbricht bricht abgebrochen
forbidden forbid 禁止 不允许 verboten
separ delimit 分隔符 区切り trennzeichen
meet meeting 会议 ミーティング 会議
everi each all 所有 全部 すべて alle allen
database db databas 数据库 データベース datenbank
kubernet k8s
postgr postgresql postgres
javascript js
typescript ts
repositori repo 仓库 リポジトリ
author auth authent 认证 鉴权 認証
document doc docs 文档 ドキュメント dokumentation
servic 服务 サービス dienst
generat 生成
enabl 有効
disabl 無効
automat auto 自动 自動 automatisch
manual hand 手动 手動 manuell hand
"""
SYNONYMS = {
    word.casefold(): words[0]
    for words in map(str.split, SYNONYM_GROUPS.strip().splitlines())
    for word in words
}
_KANJI_STEM = re.compile("([\u3400-\u9fff]+)[\u3041-\u3096]+")
# Japanese verbs and adjectives stand here in one form; the others have other endings in hiragana.
for _word in list(SYNONYMS):
    if _form := _KANJI_STEM.fullmatch(_word):
        SYNONYMS.setdefault(_form[1] + "~", SYNONYMS[_word])
CJK_SYNONYMS = re.compile(
    "|".join(
        word.replace("~", "(?=[\u3041-\u3096])")
        for word in sorted((word for word in SYNONYMS if word[0] > "\u3000"), key=len, reverse=True)
    )
)
GERMAN = re.compile(
    r"[äöüß]|\b(?:der|die|das|ist|und|wird|nicht|mit|auf|den|dem|im|wir|ein|eine|kein|jede|jeden|nie|nach|unter|"
    r"werden|gehen|gilt|dauert|heißt|als|zum|zur|bei|vor|aus|beim|jeder|gibt|haben|hat)\b",
    re.IGNORECASE,
)
ARTICLES = frozenset("a an ein eine einer einen einem".split())
BEFORE_MONTH = frozenset("since in until from by of seit im ab bis last next early late".split())
