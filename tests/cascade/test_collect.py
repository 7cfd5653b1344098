"""Collecting real small files: what is taken, in which order, and what is reported."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cascade.collect import CollectParams, collect
from cascade.describe import describe
from cascade.errors import InputError


def picture(seed: int, width: int = 30, height: int = 26) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)


def save(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def raw(tmp_path):
    for i in range(6):
        save(tmp_path / f"pos/{i}.png", picture(i))
        save(tmp_path / f"neg/{i}.png", picture(100 + i, 50, 40))
    return tmp_path


def skipped(out: Path) -> list[tuple[str, str]]:
    with (out / "skipped.csv").open(newline="") as stream:
        return [(Path(row["file"]).name, row["rule"]) for row in csv.DictReader(stream)]


def test_a_folder_of_whole_pictures(raw):
    collected = collect(raw / "pos", raw / "neg", raw / "out")
    assert (collected.positives, collected.positive_pictures, collected.negatives, collected.skipped) == (6, 6, 6, {})
    boxes = json.loads((raw / "out/boxes.json").read_text())
    assert boxes == {f"positives/{i:06d}.png": [[0, 0, 30, 26]] for i in range(6)}
    for i in range(6):
        kept = cv2.imread(str(raw / f"out/positives/{i:06d}.png"), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(kept, picture(i))
    assert json.loads((raw / "out/report.json").read_text())["negatives"] == 6


def test_colour_and_odd_names_become_plain_grey_files(raw):
    save(raw / "pos/späße und #1.jpg", cv2.merge([picture(50)] * 3))
    assert collect(raw / "pos", raw / "neg", raw / "out").positives == 7
    assert cv2.imread(str(raw / "out/positives/000006.png"), cv2.IMREAD_UNCHANGED).ndim == 2


@pytest.mark.parametrize("as_folder", [True, False])
def test_an_info_file_gives_boxes_and_every_bad_one_is_reported(raw, as_folder):
    (raw / "pos/junk.png").write_bytes(b"no picture")
    info = raw / "pos/info.lst"
    info.write_text(
        "0.png 2 0 0 20 20 5 3 25 23\n"  # both good
        "1.png 1 11 0 20 20\n"  # reaches out
        "2.png 1 0 0 0 20\n"  # no area
        "3.png 2 0 0 19 25 0 0 22 22\n"  # the first is too small
        "4.png 0\n"
        "junk.png 1 0 0 20 20\n"
        "lost.png 1 0 0 20 20\n"
        "5.png 1 0 0\n"
    )
    collected = collect(raw / "pos" if as_folder else info, raw / "neg", raw / "out")
    assert (collected.positives, collected.positive_pictures) == (3, 2)
    assert json.loads((raw / "out/boxes.json").read_text()) == {
        "positives/000000.png": [[0, 0, 20, 20], [5, 3, 25, 23]],
        "positives/000001.png": [[0, 0, 22, 22]],
    }
    rules = {"box outside the picture", "zero-size box", "too small", "no box", "not decodable", "missing file"}
    assert set(collected.skipped) == rules | {"wrong number of boxes"}
    with (raw / "out/skipped.csv").open(newline="") as stream:
        lines = sorted(int(row["line"]) for row in csv.DictReader(stream))
    assert lines == [2, 3, 4, 5, 6, 7, 8]


def test_duplicates_small_pictures_and_other_files_are_reported(raw):
    save(raw / "pos/copy.bmp", picture(2))
    save(raw / "pos/small.png", picture(60, 19, 30))
    save(raw / "neg/small.png", picture(61, 60, 19))
    save(raw / "neg/is a positive.png", picture(3))
    (raw / "neg/pic.heic").write_bytes(b"x")
    collected = collect(raw / "pos", raw / "neg", raw / "out")
    assert skipped(raw / "out") == [
        ("copy.bmp", "duplicate"),
        ("small.png", "too small"),
        ("pic.heic", "not a known picture format"),
        ("is a positive.png", "duplicate"),
        ("small.png", "too small"),
    ]
    assert collected.skipped == {"duplicate": 2, "too small": 2, "not a known picture format": 1}


def test_limits_choose_at_random_but_the_same_each_time(raw):
    def chosen(seed):
        params = CollectParams(max_positives=3, max_negatives=2, seed=seed)
        collected = collect(raw / "pos", raw / "neg", raw / "out", params)
        assert (collected.positives, collected.negatives) == (3, 2)
        with (raw / "out/sources.csv").open(newline="") as stream:
            return tuple(row["source"] for row in csv.DictReader(stream))

    assert chosen(1) == chosen(1)
    assert len({chosen(seed) for seed in range(5)}) > 1


def test_a_limit_counts_objects_and_skips_do_not_use_it_up(raw):
    (raw / "pos/0.png").write_bytes(b"junk")
    (raw / "pos/info.lst").write_text("".join(f"{i}.png 2 0 0 20 20 1 1 20 20\n" for i in range(6)))
    for seed in range(4):
        collected = collect(raw / "pos", raw / "neg", raw / "out", CollectParams(max_positives=9, seed=seed))
        assert (collected.positives, collected.positive_pictures) == (9, 5)


def test_nothing_left_is_an_error_and_the_old_output_stays(raw):
    collect(raw / "pos", raw / "neg", raw / "out")
    before = sorted(path.name for path in (raw / "out").rglob("*"))
    with pytest.raises(
        InputError, match=r"pos leaves no usable positive\. Skipped: too small: 6\. The first: .*0\.png"
    ):
        collect(raw / "pos", raw / "neg", raw / "out", CollectParams(min_width=31))
    assert sorted(path.name for path in (raw / "out").rglob("*")) == before
    assert sorted(path.name for path in raw.iterdir()) == ["neg", "out", "pos"]


@pytest.mark.parametrize(
    ("window", "params", "kept"),
    [
        ((20, 20), CollectParams(), 2),
        ((24, 24), CollectParams(), 1),
        ((16, 40), CollectParams(), 1),
        ((24, 24), CollectParams(min_width=16, min_height=20), 3),
        ((24, 24), CollectParams(min_width=16), 2),
        ((16, 40), CollectParams(min_height=24), 2),
    ],
)
def test_what_does_not_hold_the_window_is_left_out(tmp_path, window, params, kept):
    for seed, (width, height) in enumerate([(24, 24), (20, 23), (16, 40)]):
        save(tmp_path / "pos" / f"{width}.png", picture(seed, width, height))
        save(tmp_path / "neg" / f"{width}.png", picture(seed + 10, width, height))
    collected = collect(tmp_path / "pos", tmp_path / "neg", tmp_path / "out", params, window)
    assert (collected.positives, collected.negatives) == (kept, kept)


def test_negatives_smaller_than_the_window_leave_nothing(raw):
    for path in (raw / "neg").iterdir():
        save(path, picture(7, 15, 15))
    with pytest.raises(InputError, match=r"neg leaves no usable negative\. Skipped: too small: 6"):
        collect(raw / "pos", raw / "neg", raw / "out")


def test_an_empty_folder_and_an_empty_info_file(raw):
    (raw / "empty").mkdir()
    with pytest.raises(InputError, match="empty holds no picture"):
        collect(raw / "pos", raw / "empty", raw / "out")
    (raw / "pos/info.lst").write_text("\n")
    with pytest.raises(InputError, match=r"info\.lst names no picture"):
        collect(raw / "pos", raw / "neg", raw / "out")


def test_progress_ends_at_the_total(raw):
    seen = []
    collect(raw / "pos", raw / "neg", raw / "out", report=seen.append)
    assert [(p.message, p.done, p.total) for p in seen if p.done] == [
        ("positives read", 6, 6),
        ("negatives read", 6, 6),
    ]


def test_describe_lists_what_was_collected(raw):
    collect(raw / "pos", raw / "neg", raw / "out")
    description = describe(raw / "out", raw / "lists")
    assert (description.positives, description.negatives) == (6, 6)
    assert description.info.read_text().splitlines()[0] == "../out/positives/000000.png 1 0 0 30 26"
    assert description.background.read_text().splitlines()[-1] == "../out/negatives/000005.png"
    assert describe(raw / "out", raw / "lists") == description


def test_describe_refuses_other_folders(raw):
    with pytest.raises(InputError, match=r"boxes\.json cannot be read"):
        describe(raw / "pos", raw / "lists")
    collect(raw / "pos", raw / "neg", raw / "out")
    with pytest.raises(InputError, match="apart from its input"):
        describe(raw / "out", raw / "out")
    (raw / "out/boxes.json").write_text('{"positives/000000.png": [[1, 2, 3]]}')
    with pytest.raises(InputError, match=r"needs a list of \[x, y, width, height\]"):
        describe(raw / "out", raw / "lists")
