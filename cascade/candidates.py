"""The pictures that `collect` may take, and the boxes in them, before any picture is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cascade.annotations import formats
from cascade.annotations.formats import INFO
from cascade.annotations.records import choose_labels
from cascade.boxes import Box
from cascade.errors import InputError
from cascade.pictures import list_files
from runs.skips import Skip


@dataclass(frozen=True)
class Candidate:
    """A picture that may be taken; `boxes` None means that the whole picture is the object.

    `ignored` says how many more boxes are marked difficult, crowd or ignore: they are no positives.
    """

    picture: Path
    boxes: tuple[Box, ...] | None
    file: str
    line: int
    ignored: int = 0

    @property
    def is_annotated(self) -> bool:
        """Whether the picture is named in some other file."""
        return self.file != str(self.picture)


def positive_candidates(positives: Path, label: str | None, skips: list[Skip]) -> list[Candidate]:
    """The pictures that annotations of any format name, or those of a plain folder, whole.

    Parameters
    ----------
    label
        Take only boxes with this label, or these with commas between them. Pictures without one stay, without boxes.
    skips
        What is broken is appended here and left out.

    Raises
    ------
    InputError
        Nothing is there, no picture is named, or the boxes have several labels and none is chosen.
    """
    if positives.is_dir() and formats.guess(positives) is None:
        if label is not None:
            raise InputError(f"`label` needs annotations with labels. {positives} is a folder of plain pictures.")
        return folder_candidates(positives, skips)
    annotations = formats.read(positives, problems=skips)
    if not annotations:
        example = " Write lines of the form `path n x y w h ...`." if not skips else f" The first problem: {skips[0]}"
        raise InputError(f"{_named(positives)} names no picture.{example}")
    return [
        Candidate(item.picture, item.boxes, str(item.file or positives), item.line, len(item.ignored))
        for item in choose_labels(annotations, label, positives)
    ]


def folder_candidates(folder: Path, skips: list[Skip]) -> list[Candidate]:
    """The pictures of a folder and of the folders in it, each of them whole; other files are appended to `skips`.

    Raises
    ------
    InputError
        The folder is missing, or holds no picture.
    """
    pictures, others = list_files(folder)
    for path in others:
        if path.name != INFO:
            remedy = "Convert it to PNG or JPEG if it is a picture."
            skips.append(Skip(str(path), 0, "not a known picture format", path.suffix or "no ending", remedy))
    return [Candidate(path, None, str(path), 0) for path in pictures]


def _named(positives: Path) -> Path:
    return positives / INFO if (positives / INFO).is_file() else positives
