"""Samples and test scenes from one picture, distorted and laid on backgrounds, as ``opencv_createsamples -img`` does.

The picture is turned in space about its middle and seen from a distance of two to four times its width, its grey is
shifted or inverted, and pixels near the colour `bgcolor` are transparent. The random numbers are our own: the samples
are of the same kind as the program's, not the same. Only one sight of an object: good for logos, poor for faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from cascade.annotations import opencv_info
from cascade.annotations.opencv_info import Annotation
from cascade.boxes import Box
from cascade.errors import InputError
from cascade.pictures import PictureError, check_output, list_files, load_grey
from cascade.positives.distort import Distortion, Stamp, draw_distortion, lay_on, make_stamp
from cascade.positives.vary import resize_as_opencv
from cascade.vec.file import writing_vec
from cascade.workers import for_each
from runs.files import replacing_folder, write_json
from runs.parameters import ParameterError, Parameters
from runs.progress import Report, silent


@dataclass(frozen=True, kw_only=True)
class OverlayParams(Parameters):
    """How the picture is distorted, in the words of opencv_createsamples."""

    num: Annotated[int, Ge(1)] = 1000
    """How many samples or scenes to make."""
    width: Annotated[int, Ge(1)] = 24
    """Window width in pixels."""
    height: Annotated[int, Ge(1)] = 24
    """Window height in pixels."""
    bgcolor: Annotated[int, Ge(0), Le(255)] = 0
    """The grey level of the picture that is transparent."""
    bgthresh: Annotated[int, Ge(-1), Le(255)] = 80
    """Grey levels up to this far from `bgcolor` are transparent too; -1: nothing is."""
    inv: bool = False
    """Invert the greys of the object."""
    randinv: bool = False
    """Invert the greys of about every other object."""
    maxidev: Annotated[int, Ge(0), Le(255)] = 40
    """Most change of the object's grey levels, either way."""
    maxxangle: Annotated[float, Ge(0), Le(1.5)] = 1.1
    """Most rotation about the horizontal axis (nodding), in radians."""
    maxyangle: Annotated[float, Ge(0), Le(1.5)] = 1.1
    """Most rotation about the vertical axis (turning away), in radians; less where the other is used up."""
    maxzangle: Annotated[float, Ge(0), Le(3.15)] = 0.5
    """Most rotation in the picture's plane, in radians."""
    maxscale: Annotated[float, Ge(1)] | None = None
    """In scenes: the largest object, in windows; empty: as large as seven tenths of the background."""
    seed: Annotated[int, Ge(0)] = 12345
    """Seed of all that is drawn. An object depends on it and on its number, not on how many are made."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.inv and self.randinv:
            raise ParameterError("`inv` and `randinv` exclude each other. Got both. Leave one out.")


@dataclass(frozen=True)
class Overlays:
    """`count` samples in a .vec file, or scenes in a folder with `info.lst`."""

    path: Path
    count: int
    width: int
    height: int


def overlay_samples(
    picture: Path,
    background: Path | None,
    vec: Path,
    params: OverlayParams = OverlayParams(),
    *,
    report: Report = silent,
) -> Overlays:
    """Make a .vec file of distorted sights of one picture.

    Parameters
    ----------
    picture
        The object. It keeps its shape: where the window's is another, the background shows beside it.
    background
        A background file (`bg.txt`) or a folder of pictures; each gives about equally many random cut-outs.
        None: all lie on the grey `bgcolor`.

    Raises
    ------
    InputError
        The picture or a background cannot be used or is smaller than the window, or all of the picture is transparent.
    """
    stamp = _stamp(picture, params)
    jobs = _jobs(background, params)
    with writing_vec(vec, params.width, params.height) as writer:

        def work(job: _Job) -> int:
            image = _load_background(job.picture, params, params.width, params.height)
            for number in job.numbers:
                generator = _generator(params, number)
                distortion = _distortion(generator, params)
                ground = _random_ground(generator, image, params)
                writer.write_at(number, lay_on(ground, stamp, distortion, inscribe=False)[None])
            return len(job.numbers)

        for_each(jobs, work, report, "laying samples on backgrounds", params.num)
    return Overlays(vec, params.num, params.width, params.height)


def overlay_scenes(
    picture: Path, background: Path, out: Path, params: OverlayParams = OverlayParams(), *, report: Report = silent
) -> Overlays:
    """Write scenes with one distorted sight of the picture in each, and `info.lst` with the true boxes.

    An object's box has the window's shape and lies whole in the scene. `out` is replaced as a whole, if an earlier
    run wrote it.

    Raises
    ------
    InputError
        See `overlay_samples`; a background must be at least 10/7 as wide and as high as the window.
    """
    check_output(out, picture, background)
    stamp = _stamp(picture, params)
    jobs = _jobs(background, params)
    boxes: dict[int, Box] = {}
    with replacing_folder(out) as beside:

        def work(job: _Job) -> int:
            image = _load_background(job.picture, params, *_least_scene(params))
            for number in job.numbers:
                boxes[number] = _write_scene(beside / f"{number:06d}.png", image, number, stamp, params)
            return len(job.numbers)

        for_each(jobs, work, report, "writing scenes", params.num)
        found = [Annotation(beside / f"{number:06d}.png", (boxes[number],)) for number in range(params.num)]
        opencv_info.write(beside / "info.lst", found)
        write_json(beside / "report.json", {"picture": str(picture), "params": params.as_dict()})
    return Overlays(out, params.num, params.width, params.height)


@dataclass(frozen=True)
class _Job:
    """The numbers of the objects that are laid on one background."""

    picture: Path | None
    numbers: tuple[int, ...]


def _jobs(background: Path | None, params: OverlayParams) -> list[_Job]:
    """Deal the numbers round: each background is decoded once."""
    if background is None:
        return [_Job(None, tuple(range(i, min(i + 64, params.num)))) for i in range(0, params.num, 64)]
    pictures = list_files(background)[0] if background.is_dir() else opencv_info.read_background(background)
    if not pictures:
        raise InputError(f"{background} names no pictures. Give a background file or a folder of pictures.")
    order = np.random.default_rng(params.seed).permutation(len(pictures)).tolist()
    jobs = (_Job(pictures[k], tuple(range(i, params.num, len(order)))) for i, k in enumerate(order))
    return [job for job in jobs if job.numbers]


def _stamp(picture: Path, params: OverlayParams) -> Stamp:
    try:
        image = load_grey(picture)
    except PictureError as error:
        raise InputError(f"{picture}: {error}") from error
    stamp = make_stamp(image, params.bgcolor, params.bgthresh)
    if not stamp.mask.any():
        raise InputError(
            f"{picture} is transparent all over: every pixel is within `bgthresh` {params.bgthresh} of `bgcolor` "
            f"{params.bgcolor}. Lower `bgthresh` (-1: nothing is transparent), or change `bgcolor`."
        )
    return stamp


def _load_background(path: Path | None, params: OverlayParams, width: int, height: int) -> NDArray[np.uint8]:
    if path is None:
        return np.full((height, width), params.bgcolor, np.uint8)
    try:
        image = load_grey(path)
    except PictureError as error:
        raise InputError(f"{path}: {error} Or take it out of the backgrounds.") from error
    if image.shape[1] < width or image.shape[0] < height:
        raise InputError(
            f"{path}: a background must have at least {width}x{height} pixels. Got {image.shape[1]}x{image.shape[0]}. "
            "Take it out, or run `collect`, which leaves out what is smaller than the window."
        )
    return image


def _generator(params: OverlayParams, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([params.seed, number])))


def _distortion(generator: np.random.Generator, params: OverlayParams) -> Distortion:
    angles = (params.maxxangle, params.maxyangle, params.maxzangle)
    return draw_distortion(generator, angles, params.maxidev, params.inv, params.randinv)


def _random_ground(
    generator: np.random.Generator, image: NDArray[np.uint8], params: OverlayParams
) -> NDArray[np.uint8]:
    """A cut-out of the window's shape, of any size and place, scaled to the window."""
    most = min(image.shape[1] / params.width, image.shape[0] / params.height)
    scale = 1 + (most - 1) * generator.random()
    width, height = int(scale * params.width), int(scale * params.height)
    x = int(generator.integers(0, image.shape[1] - width + 1))
    y = int(generator.integers(0, image.shape[0] - height + 1))
    return resize_as_opencv(image[y : y + height, x : x + width], params.width, params.height)


def _least_scene(params: OverlayParams) -> tuple[int, int]:
    return -(-params.width * 10 // 7), -(-params.height * 10 // 7)


def _write_scene(path: Path, image: NDArray[np.uint8], number: int, stamp: Stamp, params: OverlayParams) -> Box:
    generator = _generator(params, number)
    distortion = _distortion(generator, params)
    most = 0.7 * min(image.shape[1] / params.width, image.shape[0] / params.height)
    scale = 1 + (max(1.0, min(most, params.maxscale or most)) - 1) * generator.random()
    width, height = int(scale * params.width), int(scale * params.height)
    x = int((0.1 + 0.8 * generator.random()) * (image.shape[1] - width))
    y = int((0.1 + 0.8 * generator.random()) * (image.shape[0] - height))
    scene = image.copy()
    scene[y : y + height, x : x + width] = lay_on(
        scene[y : y + height, x : x + width], stamp, distortion, inscribe=True
    )
    path.write_bytes(cv2.imencode(".png", scene)[1].tobytes())
    return x, y, width, height
