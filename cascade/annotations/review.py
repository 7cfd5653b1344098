"""Turn proposals that a person has looked at into annotations."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cascade.annotations import formats
from cascade.annotations.csv_table import ACCEPTED, DROPPED, PROPOSED, read_rows
from cascade.annotations.places import check_new_folder, find_picture
from cascade.annotations.records import UNLABELLED, Annotation, annotation_of
from cascade.boxes import Box
from cascade.errors import InputError
from runs.skips import Skip

ALL, NONE = "all", "none"
_PIECE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


@dataclass(frozen=True)
class Accepted:
    """What `accept` wrote: boxes accepted and dropped, and the pictures with an accepted one."""

    out: Path
    format: str
    pictures: int
    accepted: int
    dropped: int


@dataclass(frozen=True)
class _Row:
    number: int
    picture: Path
    box: Box
    state: str


def accept(
    proposals: Path,
    out: Path,
    *,
    drop: str | None = None,
    keep: str | None = None,
    format: str = "csv_table",
    label: str = UNLABELLED,
) -> Accepted:
    """Write the proposals that are right as annotations.

    Pictures without an accepted box are not in them: the sheets show what was found, not what was missed, so that
    nobody knows yet whether those pictures are empty.

    Parameters
    ----------
    proposals
        A folder that `cascade.annotations.propose` wrote. It is not changed.
    out
        The file to write, whole or not at all, or a new folder, as the format has it; it must not be there yet.
    drop, keep
        Numbers on the sheets, such as ``3,17,40-44``, or ``all`` or ``none``: which proposals are wrong, or which are
        right; all others are the opposite. Give one of the two, or neither where the column ``state`` of
        ``proposals.csv`` says ``accepted`` or ``dropped`` in every row.
    label
        The label of the accepted boxes, where the format has labels.

    Raises
    ------
    InputError
        `proposals` is no such folder, nothing says that it was reviewed, a number is not in it, nothing is left, or
        `out` is there already.
    """
    rows = _rows(proposals)
    right = _right(rows, drop, keep, proposals)
    chosen = formats.FORMATS.get(format)
    annotations = _annotations([row for row in rows if row.number in right], label, chosen)
    if not annotations:
        raise InputError(f"No proposal of {proposals} is accepted, so that there is nothing to write.")
    if chosen is not None and chosen.is_folder:
        check_new_folder(out)
    elif out.exists():
        raise InputError(f"{out} is there already and is not touched. Choose another name.")
    formats.write(out, annotations, format=format)
    return Accepted(out, format, len(annotations), len(right), len(rows) - len(right))


def parse_numbers(text: str, known: Collection[int], name: str) -> set[int]:
    """Numbers and ranges, such as ``3,17,40-44``, or ``all`` or ``none``.

    Raises
    ------
    InputError
        The text is something else, or a number is not known; the message calls it `name`.

    Examples
    --------
    >>> sorted(parse_numbers("2, 4-5", range(1, 9), "drop"))
    [2, 4, 5]
    """
    if text.strip().lower() in (ALL, NONE):
        return set(known) if text.strip().lower() == ALL else set()
    numbers: set[int] = set()
    for piece in text.split(","):
        match = _PIECE.fullmatch(piece.strip())
        first = int(match[1]) if match else 0
        last = int(match[2] or match[1]) if match else -1
        if first > last or first not in known or last not in known:
            raise InputError(
                f"`{name}` must be numbers on the sheets such as `3,17,40-44`, from {min(known)} to {max(known)}, or "
                f"`{ALL}` or `{NONE}`. Got {piece.strip()!r}."
            )
        numbers |= set(known) & set(range(first, last + 1))
    return numbers


def _rows(proposals: Path) -> list[_Row]:
    table = proposals / "proposals.csv"
    try:
        card = json.loads((proposals / "proposals.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        card = None
    if not isinstance(card, dict) or card.get("kind") != "proposals":
        raise InputError(f"{proposals} holds no proposals. Give a folder that `annotations propose` wrote.")
    rows = [_row(table, line, cells) for line, cells in read_rows(table, None)]
    if not rows or len({row.number for row in rows}) != len(rows):
        raise InputError(f"{table} must hold rows with different numbers. Run `annotations propose` again.")
    return rows


def _row(table: Path, line: int, cells: dict[str, str]) -> _Row:
    try:
        x, y, width, height = (int(cells[name]) for name in ("x", "y", "width", "height"))
        picture = find_picture([table.parent], cells["path"])
        row = _Row(int(cells["number"]), picture, (x, y, width, height), cells["state"].strip())
    except (KeyError, ValueError) as error:
        raise InputError(f"{table}:{line}: a row of proposals is broken ({error}). Mend or remove it.") from None
    if row.state not in (PROPOSED, ACCEPTED, DROPPED):
        problem = Skip(str(table), line, "unknown state", row.state, f"Write {ACCEPTED} or {DROPPED}.")
        raise InputError(str(problem))
    return row


def _right(rows: Sequence[_Row], drop: str | None, keep: str | None, proposals: Path) -> set[int]:
    """The numbers of the proposals that are right, as the person says by `drop`, by `keep` or in the table."""
    numbers = {row.number for row in rows}
    if drop is not None and keep is not None:
        raise InputError("Give `drop` or `keep`, not both: what is not dropped is kept.")
    if keep is not None:
        return parse_numbers(keep, numbers, "keep")
    if drop is not None:
        return numbers - parse_numbers(drop, numbers, "drop")
    if any(row.state == PROPOSED for row in rows):
        raise InputError(
            f"Nothing says that {proposals} was reviewed. Look at its sheets, then give the numbers that are wrong "
            f"with `drop` (`--drop 3,17,40-44`, `--drop {NONE}`) or those that are right with `keep`."
        )
    return {row.number for row in rows if row.state == ACCEPTED}


def _annotations(rows: Sequence[_Row], label: str, chosen: formats.Format | None) -> list[Annotation]:
    boxes: dict[Path, list[tuple[Box, str, bool]]] = {}
    name = label if chosen is not None and chosen.carries_labels else ""
    for row in sorted(rows, key=lambda row: (str(row.picture), row.box)):
        boxes.setdefault(row.picture, []).append((row.box, name, False))
    return [annotation_of(picture, objects) for picture, objects in boxes.items()]
