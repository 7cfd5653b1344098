"""Merge the datasets into the five classes: one table, one array of faces, and no face on both sides of a split."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from cnn.datasets.registry import READERS
from cnn.datasets.table import IMAGE_SIZE, LabelledFaces
from cnn.duplicates.find import COLUMNS as PAIR_COLUMNS
from cnn.duplicates.find import find_near_duplicates
from cnn.errors import InputError
from cnn.merge_groups import link_faces
from cnn.merge_params import CORRELATIONS, MergeParams
from cnn.merge_report import write_reports
from cnn.merge_rules import (
    CONFLICT,
    DUPLICATE,
    LEAK,
    NEAR_CONFLICT,
    NEAR_LEAK,
    PERSON_LEAK,
    carve_validation,
    drop_copies,
    official_splits,
    resolve_conflicts,
    resolve_near_conflicts,
    split_the_unsplit,
    take_at_most,
)
from cnn.merge_sources import affectnet_form, read_sources
from cnn.scratch import kept_scratch
from cnn.store import IMAGES, SPLITS, TABLE, write_table
from runs.files import replacing_folder
from runs.progress import Progress, Report, silent
from runs.skips import Skip, count_by_rule

__all__ = ["MergeParams", "Merged", "merge"]

_OUTPUTS = (
    *(IMAGES, TABLE, "counts.csv", "counts.png", "skipped.csv", "report.json", "report.html"),
    *("near_duplicates.csv", "near_duplicates.png"),
)
_COPY = 4096
"""Faces copied at once, about 9 MB."""


@dataclass(frozen=True)
class Merged:
    """What `merge` wrote.

    `faces`, `by_split`, `by_class` and `by_source` count the faces of the store; `skipped` counts by rule all that
    was left out. Of these, `leaks` were identical to a face of another split or from the same photograph, `near_leaks`
    nearly identical, and `person_leaks` of a person there; `duplicates` were identical to one of the same split;
    `conflicts` and `near_conflicts` were identical and nearly identical faces that their labels disagree on, in
    `conflict_groups` and `near_conflict_groups` groups. `near_pairs` counts the pairs of near duplicates that were
    found.
    """

    out: Path
    faces: int
    by_split: dict[str, int]
    by_class: dict[str, int]
    by_source: dict[str, int]
    skipped: dict[str, int]
    leaks: int
    near_leaks: int
    person_leaks: int
    duplicates: int
    conflicts: int
    conflict_groups: int
    near_conflicts: int
    near_conflict_groups: int
    near_pairs: int
    seconds: float


def merge(
    out: Path,
    params: MergeParams = MergeParams(),
    *,
    fer2013: Path | None = None,
    ferplus: Path | None = None,
    affectnet: Path | None = None,
    ckplus: Path | None = None,
    mpi: Path | None = None,
    folders: Path | None = None,
    report: Report = silent,
) -> Merged:
    """Read the given datasets and write one store of faces, which `cnn.store.load_faces` opens.

    Faces keep their official split. Datasets without one, CK+ and MPI, are split by people; validation is carved from
    training, class by class in each dataset or by people. Then four rules, in this order, each of which only ever
    leaves faces out: identical faces (all 48x48 pixels) that are labelled differently are settled by
    `params.conflicts`, where a label in test wins over any in training; likewise near duplicates, but no test face is
    left out for those; a face whose like is in test is left out of training and validation, and likewise for
    validation over training, where near duplicates, the same picture file and the same person count as well as the
    same pixels, and any chain of these; and of identical faces in one split the first is kept.

    Parameters
    ----------
    out
        The folder to write, whole or not at all: ``images.npy``, ``faces.parquet`` (`cnn.store.STORE_COLUMNS`,
        sorted by split), ``counts.csv``, ``counts.png``, ``skipped.csv``, ``near_duplicates.csv``,
        ``near_duplicates.png`` where there are any, ``report.json`` and ``report.html``. An older one is replaced.
        While it reads, pictures that it has read are kept in a folder beside it, ``.NAME.reading``, for the next run.
    fer2013
        FER2013's csv, or the folder that holds it; labelled by itself where `ferplus` is not given.
    ferplus
        FER+'s ``fer2013new.csv``, or the folder that holds it; needs `fer2013`.
    affectnet
        The folder with AffectNet's csv or npy form, or with AffectNet+, told by its layout.
    ckplus, mpi
        The folder of CK+ and of the MPI database.
    folders
        A folder of class folders, or of train/, val/ and test/ with such folders in them.

    Raises
    ------
    InputError
        No dataset is given, one is missing, breaks its format as a whole or has too many faulty rows, or no face of it
        is left.
    RunMismatchError
        `out` holds files that no merge wrote; they are not touched. Or another merge into it is running.
    """
    given = {"fer2013": fer2013, "ferplus": ferplus, "affectnet": affectnet, "ckplus": ckplus, "mpi": mpi}
    datasets = _datasets({**given, "folder": folders})
    start = time.monotonic()
    try:
        with replacing_folder(out, known=_OUTPUTS) as folder, kept_scratch(out) as scratch:
            sources = read_sources(scratch, datasets, ferplus, params, report)
            merged = _merge(out, folder, sources, params, start, report)
    except OSError as error:
        remedy = "Free space, or choose another folder."
        raise InputError(f"`out`: {out} is not written: {error}. {remedy}") from error
    report(Progress(f"merged {merged.faces} faces into {out}", merged.faces, merged.faces))
    return merged


def _datasets(given: dict[str, Path | None]) -> dict[str, Path]:
    """The datasets to read, by the names of their readers."""
    if all(path is None for path in given.values()):
        names = "`fer2013`, `ferplus` (with `fer2013`), `affectnet`, `ckplus`, `mpi` or `folders`"
        raise InputError(f"Give at least one dataset: {names}. Got none.")
    votes = given.pop("ferplus")
    if votes is not None and given["fer2013"] is None:
        raise InputError(f"`ferplus` holds votes without faces: give `fer2013` too. Got `ferplus` {votes} alone.")
    found = {name: path for name, path in given.items() if path is not None}
    return {affectnet_form(path) if name == "affectnet" else name: path for name, path in found.items()}


def _merge(
    out: Path, folder: Path, sources: list[LabelledFaces], params: MergeParams, start: float, report: Report
) -> Merged:
    skips = [skip for source in sources for skip in source.skips]
    table = pd.concat([source.table for source in sources], ignore_index=True)
    pairs = _near_duplicates(sources, table, params, report)
    chosen, groups = _choose(table, pairs, params, skips)
    pairs = _described(pairs, table, chosen["split"])
    chosen = _write_store(folder, sources, chosen, report)
    merged = _summary(out, chosen, skips, groups, len(pairs), time.monotonic() - start)
    figures = {name: value for name, value in asdict(merged).items() if name != "out"}
    details = {**figures, "parameters": params.as_dict()}
    write_reports(folder, chosen, skips, pairs, partial(_gather, sources), details)
    return merged


def _near_duplicates(
    sources: list[LabelledFaces], table: pd.DataFrame, params: MergeParams, report: Report
) -> pd.DataFrame:
    """The pairs that are not of one known person: those are linked already, and their expressions may well differ."""
    if params.near_duplicates == "off":
        return pd.DataFrame({name: [] for name in PAIR_COLUMNS}).astype(PAIR_COLUMNS)
    different = table.index[~table.duplicated("sha256")].to_numpy()
    least = CORRELATIONS[params.near_duplicates]
    pairs = find_near_duplicates(lambda some: _gather(sources, different[some]), len(different), least, report)
    pairs = pairs.assign(first=different[pairs["first"]], second=different[pairs["second"]])
    people = (table["source"] + "/" + table["subject"]).where(table["subject"] != "")
    same = people.loc[pairs["first"]].to_numpy() == people.loc[pairs["second"]].to_numpy()
    return pairs[~same].reset_index(drop=True)


def _choose(
    table: pd.DataFrame, pairs: pd.DataFrame, params: MergeParams, skips: list[Skip]
) -> tuple[pd.DataFrame, tuple[int, int]]:
    """The rows to keep, with their `split`, sorted by split, and the number of groups in conflict; appends what is left
    out to `skips`."""
    official = {name: reader.splits for name, reader in READERS.items()}
    table = link_faces(official_splits(table, official, params.ferplus_public_test), pairs)
    table = split_the_unsplit(table, params.test_fraction, params.seed)
    table, groups = resolve_conflicts(table, params.conflicts, skips)
    table, near_groups = resolve_near_conflicts(table, params.conflicts, skips)
    table = drop_copies(table, skips)
    table = carve_validation(table, params.validation_fraction, params.seed)
    if not len(table):
        raise InputError("No face is left: identical faces disagree on all labels. Look into the datasets.")
    table = take_at_most(table, params.max_faces, params.seed, skips)
    table = table.sort_values("split", key=lambda split: split.map(SPLITS.index), kind="stable")
    return table, (groups, near_groups)


def _described(pairs: pd.DataFrame, table: pd.DataFrame, split: pd.Series) -> pd.DataFrame:
    """Each pair with what its faces are, and their splits, '' where a face was left out."""
    columns = ["source", "official_split", "row", "file", "expression", "sha256"]
    for side in ("first", "second"):
        facts = table.loc[pairs[side], columns].assign(split=split.reindex(pairs[side]).fillna(""))
        pairs = pairs.join(facts.set_axis(pairs.index).add_prefix(f"{side}_"))
    return pairs


def _write_store(folder: Path, sources: list[LabelledFaces], chosen: pd.DataFrame, report: Report) -> pd.DataFrame:
    """Write the chosen faces and their table; the index of `chosen` is the position among the sources' faces."""
    positions = chosen.index.to_numpy()
    shape = (len(chosen), IMAGE_SIZE, IMAGE_SIZE)
    with (folder / IMAGES).open("wb") as stream:  # not a memory map: on a full disk, writing to one kills the process
        np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for begin in range(0, len(chosen), _COPY):
            stream.write(_gather(sources, positions[begin : begin + _COPY]).tobytes())
            report(Progress("writing faces", min(begin + _COPY, len(chosen)), len(chosen)))
    chosen = chosen.reset_index(drop=True)
    chosen.insert(0, "index", np.arange(len(chosen)))
    write_table(folder / TABLE, chosen)
    return chosen


def _gather(sources: list[LabelledFaces], positions: np.ndarray) -> np.ndarray:
    images = np.empty((len(positions), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    start = 0
    for source in sources:
        inside = (positions >= start) & (positions < start + len(source.images))
        images[inside] = source.images[positions[inside] - start]
        start += len(source.images)
    return images


def _summary(
    out: Path, table: pd.DataFrame, skips: list[Skip], groups: tuple[int, int], near_pairs: int, seconds: float
) -> Merged:
    rules = count_by_rule(skips)

    def counted(column: str) -> dict[str, int]:
        return {str(name): int(count) for name, count in table[column].value_counts(sort=False).items()}

    return Merged(
        out=out,
        faces=len(table),
        by_split=counted("split"),
        by_class=counted("expression"),
        by_source=counted("source"),
        skipped=rules,
        leaks=rules.get(LEAK, 0),
        near_leaks=rules.get(NEAR_LEAK, 0),
        person_leaks=rules.get(PERSON_LEAK, 0),
        duplicates=rules.get(DUPLICATE, 0),
        conflicts=rules.get(CONFLICT, 0),
        conflict_groups=groups[0],
        near_conflicts=rules.get(NEAR_CONFLICT, 0),
        near_conflict_groups=groups[1],
        near_pairs=near_pairs,
        seconds=round(seconds, 2),
    )
