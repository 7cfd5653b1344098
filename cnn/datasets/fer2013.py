"""FER2013 in its csv form: one 48x48 face a row, as decimal numbers, with FER2013's own label.

References
----------
Goodfellow et al., "Challenges in representation learning: a report on three machine learning contests", 2013.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnn.datasets.csv_lines import FIELDS_RULE, CsvRow, csv_rows
from cnn.datasets.reader import reader
from cnn.datasets.table import CHECK_ROW, NOT_FIVE, NOT_FIVE_REMEDY, PIXELS, FaceWriter, LabelledFaces
from cnn.errors import InputError
from cnn.labels import FER2013
from runs.progress import Progress, Report, silent
from runs.skips import Skip

USAGES: tuple[str, ...] = ("Training", "PublicTest", "PrivateTest")
"""The values of the column `Usage`: FER2013's official splits."""
SPLITS: dict[str, str] = dict(zip(USAGES, ("train", "validation", "test"), strict=True))
"""What `Usage` says of a face, in this program's words."""
USAGE_RULE = f"Usage must be one of {', '.join(USAGES)}"

FILES: tuple[str, ...] = tuple(
    f"{stem}.csv{suffix}" for stem in ("fer2013", "icml_face_data") for suffix in ("", ".xz", ".gz", ".bz2", ".zip")
) + ("fer2013.tar.gz",)
"""The file names looked for where a folder is given."""

_EMOTIONS = {str(emotion): emotion for emotion in FER2013}


@dataclass(frozen=True)
class Fer2013Row:
    """One whole row: its `line` in the file, the `emotion` (0 to 6), the `usage`, and the 2304 `pixels` row by row."""

    line: int
    emotion: int
    usage: str
    pixels: bytes


@reader(
    "fer2013",
    help="fer2013.csv or icml_face_data.csv, also as .xz, .gz, .bz2, .zip or .tar.gz; or the folder that holds it.",
    licence="FER2013, P.-L. Carrier and A. Courville (ICML 2013 challenge, on Kaggle): for research.",
    splits=SPLITS,
)
def read_fer2013(fer2013: Path, scratch: Path, report: Report = silent) -> LabelledFaces:
    """Read FER2013's faces with its own labels.

    Parameters
    ----------
    fer2013
        The csv file (see `cnn.datasets.csv_lines.csv_rows` for compressed ones), or the folder that holds it.
    scratch
        A folder for the file that holds the pixels; it must outlive the result.

    Raises
    ------
    InputError
        The file is missing, cannot be read to its end, or is not FER2013's.
    """
    path = csv_file(fer2013, "fer2013", FILES)
    with FaceWriter(scratch / "fer2013.pixels", "fer2013") as writer:
        for row in fer2013_rows(path, report):
            if isinstance(row, Skip):
                writer.skips.append(row)
                continue
            expression = FER2013[row.emotion]
            if expression is None:
                writer.skip(path, row.line, NOT_FIVE, row.emotion, NOT_FIVE_REMEDY)
                continue
            writer.add(row.pixels, expression, official_split=row.usage, row=row.line, own_label=row.emotion)
        return writer.faces()


def fer2013_rows(path: Path, report: Report = silent) -> Iterator[Fer2013Row | Skip]:
    """Yield each row in order, or a `Skip` in the place of a broken one; errors as `read_fer2013`."""
    for done, row in enumerate(csv_rows(path, ("emotion", "pixels", "Usage"))):
        if done % 5000 == 0:
            report(Progress(f"reading {path.name}", done))
        yield _parse_row(path, row)


def csv_file(path: Path, argument: str, names: tuple[str, ...]) -> Path:
    """`path` itself where it is a file, or the first of `names` in the folder `path`.

    Raises
    ------
    InputError
        Nothing is there; the message names `argument`.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(f"`{argument}` must be a file or a folder that exists. Got {path}.")
    found = [path / name for name in names if (path / name).is_file()]
    if not found:
        raise InputError(
            f"`{argument}`: {path} holds none of {', '.join(names)}. Put it there or name the file itself."
        )
    return found[0]


def parse_pixels(text: str) -> bytes:
    """The 2304 pixels of a face from their decimal numbers, separated by spaces.

    Raises
    ------
    ValueError
        Not 2304 whole numbers in 0..255; the message names the first that is not one, or how many there are.
    """
    fast = _parse_canonical(text)
    return _parse_any(text) if fast is None else fast


def _parse_row(path: Path, row: CsvRow) -> Fer2013Row | Skip:
    if row.values is None:
        return Skip(str(path), row.line, FIELDS_RULE, str(row.fields), CHECK_ROW)
    emotion, text, usage = row.values
    if emotion not in _EMOTIONS:
        return Skip(str(path), row.line, "emotion must be 0 to 6", emotion, CHECK_ROW)
    if usage not in USAGES:
        return Skip(str(path), row.line, USAGE_RULE, usage, CHECK_ROW)
    try:
        return Fer2013Row(row.line, _EMOTIONS[emotion], usage, parse_pixels(text))
    except ValueError as error:
        rule = f"a face must have {PIXELS} whole numbers from 0 to 255"
        return Skip(str(path), row.line, rule, str(error), CHECK_ROW)


def _parse_canonical(text: str) -> bytes | None:
    """All at once, for numbers of one to three digits with one space between; None where the text is anything else."""
    codes = np.frombuffer(text.encode(), np.uint8)
    spaces = np.flatnonzero(codes == ord(" "))
    if len(spaces) != PIXELS - 1:
        return None
    digits = codes.astype(np.int16) - ord("0")
    starts, ends = np.append(0, spaces + 1), np.append(spaces, len(codes))
    lengths = ends - starts
    others = np.count_nonzero((digits < 0) | (digits > 9))
    if lengths.min() < 1 or lengths.max() > 3 or others != len(spaces):
        return None
    values = digits[ends - 1] + 10 * digits[ends - 2] * (lengths > 1) + 100 * digits[ends - 3] * (lengths > 2)
    return values.astype(np.uint8).tobytes() if values.max() <= 255 else None


def _parse_any(text: str) -> bytes:
    numbers = text.split()
    if len(numbers) != PIXELS:
        raise ValueError(f"{len(numbers)} numbers")
    for position, number in enumerate(numbers):
        if not (number.isascii() and number.isdigit() and len(number) < 20 and int(number) <= 255):
            raise ValueError(f"{number[:20]!r} as number {position + 1}")
    return bytes(map(int, numbers))
