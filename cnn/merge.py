"""Merge the datasets into the five classes: one table, one array of faces, and no face on both sides of a split."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from annotated_types import Ge, Lt

from cnn.datasets.affectnet import read_affectnet
from cnn.datasets.fer2013 import read_fer2013
from cnn.datasets.ferplus import read_ferplus
from cnn.datasets.table import IMAGE_SIZE, LabelledFaces
from cnn.errors import InputError
from cnn.merge_report import write_reports
from cnn.merge_rules import (
    CONFLICT,
    DUPLICATE,
    LEAK,
    carve_validation,
    drop_copies,
    link_photos,
    official_splits,
    resolve_conflicts,
    take_at_most,
)
from cnn.store import IMAGES, SPLITS, STORE_COLUMNS, TABLE
from runs.files import replacing_folder
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from runs.skips import Skip, count_by_rule

_OUTPUTS = (IMAGES, TABLE, "counts.csv", "counts.png", "skipped.csv", "report.json")
_COPY = 4096
"""Faces copied at once, about 9 MB."""


@dataclass(frozen=True, kw_only=True)
class MergeParams(Parameters):
    """How the datasets are merged."""

    validation_fraction: Annotated[float, Ge(0), Lt(1)] = 0.1
    """Share of the training faces, in each class of each dataset, set aside for validation where it has no own."""

    seed: Annotated[int, Ge(0)] = 0
    """Chooses which faces go to validation; the same seed chooses the same faces whatever else is merged."""

    max_faces: Annotated[int, Ge(1)] | None = None
    """At most so many faces in all, chosen by the seed, for a quick try. None: all."""

    ferplus_public_test: Literal["auto", "validation", "test"] = "auto"
    """What FER2013's PublicTest is for. PrivateTest is always test. auto: validation where there is a PrivateTest,
    as its authors meant it; otherwise test."""

    conflicts: Literal["majority", "drop"] = "majority"
    """What becomes of identical faces with different labels. Those in test decide, without any those in validation,
    without any the others. majority: those with the label that most of these have are kept, and none where two labels
    have equally many. drop: none is kept unless these agree."""


@dataclass(frozen=True)
class Merged:
    """What `merge` wrote.

    `faces`, `by_split`, `by_class` and `by_source` count the faces of the store; `skipped` counts by rule all that
    was left out, of which `leaks` were identical to a face of another split, `duplicates` to one of the same split,
    and `conflicts` were identical faces that their labels disagree on, in `conflict_groups` groups.
    """

    out: Path
    faces: int
    by_split: dict[str, int]
    by_class: dict[str, int]
    by_source: dict[str, int]
    skipped: dict[str, int]
    leaks: int
    duplicates: int
    conflicts: int
    conflict_groups: int
    seconds: float


def merge(
    out: Path,
    params: MergeParams = MergeParams(),
    *,
    fer2013: Path | None = None,
    ferplus: Path | None = None,
    affectnet: Path | None = None,
    report: Report = silent,
) -> Merged:
    """Read the given datasets and write one store of faces, which `cnn.store.load_faces` opens.

    Faces keep their official split; validation is carved from training, class by class in each dataset. Then three
    rules, in this order, each of which only ever leaves faces out: identical faces (all 48x48 pixels) that are
    labelled differently are settled by `params.conflicts`, where a label in test wins over any in training; a face
    whose like is in test is left out of training and validation, and likewise for validation over training, where the
    same picture file counts as well as the same pixels, and any chain of the two; and of identical faces in one split
    the first is kept.

    Parameters
    ----------
    out
        The folder to write, whole or not at all: ``images.npy``, ``faces.parquet`` (`cnn.store.STORE_COLUMNS`,
        sorted by split), ``counts.csv``, ``counts.png``, ``skipped.csv`` and ``report.json``. An older one is replaced.
    fer2013
        FER2013's csv, or the folder that holds it; labelled by itself where `ferplus` is not given.
    ferplus
        FER+'s ``fer2013new.csv``, or the folder that holds it; needs `fer2013`.
    affectnet
        The folder with AffectNet's csv form.

    Raises
    ------
    InputError
        No dataset is given, one is missing or breaks its format as a whole, or no face of it is left.
    RunMismatchError
        `out` holds files that no merge wrote; they are not touched.
    """
    _check_arguments(fer2013, ferplus, affectnet)
    start = time.monotonic()
    try:
        with replacing_folder(out, known=_OUTPUTS) as folder, TemporaryDirectory(dir=folder) as scratch:
            sources = _read(Path(scratch), fer2013, ferplus, affectnet, report)
            merged = _merge(out, folder, sources, params, start, report)
    except OSError as error:
        remedy = "Free space, or choose another folder."
        raise InputError(f"`out`: {out} is not written: {error}. {remedy}") from error
    report(Progress(f"merged {merged.faces} faces into {out}", merged.faces, merged.faces))
    return merged


def _check_arguments(fer2013: Path | None, ferplus: Path | None, affectnet: Path | None) -> None:
    if fer2013 is None and ferplus is None and affectnet is None:
        raise InputError("Give at least one dataset: `fer2013`, `ferplus` (with `fer2013`) or `affectnet`. Got none.")
    if ferplus is not None and fer2013 is None:
        raise InputError(f"`ferplus` holds votes without faces: give `fer2013` too. Got `ferplus` {ferplus} alone.")


def _merge(
    out: Path, folder: Path, sources: list[LabelledFaces], params: MergeParams, start: float, report: Report
) -> Merged:
    skips = [skip for source in sources for skip in source.skips]
    table = pd.concat([source.table for source in sources], ignore_index=True)
    chosen, conflict_groups = _choose(table, params, skips)
    chosen = _write_store(folder, sources, chosen, report)
    merged = _summary(out, chosen, skips, conflict_groups, time.monotonic() - start)
    figures = {name: value for name, value in asdict(merged).items() if name != "out"}
    write_reports(folder, chosen, skips, {**figures, "parameters": params.as_dict()})
    return merged


def _read(
    scratch: Path, fer2013: Path | None, ferplus: Path | None, affectnet: Path | None, report: Report
) -> list[LabelledFaces]:
    sources: dict[str, LabelledFaces] = {}
    if fer2013 is not None and ferplus is not None:
        sources["ferplus"] = read_ferplus(fer2013, ferplus, scratch, report)
    elif fer2013 is not None:
        sources["fer2013"] = read_fer2013(fer2013, scratch, report)
    if affectnet is not None:
        sources["affectnet"] = read_affectnet(affectnet, scratch, report)
    for name, source in sources.items():
        _report_source(name, source, report)
    return list(sources.values())


def _report_source(name: str, source: LabelledFaces, report: Report) -> None:
    rules = count_by_rule(source.skips)
    if not len(source.table):
        reasons = "; ".join(f"{rule}: {count}" for rule, count in rules.items()) or "it has no rows"
        raise InputError(f"`{name}`: no usable face is left. {reasons}. Give the dataset whole.")
    report(Progress(f"{name}: {len(source.table)} faces, {len(source.skips)} rows skipped", len(source.table)))
    for rule, count in rules.items():
        report(Progress(f"{name}: skipped {count}: {rule}", count))


def _choose(table: pd.DataFrame, params: MergeParams, skips: list[Skip]) -> tuple[pd.DataFrame, int]:
    """The rows to keep, with their `split`, sorted by split; appends what is left out to `skips`."""
    table = link_photos(official_splits(table, params.ferplus_public_test))
    table, conflict_groups = resolve_conflicts(table, params.conflicts, skips)
    table = drop_copies(table, skips)
    table = carve_validation(table, params.validation_fraction, params.seed)
    if not len(table):
        raise InputError("No face is left: identical faces disagree on all labels. Look into the datasets.")
    table = take_at_most(table, params.max_faces, params.seed, skips)
    return table.sort_values("split", key=lambda split: split.map(SPLITS.index), kind="stable"), conflict_groups


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
    chosen = chosen[list(STORE_COLUMNS)]
    chosen.to_parquet(folder / TABLE, index=False)
    return chosen


def _gather(sources: list[LabelledFaces], positions: np.ndarray) -> np.ndarray:
    images = np.empty((len(positions), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    start = 0
    for source in sources:
        inside = (positions >= start) & (positions < start + len(source.images))
        images[inside] = source.images[positions[inside] - start]
        start += len(source.images)
    return images


def _summary(out: Path, table: pd.DataFrame, skips: list[Skip], conflict_groups: int, seconds: float) -> Merged:
    rules = count_by_rule(skips)

    def counted(column: str) -> dict[str, int]:
        return {str(name): int(count) for name, count in table[column].value_counts(sort=False).items()}

    return Merged(
        out,
        len(table),
        counted("split"),
        counted("expression"),
        counted("source"),
        rules,
        rules.get(LEAK, 0),
        rules.get(DUPLICATE, 0),
        rules.get(CONFLICT, 0),
        conflict_groups,
        round(seconds, 2),
    )
