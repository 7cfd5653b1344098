"""`facefoundry vec ...`: look into .vec files, and put them together, apart and right; and samples from one picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from cascade.positives import overlay as overlays
from cascade.positives.overlay import OverlayParams
from cascade.vec import pictures as vec_pictures
from cascade.vec import tools as vec_tools
from cascade.vec import verify as vec_verify
from flows.commands.step_app import FLATTEN
from flows.commands.terminal import progress_bar, show

vec_app = App(name="vec", help="Look into .vec files of samples; merge, split, check, repair them.")

_FLAG = Parameter(negative="")


@dataclass(frozen=True)
class Window:
    """The window of a .vec that does not tell it."""

    width: int | None = None
    """The window's width, where no JSON file beside the .vec tells it and it is not square."""

    height: int | None = None
    """The window's height, with `width`."""


_WINDOW = Annotated[Window, FLATTEN]


@vec_app.command
def inspect(vec: Path, *, window: _WINDOW = Window()) -> None:
    """Count, window, checksum, mean grey and its deviation, how many samples are the same as another or one flat grey.

    Parameters
    ----------
    vec
        The file.
    """
    show(vec_tools.describe_vec(vec, window.width, window.height))


@vec_app.command
def merge(
    out: Path,
    *vecs: Path,
    window: _WINDOW = Window(),
    shuffle: Annotated[bool, _FLAG] = False,
    seed: int = 0,
) -> None:
    """Write the samples of several files into one.

    Parameters
    ----------
    out
        The file to write, whole or not at all.
    vecs
        The files to read, all of one window.
    shuffle
        Mix the samples by `seed`; else the files follow each other.
    seed
        Seed of the order.
    """
    show(vec_tools.merge_vecs(vecs, out, window.width, window.height, seed=seed if shuffle else None))


@vec_app.command
def split(
    vec: Path,
    out: Path,
    *shares: float,
    window: _WINDOW = Window(),
    in_order: Annotated[bool, _FLAG] = False,
    seed: int = 0,
) -> None:
    """Deal a file's samples out to several, NAME_1.vec, NAME_2.vec, ... What the shares leave over is in none.

    Parameters
    ----------
    vec
        The file.
    out
        The folder for the parts.
    shares
        Fractions below 1, `0.8 0.2`, or counts, `1000 500`.
    in_order
        Deal consecutive samples; else they are drawn.
    seed
        Seed of the draw.
    """
    for part in vec_tools.split_vec(vec, out, shares, window.width, window.height, seed=None if in_order else seed):
        print(f"{part.count:>8} samples of {part.width}x{part.height}  {part.vec}")


@vec_app.command
def extract(
    vec: Path,
    out: Path,
    *,
    start: int = 0,
    stop: int | None = None,
    window: _WINDOW = Window(),
) -> None:
    """Write samples as PNG files, named by their numbers.

    Parameters
    ----------
    vec
        The file.
    out
        The folder to write, whole or not at all; only a folder that an earlier run wrote is replaced.
    start
        The first sample to write; they count from 0.
    stop
        The one after the last; all by default.
    """
    print(f"{vec_pictures.extract_vec(vec, out, start, stop, window.width, window.height)} pictures written to {out}")


@vec_app.command
def pack(folder: Path, out: Path, *, width: int, height: int) -> None:
    """Make a .vec file of whole pictures, sorted by name, each scaled to the window: the inverse of `extract`.

    Parameters
    ----------
    folder
        The pictures.
    out
        The file to write, whole or not at all.
    width
        Window width in pixels.
    height
        Window height in pixels.
    """
    show(vec_pictures.pack_vec(folder, out, width, height))


@vec_app.command
def verify(vec: Path, *, width: int | None = None, height: int | None = None, repair: Path | None = None) -> int:
    """Check the header against the file's size, and every byte of every sample; status 1 when something is wrong.

    Parameters
    ----------
    vec
        The file.
    width
        Width of the window that the samples should have; `repair` needs it where the size is no square.
    height
        Height of that window.
    repair
        Write the whole samples that the file holds to this new file.
    """
    verdict = vec_verify.verify_vec(vec, width, height)
    for problem in verdict.problems:
        print(problem)
    print(f"{vec}: {verdict.samples} samples read, {len(verdict.problems) or 'no'} problems")
    if repair is not None:
        show(vec_verify.repair_vec(vec, repair, width, height))
        return 0
    return 1 if verdict.problems else 0


@vec_app.command
def sheet(
    vec: Path,
    out: Path,
    *,
    num: int = 200,
    window: _WINDOW = Window(),
    in_order: Annotated[bool, _FLAG] = False,
    seed: int = 0,
) -> None:
    """Draw a contact sheet: first the mean of all samples, then some of them.

    Parameters
    ----------
    vec
        The file.
    out
        The PNG to write.
    num
        How many samples.
    in_order
        Show the first; else they are drawn.
    seed
        Seed of the draw.
    """
    vec_pictures.sheet_vec(vec, out, num, window.width, window.height, seed=None if in_order else seed)
    print(out)


def overlay(
    picture: Path,
    vec: Path,
    *,
    background: Path | None = None,
    params: Annotated[OverlayParams, FLATTEN] = OverlayParams(),
) -> None:
    """Make many samples of one picture, such as a logo: distorted, on backgrounds, like `opencv_createsamples -img`.

    Parameters
    ----------
    picture
        The object; pixels near the grey `bgcolor` are transparent.
    vec
        The `.vec` file to write, whole or not at all.
    background
        A background file, `bg.txt`, or a folder of pictures; without one the samples lie on the grey `bgcolor`.
    """
    with progress_bar("overlay") as report:
        show(overlays.overlay_samples(picture, background, vec, params, report=report))


def overlay_scenes(
    picture: Path, background: Path, out: Path, *, params: Annotated[OverlayParams, FLATTEN] = OverlayParams()
) -> None:
    """Write scenes with one distorted sight of a picture in each and the true boxes in `info.lst`, to measure on.

    Parameters
    ----------
    picture
        The object; pixels near the grey `bgcolor` are transparent.
    background
        A background file, `bg.txt`, or a folder of pictures.
    out
        The folder to write, whole or not at all.
    """
    with progress_bar("overlay_scenes") as report:
        show(overlays.overlay_scenes(picture, background, out, params, report=report))
