from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cascade.annotations.csv_table import write
from cascade.annotations.records import Annotation
from cascade.challenge import compare_recall
from cnn.labels import EXPRESSIONS
from pair.challenge import measure_labelled_scenes
from pair.measure import measure_pair
from pair.params import EvaluatePairParams

pytestmark = pytest.mark.slow  # TensorFlow takes seconds to import

STUMP = Path(__file__).parents[1] / "tasks" / "stump_cascade.xml"
BOXES = ((10, 10, 40, 40), (90, 20, 60, 60))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that says Happy of faces that are bright in the middle and Angry of others."""
    import keras

    inside = [keras.layers.Resizing(48, 48), keras.layers.Rescaling(1 / 255), keras.layers.GlobalAveragePooling2D()]
    last = keras.layers.Dense(len(EXPRESSIONS), activation="softmax")
    model = keras.Sequential([keras.Input((None, None, 1)), *inside, last])
    weights, bias = np.zeros((1, len(EXPRESSIONS)), np.float32), np.zeros(len(EXPRESSIONS), np.float32)
    weights[0, EXPRESSIONS.index("Happy")], bias[EXPRESSIONS.index("Angry")] = 100, 10
    last.set_weights([weights, bias])
    path = tmp_path_factory.mktemp("network") / "model.keras"
    model.save(path)
    return path


def write_scenes(folder: Path, labels: tuple[str, str] = ("Happy", "Happy"), name: str = "scene") -> Path:
    """Three scenes with a bright square and a dim one each."""
    folder.mkdir()
    annotations = []
    for number in range(3):
        image = np.random.default_rng(number).integers(0, 10, (100, 160), dtype=np.uint8)
        for (x, y, width, height), bright in zip(BOXES, (250, 60), strict=True):
            image[y + height // 4 : y + height * 3 // 4, x + width // 4 : x + width * 3 // 4] = bright
        cv2.imwrite(str(folder / f"{name}_{number}.png"), image)
        annotations.append(Annotation(folder / f"{name}_{number}.png", BOXES, labels=labels))
    write(folder / "labels.csv", annotations)
    return folder


def test_a_hit_is_a_face_that_is_found_and_rightly_named_at_each_point(network: Path, tmp_path: Path) -> None:
    """Two ways, one answer: asked at each point anew, and cut out of what was found at the first."""
    scenes = write_scenes(tmp_path / "scenes")
    found = measure_labelled_scenes(STUMP, network, scenes)
    for point in (1, 2, 3, 5, 9):
        outcomes = measure_pair(STUMP, network, scenes, EvaluatePairParams(min_neighbors=point))
        assert found.hits[:, point - 1].tolist() == [one.right for one in outcomes]
        assert found.false_alarms[:, point - 1].tolist() == [one.false_alarms for one in outcomes]
    assert sum(one.hits for one in outcomes) == 6
    assert (found.hits[:, 8].sum(), str(found)) == (3, "6 objects in 3 scenes")


def test_the_figure_falls_with_wrong_labels_and_the_digest_knows_them(network: Path, tmp_path: Path) -> None:
    """All is found in all; of the labels, none, one or both of a scene are what the network says."""
    wrong = measure_labelled_scenes(STUMP, network, write_scenes(tmp_path / "wrong", ("Sad", "Sad")))
    half = measure_labelled_scenes(STUMP, network, write_scenes(tmp_path / "half"))
    both = measure_labelled_scenes(STUMP, network, write_scenes(tmp_path / "both", ("Happy", "Angry")))
    shares = [compare_recall(None, one, 5.0).second.value for one in (wrong, half, both)]
    assert shares == [0.0, 0.5, 1.0]
    elsewhere = measure_labelled_scenes(STUMP, network, write_scenes(tmp_path / "elsewhere", name="other"))
    assert elsewhere.sha256 == half.sha256
    assert len({one.sha256 for one in (wrong, half, both)}) == 3
