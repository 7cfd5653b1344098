"""Read the datasets that are to be merged."""

from __future__ import annotations

from pathlib import Path

from cnn.datasets.ferplus import FerplusParams, read_ferplus
from cnn.datasets.registry import READERS, check_skipped_share
from cnn.datasets.table import LabelledFaces
from cnn.errors import InputError
from cnn.merge_params import MergeParams
from runs.parameters import Parameters
from runs.progress import Progress, Report
from runs.skips import count_by_rule


def read_sources(
    scratch: Path, datasets: dict[str, Path], ferplus: Path | None, params: MergeParams, report: Report
) -> list[LabelledFaces]:
    """Read every dataset with the reader of its name in `READERS`, and FER2013 with its votes where they are given.

    Raises
    ------
    InputError
        A dataset is missing or breaks its format, has too many faulty rows, or no usable one.
    """
    return [_read(scratch, name, path, ferplus, params, report) for name, path in datasets.items()]


def affectnet_form(folder: Path) -> str:
    """The name of the reader for an AffectNet folder, told from what it holds: csv files, npy annotations, AffectNet+'s
    JSON files, or else the two sets of the npy form."""
    if _holds(folder, "training.csv", "validation.csv"):
        return "affectnet"
    if _holds(folder, "train_set/annotations", "val_set/annotations"):
        return "affectnet_npy"
    if folder.is_dir() and next(folder.rglob("*.json"), None) is not None:
        return "affectnet_plus"
    return "affectnet_npy" if _holds(folder, "train_set", "val_set") else "affectnet"


def _holds(folder: Path, *names: str) -> bool:
    return any((folder / name).exists() for name in names)


def _read(
    scratch: Path, name: str, path: Path, ferplus: Path | None, params: MergeParams, report: Report
) -> LabelledFaces:
    if name == "fer2013" and ferplus is not None:
        labels = FerplusParams(labels=params.ferplus_labels)
        name, source = "ferplus", read_ferplus(path, ferplus, scratch, report, params=labels)
    else:
        source = READERS[name].read(path, scratch, report, _reader_params(name, params.face_box))
    check_skipped_share(name, source, params.max_skipped_share)
    rules = count_by_rule(source.skips)
    if not len(source.table):
        reasons = "; ".join(f"{rule}: {count}" for rule, count in rules.items()) or "it has no rows"
        raise InputError(f"`{name}`: no usable face is left. {reasons}. Give the dataset whole.")
    report(Progress(f"{name}: {len(source.table)} faces, {len(source.skips)} rows skipped", len(source.table)))
    for rule, count in rules.items():
        report(Progress(f"{name}: skipped {count}: {rule}", count))
    return source


def _reader_params(name: str, face_box: str) -> Parameters | None:
    """What a reader that looks for faces in pictures is told; None: its own defaults."""
    kind = READERS[name].params
    return None if kind is None or face_box == "auto" else kind.from_plain({"face_box": face_box})
