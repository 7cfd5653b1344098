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

AFFECTNET_FORMS: dict[str, tuple[str, ...]] = {
    "affectnet": ("training.csv", "validation.csv"),
    "affectnet_npy": ("train_set", "val_set"),
}
"""What a folder of each form of AffectNet holds, any of it; that of AffectNet+ is called otherwise."""


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
    """The name of the reader for an AffectNet folder, told from what it holds: csv files, ``train_set/``, or else
    AffectNet+'s JSON files."""
    for name, entries in AFFECTNET_FORMS.items():
        if any((folder / entry).exists() for entry in entries):
            return name
    holds_json = folder.is_dir() and next(folder.rglob("*.json"), None) is not None
    return "affectnet_plus" if holds_json else "affectnet"


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
