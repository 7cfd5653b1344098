"""The .vec toolkit: what goes in comes out, figures by closed form, and windows that disagree."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.errors import InputError
from cascade.vec.file import inspect, read_vec, sidecar, write_vec
from cascade.vec.pictures import extract_vec, pack_vec, sheet_vec
from cascade.vec.tools import Window, describe_vec, find_window, merge_vecs, split_vec


def noise(count, height=6, width=5, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width)).astype(np.uint8)


@pytest.fixture
def path(tmp_path):
    write_vec(tmp_path / "a.vec", noise(20))
    return tmp_path / "a.vec"


def rows(samples):
    return [sample.tobytes() for sample in samples]


def test_a_description_by_closed_form(tmp_path):
    samples = noise(9)
    samples[3], samples[5], samples[7] = samples[1], samples[1], 40
    write_vec(tmp_path / "a.vec", samples)
    found = describe_vec(tmp_path / "a.vec")
    assert (found.count, found.width, found.height, found.guessed_window) == (9, 5, 6, False)
    assert (found.duplicates, found.flat) == (2, 1)
    assert found.mean == pytest.approx(samples.mean())
    assert found.deviation == pytest.approx(samples.std())
    assert found.sha256 == hashlib.sha256((tmp_path / "a.vec").read_bytes()).hexdigest()


def test_an_empty_file_is_described(tmp_path):
    write_vec(tmp_path / "a.vec", noise(0))
    found = describe_vec(tmp_path / "a.vec")
    assert (found.count, found.duplicates, found.mean) == (0, 0, 0)


def test_the_window_is_given_told_or_guessed(path, tmp_path):
    assert find_window(path) == find_window(path, 5, 6) == Window(5, 6)
    sidecar(path).unlink()
    assert find_window(path, 3, 10) == Window(3, 10)
    with pytest.raises(InputError, match=r"samples of 30 pixels, .* Give `width` and `height`: 5x6 or 6x5"):
        find_window(path)
    with pytest.raises(InputError, match="must be given together"):
        find_window(path, 5)
    write_vec(path, noise(2, 5, 5))
    sidecar(path).unlink()
    assert find_window(path) == Window(5, 5, guessed=True)


def test_merged_files_follow_each_other_or_are_mixed(path, tmp_path):
    write_vec(tmp_path / "b.vec", noise(7, seed=1))
    sidecar(tmp_path / "b.vec").unlink()
    expected = rows([*noise(20), *noise(7, seed=1)])
    part = merge_vecs([tmp_path / "b.vec", path, tmp_path / "b.vec"], tmp_path / "c.vec")
    assert (part.count, part.width, part.height) == (34, 5, 6)
    assert rows(read_vec(part.vec, 5, 6)) == expected[20:] + expected
    merge_vecs([path, tmp_path / "b.vec"], path, seed=3)
    mixed = rows(read_vec(path, 5, 6))
    assert mixed != expected
    assert sorted(mixed) == sorted(expected)


def test_other_windows_are_not_merged(path, tmp_path):
    write_vec(tmp_path / "b.vec", noise(7, 5, 6))
    with pytest.raises(InputError, match=r"b\.vec holds 6x5\. Got 5x6"):
        merge_vecs([path, tmp_path / "b.vec"], tmp_path / "c.vec")
    with pytest.raises(InputError, match="at least one"):
        merge_vecs([], tmp_path / "c.vec")
    assert not (tmp_path / "c.vec").exists()


@settings(max_examples=20)
@given(st.lists(st.floats(0.01, 0.4), min_size=1, max_size=4), st.integers(0, 60), st.sampled_from([None, 0, 9]))
def test_parts_share_nothing_and_keep_the_order(tmp_path_factory, weights, count, seed):
    folder = tmp_path_factory.mktemp("split")
    samples = np.arange(count, dtype=np.uint8).repeat(12).reshape(count, 4, 3)
    write_vec(folder / "a.vec", samples)
    shares = [weight / sum(weights) for weight in weights] if len(weights) > 1 else weights
    parts = split_vec(folder / "a.vec", folder / "parts", shares, seed=seed)
    dealt = [read_vec(part.vec, 3, 4)[:, 0, 0].tolist() for part in parts]
    assert all(numbers == sorted(numbers) for numbers in dealt)
    everything = sorted(number for numbers in dealt for number in numbers)
    assert len(set(everything)) == len(everything) == (count if len(weights) > 1 else round(count * weights[0]))
    for numbers, share in zip(dealt, shares, strict=True):
        assert abs(len(numbers) - share * count) <= 1


def test_parts_by_count(path, tmp_path):
    parts = split_vec(path, tmp_path, [12, 3], seed=None)
    assert [(part.vec.name, part.count) for part in parts] == [("a_1.vec", 12), ("a_2.vec", 3)]
    assert rows(read_vec(parts[1].vec, 5, 6)) == rows(noise(20)[12:15])


@pytest.mark.parametrize("shares", [[], [0.5, 0.6], [21], [0.5, 2], [0], [-1, 2]])
def test_shares_that_cannot_be_dealt(path, tmp_path, shares):
    with pytest.raises(InputError, match="`shares` must be"):
        split_vec(path, tmp_path, shares)


def test_extracted_pictures_packed_again_are_the_same_file(path, tmp_path):
    assert extract_vec(path, tmp_path / "pictures") == 20
    assert pack_vec(tmp_path / "pictures", tmp_path / "b.vec", 5, 6).count == 20
    assert (tmp_path / "b.vec").read_bytes() == path.read_bytes()
    assert extract_vec(path, tmp_path / "pictures", 18) == 2
    assert sorted(p.name for p in (tmp_path / "pictures").iterdir()) == ["000018.png", "000019.png", "report.json"]


def test_extracting_destroys_nothing_and_knows_its_range(path, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/photo.png").write_text("dear")
    with pytest.raises(InputError, match="holds files that no step wrote"):
        extract_vec(path, tmp_path / "mine")
    with pytest.raises(InputError, match=r"must lie in 0\.\.20"):
        extract_vec(path, tmp_path / "out", 5, 21)
    assert (tmp_path / "mine/photo.png").read_text() == "dear"


def test_a_sheet_begins_with_the_mean(path, tmp_path):
    import cv2

    sheet_vec(path, tmp_path / "sheet.png", num=3, seed=None)
    drawn = cv2.imread(str(tmp_path / "sheet.png"), cv2.IMREAD_GRAYSCALE)
    samples = noise(20)
    assert drawn[8, 8] == np.rint(samples.mean(axis=0))[0, 0]
    assert drawn[8, 8 + 60 + 2] == samples[0, 0, 0]


def test_pixels_that_are_none_are_refused_by_every_tool(path, tmp_path):
    data = bytearray(path.read_bytes())
    data[13:15] = b"\xff\xff"
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"pixels outside 0\.\.255\. See which"):
        merge_vecs([path], tmp_path / "b.vec")
    assert not (tmp_path / "b.vec").exists()
    assert inspect(path).count == 20
