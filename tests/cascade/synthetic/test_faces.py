"""Scenes with pasted objects, and the backgrounds without."""

import numpy as np
import pytest

from cascade.boxes import iou, is_inside
from cascade.errors import InputError
from cascade.synthetic.background import octaves
from cascade.synthetic.clutter import CLUTTER
from cascade.synthetic.faces import ObjectPatch, compose_scene, draw_background, mirrored

PURE_RED = (0, 0, 255)


def _patch(side=80, box=(20, 20, 40, 40)):
    """A pure red square, which no background holds; opaque in its box only."""
    image = np.zeros((side, side, 3), np.uint8)
    image[...] = PURE_RED
    alpha = np.zeros((side, side), np.uint8)
    x, y, w, h = box
    alpha[y : y + h, x : x + w] = 255
    return ObjectPatch(image, alpha, box)


def _redness(image):
    return image[..., 2].astype(int) - image[..., :2].max(axis=2)


def test_boxes_lie_inside_where_the_objects_are():
    for seed in range(10):
        image, boxes = compose_scene(np.random.default_rng(seed), [_patch()] * 3, (200, 260))
        assert image.shape == (200, 260, 3)
        assert image.dtype == np.uint8
        assert boxes
        for x, y, w, h in boxes:
            assert is_inside((x, y, w, h), 260, 200)
            assert np.median(_redness(image[y + 2 : y + h - 2, x + 2 : x + w - 2])) > 90


def test_boxes_keep_to_the_sides_asked_for_and_do_not_overlap():
    for seed in range(10):
        _, boxes = compose_scene(np.random.default_rng(seed), [_patch()] * 4, (200, 300), min_box=28, max_box=44)
        assert all(27 <= w <= 45 and 27 <= h <= 45 for _, _, w, h in boxes)
        agreement = iou(boxes, boxes) - np.eye(len(boxes))
        assert agreement.max() <= 1e-9


def test_objects_come_at_various_scales_and_places():
    boxes = [
        compose_scene(np.random.default_rng(seed), [_patch(160, (20, 20, 120, 120))], (240, 320))[1][0]
        for seed in range(15)
    ]

    assert max(w for _, _, w, _ in boxes) > 1.8 * min(w for _, _, w, _ in boxes)
    assert np.ptp([x for x, _, _, _ in boxes]) > 80


def test_what_finds_no_place_is_left_out():
    _, boxes = compose_scene(np.random.default_rng(0), [_patch()] * 60, (80, 80), min_box=30)

    assert 1 <= len(boxes) < 10


def test_no_patches_make_a_scene_without_boxes():
    image, boxes = compose_scene(np.random.default_rng(0), [], (64, 96))

    assert boxes == ()
    assert image.shape == (64, 96, 3)


def test_a_transparent_patch_leaves_the_background():
    ghost = _patch()
    ghost.alpha[...] = 0
    with_ghost, _ = compose_scene(np.random.default_rng(3), [ghost], (120, 120))
    assert (_redness(with_ghost) > 200).mean() == 0


def test_the_same_seed_makes_the_same_scene():
    scenes = [compose_scene(np.random.default_rng(seed), [_patch()], (120, 160)) for seed in (1, 1, 2)]

    assert scenes[0][0].tobytes() == scenes[1][0].tobytes()
    assert scenes[0][1] == scenes[1][1]
    assert scenes[0][0].tobytes() != scenes[2][0].tobytes()


def test_mirrored_exchanges_left_and_right():
    patch = _patch(80, (5, 20, 40, 30))
    patch.image[0, 0] = (1, 2, 3)
    other = mirrored(patch)

    assert other.box == (35, 20, 40, 30)
    assert other.image[0, 79].tolist() == [1, 2, 3]
    assert (other.alpha[20:50, 35:75] == 255).all()
    again = mirrored(other)
    assert again.box == patch.box
    assert again.image.tobytes() == patch.image.tobytes()


@pytest.mark.parametrize("box", [(-1, 0, 10, 10), (75, 0, 10, 10), (0, 0, 0, 5), (0, 75, 5, 10)])
def test_a_box_outside_its_patch_is_refused(box):
    patch = _patch()
    broken = ObjectPatch(patch.image, patch.alpha, box)
    with pytest.raises(InputError, match=r"`box` must lie inside the patch of size \(80, 80\)"):
        compose_scene(np.random.default_rng(0), [broken], (100, 100))


def test_an_alpha_of_another_size_is_refused():
    patch = _patch()
    broken = ObjectPatch(patch.image, patch.alpha[:-1], patch.box)
    with pytest.raises(InputError, match=r"`alpha` must have the image's size \(80, 80\). Got \(79, 80\)"):
        compose_scene(np.random.default_rng(0), [broken], (100, 100))


@pytest.mark.parametrize("size", [(32, 32), (180, 240), (51, 133)])
def test_backgrounds_have_their_size_and_repeat(size):
    first, second, other = (draw_background(np.random.default_rng(seed), size) for seed in (5, 5, 6))

    assert first.shape == (*size, 3)
    assert first.dtype == np.uint8
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != other.tobytes()


def test_backgrounds_are_rich():
    pictures = [draw_background(np.random.default_rng(seed), (120, 160)).mean(axis=2) for seed in range(30)]
    edges = [np.abs(np.diff(picture, axis=1)).mean() for picture in pictures]

    assert np.median([picture.std() for picture in pictures]) > 20
    assert np.median(edges) > 2
    assert np.std([picture.mean() for picture in pictures]) > 15


@pytest.mark.parametrize("painter", CLUTTER, ids=lambda painter: painter.__name__)
def test_every_painter_of_clutter_paints(painter):
    changed = 0
    for seed in range(8):
        image = np.full((160, 200, 3), 128, np.uint8)
        painter(np.random.default_rng(seed), image)
        changed += int((image != 128).any())
    assert changed >= 7


def test_a_background_too_small_is_refused():
    with pytest.raises(InputError, match=r"`size` must be at least 32 on both sides. Got \(31, 100\)"):
        draw_background(np.random.default_rng(0), (31, 100))


def test_octaves_are_centred_noise():
    field = octaves(np.random.default_rng(0), (100, 120))

    assert field.shape == (100, 120)
    assert abs(float(field.mean())) < 0.4
    assert 0.2 < float(field.std()) < 1.2
