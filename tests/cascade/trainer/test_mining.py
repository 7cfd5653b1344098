"""The miner against brute force: every window of every scale, cut by `cv2`, decided by `cascade.model.windows`."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cascade.errors import InputError
from cascade.model import CascadeModel, Feature, Node, Rectangle, Stage, WeakClassifier
from cascade.model.windows import trace
from cascade.trainer.mining import Mined, NegativeMiner
from cascade.trainer.mining_cursor import Cursor, first_scale, scaled_sizes
from cascade.trainer.mining_flat import NINE, PAIR, SIX, flatten

WINDOW = 12
TREES = [("upright", 2), ("upright", 3), ("tilted", 7), ("upright", 40), ("lbp", 3), ("lbp", 7)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Blurred noise: wider than one tile, smaller than the window, flat, and not a picture."""
    folder, random = tmp_path_factory.mktemp("negatives"), np.random.default_rng(3)
    paths = []
    for number, (width, height) in enumerate([(560, 30), (61, 97), (40, 33), (WINDOW, WINDOW), (11, 50)]):
        noise = cv2.GaussianBlur(random.normal(128, 320, (height, width)), (0, 0), 2)
        paths.append(folder / f"{number}.png")
        cv2.imwrite(str(paths[-1]), noise.clip(0, 255).astype(np.uint8))
    paths.append(folder / "flat.png")
    cv2.imwrite(str(paths[-1]), np.full((30, 30), 90, np.uint8))
    paths.append(folder / "broken.png")
    paths[-1].write_bytes(b"no picture")
    return paths


def random_cascade(kind: str, nodes: int = 1, stages: int = 4, weak: int = 4, seed: int = 1) -> CascadeModel:
    """Each stage passes about half of all windows; its trees have from one to `nodes` nodes."""
    random = np.random.default_rng(seed)
    features = tuple(_feature(kind, random) for _ in range(stages * weak * nodes))
    made = tuple(
        Stage(0.0, tuple(_tree(kind, nodes - one % nodes, nodes * (weak * stage + one), random) for one in range(weak)))
        for stage in range(stages)
    )
    return CascadeModel("LBP" if kind == "lbp" else "HAAR", WINDOW, WINDOW, made, features)


def _feature(kind: str, random: np.random.Generator) -> Feature:
    x, y, width, height = (int(random.integers(0, 4)) for _ in range(4))
    if kind == "lbp":
        return Feature((Rectangle(x, y, 1 + width // 2, 1 + height // 2),))
    if kind == "tilted":
        whole, half = Rectangle(x + 4, y, 4, 4, -1.0), Rectangle(x + 4, y, 2, 4, 2.0)
        return Feature((whole, half), tilted=True)
    if kind == "odd":  # weights that are no whole numbers
        whole, part = Rectangle(x, y, 8, 8, -1.5), Rectangle(x + 1, y + 1, 4, 4, 6.0)
        parts = Rectangle(x + 1, y + 1, 4, 4, 3.0), Rectangle(x + 5, y + 2, 2, 4, 6.0)
        return Feature((whole, part) if random.random() < 0.5 else (whole, *parts))
    cells = Rectangle(x, y, 8, 6, -1.0), Rectangle(x, y, 4, 3, 2.0), Rectangle(x + 4, y + 3, 4, 3, 2.0)
    return Feature(cells if random.random() < 0.5 else (cells[0], Rectangle(x + 4, y, 4, 6, 2.0)))


def _tree(kind: str, count: int, feature: int, random: np.random.Generator) -> WeakClassifier:
    """A tree of `count` nodes filled up from the left; the leaves stand in no order."""
    leaf = iter(random.permutation(count + 1).tolist())
    nodes = []
    for number in range(count):
        left, right = (below if below < count else -next(leaf) for below in (2 * number + 1, 2 * number + 2))
        bits = tuple(int(one) for one in random.integers(-(2**31), 2**31, 8)) if kind == "lbp" else ()
        nodes.append(Node(left, right, feature + number, None if kind == "lbp" else 0.0, bits))
    return WeakClassifier(tuple(nodes), tuple(float(np.float32(leaf)) for leaf in random.normal(0.1, 1, count + 1)))


def all_windows(paths: list[Path], first: float = 1.0, mirror: bool = False) -> np.ndarray:
    found = []
    for picture in (cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths):
        for one in (picture, picture[:, ::-1])[: 1 + mirror] if picture is not None else ():
            scale = first
            while min(size := (round(one.shape[1] / scale), round(one.shape[0] / scale))) >= WINDOW:
                scaled = cv2.resize(np.ascontiguousarray(one), size, interpolation=cv2.INTER_LINEAR_EXACT)
                views = np.lib.stride_tricks.sliding_window_view(scaled, (WINDOW, WINDOW))
                found.append(views.reshape(-1, WINDOW, WINDOW))
                scale *= 2**0.5
    return np.concatenate(found)


def accepted(model: CascadeModel, windows: np.ndarray) -> np.ndarray:
    return windows[trace(model, windows).stages == len(model.stages)]


def rows(samples: np.ndarray) -> list[bytes]:
    return sorted(sample.tobytes() for sample in samples)


def mine_all(miner: NegativeMiner, model: CascadeModel, step: int, cursor: Cursor = Cursor()) -> list[Mined]:
    parts = [miner.mine(model, step, cursor)]
    while not parts[-1].exhausted:
        parts.append(miner.mine(model, step, parts[-1].cursor))
    return parts


@pytest.mark.parametrize(("kind", "nodes"), [("upright", 1), ("tilted", 1), ("odd", 1), ("lbp", 1), *TREES])
@pytest.mark.parametrize("step", [7, 100_000])
def test_one_pass_finds_what_brute_force_finds(pictures: list[Path], kind: str, nodes: int, step: int) -> None:
    model = random_cascade(kind, nodes)
    miner = NegativeMiner(pictures, WINDOW, WINDOW, threads=2)
    parts = mine_all(miner, model, 40 * step if (kind, nodes) != ("upright", 1) else step)
    found = np.concatenate([part.samples for part in parts])
    windows = all_windows(pictures)
    expected = accepted(model, windows)
    assert 0.001 < len(expected) / len(windows) < 0.5
    assert rows(found) == rows(expected)
    assert sum(part.tried for part in parts) == len(windows) == miner.windows()


@pytest.mark.parametrize(
    ("width", "rectangles", "kind", "points"),
    [
        (12, (Rectangle(0, 0, 8, 6, -1.0), Rectangle(4, 0, 4, 6, 2.0)), SIX, 6),
        (12, (Rectangle(0, 0, 8, 6, -1.0), Rectangle(0, 0, 8, 3, 2.0)), SIX, 6),
        (12, (Rectangle(0, 0, 8, 6, -1.0), Rectangle(0, 0, 4, 3, 2.0), Rectangle(4, 3, 4, 3, 2.0)), NINE, 9),
        (12, (Rectangle(0, 0, 9, 6, -1.0), Rectangle(3, 0, 3, 6, 2.0)), PAIR, 8),
        (12, (Rectangle(0, 0, 8, 6, -1.0), Rectangle(4, 0, 4, 6, 2.5)), PAIR, 8),
        (300, (Rectangle(0, 0, 300, 300, -1.0), Rectangle(150, 0, 150, 300, 2.0)), PAIR, 8),
    ],
)
def test_points_are_merged_where_whole_numbers_stay_exact(
    width: int, rectangles: tuple[Rectangle, ...], kind: int, points: int
) -> None:
    weak = WeakClassifier((Node(0, -1, 0, 0.5),), (1.0, -1.0))
    flat = flatten(CascadeModel("HAAR", width, width, (Stage(0.0, (weak,)),), (Feature(rectangles),)))
    assert flat.kinds.tolist() == [kind]
    assert np.count_nonzero(flat.corners) == points - 1  # one of them is at the window's own place


def test_later_passes_and_mirrors_have_windows_of_their_own(pictures: list[Path]) -> None:
    model = random_cascade("upright")
    miner = NegativeMiner(pictures, WINDOW, WINDOW, mirror=True)
    found = miner.mine(model, 10**6, Cursor().next_pass())
    assert rows(found.samples) == rows(accepted(model, all_windows(pictures, 2**0.25, mirror=True)))
    assert miner.mine(model, 5, found.cursor).tried == 0


@pytest.mark.parametrize(("kind", "nodes"), [("upright", 1), *TREES[:1], *TREES[-1:]])
def test_the_number_of_threads_and_an_interruption_change_nothing(pictures: list[Path], kind: str, nodes: int) -> None:
    model = random_cascade(kind, nodes)
    one = mine_all(NegativeMiner(pictures, WINDOW, WINDOW, threads=1), model, 50)
    cursors = [Cursor(), *(part.cursor for part in one)]
    for part, cursor in zip(one, cursors, strict=False):
        # A new miner stands for a new process; without memory it decodes each picture again.
        again = NegativeMiner(pictures, WINDOW, WINDOW, threads=3, memory=0)
        same = again.mine(model, 50, Cursor.from_json(json.loads(json.dumps(cursor.to_json()))))
        assert rows(same.samples) == rows(part.samples)
        assert (same.tried, same.cursor) == (part.tried, part.cursor)


def test_without_a_stage_all_but_flat_windows_pass(pictures: list[Path]) -> None:
    empty = CascadeModel("HAAR", WINDOW, WINDOW, (), ())
    found = NegativeMiner(pictures, WINDOW, WINDOW).mine(empty, 10**6, Cursor())
    always = random_cascade("upright", stages=1)
    always = replace(always, stages=(replace(always.stages[0], threshold=-100.0),))
    assert rows(found.samples) == rows(accepted(always, all_windows(pictures)))
    assert len(found.samples) < found.tried
    patterns = NegativeMiner(pictures, WINDOW, WINDOW).mine(
        CascadeModel("LBP", WINDOW, WINDOW, (), ()), 10**6, Cursor()
    )
    assert len(patterns.samples) == patterns.tried


def test_a_few_windows_come_from_many_pictures(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(40)]
    for number, path in enumerate(paths):  # each picture has its own mean, which tells its windows apart
        cv2.imwrite(str(path), (random.integers(0, 60, (100, 100)) + 4 * number).astype(np.uint8))
    found = NegativeMiner(paths, WINDOW, WINDOW).mine(
        CascadeModel("LBP", WINDOW, WINDOW, (), ()), 60, Cursor(ratio=2.0)
    )
    sources = np.rint((found.samples.mean(axis=(1, 2)) - 29.5) / 4)
    assert len(found.samples) == 60
    assert len(np.unique(sources)) >= 20


def test_pictures_that_cannot_be_used_are_listed(pictures: list[Path]) -> None:
    skipped = NegativeMiner(pictures, WINDOW, WINDOW).skipped
    assert [(Path(skip.file).name, skip.rule) for skip in skipped] == [
        ("4.png", "smaller than the window of 12x12"),
        ("broken.png", "not decodable"),
    ]


def test_no_picture_is_an_error_with_a_remedy(pictures: list[Path]) -> None:
    with pytest.raises(InputError, match=r"None of the 2 negative .* at least 12x12 pixels"):
        NegativeMiner([pictures[4], pictures[-1]], WINDOW, WINDOW)


def test_a_model_with_another_window_is_refused(pictures: list[Path]) -> None:
    with pytest.raises(InputError, match=r"must be \(13, 12\). Got \(12, 12\)"):
        NegativeMiner(pictures, 13, WINDOW).mine(random_cascade("upright"), 1, Cursor())


def test_passes_start_between_the_scales_tried_before() -> None:
    assert [first_scale(number, 16.0) for number in range(5)] == [1, 4, 2, 8, 16**0.125]


def test_scales_hold_the_window() -> None:
    sizes = scaled_sizes((40, 30), (20, 20), 1.0, 1.25)
    assert sizes.tolist() == [[40, 30, 0], [32, 24, 21 * 11], [0, 0, 21 * 11 + 13 * 5]]
