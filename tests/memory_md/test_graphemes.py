import pytest
from hypothesis import given
from memory_md_samples import texts

from memcairn.memory_md import graphemes


@pytest.mark.parametrize(
    "cluster",
    [
        "a",
        "\r\n",
        "é",
        "e\u0301\u0302\u0303",
        "👩‍👩‍👧‍👦",
        "🧑🏽‍🚀",
        "🇩🇪",
        "1\ufe0f\u20e3",
        "❤\ufe0f",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "가",
        "각ᆨ",
        "क्षि",
        "กำ",
        "நி",
        "\u0600١",
        "語",
    ],
)
def test_what_belongs_together_is_one_character(cluster):
    assert graphemes.clusters(cluster) == [cluster]
    assert graphemes.clusters(cluster * 2 + "x") == [cluster, cluster, "x"]
    assert graphemes.count(cluster * 3) == 3


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("", []),
        ("ab", ["a", "b"]),
        ("🇩🇪🇫🇷🇮", ["🇩🇪", "🇫🇷", "🇮"]),
        ("👩👩", ["👩", "👩"]),
        ("a‍👩", ["a‍", "👩"]),
        ("각가", ["각", "가"]),
        ("क्‌ष", ["क्‌", "ष"]),
        ("\n\u0301", ["\n", "\u0301"]),
        ("日本語", ["日", "本", "語"]),
        ("か\u3099", ["か\u3099"]),
    ],
)
def test_text_is_parted_where_the_standard_parts_it(text, clusters):
    assert graphemes.clusters(text) == clusters


@given(texts)
def test_clusters_joined_are_the_text(text):
    clusters = graphemes.clusters(text)

    assert "".join(clusters) == text
    assert len(clusters) == graphemes.count(text) <= len(text)
