"""Overlays of one picture: the geometry by closed form, the same kind of samples as OpenCV's, and true boxes."""

import cv2
import numpy as np
import pytest

from cascade import process
from cascade.annotations import opencv_info
from cascade.errors import InputError
from cascade.opencv import apps as opencv_apps
from cascade.positives.distort import Distortion, corners, draw_distortion, lay_on, make_stamp
from cascade.positives.overlay import OverlayParams, overlay_samples, overlay_scenes
from cascade.samples import SampleParams, create_samples
from cascade.vec.file import read_vec
from cascade.vec.tools import merge_vecs, split_vec
from runs.parameters import ParameterError

STILL = Distortion((0.0, 0.0, 0.0), 3.0)


@pytest.fixture
def logo(tmp_path):
    image = np.zeros((80, 100), np.uint8)
    cv2.circle(image, (50, 40), 36, 200, -1)
    cv2.rectangle(image, (20, 36), (45, 50), 120, -1)
    cv2.imwrite(str(tmp_path / "logo.png"), image)
    return tmp_path / "logo.png"


@pytest.fixture
def background(tmp_path):
    folder = tmp_path / "ground"
    folder.mkdir()
    for i in range(6):
        noise = np.random.default_rng(i).integers(0, 256, (15, 20)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{i}.png"), cv2.resize(noise, (160, 120)))
    opencv_info.write_background(tmp_path / "bg.txt", sorted(folder.iterdir()))
    return tmp_path / "bg.txt"


def test_corners_by_closed_form():
    assert np.allclose(corners(40, 20, STILL), [(0, 0), (40, 0), (40, 20), (0, 20)])
    quarter = corners(40, 20, Distortion((0.0, 0.0, np.pi / 2), 3.0))
    assert np.allclose(quarter, [(30, -10), (30, 30), (10, 30), (10, -10)])
    # Turned 60 degrees about y: half the width is left, and the right side is nearer by 20 * sin 60.
    turned = corners(40, 20, Distortion((0.0, np.pi / 3, 0.0), 3.0))
    near, far = (120 / (120 + sign * 20 * np.sin(np.pi / 3)) for sign in (-1, 1))
    assert np.allclose(turned[1:3], [(20 + 10 * near, 10 - 10 * near), (20 + 10 * near, 10 + 10 * near)])
    assert np.allclose(turned[[0, 3]], [(20 - 10 * far, 10 - 10 * far), (20 - 10 * far, 10 + 10 * far)])


def test_draws_stay_in_their_limits():
    generator = np.random.default_rng(0)
    drawn = [draw_distortion(generator, (0.6, 0.8, 0.3), 40, False, True) for _ in range(2000)]
    angles = np.abs([one.angles for one in drawn])
    assert (angles <= (0.6, 0.8, 0.3)).all()
    assert (angles[:, 0] + angles[:, 1] <= 0.8 + 1e-9).all()
    assert 2 <= min(one.distance for one in drawn) < 2.01 < 3.99 < max(one.distance for one in drawn) <= 4
    assert abs(np.mean([one.inverse for one in drawn]) - 0.5) < 0.05
    assert 39 < max(one.light for one in drawn) <= 40


@pytest.mark.parametrize("side", [12, 48, 96])
def test_undistorted_it_is_the_picture_resized(side):
    image = np.rint(127 + 100 * np.sin(np.arange(48) / 5)[:, None] * np.ones(48)).astype(np.uint8)
    laid = lay_on(np.zeros((side, side), np.uint8), make_stamp(image, 0, -1), STILL, inscribe=False)
    method = cv2.INTER_AREA if side < 48 else cv2.INTER_LINEAR
    expected = cv2.resize(image, (side, side), interpolation=method)
    inner = slice(2, -2)
    assert np.abs(laid[inner, inner].astype(int) - expected[inner, inner]).max() <= 3


def test_what_is_near_the_background_colour_is_transparent_and_the_rest_lit_or_inverted():
    image = np.full((20, 20), 30, np.uint8)
    image[5:15, 5:15] = 200
    ground = np.full((20, 20), 77, np.uint8)
    stamp = make_stamp(image, 0, 80)
    laid = lay_on(ground, stamp, Distortion((0, 0, 0), 3, light=20), inscribe=False)
    assert laid[2, 2] == laid[17, 10] == 77
    assert laid[10, 10] == 220
    assert lay_on(ground, stamp, Distortion((0, 0, 0), 3, inverse=True), inscribe=False)[10, 10] == 55


def test_inscribed_all_of_it_is_on_the_ground():
    stamp = make_stamp(np.full((30, 60), 255, np.uint8), 0, 80)
    distortion = Distortion((0.4, -0.5, 0.4), 2.0)
    laid = lay_on(np.zeros((80, 80), np.uint8), stamp, distortion, inscribe=True)
    x, _, width, _ = cv2.boundingRect((laid > 127).astype(np.uint8))
    assert x <= 1
    assert width >= 78


def test_an_object_depends_on_its_number_and_the_seed_alone(logo, background, tmp_path):
    for name, values in {"a": {"num": 9}, "b": {"num": 9}, "c": {"num": 9, "seed": 1}}.items():
        overlay_samples(logo, background, tmp_path / f"{name}.vec", OverlayParams(**values))
    files = [(tmp_path / f"{name}.vec").read_bytes() for name in "abc"]
    assert files[0] == files[1] != files[2]
    overlay_samples(logo, background.parent / "ground", tmp_path / "d.vec", OverlayParams(num=5))
    assert np.array_equal(read_vec(tmp_path / "d.vec", 24, 24), read_vec(tmp_path / "a.vec", 24, 24)[:5])


def test_scenes_hold_the_object_where_their_boxes_say(logo, background, tmp_path):
    params = OverlayParams(num=8, width=24, height=20, maxidev=0, maxxangle=0.2, maxyangle=0.2)
    grounds = {p: cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) for p in (tmp_path / "ground").iterdir()}
    assert overlay_scenes(logo, background, tmp_path / "scenes", params).count == 8
    annotations = opencv_info.read(tmp_path / "scenes/info.lst")
    assert len(annotations) == 8
    for annotation in annotations:
        scene = cv2.imread(str(annotation.picture), cv2.IMREAD_GRAYSCALE)
        changed = min((scene != ground for ground in grounds.values()), key=np.count_nonzero)
        ((x, y, width, height),) = annotation.boxes
        assert changed[y : y + height, x : x + width].mean() > 0.2
        changed[y : y + height, x : x + width] = False
        assert not changed.any()


@pytest.mark.opencv
def test_samples_are_of_the_kind_that_opencv_makes(logo, tmp_path):
    argv = [opencv_apps.find("opencv_createsamples"), "-img", logo, "-vec", tmp_path / "b.vec", "-num", "400"]
    process.stream([*argv, "-w", "24", "-h", "24"], [].append)
    overlay_samples(logo, None, tmp_path / "a.vec", OverlayParams(num=400))
    ours, theirs = (read_vec(tmp_path / name, 24, 24).astype(float) for name in ("a.vec", "b.vec"))
    assert ours.mean() == pytest.approx(theirs.mean(), rel=0.1)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.1)
    assert np.corrcoef(ours.mean(axis=0).ravel(), theirs.mean(axis=0).ravel())[0, 1] > 0.98


@pytest.mark.opencv
def test_opencv_trains_on_varied_overlaid_merged_and_split_files(logo, background, tmp_path):
    size = {"width": 24, "height": 24}
    opencv_info.write(tmp_path / "info.lst", [opencv_info.Annotation(logo, ((14, 4, 72, 72),))])
    varied = SampleParams(**size, copies=60, shift=0.1, rotation=20.0, light=0.2)
    create_samples(tmp_path / "info.lst", tmp_path / "varied.vec", varied)
    overlay_samples(logo, background, tmp_path / "laid.vec", OverlayParams(num=60))
    merge_vecs([tmp_path / "varied.vec", tmp_path / "laid.vec"], tmp_path / "all.vec", seed=0)
    part = split_vec(tmp_path / "all.vec", tmp_path, [0.9])[0]
    (tmp_path / "run").mkdir()
    values = {"data": tmp_path / "run", "vec": part.vec, "bg": background, "num_pos": part.count, "num_neg": 50}
    lines = []
    command = {**values, **size, "num_stages": 1, "feature_type": "LBP", "max_false_alarm_rate": 0.3}
    process.stream(opencv_apps.command("opencv_traincascade", command), lines.append, cwd=tmp_path)
    assert f"POS count : consumed   {part.count} : {part.count}" in lines
    assert not cv2.CascadeClassifier(str(tmp_path / "run/cascade.xml")).empty()


def test_what_cannot_be_laid_on_anything_is_named(logo, background, tmp_path):
    with pytest.raises(InputError, match=r"logo\.png is transparent all over: .* Lower `bgthresh`"):
        overlay_samples(logo, None, tmp_path / "a.vec", OverlayParams(bgthresh=255))
    with pytest.raises(InputError, match=r"\d\.png: a background must have at least 200x200 pixels\. Got 160x120"):
        overlay_samples(logo, background, tmp_path / "a.vec", OverlayParams(width=200, height=200, num=1000))
    (tmp_path / "ground/3.png").write_text("junk")
    with pytest.raises(InputError, match=r"3\.png: not decodable .* take it out of the backgrounds"):
        overlay_scenes(logo, background, tmp_path / "scenes")
    with pytest.raises(ParameterError, match="`inv` and `randinv` exclude"):
        OverlayParams(inv=True, randinv=True)
    assert not (tmp_path / "a.vec").exists()
    assert not (tmp_path / "scenes").exists()
