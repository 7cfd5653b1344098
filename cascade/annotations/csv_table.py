"""A CSV table with one box a row; the header says which column is what, and a picture's rows are put together.

Ours is ``path,x,y,width,height,label,ignored``; a picture without boxes has a row without numbers. Also known are
corners (``filename,xmin,ymin,xmax,ymax,class``, where ``width = xmax - xmin``, and ``width`` and ``height`` beside
corners are the picture's size) and other common names, whatever their case: see `_NAMES`. Commas, semicolons or tabs
separate. Fractions are rounded by `records.box_between`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from cascade.annotations.places import find_picture, relative_name
from cascade.annotations.problems import complain, shortened
from cascade.annotations.records import Annotation, annotation_of, box_between
from cascade.boxes import Box
from cascade.errors import InputError
from runs.files import replacing_file
from runs.skips import Skip

HEADER = ("path", "x", "y", "width", "height", "label", "ignored")
PROPOSED, ACCEPTED, DROPPED = "proposed", "accepted", "dropped"

_NAMES = {
    "path": "path filename file_name file filepath file_path image image_path imagepath image_name image_id imageid "
    "picture subdirectory_filepath",
    "x": "x left xmin x_min x1 face_x bbox_x",
    "y": "y top ymin y_min y1 face_y bbox_y",
    "width": "width w face_width bbox_width bbox_w",
    "height": "height h face_height bbox_height bbox_h",
    "right": "xmax x_max x2 right",
    "bottom": "ymax y_max y2 bottom",
    "label": "label class class_name classname name category",
    "ignored": "ignored ignore difficult iscrowd",
    "number": "number",
    "state": "state",
}
_ROLES = {name: role for role, names in _NAMES.items() for name in names.split()}
_YES, _NO = {"1", "true", "yes"}, {"", "0", "false", "no"}
Columns = dict[str, int]


def read(path: Path, problems: list[Skip] | None = None) -> list[Annotation]:
    """Read a table, encoded as UTF-8; pictures are resolved from its folder, or from ``images`` in it, and not opened.

    A table with a column ``state``, as `cascade.annotations.propose` writes it, must have been reviewed; dropped rows
    are left out.

    Parameters
    ----------
    problems
        Broken rows are appended here and left out. Without a list, the first is an error.

    Raises
    ------
    InputError
        The file cannot be read, its header names no picture or no box, boxes in it are proposals that nobody has
        reviewed, or a row is broken and `problems` is None.
    """
    objects: dict[str, list[tuple[Box, str, bool]]] = {}
    lines: dict[str, int] = {}
    for line, row in read_rows(path, problems):
        state = row.get("state", ACCEPTED).strip()
        if state not in (ACCEPTED, DROPPED):
            raise InputError(f"{path}:{line}: proposals that nobody has reviewed. {_REMEDY}")
        if state == DROPPED:
            continue
        try:
            box = _box(row)
            find_picture([path.parent], row["path"])
        except ValueError as error:
            complain(Skip(str(path), line, "broken row", shortened(",".join(row.values())), f"{error}."), problems)
            continue
        boxes = objects.setdefault(row["path"], [])
        lines.setdefault(row["path"], line)
        if box is not None:
            boxes.append((box, row.get("label", "").strip(), row.get("ignored", "").strip().lower() in _YES))
    places = [path.parent, path.parent / "images"]
    return [annotation_of(find_picture(places, name), objects[name], line=lines[name], file=path) for name in objects]


def write(path: Path, annotations: Iterable[Annotation], problems: list[Skip] | None = None) -> None:
    """Write our table, whole or not at all; pictures are named relative to `path`'s folder.

    Rows of one picture are put together when they are read, also where the annotations had it twice.
    """
    del problems  # the format carries everything
    with (
        replacing_file(path) as beside,
        beside.open("w", newline="", encoding="utf-8", errors="surrogateescape") as out,
    ):
        writer = csv.writer(out)
        writer.writerow(HEADER)
        for item in annotations:
            name = relative_name(path.parent, item.picture)
            rows = [(name, *box, label, int(ignored)) for box, label, ignored in item.objects()]
            writer.writerows(rows or [(name, "", "", "", "", "", "")])


def is_table(path: Path) -> bool:
    """Whether the file's header names a picture and a box."""
    try:
        with path.open("rb") as stream:
            head = stream.readline(65536).decode("utf-8-sig", "replace")
    except OSError:
        return False
    return bool(_columns(next(csv.reader([head], delimiter=_delimiter(head)), [])))


def read_rows(path: Path, problems: list[Skip] | None) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's line and its cells by what they are: ``path``, ``x``, ``right``, ``label`` and so on.

    Raises
    ------
    InputError
        The file cannot be read, or its header names no picture or no box.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as stream:
            head = stream.readline(65536)
            stream.seek(0)
            reader = csv.reader(stream, delimiter=_delimiter(head))
            columns = _header(path, next(reader, []))
            yield from _cells(path, reader, columns, problems)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Give a CSV file that exists.") from error
    except csv.Error as error:
        raise InputError(f"{path} is no CSV table ({error}). Mend it.") from None


_REMEDY = (
    "Look at the contact sheets, then say which are right: `facefoundry annotations accept`, "
    f"or write {ACCEPTED} or {DROPPED} in the column `state` of each row."
)


def _delimiter(head: str) -> str:
    return max(",;\t", key=head.count)


def _header(path: Path, names: list[str]) -> Columns:
    columns = _columns(names)
    if not columns:
        raise InputError(
            f"{path}:1: the header must name the picture and its box, such as {','.join(HEADER[:5])} or "
            f"filename,xmin,ymin,xmax,ymax. Got {shortened(','.join(names))}."
        )
    return columns


def _columns(names: list[str]) -> Columns:
    """The number of each role's column, the first where several would do; empty where the header has no box."""
    columns: Columns = {}
    for number, name in enumerate(names):
        role = _ROLES.get(name.strip().lower())
        if role is not None:
            columns.setdefault(role, number)
    ends = {"right", "bottom"} if {"right", "bottom"} <= columns.keys() else {"width", "height"}
    return columns if {"path", "x", "y", *ends} <= columns.keys() else {}


def _cells(
    path: Path, reader: Iterator[list[str]], columns: Columns, problems: list[Skip] | None
) -> Iterator[tuple[int, dict[str, str]]]:
    line = 2
    for row in reader:
        if len(row) > max(columns.values()):
            yield line, {role: row[number] for role, number in columns.items()}
        elif row:
            remedy = f"Write {max(columns.values()) + 1} cells, as the header has them."
            complain(Skip(str(path), line, "broken row", shortened(",".join(row)), remedy), problems)
        line = reader.line_num + 1  # type: ignore[attr-defined]


def _box(row: dict[str, str]) -> Box | None:
    ends = ("right", "bottom") if "right" in row and "bottom" in row else ("width", "height")
    texts = [row[role].strip() for role in ("x", "y", *ends)]
    if not any(texts):
        return None
    if row.get("ignored", "").strip().lower() not in _YES | _NO:
        raise ValueError("`ignored` must be 0 or 1")
    try:
        x, y, third, fourth = map(float, texts)
    except ValueError:
        raise ValueError("Write four numbers, or none where the picture has no box") from None
    right, bottom = (third, fourth) if ends[0] == "right" else (x + third, y + fourth)
    return box_between(x, y, right, bottom)
