"""Write the sample data: drawn faces in scenes and in the datasets' official files, ready for both lines.

Or bottles in scenes, for the cascade line alone: an object that is not a face.

This is a plain function, not a Prefect task: `cascade.synthetic.faces` composes what `cnn.synthetic` draws, and only
this room may know both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
from annotated_types import Ge, Le

from cnn.synthetic import write_affectnet, write_fer2013
from runs.files import replacing_folder, write_json, write_text
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from runs.record import RunMismatchError, digest
from tasks import sample_bottles, sample_pictures
from tasks.sample_labelled import write_labelled_scenes

MARKER = "sample-data.json"
"""The file in the data folder that says: written by this step, from these parameters, with this content."""

_VERSION = 1
"""To be raised when the same parameters give other pictures."""

_README = """# Sample data

Every picture here was drawn by Facefoundry (`facefoundry sample-data`, seed {seed}): nobody is shown, nothing was
downloaded. The folders and files have the form that the steps expect of real data; replace them by your own.

| path | what |
|---|---|
| `positives/` | {positives} {object}s in pictures, boxes in `info.lst` (OpenCV's format) |
| `negatives/` | {negatives} pictures without a {object} |
| `scenes/` | {scenes} pictures to evaluate a detector on, {scene_faces} {object}s, boxes in `info.lst` |
{more}`{marker}` records how this folder was made.
"""

_MORE = {
    "face": """| `fer2013/` | expression faces of 48x48 as `fer2013.csv`, with FER+ votes in `fer2013new.csv` |
| `affectnet/` | expression faces in colour, with box and 68 landmarks, in AffectNet's csv layout |
| `expression_scenes/` | {scenes_of} pictures to evaluate both on, {labelled_faces} labelled faces in `labels.csv` |

As in the real datasets a few rows are faulty on purpose: no face, a class beyond the five, a missing file, a NULL,
one picture on both sides of a split. """,
    "bottle": """
A box is 0.4 times as wide as it is high: use a window of 16 x 40, and no `mirror`. """,
}

_NO_EXPRESSIONS = {"expression_faces": 0, "affectnet_faces": 0, "labelled_faces": 0}
_PICTURES = {"face": sample_pictures, "bottle": sample_bottles}


@dataclass(frozen=True, kw_only=True)
class SampleDataParams(Parameters):
    """How much to draw. The same parameters give the same bytes."""

    object: Literal["face", "bottle"] = "face"
    """What the cascade is to find. Bottles come without the network's datasets."""

    positives: Annotated[int, Ge(1)] = 1600
    """Objects to train the cascade on, in pictures of one to three; half of the faces are others' mirror images."""

    negatives: Annotated[int, Ge(1)] = 160
    """Pictures without the object."""

    scenes: Annotated[int, Ge(1)] = 24
    """Pictures to evaluate the cascade on, with none to five objects each."""

    expression_faces: Annotated[int, Ge(1)] = 1300
    """Rows of fer2013.csv to train the network on."""

    expression_test_faces: Annotated[int, Ge(1)] = 260
    """Rows of fer2013.csv to test it on (PublicTest)."""

    affectnet_faces: Annotated[int, Ge(1)] = 160
    """Colour pictures in AffectNet's training.csv."""

    affectnet_validation_faces: Annotated[int, Ge(1)] = 40
    """Colour pictures in AffectNet's validation.csv."""

    expression_scenes: Annotated[int, Ge(1)] = 40
    """Pictures with none to four faces of known expression, to evaluate cascade and network together on."""

    seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 7
    """Another seed draws other people in other places."""

    force: bool = False
    """Replace sample data of other parameters. Data that this step did not write is never replaced."""


@dataclass(frozen=True)
class SampleData:
    """What stands in the data folder.

    Attributes
    ----------
    written
        False when the same data was there already and nothing was done.
    positives, scene_faces
        Numbers of boxes in ``positives/info.lst`` and ``scenes/info.lst``, of whatever object.
    labelled_faces
        Faces in ``expression_scenes``.
    megabytes
        Size of all files, in millions of bytes.
    """

    folder: Path
    written: bool
    positives: int
    negatives: int
    scenes: int
    scene_faces: int
    expression_faces: int
    affectnet_faces: int
    labelled_faces: int
    megabytes: float


def write_sample_data(
    out: Path, params: SampleDataParams = SampleDataParams(), *, report: Report = silent
) -> SampleData:
    """Write the sample data as the folder `out`, whole or not at all.

    Does nothing when `out` holds the same already.

    Raises
    ------
    RunMismatchError
        `out` holds files that this step did not write or that were changed since, or, without `force`, sample
        data of other parameters. Nothing was touched.
    """
    counts = _already_there(out, params)
    written = counts is None
    if counts is None:
        with replacing_folder(out) as beside, _one_thread():
            counts = _write_all(beside, params, report)
            write_json(beside / MARKER, {**_identity(params), "counts": counts, "content": _content(beside)})
    report(Progress(f"Sample data in {out}"))
    return SampleData(folder=out, written=written, **counts)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep OpenCV to one thread for a while: on pictures this small its others only stand in the way."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def _identity(params: SampleDataParams) -> dict[str, Any]:
    parameters = {name: value for name, value in params.as_dict().items() if name != "force"}
    if params.object == "face":  # as in sample data of the time when there were faces only
        del parameters["object"]
    else:  # as in sample data of the time before scenes with expressions
        del parameters["expression_scenes"]
    return {"step": "write_sample_data", "version": _VERSION, "parameters": parameters}


def _already_there(out: Path, params: SampleDataParams) -> dict[str, Any] | None:
    """The counts of the same data in `out`; None when `out` may be written; an error when it may not."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    marker = _read_marker(out)
    if marker.get("step") != "write_sample_data":
        raise RunMismatchError(
            f"{out} holds files that are not sample data, and they are not touched. Choose another folder for the "
            "sample data, or move your own data away first."
        )
    if marker.get("content") != _content(out):
        raise RunMismatchError(
            f"{out} was changed since the sample data was written, and is not touched. Move away what you want to "
            "keep, remove the folder, and run again."
        )
    if {**marker, **_identity(params)} == marker:
        return dict(marker["counts"])
    if not params.force:
        raise RunMismatchError(
            f"{out} holds sample data of other parameters: {_difference(marker, _identity(params))}. "
            "Replace it with `force` (`--force`), or choose another folder."
        )
    return None


def _read_marker(out: Path) -> dict[str, Any]:
    try:
        marker = json.loads((out / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return marker if isinstance(marker, dict) else {}


def _content(folder: Path) -> dict[str, str]:
    """A hash of every entry of the folder but the marker."""
    return {entry.name: digest(entry) for entry in sorted(folder.iterdir()) if entry.name != MARKER}


def _difference(marker: dict[str, Any], wanted: dict[str, Any]) -> str:
    old, new = ({"object": "face", **each.get("parameters", {})} for each in (marker, wanted))
    changes = [f"{name} was {old.get(name)!r}, now {value!r}" for name, value in new.items() if old.get(name) != value]
    return "; ".join(changes) or f"version was {marker.get('version')!r}, now {wanted['version']!r}"


def _write_all(folder: Path, params: SampleDataParams, report: Report) -> dict[str, Any]:
    pictures = _PICTURES[params.object]
    positives = pictures.write_positives(folder / "positives", params.positives, params.seed, report)
    pictures.write_negatives(folder / "negatives", params.negatives, params.seed, report)
    scene_faces = pictures.write_scenes(folder / "scenes", params.scenes, params.seed, report)
    counts = {"positives": positives, "negatives": params.negatives, "scenes": params.scenes}
    counts["scene_faces"] = scene_faces
    counts |= _write_expressions(folder, params, report) if params.object == "face" else _NO_EXPRESSIONS
    facts = {"object": params.object, "seed": params.seed, "marker": MARKER, "scenes_of": params.expression_scenes}
    more = _MORE[params.object].format(**counts, **facts)
    write_text(folder / "README.md", _README.format(**counts, **facts, more=more))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {**counts, "megabytes": round(size / 1e6, 1)}


def _write_expressions(folder: Path, params: SampleDataParams, report: Report) -> dict[str, int]:
    """The network's datasets and the scenes to measure both on; returns how many faces are in each."""
    train, test = params.expression_faces, params.expression_test_faces
    write_fer2013(folder / "fer2013", train=train, test=test, seed=params.seed, report=report)
    colour, validation = params.affectnet_faces, params.affectnet_validation_faces
    write_affectnet(folder / "affectnet", train=colour, validation=validation, seed=params.seed, report=report)
    labelled = write_labelled_scenes(folder / "expression_scenes", params.expression_scenes, params.seed, report)
    return {"expression_faces": train + test, "affectnet_faces": colour + validation, "labelled_faces": labelled}
