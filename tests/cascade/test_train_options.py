"""Every option of opencv_traincascade: it trains with the real program, and OpenCV loads and runs what came out."""

import cv2
import numpy as np
import pytest

from cascade.annotations import opencv_info
from cascade.synthetic import faces as synthetic
from cascade.train import train_cascade
from cascade.train_params import CascadeTrainParams
from cascade.vec.file import write_vec

pytestmark = pytest.mark.opencv

TINY = {"num_neg": 60, "num_stages": 2, "max_false_alarm_rate": 0.4, "min_hit_rate": 0.99, "num_threads": 1}
BOOSTS = ("GAB", "DAB", "RAB", "LB")

TABLE = {
    **{f"LBP {boost} {depth}": {"boost_type": boost, "max_depth": depth} for boost in BOOSTS for depth in (1, 2, 3)},
    "HAAR GAB 1": {"feature_type": "HAAR"},
    "HAAR DAB 2": {"feature_type": "HAAR", "boost_type": "DAB", "max_depth": 2},
    "HAAR RAB 3": {"feature_type": "HAAR", "boost_type": "RAB", "max_depth": 3},
    "CORE LB 1": {"feature_type": "HAAR", "mode": "CORE", "boost_type": "LB"},
    "CORE RAB 2": {"feature_type": "HAAR", "mode": "CORE", "boost_type": "RAB", "max_depth": 2},
    "ALL DAB 1": {"feature_type": "HAAR", "mode": "ALL", "boost_type": "DAB"},
    "ALL GAB 2": {"feature_type": "HAAR", "mode": "ALL", "max_depth": 2},
    "ALL LB 3": {"feature_type": "HAAR", "mode": "ALL", "boost_type": "LB", "max_depth": 3},
    "old format": {"feature_type": "HAAR", "base_format_save": True},
    "old format with trees": {"feature_type": "HAAR", "base_format_save": True, "boost_type": "LB", "max_depth": 3},
    "old format, tilted": {"feature_type": "HAAR", "base_format_save": True, "mode": "ALL"},
    "every positive kept": {"min_hit_rate": 1.0},
    "one weak classifier": {"feature_type": "HAAR", "max_weak_count": 1},
    "the deepest trees": {"max_depth": 25},
    "no caches": {"feature_type": "HAAR", "precalc_val_buf_size": 0, "precalc_idx_buf_size": 0},
    "half of the weight": {"weight_trim_rate": 0.5},
    "smallest window": {"feature_type": "HAAR", "mode": "ALL", "width": 4, "height": 4},
    "smallest window, LBP": {"width": 4, "height": 4},
    "wide window": {"feature_type": "HAAR", "mode": "ALL", "width": 24, "height": 10},
    "tall window": {"width": 12, "height": 40},
}
"""What a training is given besides `TINY`; LBP, 16 x 16 and GAB where nothing is said."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Sixty drawn samples of 48 x 48, a bright frame around a dark middle, and forty places without it."""
    root, generator = tmp_path_factory.mktemp("drawn"), np.random.default_rng(5)
    samples = []
    for _ in range(60):
        sample = synthetic.draw_background(generator, (48, 48)).astype(np.float32).mean(axis=2)
        sample[8:40, 8:40] += generator.uniform(60, 90)
        sample[18:30, 14:34] -= generator.uniform(90, 140)
        samples.append(np.clip(sample, 0, 255).astype(np.uint8))
    pictures = [root / f"{i:02d}.png" for i in range(40)]
    for picture in pictures:
        cv2.imwrite(str(picture), cv2.cvtColor(synthetic.draw_background(generator, (60, 80)), cv2.COLOR_BGR2GRAY))
    opencv_info.write_background(root / "bg.txt", pictures)
    return samples, root / "bg.txt"


@pytest.mark.parametrize("name", TABLE)
def test_it_trains_loads_and_finds_what_it_has_learnt(drawn, tmp_path, name):
    samples, background = drawn
    params = CascadeTrainParams(
        **{"trainer": "opencv", "feature_type": "LBP", "width": 16, "height": 16, **TINY, **TABLE[name]}
    )
    size = (params.width, params.height)
    resized = np.stack([cv2.resize(sample, size, interpolation=cv2.INTER_AREA) for sample in samples])
    write_vec(tmp_path / "samples.vec", resized)

    trained = train_cascade(tmp_path / "samples.vec", background, tmp_path / "out", params)

    assert trained.goal_reached
    assert all(row.weak_classifiers <= params.max_weak_count for row in trained.rows)
    cascade = cv2.CascadeClassifier(str(trained.cascade))
    assert not cascade.empty()
    found = sum(len(cascade.detectMultiScale(framed(sample), 1.1, 0, maxSize=size)) > 0 for sample in resized)
    assert found >= 0.8 * len(resized)


def framed(sample):
    """The sample with a grey frame as wide as itself, at a place that OpenCV's steps of two pixels do not miss."""
    height, width = sample.shape
    return cv2.copyMakeBorder(sample, height, height, width, width, cv2.BORDER_CONSTANT, value=128)
