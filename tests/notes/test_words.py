"""The analyzer: words are found whole and by part, in any script."""

from __future__ import annotations

import threading
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memcairn.notes import words as analyser
from memcairn.notes.combining_marks import MARKS
from memcairn.notes.words import MAX_WORD, VERSION, query_words, spans, words


def found(query: str, text: str) -> bool:
    """Whether every word that the query asks for is among those of the text."""
    return set(query_words(query)) <= set(words(text))


class TestIdentifiers:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("getUserName", "getusernam get user name"),
            ("user_profile", "user_profile user profil"),
            ("user-profile", "user-profile user profil"),
            ("ERR_CONN_RESET", "err_conn_reset err conn reset"),
            ("config.rs", "config.rs config rs"),
            ("src/app/main.py", "src/app/main.py src app main.py main py"),
            ("v1.2.3", "v1.2.3 1.2.3 1.2"),
            ("HTTPServer2", "httpserver2 http server 2"),
            ("C++", "c++ c"),
            ("C#", "c# c"),
            ("F#", "f# f"),
            (".NET", ".net net"),
            ("§4.2", "§4.2 4.2"),
            ("#123", "#123 123"),
            ("@scope/pkg", "@scope/pkg scope/pkg scope pkg"),
            ("--dry-run", "--dry-run dry-run dri run"),
            ("$HOME", "$home home"),
            ("a.b.c()", "a.b.c a b c"),
            ("joe@example.com", "joe@example.com joe example.com exampl com"),
            ("__init__", "init"),
            ("APIs", "api"),
            ("utf8", "utf8 utf 8"),
            ("OAuth2Client", "oauth2client auth client"),
            ("a3f9c2e81b", "a3f9c2e81b"),
            ("1,000,000", "1000000"),
            ("2026-03-01", "2026-03-01 2026-03 2026 03 01"),
            ("std::vector<int>", "std::vector std vector int"),
            ("obj->field", "obj->field obj field"),
            ("~/.bashrc", ".bashrc bashrc"),
            ("O'Brien", "obrien brien"),
            ("Caroline's", "carolin"),
            ("don’t", "dont"),
            ("they're", "they"),
            ("U.S.A.", "u.s.a usa u s a"),
            ("naïveCaféName", "naivecafenam naiv cafe name"),
            ("имяФайла", "имяфайл им файл"),
        ],
    )
    def test_give_the_whole_and_each_part(self, text: str, expected: str) -> None:
        assert words(text) == expected.split()

    @pytest.mark.parametrize(
        "text", ["word--word", "wait...what", "(see)note", "a|b", "one,two", "first;second", "x*y"]
    )
    def test_dashes_ellipses_and_brackets_join_nothing(self, text: str) -> None:
        assert not [word for word in words(text) if not word.isalpha()]

    @pytest.mark.parametrize(
        ("query", "text"),
        [
            ("user name", "calls `getUserName()`"),
            ("GETUSERNAME", "getUserName"),
            ("user profile", "user-profile.tsx"),
            ("user-profile", "src/user-profile.tsx"),
            ("main.py", "see src/app/main.py:42"),
            ("version 1.2", "version v1.2.3"),
            ("ERR_CONN_RESET", "**ERR_CONN_RESET**: the peer"),
            ("C++", "written in C++."),
            ("C++", "(C++17)"),
            ("§4.2", "as in §4.2, and"),
            ("example.com", "https://example.com/path?x=1"),
            ("bashrc", "~/.bashrc"),
            ("dont", "don't"),
            ("macos", "macOS"),
            ("github", "GitHub"),
            ("usa", "U.S.A."),
            ("Müller", "Muller"),
            ("strasse", "Straße"),
            ("lodz", "Łódź"),
            ("café", "cafe\u0301"),
            ("fullwidth", "ｆｕｌｌｗｉｄｔｈ"),
            ("deployments", "a deployment"),
            ("homme", "l’homme"),
        ],
    )
    def test_are_found_in_any_spelling(self, query: str, text: str) -> None:
        assert found(query, text)

    def test_words_are_stemmed_except_wholes_with_punctuation(self) -> None:
        assert words("deployments deployments-table") == [
            "deploy",
            "deployments-table",
            "deploy",
            "tabl",
        ]


class TestScripts:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("数据库", "数 据 库 数据 据库"),
            ("猫", "猫"),
            ("データ", "デ ー タ デー ータ"),
            ("ﾃﾞｰﾀ", "デ ー タ デー ータ"),
            ("人々", "人 々 人々"),
            ("강은", "강 은 강은"),
            ("검색을", "검 색 을 검색 색을 검색을"),
            ("스・를", "스 를"),
            ("API数据", "api 数 据 数据"),
            ("วันที่", "วั น ที่ วัน นที่"),
            ("ёлки", "елк"),
            ("книгами", "книг"),
            ("हिन्दी", "हिन्द"),
            ("ελληνικά", "ελλην"),
            ("שָׁלוֹם", "שלום"),
            ("كِتَاب", "كتاب"),
            ("தமிழ்", "தமிழ்"),
        ],
    )
    def test_are_split_by_their_own_rules(self, text: str, expected: str) -> None:
        assert words(text) == expected.split()

    @pytest.mark.parametrize("kept", ["が", "ガ", "й", "ї", "ў", "각", "कि", "ที่"])
    def test_keep_the_marks_that_are_part_of_the_spelling(self, kept: str) -> None:
        decomposed = unicodedata.normalize("NFD", kept)

        assert words(kept) == words(decomposed) == [kept]

    @pytest.mark.parametrize(
        ("query", "text"),
        [
            ("数据库索引", "关于数据库索引的设计"),
            ("猫", "東京の猫が好き"),
            ("猫が", "猫が好き"),
            ("강", "강은 길다"),
            ("あ", "これはあれ"),
            ("é", "E"),
            ("ñ", "n"),
            ("x", "let x be"),
        ],
    )
    def test_are_found_by_words_and_single_characters(self, query: str, text: str) -> None:
        assert found(query, text)

    def test_korean_words_are_found_without_their_particles(self) -> None:
        asked = set(query_words("데이터베이스"))

        assert asked - set(words("데이터베이스를 고른 이유")) == {"데이터베이스"}
        assert asked - set(words("데이터베이스 고르기")) == set()

    def test_emoji_are_words_each_with_its_joiners_and_tones(self) -> None:
        assert words("❤️👩‍💻👍🏽🇩🇪1️⃣✅→€") == ["❤", "👩‍💻", "👍🏽", "👍", "🇩🇪", "1⃣", "✅", "→", "€"]
        assert found("👍", "👍🏽")
        assert found("❤", "I ❤️ it")


class TestQueries:
    def test_drop_stop_words(self) -> None:
        assert query_words("What did we decide about the user-profile's cache?") == [
            *("decid", "user-profile", "user", "profil", "cach")
        ]

    @pytest.mark.parametrize("query", ["who is it", "The The", "to be or not to be", "don't"])
    def test_of_nothing_but_stop_words_keep_them(self, query: str) -> None:
        assert query_words(query)
        assert set(query_words(query)) == set(words(query))

    def test_ask_for_each_word_once_in_order(self) -> None:
        assert query_words("blue green Blue GREEN blue") == ["blue", "green"]

    def test_drop_single_characters_that_are_in_pairs(self) -> None:
        assert query_words("数据库") == ["数据", "据库"]
        assert query_words("東京の猫") == ["東京", "京の", "猫"]
        assert query_words("검색을") == ["검색", "색을", "검색을"]

    def test_drop_pairs_that_are_common_in_chinese_and_japanese_questions(self) -> None:
        assert query_words("应该返回什么状态") == ["该返", "返回", "回什", "状态"]
        assert query_words("東京の猫が好き") == ["東京", "京の", "猫が", "好き", "猫", "好"]

    def test_drop_korean_stop_words(self) -> None:
        assert query_words("데이터베이스 어떻게 하나요") == query_words("데이터베이스")

    @pytest.mark.parametrize("query", ["什么", "どう", "어떻게"])
    def test_of_nothing_but_such_pairs_keep_them(self, query: str) -> None:
        assert query_words(query)

    def test_keep_words_in_capitals_that_look_like_stop_words(self) -> None:
        assert query_words("IT in the US") == ["it", "us"]
        assert query_words("WHO IS IT THAT RAINS") == ["rain"]

    @pytest.mark.parametrize("query", ["", " ", "???", "\x00", "-- -", "\ud800", "()[]{}\"'`"])
    def test_without_words_are_empty(self, query: str) -> None:
        assert query_words(query) == []


PIECES = st.sampled_from(
    [
        *(
            "getUserName",
            "user-profile",
            "v1.2.3",
            "C++",
            "C#",
            ".NET",
            "--flag",
            "a.b()",
            "x_y",
            "don't",
        ),
        *("数据库", "が", "データ", "검색을", "วันที่", "हिन्दी", "❤️", "👩‍💻", "👍🏽", "🇩🇪", "1️⃣", "→"),
        *(
            "é",
            "e\u0301",
            "ﬁ",
            "ß",
            "İ",
            "ŉ",
            "½",
            "™",
            "№",
            "ﷺ",
            "\u1100\u1161\u11a8",
            "ǅ",
            "𝔘𝔫𝔦",
            "Ａ",
        ),
        *(
            " ",
            "\u3000",
            "\u00a0",
            "\u200d",
            "\u200c",
            "\u200b",
            "\u00ad",
            "\ufe0f",
            "\u20e3",
            "\u0301",
        ),
        *(
            ".",
            ",",
            "'",
            "’",
            "-",
            "_",
            "/",
            "::",
            "+",
            "#",
            "@",
            "$",
            "1",
            "12",
            "1,000",
            "\x00",
            "\ud800",
        ),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join) | st.text()


class TestAnyText:
    @given(TEXTS)
    @example("x" * 1000)
    @example("a-" * 1000)
    @example("\U0001f469\u200d" * 100)
    @settings(max_examples=500)
    def test_words_are_short_and_have_no_spaces_and_no_control_characters(self, text: str) -> None:
        for word in words(text):
            assert 0 < len(word) <= MAX_WORD
            assert not any(
                sign.isspace() or unicodedata.category(sign) in ("Cc", "Cs") for sign in word
            )
            assert word.isascii() is False or word == word.lower()

    @given(TEXTS)
    @settings(max_examples=500)
    def test_spans_hold_the_same_words_and_lie_in_the_text(self, text: str) -> None:
        places = spans(text)

        assert [word for _, _, part in places for word in part] == words(text)
        for start, end, part in places:
            assert 0 <= start < end <= len(text)
            assert part
            assert not text[start:end].isspace()

    @given(TEXTS)
    @settings(max_examples=300)
    def test_a_text_is_found_by_itself(self, text: str) -> None:
        assert found(text, text)
        assert bool(query_words(text)) == bool(words(text))

    @given(TEXTS)
    @settings(max_examples=300)
    def test_normal_forms_and_the_cache_make_no_difference(self, text: str) -> None:
        first = words(text)

        forget()
        assert words(text) == first
        assert words(text) == first

    @given(st.text(alphabet=st.sampled_from("abcXYZ'\"*_()[].,:;!?`"), max_size=12))
    def test_the_fast_path_for_prose_gives_the_same_words(self, piece: str) -> None:
        folded = analyser.fold(piece)

        assert words(piece) == [
            word
            for part in folded.split()
            for kind, start, end in analyser.segments(part)
            for word in analyser._segment_words(kind, part[start:end])
        ]


class TestSpans:
    def test_give_the_place_of_each_word(self) -> None:
        text = "Hi Cafe\u0301, ﬁne 数据"

        assert [(text[start:end], part) for start, end, part in spans(text)] == [
            ("Hi", ("hi",)),
            ("Cafe\u0301", ("cafe",)),
            ("ﬁne", ("fine",)),
            ("数", ("数",)),
            ("据", ("据",)),
            ("数据", ("数据",)),
        ]


class TestHostileText:
    SIZE = 1 << 20

    @pytest.mark.parametrize(
        "text",
        [
            "a" * SIZE,
            "aB" * (SIZE // 2),
            "a1" * (SIZE // 2),
            "a-" * (SIZE // 2),
            "a.1" * (SIZE // 3),
            "1.1" * (SIZE // 3),
            "1," * (SIZE // 2),
            "a'" * (SIZE // 2),
            "_" * SIZE,
            "#" * SIZE,
            "." * SIZE,
            "数" * (SIZE // 4),
            "가" * (SIZE // 4),
            "ก" * (SIZE // 4),
            "a" + "\u0301" * (SIZE // 4),
            "a" + "\u0301\u0327\u0334" * (SIZE // 12),
            "क" + "\u093c\u094d" * (SIZE // 8),
            "ก" + "\u0e48" * (SIZE // 4),
            "\u1100" * (SIZE // 4),
            "\U0001f469\u200d" * (SIZE // 8),
            "\ufdfa" * (SIZE // 16),
            "\u200d" * (SIZE // 4),
            "a\x00" * (SIZE // 2),
        ],
        ids=lambda text: f"{text[:3]!a}",
    )
    def test_a_line_without_spaces_is_bounded_by_its_length(self, text: str) -> None:
        found = words(text)

        assert len(found) <= 20 * len(text)
        assert all(len(word) <= MAX_WORD for word in found)

    def test_the_cache_is_bounded(self) -> None:
        forget()

        words(" ".join(f"w{number}" for number in range(analyser._MAX_ENTRIES + 10)))
        assert max(map(len, (analyser._PIECES, analyser._WORDS))) <= analyser._MAX_ENTRIES

        forget()
        words("x" * 1000)
        words("数据库" * 100)
        words("a-" * 100)
        assert not analyser._PIECES
        assert not analyser._WORDS


def forget() -> None:
    analyser._PIECES.clear()
    analyser._WORDS.clear()


def test_threads_get_the_same_words() -> None:
    text = " ".join(f"running{n} nationalisations Straße getUserName{n}" for n in range(2000))
    expected = words(text)
    forget()
    answers: list[list[str]] = []
    threads = [threading.Thread(target=lambda: answers.append(words(text))) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [expected] * 8


def test_the_version_names_the_stemmer() -> None:
    assert VERSION.count("/") == 1


def test_the_table_of_marks_is_that_of_unicode() -> None:
    import re

    table = re.compile(f"[{MARKS}]")
    marks = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code))[0] == "M"}
    selectors = {chr(code) for code in [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]}
    listed = {chr(code) for code in range(0x110000) if table.match(chr(code))}

    assert not [mark for mark in listed - marks if unicodedata.category(mark) != "Cn"]
    if unicodedata.unidata_version == "14.0.0":
        assert listed == marks - selectors
