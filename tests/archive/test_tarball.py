from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable  # noqa: TC003 - hypothesis looks at the types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcairn.errors import ArchiveRefused
from memcairn.fs.tar import ArchiveLimits, Member, Names, Writer, members

from .hostile import GOOD, HOSTILE, file, special, tar

NAME = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Cf"), blacklist_characters="/\\"),
    min_size=1,
    max_size=60,
).map(lambda name: f"n{name}")
PATHS = st.lists(NAME, min_size=1, max_size=6).map("/".join)


def read(data: bytes, limits: ArchiveLimits | None = None) -> list[Member]:
    return list(members(io.BytesIO(data), len(data), limits))


def written(*files: Member) -> bytes:
    buffer = io.BytesIO()
    with Writer(buffer) as writer:
        for member in files:
            writer.add(member.path, member.data, member.mtime_s)
    return buffer.getvalue()


@given(st.dictionaries(PATHS, st.binary(max_size=2000), max_size=8), st.integers(0, 8**11 - 1))
def test_a_written_archive_is_read_back_here_and_by_the_standard_library(
    files: dict[str, bytes], mtime_s: int
) -> None:
    names = Names(ArchiveLimits())
    expected = []
    for path, data in files.items():
        try:
            expected.append(Member(names.add(path), data, mtime_s))
        except ArchiveRefused:  # a file and a folder of one name, or too long in bytes
            continue

    data = written(*expected)

    assert read(data) == expected
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        theirs = [(i.name, archive.extractfile(i).read(), i.mtime) for i in archive]  # type: ignore[union-attr]
    assert theirs == [(m.path, m.data, m.mtime_s) for m in expected]


@given(
    st.dictionaries(PATHS, st.binary(max_size=700), max_size=5),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.sampled_from([bytes, gzip.compress]),
)
def test_what_the_standard_library_writes_is_read(
    files: dict[str, bytes], kind: int, pack: Callable[[bytes], bytes]
) -> None:
    names = Names(ArchiveLimits())
    good = {}
    for path, data in files.items():
        try:
            good[names.add(path)] = data
        except ArchiveRefused:
            continue
    data = tar(*(file(path, content) for path, content in good.items()), kind=kind)

    found = read(pack(data))

    assert {member.path: member.data for member in found} == good


@given(st.binary(max_size=3000))
def test_no_bytes_do_more_than_being_refused(noise: bytes) -> None:
    for data in (noise, tar(GOOD)[:300] + noise, gzip.compress(noise), b"\x1f\x8b" + noise):
        with pytest.raises(ArchiveRefused):
            read(data)


def test_the_same_files_make_the_same_bytes() -> None:
    member = Member("ä/" + "b" * 120 + ".md", b"text", 1_700_000_000)

    assert written(member) == written(member)


def test_folders_are_skipped() -> None:
    data = tar(special("./", tarfile.DIRTYPE), special("f/", tarfile.DIRTYPE), file("./f/a.md"))

    assert [member.path for member in read(data)] == ["f/a.md"]


def test_long_names_of_the_oldest_form_are_read() -> None:
    path = f"{'a' * 90}/{'b' * 90}.md"

    assert [member.path for member in read(tar(file(path), kind=tarfile.USTAR_FORMAT))] == [path]


def test_names_that_differ_in_case_pass() -> None:
    assert len(read(tar(file("a.md"), file("A.md")))) == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused(name: str) -> None:
    with pytest.raises(ArchiveRefused) as error:
        read(HOSTILE[name]())

    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (ArchiveLimits(max_files=2), "more than 2 files"),
        (ArchiveLimits(max_file_bytes=3), "more than 3 bytes"),
        (ArchiveLimits(max_total_bytes=1, max_files=0), "has more than 1 bytes"),
        (ArchiveLimits(max_ratio=1, free_bytes=0), "bomb"),
    ],
    ids=str,
)
def test_limits_hold(limits: ArchiveLimits, why: str) -> None:
    data = gzip.compress(tar(*(file(f"{n}.md", b"text") for n in range(3))))

    with pytest.raises(ArchiveRefused, match=why):
        read(data, limits)
    assert len(read(data)) == 3


def test_folders_are_limited() -> None:
    data = tar(*(special(f"f{n}", tarfile.DIRTYPE) for n in range(3)))

    with pytest.raises(ArchiveRefused, match="more than 2 folders"):
        read(data, ArchiveLimits(max_files=2))
