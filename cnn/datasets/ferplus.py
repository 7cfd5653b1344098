"""FER+: ten people's votes for every face of FER2013, joined to FER2013's csv by the position of the row.

References
----------
Barsoum et al., "Training deep networks for facial expression recognition with crowd-sourced label distribution", 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnn.datasets.csv_lines import FIELDS_RULE, CsvRow, csv_rows
from cnn.datasets.fer2013 import FILES, USAGE_RULE, USAGES, Fer2013Row, csv_file, fer2013_rows
from cnn.datasets.table import CHECK_ROW, NOT_FIVE, NOT_FIVE_REMEDY, VOTE_COLUMNS, FaceWriter, LabelledFaces
from cnn.errors import InputError
from cnn.labels import EXPRESSIONS, FERPLUS, FERPLUS_COLUMNS
from runs.progress import Report, silent
from runs.skips import Skip

VOTERS = 10

_COLUMNS = ("Usage", "Image name", *FERPLUS_COLUMNS)


@dataclass(frozen=True)
class _Votes:
    """One row of FER+; `skip` says why it cannot be used, or is None."""

    line: int
    usage: str
    counts: tuple[int, ...]
    skip: Skip | None


def read_ferplus(fer2013: Path, ferplus: Path, scratch: Path, report: Report = silent) -> LabelledFaces:
    """Read FER2013's faces with the labels of FER+'s published majority rule.

    The two files are joined by the position of the row, never by name; their `Usage` must agree in every row, and
    they must have the same number of rows: one row less shifts all labels behind it, so that is an error, not a
    skip. A broken row in either file keeps its place and is skipped. A row with fewer than ten votes is used, as the
    published file has one; a row with more is broken.

    Parameters
    ----------
    fer2013, ferplus
        The csv files (see `cnn.datasets.csv_lines.csv_rows` for compressed ones), or folders that hold them.
    scratch
        A folder for the file that holds the pixels; it must outlive the result.

    Raises
    ------
    InputError
        A file is missing, cannot be read to its end, or the two do not belong together.
    """
    faces_path, votes_path = csv_file(fer2013, "fer2013", FILES), csv_file(ferplus, "ferplus", ("fer2013new.csv",))
    votes = [_parse_row(votes_path, row) for row in csv_rows(votes_path, _COLUMNS)]
    read = 0
    with FaceWriter(scratch / "ferplus.pixels", "ferplus") as writer:
        for read, face in enumerate(fer2013_rows(faces_path, report), start=1):
            if read <= len(votes):
                _add(writer, faces_path, face, votes_path, votes[read - 1])
        if read != len(votes):
            raise InputError(
                f"{votes_path} has {len(votes)} rows and {faces_path} {read}: they must have the same number, as they "
                "are joined by position. Give the two files of the same release, whole."
            )
        return writer.faces()


def majority(votes: Sequence[int]) -> str | None:
    """FER+'s published majority rule: the column that wins, or None where none does.

    Single votes are dropped; the column with the most votes wins if it has more than half of those left.

    Parameters
    ----------
    votes
        Ten counts in the order of `FERPLUS_COLUMNS`.

    Examples
    --------
    >>> majority([4, 5, 1, 0, 0, 0, 0, 0, 0, 0])
    'happiness'
    >>> majority([5, 5, 0, 0, 0, 0, 0, 0, 0, 0]) is None
    True
    """
    left = [count if count > 1 else 0 for count in votes]
    top = max(left)
    return FERPLUS_COLUMNS[left.index(top)] if 2 * top > sum(left) else None


def _parse_row(path: Path, row: CsvRow) -> _Votes:
    if row.values is None:
        return _Votes(row.line, "", (), Skip(str(path), row.line, FIELDS_RULE, str(row.fields), CHECK_ROW))
    usage, name, *texts = row.values
    if usage not in USAGES:
        return _Votes(row.line, "", (), Skip(str(path), row.line, USAGE_RULE, usage, CHECK_ROW))
    if not all(text.isascii() and text.isdigit() and len(text) < 3 for text in texts):
        skip = Skip(str(path), row.line, "votes must be whole numbers from 0 to 10", ",".join(texts), CHECK_ROW)
        return _Votes(row.line, usage, (), skip)
    counts = tuple(map(int, texts))
    return _Votes(row.line, usage, counts, _broken_rule(path, row.line, name, counts))


def _broken_rule(path: Path, line: int, name: str, counts: tuple[int, ...]) -> Skip | None:
    value = " ".join(map(str, counts))
    if not 1 <= sum(counts) <= VOTERS:
        return Skip(str(path), line, f"votes of a row must sum to 1..{VOTERS}", value, CHECK_ROW)
    if not name:
        return Skip(
            str(path), line, "FER+ names no picture: not a face", value, "Nothing to do: FER+ leaves it out too."
        )
    winner = majority(counts)
    if winner is None or winner == "unknown":
        return Skip(str(path), line, "no majority among the votes", value, "Nothing to do: the voters do not agree.")
    if FERPLUS[winner] is None:
        return Skip(str(path), line, NOT_FIVE, winner, NOT_FIVE_REMEDY)
    return None


def _add(writer: FaceWriter, faces_path: Path, face: Fer2013Row | Skip, votes_path: Path, votes: _Votes) -> None:
    if isinstance(face, Skip):
        writer.skips.append(face)
        return
    _check_usage(faces_path, face, votes_path, votes)
    if votes.skip is not None:
        writer.skips.append(votes.skip)
        return
    expression = FERPLUS[str(majority(votes.counts))]
    by_class = {FERPLUS[name]: count for name, count in zip(FERPLUS_COLUMNS, votes.counts, strict=True)}
    counts = {column: by_class[name] for column, name in zip(VOTE_COLUMNS, EXPRESSIONS, strict=True)}
    writer.add(face.pixels, str(expression), official_split=face.usage, row=face.line, own_label=face.emotion, **counts)


def _check_usage(faces_path: Path, face: Fer2013Row, votes_path: Path, votes: _Votes) -> None:
    if votes.usage and face.usage != votes.usage:
        raise InputError(
            f"{votes_path}:{votes.line}: `Usage` must be as in {faces_path}:{face.line}, {face.usage!r}. "
            f"Got {votes.usage!r}: the files do not belong together. Give the two of the same release."
        )
