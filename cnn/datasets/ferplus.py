"""FER+: ten people's votes for every face of FER2013, joined to FER2013's csv by the position of the row.

References
----------
Barsoum et al., "Training deep networks for facial expression recognition with crowd-sourced label distribution", 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cnn.datasets.csv_lines import FIELDS_RULE, CsvRow, csv_rows
from cnn.datasets.fer2013 import FILES, USAGE_RULE, USAGES, Fer2013Row, csv_file, fer2013_rows
from cnn.datasets.ferplus_rules import Ballot, count_ballot
from cnn.datasets.reader import NO_MAJORITY, NO_PICTURE_NAME, reader
from cnn.datasets.table import CHECK_ROW, NOT_FIVE, NOT_FIVE_REMEDY, VOTE_COLUMNS, FaceWriter, LabelledFaces
from cnn.errors import InputError
from cnn.labels import EXPRESSIONS, FERPLUS, FERPLUS_COLUMNS
from runs.parameters import Parameters
from runs.progress import Report, silent
from runs.skips import Skip

VOTERS = 10
FILE_NAMES: tuple[str, ...] = tuple(f"fer2013new.csv{suffix}" for suffix in ("", ".xz", ".gz", ".bz2", ".zip"))

_COLUMNS = ("Usage", "Image name", *FERPLUS_COLUMNS)


@dataclass(frozen=True, kw_only=True)
class FerplusParams(Parameters):
    """How ten votes become a label."""

    labels: Literal["majority", "distribution", "majority_then_distribution"] = "majority"
    """majority: the published majority rule; a face keeps all its votes for the five classes as soft labels.
    distribution: the published rule for soft labels, which keeps more faces, those that two or three classes share;
    their soft labels are the votes that it keeps, and their class is the one with the most, or none when tied.
    majority_then_distribution: majority, and distribution for the faces of Training that have no majority: more to
    learn from, and the same test."""

    unknown_votes: Literal["count", "drop"] = "count"
    """Votes for `unknown` and `NF` (not a face). count: as the published rules do, they are opinions like the others,
    and win or spoil a majority. drop: they are taken away first, and what is left decides."""


@dataclass(frozen=True)
class _Votes:
    """One row of FER+: its `ballot`, or why it cannot be used."""

    line: int
    usage: str
    ballot: Ballot | Skip


@reader(
    "ferplus",
    help="The folder that holds both FER2013's csv and FER+'s fer2013new.csv, or the latter beside the former.",
    licence="FER+ votes, Microsoft: MIT. The faces are FER2013's: for research.",
    splits={"Training": "train", "PublicTest": "validation", "PrivateTest": "test"},
    params=FerplusParams,
)
def read_ferplus_folder(
    path: Path, scratch: Path, report: Report = silent, *, params: FerplusParams = FerplusParams()
) -> LabelledFaces:
    """`read_ferplus` with both files in the folder `path`, or in the folder of the votes' csv `path`."""
    return read_ferplus(path.parent if path.is_file() else path, path, scratch, report, params=params)


def read_ferplus(
    fer2013: Path,
    ferplus: Path,
    scratch: Path,
    report: Report = silent,
    *,
    params: FerplusParams = FerplusParams(),
) -> LabelledFaces:
    """Read FER2013's faces with labels by FER+'s votes.

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
    faces_path, votes_path = csv_file(fer2013, "fer2013", FILES), csv_file(ferplus, "ferplus", FILE_NAMES)
    votes = [_parse_row(votes_path, row, params) for row in csv_rows(votes_path, _COLUMNS)]
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


def _parse_row(path: Path, row: CsvRow, params: FerplusParams) -> _Votes:
    if row.values is None:
        return _Votes(row.line, "", Skip(str(path), row.line, FIELDS_RULE, str(row.fields), CHECK_ROW))
    usage, name, *texts = row.values
    if usage not in USAGES:
        return _Votes(row.line, "", Skip(str(path), row.line, USAGE_RULE, usage, CHECK_ROW))
    if not all(text.isascii() and text.isdigit() and len(text) < 3 for text in texts):
        skip = Skip(str(path), row.line, "votes must be whole numbers from 0 to 10", ",".join(texts), CHECK_ROW)
        return _Votes(row.line, usage, skip)
    counts = tuple(map(int, texts))
    ballot = _count(counts, usage, params)
    refusal = _refusal(path, row.line, name, counts, ballot)
    return _Votes(row.line, usage, refusal or ballot)


def _count(counts: tuple[int, ...], usage: str, params: FerplusParams) -> Ballot:
    drop_unknown = params.unknown_votes == "drop"
    if params.labels == "distribution":
        return count_ballot(counts, "distribution", drop_unknown=drop_unknown)
    ballot = count_ballot(counts, "majority", drop_unknown=drop_unknown)
    if ballot.winner is None and usage == "Training" and params.labels == "majority_then_distribution":
        return count_ballot(counts, "distribution", drop_unknown=drop_unknown)
    return ballot


def _refusal(path: Path, line: int, name: str, counts: tuple[int, ...], ballot: Ballot) -> Skip | None:
    value = " ".join(map(str, counts))
    if not 1 <= sum(counts) <= VOTERS:
        return Skip(str(path), line, f"votes of a row must sum to 1..{VOTERS}", value, CHECK_ROW)
    if not name:
        return Skip(str(path), line, NO_PICTURE_NAME, value, "Nothing to do: FER+ leaves it out too.")
    if ballot.winner in (None, "unknown"):
        return Skip(str(path), line, NO_MAJORITY, value, "Nothing to do: the voters do not agree.")
    if FERPLUS[str(ballot.winner)] is None:
        return Skip(str(path), line, NOT_FIVE, str(ballot.winner), NOT_FIVE_REMEDY)
    return None


def _add(writer: FaceWriter, faces_path: Path, face: Fer2013Row | Skip, votes_path: Path, votes: _Votes) -> None:
    if isinstance(face, Skip):
        writer.skips.append(face)
        return
    _check_usage(faces_path, face, votes_path, votes)
    if isinstance(votes.ballot, Skip):
        writer.skips.append(votes.ballot)
        return
    by_class = {FERPLUS[name]: count for name, count in zip(FERPLUS_COLUMNS, votes.ballot.votes, strict=True)}
    counts = {column: by_class[name] for column, name in zip(VOTE_COLUMNS, EXPRESSIONS, strict=True)}
    expression = str(FERPLUS[str(votes.ballot.winner)])
    writer.add(face.pixels, expression, official_split=face.usage, row=face.line, own_label=face.emotion, **counts)


def _check_usage(faces_path: Path, face: Fer2013Row, votes_path: Path, votes: _Votes) -> None:
    if votes.usage and face.usage != votes.usage:
        raise InputError(
            f"{votes_path}:{votes.line}: `Usage` must be as in {faces_path}:{face.line}, {face.usage!r}. "
            f"Got {votes.usage!r}: the files do not belong together. Give the two of the same release."
        )
