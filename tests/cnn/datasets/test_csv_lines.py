"""The csv reader: every compression and line end, and every way in which a file can be no csv."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn.datasets.csv_lines import CsvRow, csv_rows
from cnn.errors import InputError

TEXT = "a,b,c\n1,2,3\n4,5,6\n"
ROWS = [CsvRow(2, ("3", "1"), 3), CsvRow(3, ("6", "4"), 3)]
WANTED = ("c", "a")


def read(path: Path, data: bytes | str) -> list[CsvRow]:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(csv_rows(path, WANTED))


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        "\ufeff" + TEXT,
        TEXT.rstrip("\n"),
        " a, b , c\n1 , 2, 3\n4,5,6\n",
        'a,b,"c"\n"1",2,3\n4,"5,5",6\n',
        TEXT + "\n \n",
    ],
    ids=["plain", "crlf", "bom", "no end", "spaces", "quotes", "empty lines"],
)
def test_dialects_of_one_table(tmp_path: Path, text: str) -> None:
    assert read(tmp_path / "t.csv", text) == ROWS


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [(".xz", lzma.compress), (".gz", gzip.compress), (".bz2", bz2.compress), (".XZ", lzma.compress)],
)
def test_compressed(tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]) -> None:
    assert read(tmp_path / f"t.csv{suffix}", compress(TEXT.encode())) == ROWS


def zipped(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_zip_with_one_csv(tmp_path: Path) -> None:
    path = zipped(tmp_path / "t.zip", {"readme.txt": "", "in/t.csv": TEXT, "__MACOSX/t.csv": "?"})
    assert list(csv_rows(path, WANTED)) == ROWS


def tarred(path: Path, members: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz"])
def test_tar_with_one_csv(tmp_path: Path, suffix: str) -> None:
    members = {"fer2013/README": "", "fer2013/t.csv": TEXT, "fer2013/._t.csv": "?"}
    assert list(csv_rows(tarred(tmp_path / f"t{suffix}", members), WANTED)) == ROWS


def test_tar_whose_csv_is_a_link(tmp_path: Path) -> None:
    path = tmp_path / "t.tar"
    (tmp_path / "a.csv").symlink_to("/etc/passwd")
    with tarfile.open(path, "w") as archive:
        archive.add(tmp_path / "a.csv", "a.csv")
    with pytest.raises(InputError, match=r"exactly one csv file\. Got 0"):
        list(csv_rows(path, WANTED))


@pytest.mark.parametrize("end", [0, 20, -20])
def test_tar_that_breaks_off(tmp_path: Path, end: int) -> None:
    path = tarred(tmp_path / "t.tar.gz", {"t.csv": TEXT * 1000})
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(InputError, match="cannot be opened"):
        list(csv_rows(path, WANTED))


def test_zip_with_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = zipped(tmp_path / "t.zip", {"\u00e9.csv": TEXT})
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xff\xff"))
    with pytest.raises(InputError, match=r"t\.zip: cannot be opened: 'utf-8' codec"):
        list(csv_rows(path, ("a",)))


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("members", [{}, {"a.csv": TEXT, "b.csv": TEXT}])
def test_archive_without_exactly_one_csv(
    tmp_path: Path, members: dict[str, str], pack: Callable[[Path, dict[str, str]], Path]
) -> None:
    path = pack(tmp_path / ("t.zip" if pack is zipped else "t.tar.gz"), members)
    with pytest.raises(InputError, match=f"exactly one csv file. Got {len(members)}"):
        list(csv_rows(path, WANTED))


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".xz", lzma.compress), (".gz", gzip.compress), (".bz2", bz2.compress)]
)
def test_truncated(tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]) -> None:
    whole = compress(TEXT.encode() * 100)
    with pytest.raises(InputError, match=r"cannot be read to its end: .+ Download it again"):
        read(tmp_path / f"t.csv{suffix}", whole[: len(whole) // 2])


@pytest.mark.parametrize("suffix", [".xz", ".gz", ".bz2", ".zip"])
def test_not_what_its_name_says(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(InputError, match=r"cannot be (opened|read)"):
        read(tmp_path / f"t{suffix}", TEXT)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: cannot be opened"):
        list(csv_rows(tmp_path / "none.csv", WANTED))


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_empty(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"t\.csv: is empty. It must begin with the header c,a"):
        read(tmp_path / "t.csv", text)


def test_header_only(tmp_path: Path) -> None:
    assert read(tmp_path / "t.csv", "a,b,c\n") == []


def test_wrong_header_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.csv:1: .* columns c, a; c not found. Got 'a,b,x'"):
        read(tmp_path / "t.csv", "a,b,x\n1,2,3\n")


def test_utf16_is_no_csv(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="header must name the columns"):
        read(tmp_path / "t.csv", TEXT.encode("utf-16"))


def test_endless_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.csv:2: a line must have at most"):
        read(tmp_path / "t.csv", "a,b,c\n" + "7" * (1 << 21))


@pytest.mark.parametrize("row", ["1,2", "1,2,3,4", '"1,2,3', '1,2,"' + "3" * 200_000 + '"'])
def test_broken_row_harms_only_itself(tmp_path: Path, row: str) -> None:
    first, second = read(tmp_path / "t.csv", f"a,b,c\n{row}\n4,5,6\n")
    assert (first.line, first.values) == (2, None)
    assert second == ROWS[1]


def test_header_that_is_missing_by_custom(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,2,3\n4,5,6\n")
    rows = list(csv_rows(path, WANTED, default_header=("a", "b", "c")))
    assert [(row.line, row.values) for row in rows] == [(1, ("3", "1")), (2, ("6", "4"))]


def test_default_header_is_not_used_on_a_wrong_one(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,x\n4,5,6\n")
    with pytest.raises(InputError, match="c not found"):
        list(csv_rows(path, WANTED, default_header=("a", "b", "c")))


cell = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), exclude_characters=',"\ufeff'), min_size=1
)


@given(st.lists(st.tuples(cell, cell, cell), max_size=5))
def test_any_plain_table_comes_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    rows = read(path, "\n".join(["a,b,c", *(",".join(row) for row in table)]))
    assert [row.values for row in rows] == [(c, a) for a, _, c in table]
