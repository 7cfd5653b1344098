"""Mining on workers: the same windows as in this process, whatever the executor and however many work at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cascade.errors import InputError
from cascade.model import CascadeModel
from cascade.pictures import MISSING
from cascade.train import train_cascade
from cascade.train_params import CascadeTrainParams
from cascade.trainer import mining_workers
from cascade.trainer.mining import Mined, NegativeMiner
from cascade.trainer.mining_cursor import Cursor
from cascade.trainer.mining_elsewhere import Search, _Kept, load_or_skip, search_there, sizes_of
from cascade.trainer.mining_flat import flatten
from runs.skips import Skip
from runs.workers import Workers, work_on

SIDE = 12
EMPTY = CascadeModel("LBP", SIDE, SIDE, (), ())


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def paths(drawn: SimpleNamespace) -> list[Path]:
    return sorted((drawn.pictures.parent / "pictures").glob("*.png"))


def mined(miner: NegativeMiner, counts: tuple[int, ...] = (40, 3000, 20_000)) -> list[Mined]:
    parts: list[Mined] = []
    for count in counts:
        parts.append(miner.mine(EMPTY, count, parts[-1].cursor if parts else Cursor()))
    return parts


@pytest.mark.parametrize(("count", "group", "memory"), [(1, 1, 0), (2, 1, 1024), (5, 2**14, 65), (2, 2**20, 1024)])
@pytest.mark.parametrize("mirror", [False, True])
def test_workers_find_the_same_windows_in_the_same_order(
    paths: list[Path],
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    group: int,
    memory: int,
    mirror: bool,
) -> None:
    monkeypatch.setattr(mining_workers, "_GROUP", group)
    here = mined(NegativeMiner(paths, SIDE, SIDE, threads=1, mirror=mirror))
    with work_on(Workers(pool, count)):
        there = mined(NegativeMiner(paths, SIDE, SIDE, memory=memory, mirror=mirror))
    assert [len(part.samples) for part in here] == [40, 3000, 20_000]
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
        assert (one.tried, one.cursor) == (other.tried, other.cursor)


def test_the_same_pictures_are_skipped_for_the_same_reasons(
    paths: list[Path], pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    given = [*paths[:2], tmp_path / "broken.png", tmp_path / "none.png"]
    here = NegativeMiner(given, SIDE, SIDE)
    with work_on(Workers(pool, 2)):
        there = NegativeMiner(given, SIDE, SIDE)
    assert [skip.rule for skip in here.skipped] == ["not decodable", MISSING]
    assert there.skipped == here.skipped


def test_a_cascade_trained_on_workers_is_the_same_file(
    drawn: SimpleNamespace, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    params = CascadeTrainParams(width=SIDE, height=SIDE, num_pos=300, num_neg=200, num_stages=3, num_threads=1)
    here = train_cascade(drawn.vec, drawn.pictures, tmp_path / "here", params)
    with work_on(Workers(pool, 2)):
        there = train_cascade(drawn.vec, drawn.pictures, tmp_path / "there", params)
    assert here.stages == 3
    assert there.cascade.read_bytes() == here.cascade.read_bytes()


def test_a_file_that_only_the_worker_does_not_see_is_an_error_and_no_skip(
    paths: list[Path], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An executor that loses the files on the way stands for a machine without the shared folder.
    class Astray(ThreadPoolExecutor):
        def submit(self, function, paths, *others):  # type: ignore[no-untyped-def]
            return super().submit(function, [path.with_name("elsewhere") / path.name for path in paths], *others)

    with Astray(1) as executor, work_on(Workers(executor, 1)), pytest.raises(InputError, match="the same file system"):
        NegativeMiner(paths, SIDE, SIDE)


def test_a_picture_that_goes_or_changes_ends_the_search(paths: list[Path], tmp_path: Path) -> None:
    order = np.array([1, 0, 1])
    scales = np.array([(90, 90, 0), (0, 0, 79 * 79)])

    def search(path: Path, size: tuple[int, int]) -> None:
        search_there([Search(path, size, False, scales, order, 0, 9)], flatten(EMPTY), 90, 9, 0)

    search(paths[0], (90, 90))
    with pytest.raises(InputError, match=r"was read before, and now, by \S+: missing file"):
        search(tmp_path / "gone.png", (90, 90))
    with pytest.raises(InputError, match="has changed during the training"):
        search(paths[0], (91, 90))


def test_sizes_and_reasons_are_what_comes_back(paths: list[Path], tmp_path: Path) -> None:
    one, other = sizes_of([paths[0], tmp_path / "none.png"], (SIDE, SIDE), 0)
    assert one == (90, 90)
    assert isinstance(other, Skip)
    assert isinstance(load_or_skip(paths[0], (91, SIDE)), Skip)


def test_a_worker_keeps_the_pictures_used_last_within_its_room(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cascade.trainer import mining_elsewhere

    decoded: list[Path] = []
    load = mining_elsewhere.load_grey
    monkeypatch.setattr(mining_elsewhere, "load_grey", lambda path: decoded.append(path) or load(path))
    kept, room = _Kept(), 2 * 90 * 90
    for number in (0, 1, 0, 2, 0, 1):
        kept.load(paths[number], room)
    assert [paths.index(path) for path in decoded] == [0, 1, 2, 1]
    assert kept._bytes == room


def test_a_picture_that_is_written_anew_is_decoded_anew(paths: list[Path], tmp_path: Path) -> None:
    kept, path = _Kept(), tmp_path / "one.png"
    path.write_bytes(paths[0].read_bytes())
    before = kept.load(path, 2**20)
    path.write_bytes(paths[1].read_bytes())
    assert not np.array_equal(before, kept.load(path, 2**20))
