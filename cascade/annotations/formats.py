"""The annotation formats by name, and which of them a file or folder is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cascade.annotations import coco, csv_table, dlib_xml, opencv_info, voc, yolo
from cascade.annotations.records import Annotation, merge_pictures
from cascade.annotations.xml_tree import root_name
from cascade.errors import InputError
from cascade.pictures import SUFFIXES
from runs.skips import Skip

FormatName = Literal["opencv_info", "coco", "voc", "yolo", "dlib_xml", "csv_table"]

INFO = "info.lst"
"""The info file that makes a folder of pictures a folder of annotated pictures."""

_BY_SUFFIX = {".json": "coco", ".xml": "dlib_xml", ".csv": "csv_table", ".tsv": "csv_table"}
"""What a file that does not look like anything is read as, so that the reader says what is wrong with it."""


@dataclass(frozen=True)
class Format:
    """One way to write annotations down; `carries_labels` and `carries_ignored` say what it has a place for."""

    name: str
    summary: str
    read: Callable[[Path, list[Skip] | None], list[Annotation]]
    write: Callable[[Path, Iterable[Annotation], list[Skip] | None], None]
    is_folder: bool = False
    carries_labels: bool = True
    carries_ignored: bool = True
    needs_label: bool = False


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format(
            "opencv_info",
            "OpenCV's info file: `path n x y w h ...` a line",
            opencv_info.read,
            opencv_info.write,
            carries_labels=False,
            carries_ignored=False,
        ),
        Format("coco", "COCO's json", coco.read, coco.write, needs_label=True),
        Format("voc", "Pascal VOC: a folder of XML files", voc.read, voc.write, is_folder=True, needs_label=True),
        Format(
            "yolo",
            "YOLO: a folder of text files, shares of the picture's size",
            yolo.read,
            yolo.write,
            is_folder=True,
            carries_ignored=False,
            needs_label=True,
        ),
        Format("dlib_xml", "dlib's XML, as imglab writes it", dlib_xml.read, dlib_xml.write),
        Format("csv_table", "a CSV table, one box a row", csv_table.read, csv_table.write),
    )
}


def read(path: Path, *, format: str | None = None, problems: list[Skip] | None = None) -> list[Annotation]:
    """Read annotations of any format, one record a picture however often it is named.

    Parameters
    ----------
    path
        A file, or a folder that is annotated or holds one annotation file.
    format
        A name in `FORMATS`; None: it is guessed.
    problems
        What is broken is appended here and left out. Without a list, the first problem is an error.

    Raises
    ------
    InputError
        Nothing is there, it is in no known format or in several, or it is broken and `problems` is None.
    """
    if not path.exists():
        raise InputError(f"{path} cannot be read: there is no such file or folder. Give one with annotations.")
    name, place = (format, path) if format is not None else _guess(path)
    if name is None:
        raise InputError(f"{path} holds no annotations in a known format ({', '.join(FORMATS)}). Name the file.")
    chosen = FORMATS[_known(name)]
    return merge_pictures(chosen.read(place if format is None else _place(path, chosen), problems))


def write(path: Path, annotations: Iterable[Annotation], *, format: str, problems: list[Skip] | None = None) -> None:
    """Write annotations in a format, whole or not at all.

    Parameters
    ----------
    path
        A file, or a new folder where the format's `is_folder` is True.
    problems
        What the format cannot carry is appended here and left out. Without a list, it is an error.

    Raises
    ------
    InputError
        The format is unknown, or cannot carry something and `problems` is None.
    """
    FORMATS[_known(format)].write(path, annotations, problems)


def guess(path: Path) -> str | None:
    """The format of a file or folder, by its name and first bytes; None for a folder without annotations.

    Raises
    ------
    InputError
        A folder holds several annotation files.
    """
    return _guess(path)[0]


def _known(name: str) -> str:
    if name not in FORMATS:
        raise InputError(f"`format` must be one of {', '.join(FORMATS)}. Got {name!r}.")
    return name


def _guess(path: Path) -> tuple[str | None, Path]:
    """The format and the file or folder to read."""
    if not path.is_dir():
        return _guess_file(path) or _BY_SUFFIX.get(path.suffix.lower(), "opencv_info"), path
    if (path / INFO).is_file():
        return "opencv_info", path / INFO
    if voc.list_files(path):
        return "voc", path
    found = [(name, file) for file in _files(path) if (name := _guess_file(file)) in ("coco", "dlib_xml", "csv_table")]
    if len(found) > 1:
        names = ", ".join(file.name for _, file in found)
        raise InputError(f"{path} holds several annotation files: {names}. Give one of them.")
    if found:
        return found[0]
    return ("yolo", path) if _is_yolo(path) else (None, path)


def _guess_file(path: Path) -> str | None:
    suffix = path.suffix.lower()
    if suffix == ".json":
        return "coco" if coco.is_coco(path) else None
    if suffix == ".xml":
        return {"annotation": "voc", "dataset": "dlib_xml"}.get(root_name(path))
    if suffix in (".csv", ".tsv"):
        return "csv_table" if csv_table.is_table(path) else None
    return "yolo" if suffix in (".yaml", ".yml") else None


def _place(path: Path, chosen: Format) -> Path:
    """The file in a folder that the chosen format reads."""
    if chosen.is_folder or not path.is_dir():
        return path
    if chosen.name == "opencv_info":
        return path / INFO
    found = [file for file in _files(path) if _guess_file(file) == chosen.name]
    if len(found) != 1:
        raise InputError(f"{path} must hold one file of the format {chosen.name}. Got {len(found)}. Name the file.")
    return found[0]


def _is_yolo(folder: Path) -> bool:
    if folder.name == "labels" or any((folder / name).exists() for name in ("classes.txt", "data.yaml", "labels")):
        return True
    files = _files(folder)
    pictures = {file.stem for file in files if file.suffix.lower() in SUFFIXES}
    return any(file.suffix == ".txt" and file.stem in pictures and yolo.is_label_file(file) for file in files)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if not file.name.startswith(".") and file.is_file())
