from __future__ import annotations

from collections.abc import Callable
from math import ceil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.model import CascadeModel, Feature, Node, Rectangle, Stage, WeakClassifier, read_cascade
from cascade.model.parts import FeatureType
from cascade.model.windows import Trace, trace, trace_picture
from cascade.model.write import write_cascade

Draw = Callable[..., NDArray[np.uint8]]
Accepted = dict[tuple[int, int], float]
KINDS = [("HAAR", 1), ("HAAR", 5), ("LBP", 1), ("LBP", 3)]


def noise(seed: int, height: int = 90, width: int = 121) -> NDArray[np.uint8]:
    """Blobs; the left quarter of the picture has so little contrast that OpenCV rejects its windows as flat."""
    grain = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    image = np.asarray(cv2.normalize(cv2.GaussianBlur(grain, (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX))
    image[:, : width // 4] //= 16
    return image


def accepted_by_opencv(model: CascadeModel, path: Path, image: NDArray[np.uint8]) -> Accepted:
    """The corners of the windows that OpenCV accepts at the picture's own scale, with the last stage's sums."""
    write_cascade(model, path)
    window = (model.width, model.height)
    # A scale factor of 50 leaves one scale.
    boxes, levels, sums = cv2.CascadeClassifier(str(path)).detectMultiScale3(image, 50.0, 0, 0, window, window, True)
    assert set(np.ravel(levels).tolist()) <= {len(model.stages)}
    corners = [(int(x), int(y)) for x, y, _, _ in np.asarray(boxes).reshape(-1, 4)]
    return dict(zip(corners, np.ravel(sums).tolist(), strict=True))


def accepted_by_us(model: CascadeModel, image: NDArray[np.uint8]) -> Accepted:
    """The same from our trace, on the windows that OpenCV visits.

    It takes every second one, leaves out the one after a window that the first stage rejects, and, where its strips of
    rows do not cover the picture, the last row.
    """
    found = trace_picture(model, image)
    rows, columns = image.shape[0] - model.height + 1, image.shape[1] - model.width + 1
    stages, features, scores = (one.reshape(rows, columns) for one in (found.stages, found.features, found.scores))
    strips = ceil(columns / 32)
    accepted = {}
    for y in range(0, min(rows, strips * 2 * max((rows // 2 + strips - 1) // strips, 1)), 2):
        x = 0
        while x < columns:
            if stages[y, x] == len(model.stages):
                accepted[x, y] = float(scores[y, x])
            x += 4 if stages[y, x] == 0 and features[y, x] > 0 else 2
    return accepted


@pytest.mark.parametrize(("feature_type", "max_nodes"), KINDS)
def test_decisions_and_sums_are_those_of_opencv(
    feature_type: str, max_nodes: int, random_model: Callable[..., CascadeModel], tmp_path: Path
) -> None:
    total = 0
    for seed in range(25):
        model, image = random_model(seed, feature_type, max_nodes), noise(seed)
        theirs = accepted_by_opencv(model, tmp_path / "random.xml", image)
        assert accepted_by_us(model, image) == theirs
        total += len(theirs)
    assert total > 500


@pytest.mark.parametrize(("feature_type", "max_nodes"), KINDS)
def test_cut_windows_are_traced_as_in_the_picture(
    feature_type: str, max_nodes: int, random_model: Callable[..., CascadeModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cascade.model.windows._BLOCK_PIXELS", 100_000)  # several blocks
    model, image = random_model(7, feature_type, max_nodes), noise(7)
    cut = np.lib.stride_tricks.sliding_window_view(image, (model.height, model.width))[::3, ::3]
    one, other = trace(model, cut.reshape(-1, model.height, model.width)), trace_picture(model, image, step=3)
    assert len(one.stages) == cut.shape[0] * cut.shape[1] > 600
    assert_equal(one, other)


def test_a_square_by_hand(square_cascade: Path, draw_squares: Draw) -> None:
    """The middle holds 12 x 12 of 230, the rest 20: 4 * 144 * 230 - (144 * 230 + 432 * 20) over area * deviation."""
    model = read_cascade(square_cascade)
    sample = draw_squares(24, 24, [(0, 0, 24, 24)])
    inside = sample[1:-1, 1:-1].astype(np.float64)
    value = (4 * 144 * 230 - int(sample.sum())) / (inside.size * inside.std())
    found = trace(model, sample[None])
    assert value > 1.3
    assert (found.stages.tolist(), found.features.tolist(), found.scores.tolist()) == ([1], [1], [1.0])
    assert (found.stages.dtype, found.features.dtype, found.scores.dtype) == (np.int32, np.int32, np.float64)


def test_a_tilted_feature_by_hand() -> None:
    """The threshold is the value itself, once just below it and once just above."""
    sample = np.random.default_rng(3).integers(0, 256, (12, 12)).astype(np.uint8)
    inside = sample[1:-1, 1:-1].astype(np.float64)
    value = tilted_sum(sample, 5, 1, 4, 3) / (inside.size * inside.std())
    for factor, leaf in ((1 - 1e-5, 1.0), (1 + 1e-5, -1.0)):
        tree = WeakClassifier((Node(0, -1, 0, value * factor),), (-1.0, 1.0))
        feature = Feature((Rectangle(5, 1, 4, 3), Rectangle(5, 1, 4, 3, 0.0)), tilted=True)
        found = trace(CascadeModel("HAAR", 12, 12, (Stage(0.0, (tree,)),), (feature,)), sample[None])
        assert found.scores.tolist() == [leaf]


def tilted_sum(sample: NDArray[np.uint8], x: int, y: int, width: int, height: int) -> int:
    """Sum the 2 * width * height pixels of a rectangle turned by 45 degrees: `width` diagonals down to the right."""
    pixels = [
        int(value)
        for (row, column), value in np.ndenumerate(sample)
        if 0 <= (row + column) - (x + y) + 1 < 2 * width and 0 <= (row - column) - (y - x) - 1 < 2 * height
    ]
    assert len(pixels) == 2 * width * height
    return sum(pixels)


def test_flat_windows_can_be_let_in(square_cascade: Path) -> None:
    """Deviation 9.9 is flat to OpenCV; the trainer looks at such windows, and at wholly flat ones too."""
    model = read_cascade(square_cascade)
    faint = np.full((24, 24), 20, np.uint8)
    faint[6:18, 6:18] = 42  # a deviation of 10.07 inside the border
    fainter = np.full((24, 24), 20, np.uint8)
    fainter[6:18, 6:18] = 41
    samples = np.stack([faint, fainter, np.full((24, 24), 99, np.uint8)])
    assert trace(model, samples).stages.tolist() == [1, 0, 0]
    assert trace(model, samples).features.tolist() == [1, 0, 0]
    assert trace(model, samples, reject_flat=False).features.tolist() == [1, 1, 1]
    assert trace(model, samples, reject_flat=False).stages[:2].tolist() == [1, 1]


def test_trees_cost_what_they_evaluate(random_model: Callable[..., CascadeModel]) -> None:
    model = random_model(6, "HAAR", 4)
    found = trace_picture(model, noise(6), step=2, reject_flat=False)
    weak = [len(stage.weak_classifiers) for stage in model.stages]
    least = np.array([sum(weak[: passed + 1]) for passed in range(len(weak) + 1)])
    most = np.array([sum(len(w.nodes) for s in model.stages[: n + 1] for w in s.weak_classifiers) for n in range(5)])
    assert (least[found.stages] <= found.features).all()
    assert (found.features <= most[found.stages]).all()
    assert len(set(found.stages.tolist())) == 5


@pytest.mark.parametrize("feature_type", ["HAAR", "LBP"])
def test_without_a_stage_every_window_passes_none(feature_type: FeatureType) -> None:
    """Flat ones, too: there is no stage that could reject them."""
    model = CascadeModel(feature_type, 12, 12, (), ())
    for found in (trace(model, np.full((5, 12, 12), 9, np.uint8)), trace_picture(model, np.zeros((12, 16), np.uint8))):
        assert (found.stages.tolist(), found.features.tolist(), found.scores.tolist()) == ([0] * 5, [0] * 5, [0.0] * 5)


def test_no_windows(square_cascade: Path) -> None:
    model = read_cascade(square_cascade)
    for found in (
        trace(model, np.empty((0, 24, 24), np.uint8)),
        trace_picture(model, np.zeros((23, 90), np.uint8)),
        trace_picture(model, np.zeros((90, 23), np.uint8)),
    ):
        assert found.stages.shape == found.features.shape == found.scores.shape == (0,)
    assert len(trace_picture(model, np.zeros((26, 25), np.uint8), step=2).stages) == 2


def test_wrong_arrays_are_refused(square_cascade: Path) -> None:
    model = read_cascade(square_cascade)
    with pytest.raises(InputError, match=r"uint8 of shape \(N, 24, 24\)"):
        trace(model, np.zeros((1, 24, 23), np.uint8))
    with pytest.raises(InputError, match=r"Got float64 of shape \(30, 30\)"):
        trace_picture(model, np.zeros((30, 30)))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"`step` must be at least 1\. Got 0"):
        trace_picture(model, np.zeros((30, 30), np.uint8), step=0)


def assert_equal(one: Trace, other: Trace) -> None:
    assert np.array_equal(one.stages, other.stages)
    assert np.array_equal(one.features, other.features)
    assert np.array_equal(one.scores, other.scores)
