from __future__ import annotations

import csv
from pathlib import Path

from runs.skips import Skip, count_by_rule, write_skips

BROKEN = Skip("a,b.png", 0, "not decodable", 'said "no"', "Remove it.")
OUTSIDE = Skip("info.lst", 7, "box outside the picture", "(90, 0, 20, 20)", "Move it inside.")


def test_a_skip_reads_as_a_sentence() -> None:
    assert str(OUTSIDE) == "info.lst:7: box outside the picture (got (90, 0, 20, 20)). Move it inside."
    assert str(BROKEN).startswith("a,b.png: not decodable")


def test_the_table_survives_commas_and_quotes(tmp_path: Path) -> None:
    write_skips(tmp_path / "skipped.csv", [BROKEN, OUTSIDE])
    with (tmp_path / "skipped.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["file"] for row in rows] == ["a,b.png", "info.lst"]
    assert rows[0]["value"] == 'said "no"'
    assert rows[1]["line"] == "7"


def test_no_skip_leaves_a_header(tmp_path: Path) -> None:
    write_skips(tmp_path / "skipped.csv", [])
    assert (tmp_path / "skipped.csv").read_text().strip() == "file,line,rule,value,remedy"


def test_counts_come_most_frequent_first() -> None:
    assert list(count_by_rule([BROKEN, OUTSIDE, OUTSIDE]).items()) == [
        ("box outside the picture", 2),
        ("not decodable", 1),
    ]


def test_a_name_that_is_not_utf8_is_written_all_the_same(tmp_path: Path) -> None:
    write_skips(tmp_path / "skipped.csv", [Skip("caf\udce9.png", 0, "not decodable", "", "Remove it.")])
    assert r"caf\udce9.png" in (tmp_path / "skipped.csv").read_text(encoding="utf-8")


def test_a_value_without_end_is_cut(tmp_path: Path) -> None:
    long = Skip("a.csv", 2, "row too long", "7" * 200_000, "Mend it.")
    write_skips(tmp_path / "skipped.csv", [long])
    with (tmp_path / "skipped.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["value"] == "7" * 300 + "... (200000 characters)"
    assert len(str(long)) < 400
