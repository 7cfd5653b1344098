"""Making samples with the real opencv_createsamples, and with fakes that crash, lie and hang."""

import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from cascade.annotations import opencv_info
from cascade.annotations.opencv_info import Annotation
from cascade.errors import InputError, ToolFailedError, ToolMissingError
from cascade.samples import SampleParams, Samples, create_samples
from cascade.vec.file import inspect, read_vec
from runs.parameters import ParameterError

SMALL = SampleParams(width=12, height=10)


@pytest.fixture
def info(tmp_path):
    folder = tmp_path / "raw pictures"
    folder.mkdir()
    annotations = []
    for i in range(5):
        image = np.random.default_rng(i).integers(0, 256, (40, 50)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{i}.png"), image)
        annotations.append(Annotation(folder / f"{i}.png", ((2, 3, 12, 10), (20, 10, 24, 20))))
    opencv_info.write(folder / "info.lst", annotations)
    return folder / "info.lst"


@pytest.fixture
def fake(tmp_path, monkeypatch):
    def make(body: str) -> None:
        path = tmp_path / "bin/opencv_createsamples"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"#!{sys.executable}\nimport os, struct, sys\nvec = sys.argv[sys.argv.index('-vec') + 1]\n{body}"
        )
        path.chmod(0o755)
        monkeypatch.setenv("FACEFOUNDRY_OPENCV_BIN", str(path.parent))

    return make


def leftovers(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name.startswith(".") or name.endswith((".vec", ".json")))


@pytest.mark.opencv
def test_every_box_becomes_a_sample_cut_from_its_place(info, tmp_path):
    vec = tmp_path / "out dir/a.vec"
    assert create_samples(info, vec, SMALL) == Samples(vec, 10, 12, 10)
    samples = read_vec(vec, 12, 10)
    for i in range(5):
        image = cv2.imread(str(info.parent / f"{i}.png"), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(samples[2 * i], image[3:13, 2:14])
        halved = cv2.resize(image[10:30, 20:44], (12, 10), interpolation=cv2.INTER_AREA)
        assert np.abs(samples[2 * i + 1].astype(int) - halved).max() <= 1
    assert json.loads(vec.with_suffix(".json").read_text()) == {"samples": 10, "width": 12, "height": 10}


@pytest.mark.opencv
def test_fewer_can_be_asked_for(info, tmp_path):
    assert create_samples(info, tmp_path / "a.vec", SampleParams(width=12, height=10, num=3)).count == 3
    assert inspect(tmp_path / "a.vec").count == 3


@pytest.mark.opencv
def test_a_box_outside_its_picture_is_named(info, tmp_path):
    info.write_text(info.read_text().replace("3.png 2 2 3 12 10", "3.png 2 45 3 12 10"))
    with pytest.raises(
        InputError, match=r"info\.lst:4: 3\.png: the box must lie in the picture of 50x40 .*\(45, 3, 12"
    ):
        create_samples(info, tmp_path / "a.vec", SMALL)
    assert leftovers(tmp_path) == []


@pytest.mark.opencv
@pytest.mark.parametrize(("damage", "words"), [("junk", "not decodable"), (None, "missing file")])
def test_a_picture_that_cannot_be_read_is_named(info, tmp_path, damage, words):
    (info.parent / "4.png").unlink()
    if damage:
        (info.parent / "4.png").write_text(damage)
    with pytest.raises(InputError, match=rf"info\.lst:5: 4\.png: {words}"):
        create_samples(info, tmp_path / "a.vec", SMALL)


def test_more_than_there_are_is_an_error(info, tmp_path):
    with pytest.raises(InputError, match=r"`num` must be at most 10, the boxes in .*info\.lst\. Got 11"):
        create_samples(info, tmp_path / "a.vec", SampleParams(num=11))


def test_an_info_file_without_boxes(info, tmp_path):
    info.write_text("0.png 0\n")
    with pytest.raises(InputError, match="names no boxes"):
        create_samples(info, tmp_path / "a.vec", SMALL)


def test_a_json_file_of_somebody_else_is_not_overwritten(info, tmp_path):
    (tmp_path / "a.json").write_text('{"mine": 1}')
    with pytest.raises(InputError, match=r"a\.json stands where the shape of a\.vec goes"):
        create_samples(info, tmp_path / "a.vec", SMALL)
    with pytest.raises(InputError, match=r"must not end in \.json"):
        create_samples(info, tmp_path / "b.json", SMALL)
    assert (tmp_path / "a.json").read_text() == '{"mine": 1}'


FAULTS = {
    "says it is done, leaves nothing": "print('Done. Created 10 samples')",
    "crashes": "print('about to'); os.kill(os.getpid(), 11)",
    "writes half": "open(vec, 'wb').write(struct.pack('<iihh', 10, 120, 0, 0) + bytes(241 * 4 + 7))",
    "writes a header alone": "open(vec, 'wb').write(struct.pack('<iihh', 10, 120, 0, 0))",
    "makes fewer": "open(vec, 'wb').write(struct.pack('<iihh', 9, 120, 0, 0) + bytes(241 * 9))",
    "makes another size": "open(vec, 'wb').write(struct.pack('<iihh', 10, 100, 0, 0) + bytes(201 * 10))",
    "fails loudly": "sys.exit('Unable to open file')",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_success_is_believed_only_from_the_file(info, tmp_path, fake, fault):
    fake(FAULTS[fault])
    (tmp_path / "a.vec").write_bytes(b"the old one")
    with pytest.raises(ToolFailedError, match=r"opencv_createsamples failed on .*info\.lst: it (left|made)"):
        create_samples(info, tmp_path / "a.vec", SMALL)
    assert (tmp_path / "a.vec").read_bytes() == b"the old one"
    assert leftovers(tmp_path) == ["a.vec"]


def test_its_exit_status_does_not_matter(info, tmp_path, fake):
    fake("open(vec, 'wb').write(struct.pack('<iihh', 10, 120, 0, 0) + bytes(241 * 10)); sys.exit(3)")
    assert create_samples(info, tmp_path / "a.vec", SMALL).count == 10


def test_the_program_is_missing(info, tmp_path, monkeypatch):
    monkeypatch.setenv("FACEFOUNDRY_OPENCV_BIN", str(tmp_path))
    with pytest.raises(ToolMissingError, match="opencv_createsamples"):
        create_samples(info, tmp_path / "a.vec", SampleParams(cutter="opencv"))
    assert create_samples(info, tmp_path / "a.vec", SMALL) == Samples(tmp_path / "a.vec", 10, 12, 10)


VARIED = {"width": 12, "height": 10, "shift": 0.1, "rotation": 10.0, "light": 0.1}


@pytest.mark.opencv
def test_our_own_cutter_gives_what_opencv_gives(info, tmp_path):
    """Larger and smaller boxes than the window, and of other shapes: to the grey level."""
    boxes = ((2, 3, 12, 10), (0, 0, 50, 40), (5, 5, 9, 8), (1, 1, 20, 8), (3, 3, 12, 30), (7, 7, 13, 11))
    opencv_info.write(info, [Annotation(info.parent / f"{i}.png", boxes) for i in range(5)])
    made = {}
    for cutter in ("opencv", "native", "auto"):
        create_samples(info, tmp_path / "a.vec", SampleParams(width=12, height=10, cutter=cutter))
        made[cutter] = (tmp_path / "a.vec").read_bytes()
    assert made["opencv"] == made["native"] == made["auto"]


def test_each_round_holds_every_box_once_and_the_first_as_it_is(info, tmp_path):
    create_samples(info, tmp_path / "plain.vec", SampleParams(width=12, height=10, cutter="native"))
    made = create_samples(info, tmp_path / "a.vec", SampleParams(**VARIED, copies=3))
    plain, samples = read_vec(tmp_path / "plain.vec", 12, 10), read_vec(tmp_path / "a.vec", 12, 10)
    assert made.count == len(samples) == 30
    first = [sample.tobytes() for sample in samples[:10]]
    assert sorted(first) == sorted(sample.tobytes() for sample in plain)
    assert first != [sample.tobytes() for sample in plain]
    assert len({sample.tobytes() for sample in samples}) == 30


def test_the_same_seed_gives_the_same_file_and_fewer_are_its_beginning(info, tmp_path):
    params = {**VARIED, "copies": 3, "keep_first": False}
    for name, more in {"a": {}, "b": {}, "c": {"seed": 1}, "d": {"num": 17}}.items():
        create_samples(info, tmp_path / f"{name}.vec", SampleParams(**params, **more))
    files = {name: (tmp_path / f"{name}.vec").read_bytes() for name in "abcd"}
    assert files["a"] == files["b"] != files["c"]
    assert files["d"][12:] == files["a"][12 : len(files["d"])]


def test_a_box_varies_the_same_whatever_comes_after_it(info, tmp_path):
    params = SampleParams(**VARIED, copies=2)
    create_samples(info, tmp_path / "a.vec", params)
    info.write_text("\n".join(info.read_text().splitlines()[:2]) + "\n")
    create_samples(info, tmp_path / "b.vec", params)
    all_samples, fewer = ({s.tobytes() for s in read_vec(tmp_path / name, 12, 10)} for name in ("a.vec", "b.vec"))
    assert len(fewer) == 8
    assert fewer < all_samples


def test_our_own_cutter_names_what_is_wrong_and_leaves_nothing(info, tmp_path):
    info.write_text(info.read_text().replace("3.png 2 2 3 12 10", "3.png 2 45 3 12 10"))
    with pytest.raises(
        InputError, match=r"info\.lst:4: 3\.png: the box must lie in the picture of 50x40 .*\(45, 3, 12"
    ):
        create_samples(info, tmp_path / "a.vec", SampleParams(**VARIED, copies=2))
    (info.parent / "1.png").write_text("junk")
    with pytest.raises(InputError, match=r"info\.lst:2: 1\.png: not decodable .* Run `collect`"):
        create_samples(info, tmp_path / "a.vec", SampleParams(**VARIED, copies=2))
    assert leftovers(tmp_path) == []


def test_pictures_without_a_wanted_box_are_not_opened(info, tmp_path):
    (info.parent / "4.png").unlink()
    assert create_samples(info, tmp_path / "a.vec", SampleParams(cutter="native", num=8)).count == 8


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"shift": 0.1}, "`copies` must be at least 2 for samples to vary"),
        ({"cutter": "opencv", "margin": 0.1}, "`cutter` must be 'auto' or 'native'"),
        ({"cutter": "opencv", "copies": 2}, "`cutter` must be 'auto' or 'native'"),
        ({"margin": -1.0}, "`margin` must be greater than -1"),
    ],
)
def test_parameters_that_contradict_each_other(values, words):
    with pytest.raises(ParameterError, match=words):
        SampleParams(**values)
