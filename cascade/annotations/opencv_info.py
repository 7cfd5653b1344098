"""OpenCV's two lists: the info file (pictures with boxes) and the background file (pictures without the object).

Info file: ``path n x y w h [x y w h ...]`` a line, read with ``fscanf("%s %d")`` relative to the file's folder, so a
picture's name cannot hold white space. Background file: one path a line; opencv_traincascade takes lines that start
with ``#`` for comments, cuts white space off their ends, and stops at the first empty line.
Facefoundry resolves both relative to the folder that the file is in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from cascade.annotations.places import relative_name
from cascade.annotations.problems import complain, origin, shortened, tell_lost_ignored, tell_lost_labels
from cascade.annotations.records import Annotation
from cascade.errors import InputError
from runs.files import replacing_file
from runs.skips import Skip

MAX_BYTES = 256 * 1024 * 1024
"""A larger file is refused."""

_NUMBER = re.compile(rb"-?[0-9]{1,9}")
_WHITE = re.compile(r"[ \t\n\v\f\r]")

__all__ = ["Annotation", "read", "read_background", "write", "write_background"]


def read(path: Path, problems: list[Skip] | None = None) -> list[Annotation]:
    """Read an info file; the pictures are not opened, and boxes are not compared with them.

    Empty lines are passed over, as OpenCV does; a line may say 0 boxes; Windows' line ends are fine.

    Parameters
    ----------
    path
        The info file. Pictures come back as paths that start with its folder.
    problems
        Broken lines are appended here and left out. Without a list, the first broken line is an error.

    Raises
    ------
    InputError
        The file cannot be read, or a line is broken and `problems` is None.
    """
    found = []
    for number, line in enumerate(_lines(path), start=1):
        words = line.split()
        if not words:
            continue
        problem = _info_problem(path, number, words)
        if problem is not None:
            complain(problem, problems)
            continue
        values = [int(word) for word in words[2:]]
        boxes = tuple((values[i], values[i + 1], values[i + 2], values[i + 3]) for i in range(0, len(values), 4))
        found.append(Annotation(path.parent / os.fsdecode(words[0]), boxes, number, file=path))
    return found


def write(path: Path, annotations: Iterable[Annotation], problems: list[Skip] | None = None) -> None:
    """Write an info file, whole or not at all; pictures are named relative to `path`'s folder.

    Parameters
    ----------
    problems
        What the format cannot carry is appended here: labels, ignored boxes, pictures with white space in their names.

    Raises
    ------
    InputError
        The format cannot carry something and `problems` is None.
    """
    items = list(annotations)
    tell_lost_labels(path, items, problems)
    tell_lost_ignored(path, items, problems)
    _write_lines(path, [line for line in (_info_line(path, item, problems) for item in items) if line is not None])


def read_background(path: Path, problems: list[Skip] | None = None) -> list[Path]:
    """Read a background file: the paths of its pictures, which start with its folder.

    Raises
    ------
    InputError
        The file cannot be read, or, where `problems` is None, it has an empty line before its last name
        (opencv_traincascade would silently stop there).
    """
    lines = [line.rstrip(b" \n\r\t") for line in _lines(path)]
    while lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        if not line:
            remedy = "opencv_traincascade stops reading here: remove the line."
            complain(Skip(str(path), number, "empty line", "''", remedy), problems)
    return [path.parent / os.fsdecode(line) for line in lines if line and not line.startswith(b"#")]


def write_background(path: Path, pictures: Iterable[Path]) -> None:
    """Write a background file, whole or not at all; pictures are named relative to `path`'s folder.

    Raises
    ------
    InputError
        A name starts with ``#``, ends with white space or holds a line end, which the format cannot carry.
    """
    _write_lines(path, (_background_line(path, picture) for picture in pictures))


def _lines(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}. Give a folder of pictures or an info file that exists."
        ) from error
    if len(data) > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES // 2**20} MiB. Give an OpenCV info or background file.")
    if b"\0" in data:
        raise InputError(f"{path} is not a text file: it holds a zero byte. Give an OpenCV info or background file.")
    return data.removeprefix(b"\xef\xbb\xbf").split(b"\n")


def _info_problem(path: Path, number: int, words: Sequence[bytes]) -> Skip | None:
    value = shortened(b" ".join(words).decode("utf-8", "replace"))
    if _has_spaced_name(words):
        remedy = "The format separates by spaces: rename the picture without them."
        return Skip(str(path), number, "picture name with a space", value, remedy)
    if len(words) < 2 or not all(_NUMBER.fullmatch(word) for word in words[1:]) or int(words[1]) < 0:
        return Skip(str(path), number, "broken line", value, "Write `path n x y w h ...` with whole numbers.")
    if len(words) != 2 + 4 * int(words[1]):
        remedy = f"After the count {int(words[1])} write {4 * int(words[1])} numbers, not {len(words) - 2}."
        return Skip(str(path), number, "wrong number of boxes", value, remedy)
    return None


def _has_spaced_name(words: Sequence[bytes]) -> bool:
    """Whether the line would be right if its first words together were the name."""
    for i in range(2, len(words)):
        numbers = words[i:]
        fits = all(_NUMBER.fullmatch(word) for word in numbers) and len(numbers) == 1 + 4 * int(numbers[0])
        if fits and not all(_NUMBER.fullmatch(word) for word in words[1:i]):
            return True
    return False


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with replacing_file(path) as beside, beside.open("wb") as stream:
        for line in lines:
            stream.write(os.fsencode(line) + b"\n")


def _info_line(path: Path, annotation: Annotation, problems: list[Skip] | None) -> str | None:
    name = relative_name(path.parent, annotation.picture)
    if _WHITE.search(name):
        remedy = "An info file cannot name a picture with white space in its path: rename the file or folder."
        complain(Skip(origin(annotation), annotation.line, "picture name with a space", repr(name), remedy), problems)
        return None
    numbers = [len(annotation.boxes), *(int(value) for box in annotation.boxes for value in box)]
    return " ".join([name, *map(str, numbers)])


def _background_line(path: Path, picture: Path) -> str:
    name = relative_name(path.parent, picture)
    if name.startswith("#") or name != name.rstrip(" \t\r\n") or "\n" in name:
        raise InputError(
            f"{path}: a background file cannot name a picture whose path starts with `#`, ends with white space "
            f"or holds a line end. Got {name!r}. Rename the file or folder."
        )
    return name
