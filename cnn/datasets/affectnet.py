"""AffectNet in its csv form: photographs with a face box and an expression each.

References
----------
Mollahosseini et al., "AffectNet: a database for facial expression, valence, and arousal computing in the wild", 2017.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from cnn.datasets.csv_lines import FIELDS_RULE, CsvRow, csv_rows
from cnn.datasets.table import CHECK_ROW, NOT_FIVE, NOT_FIVE_REMEDY, FaceWriter, LabelledFaces
from cnn.errors import InputError
from cnn.labels import AFFECTNET
from cnn.preprocess import Box, PictureError, decode, to_face
from runs.progress import Progress, Report, silent
from runs.skips import Skip

IMAGES = "Manually_Annotated_Images"
LISTS: dict[str, str] = {"training.csv": "training", "validation.csv": "validation"}
"""The two lists and the official split each one is."""

HEADER: tuple[str, ...] = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
_WANTED = ("subDirectory_filePath", "expression", "face_x", "face_y", "face_width", "face_height")
_BATCH = 256
"""Pictures decoded at once: bounds the memory, and is what progress counts in."""

_PICTURE = "Download the picture again, or remove its row."


@dataclass(frozen=True)
class _Row:
    """One usable row of a list: what to load and how it is labelled."""

    list_file: Path
    line: int
    file: str
    expression: str
    own_label: int
    box: Box


@dataclass(frozen=True)
class _Face:
    row: _Row
    pixels: bytes
    original_sha256: str


def read_affectnet(affectnet: Path, scratch: Path, report: Report = silent) -> LabelledFaces:
    """Read both lists, crop every picture by its box (clipped to it) and make it a grey 48x48 face.

    Pictures are decoded by several threads, `_BATCH` at a time, in the order of the lists.

    Parameters
    ----------
    affectnet
        The folder with ``training.csv``, ``validation.csv`` and ``Manually_Annotated_Images/``.
    scratch
        A folder for the file that holds the pixels; it must outlive the result.

    Raises
    ------
    InputError
        The folder, a list or the picture folder is missing, or a list is not AffectNet's.
    """
    _check_layout(affectnet)
    with FaceWriter(scratch / "affectnet.pixels", "affectnet") as writer, _decoders() as pool:
        for name, official in LISTS.items():
            rows = _usable_rows(affectnet / name, writer.skips)
            for done, batch in enumerate(_batches(rows, _BATCH)):
                report(Progress(f"reading {name}", done * _BATCH))
                for found in pool.map(_loader(affectnet / IMAGES), batch):
                    _keep(writer, found, official)
        return writer.faces()


def _check_layout(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"`affectnet` must be a folder that exists. Got {folder}.")
    missing = [name for name in LISTS if not (folder / name).is_file()]
    missing += [] if (folder / IMAGES).is_dir() else [f"{IMAGES}/"]
    if missing:
        raise InputError(f"`affectnet`: {folder} lacks {', '.join(missing)}. Lay it out as AffectNet is published.")


def _decoders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="decode")


def _usable_rows(path: Path, skips: list[Skip]) -> Iterator[_Row]:
    for row in csv_rows(path, _WANTED, default_header=HEADER):
        parsed = _parse(path, row)
        if isinstance(parsed, Skip):
            skips.append(parsed)
        else:
            yield parsed


def _parse(path: Path, row: CsvRow) -> _Row | Skip:
    """Check one row without touching its picture."""
    if row.values is None:
        return Skip(str(path), row.line, FIELDS_RULE, str(row.fields), CHECK_ROW)
    file, expression, *box = row.values
    if any(value.upper() in ("", "NULL") for value in row.values):
        return Skip(str(path), row.line, "value must not be missing", ",".join(row.values), CHECK_ROW)
    if expression not in map(str, AFFECTNET):
        return Skip(str(path), row.line, "expression must be 0 to 10", expression, CHECK_ROW)
    name = AFFECTNET[int(expression)]
    if name is None:
        return Skip(str(path), row.line, NOT_FIVE, expression, NOT_FIVE_REMEDY)
    if _escapes(file):
        rule = "picture must lie in the picture folder"
        return Skip(str(path), row.line, rule, file, "Use a path relative to it without '..'.")
    if not all(_is_whole(value) for value in box):
        return Skip(str(path), row.line, "box must be four whole numbers", " ".join(box), CHECK_ROW)
    x, y, width, height = map(int, box)
    return _Row(path, row.line, file, name, int(expression), (x, y, width, height))


def _escapes(file: str) -> bool:
    path = PurePosixPath(file)
    return path.is_absolute() or ".." in path.parts or "\0" in file


def _is_whole(value: str) -> bool:
    digits = value.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 10


def _loader(folder: Path) -> Callable[[_Row], _Face | Skip]:
    def load(row: _Row) -> _Face | Skip:
        path = folder / row.file
        try:
            if not path.is_file():  # also keeps from waiting for a pipe
                rule = "picture must exist"
                return Skip(str(row.list_file), row.line, rule, row.file, _PICTURE)
            data = path.read_bytes()
            face = to_face(decode(data), row.box)
        except PictureError as error:
            return Skip(str(row.list_file), row.line, error.rule, f"{row.file}: {error.value}", _PICTURE)
        except OSError as error:
            rule = "picture must be readable"
            return Skip(str(row.list_file), row.line, rule, f"{row.file}: {error.strerror}", _PICTURE)
        return _Face(row, face.tobytes(), hashlib.sha256(data).hexdigest())

    return load


def _keep(writer: FaceWriter, found: _Face | Skip, official: str) -> None:
    if isinstance(found, Skip):
        writer.skips.append(found)
        return
    row = found.row
    writer.add(
        found.pixels,
        row.expression,
        official_split=official,
        row=row.line,
        file=row.file,
        own_label=row.own_label,
        original_sha256=found.original_sha256,
    )


def _batches(rows: Iterable[_Row], size: int) -> Iterator[list[_Row]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
