"""The factory's lines as one table: which step reads what, and what it writes.

Flows, the command line and `dvc.yaml` name the same steps in the same order; `tests/flows/test_pipeline.py`
holds them against this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cascade.collect import CollectParams
from cascade.doctor.params import CheckParams
from cascade.evaluate import EvaluateCascadeParams
from cascade.samples import SampleParams
from cascade.train import CascadeTrainParams
from cnn.evaluate import EvaluateCnnParams
from cnn.merge import MergeParams
from cnn.train import CnnTrainParams
from pair.params import EvaluatePairParams
from runs.parameters import Parameters
from tasks.publish_models import RegisterParams


@dataclass(frozen=True)
class Step:
    """One step: its name, where it reads, what it writes below the work folder, and its parameters' type.

    `reads` are paths: those that begin with ``data/`` lie in the data folder, the others are earlier steps'
    outputs in the work folder. `other_params` are other steps' parameters that it reads too.
    """

    name: str
    reads: tuple[str, ...]
    writes: str | None
    params: type[Parameters] | None
    other_params: tuple[str, ...] = ()


_CHECKED = ("collect", "create_samples", "train_cascade")

CASCADE_LINE: tuple[Step, ...] = (
    Step("check", ("data/positives", "data/negatives"), "check", CheckParams, _CHECKED),
    Step("collect", ("data/positives", "data/negatives"), "collected", CollectParams, ("create_samples",)),
    Step("describe", ("collected",), "described", None),
    Step("create_samples", ("described", "collected"), "samples", SampleParams),
    Step("train_cascade", ("samples", "described", "collected"), "cascade", CascadeTrainParams),
    Step("evaluate_cascade", ("cascade", "data/scenes", "samples"), "cascade_score", EvaluateCascadeParams),
    Step("register_cascade", ("cascade", "cascade_score"), None, RegisterParams),
)

CNN_LINE: tuple[Step, ...] = (
    Step("merge", ("data/fer2013", "data/affectnet"), "faces", MergeParams),
    Step("train_cnn", ("faces",), "cnn", CnnTrainParams),
    Step("evaluate_cnn", ("cnn", "faces"), "cnn_score", EvaluateCnnParams),
    Step("register_cnn", ("cnn", "cnn_score"), None, RegisterParams),
)

PAIR_LINE: tuple[Step, ...] = (
    Step(
        "evaluate_pair",
        ("cascade", "cnn", "data/expression_scenes", "cascade_score"),
        "pair_score",
        EvaluatePairParams,
    ),
    Step("register_pair", ("cascade", "cascade_score", "cnn", "cnn_score", "pair_score"), None, RegisterParams),
)
"""What follows both lines where there are scenes labelled with expressions."""


def section(step: Step) -> str:
    """The section of `params.yaml` that a step reads; all that register read one."""
    return "registration" if step.name.startswith("register_") else step.name


SECTIONS = frozenset(
    [*(section(step) for step in CASCADE_LINE + CNN_LINE + PAIR_LINE if step.params), "promotion", "drift"]
)
"""All sections that `params.yaml` may have."""


@dataclass(frozen=True)
class Layout:
    """Where the two lines read and write: `data` holds raw inputs, `work` everything that steps make."""

    data: Path = Path("data")
    work: Path = Path("work")

    @property
    def positives(self) -> Path:
        """Pictures of the object, with boxes in ``info.lst`` where they are more than the object."""
        return self.data / "positives"

    @property
    def negatives(self) -> Path:
        """Pictures without the object."""
        return self.data / "negatives"

    @property
    def scenes(self) -> Path:
        """Pictures with ground truth in ``info.lst``, to measure the cascade on."""
        return self.data / "scenes"

    @property
    def expression_scenes(self) -> Path | None:
        """Pictures whose faces are labelled with expressions, to measure both models on; None where there are none."""
        return _folder(self.data / "expression_scenes")

    @property
    def fer2013(self) -> Path | None:
        """The FER2013 table, under any of the names it goes by; None where there is none."""
        return _first(self.data / "fer2013", "fer2013.csv*", "icml_face_data.csv*")

    @property
    def ferplus(self) -> Path | None:
        """The FER+ votes of the same rows; None where there are none."""
        return _first(self.data / "fer2013", "fer2013new.csv*")

    @property
    def affectnet(self) -> Path | None:
        """AffectNet's folder, in any of its forms; None where there is none."""
        return _folder(self.data / "affectnet")

    @property
    def datasets(self) -> dict[str, Path | None]:
        """All labelled faces, by the names that the merge knows them by; None where there are none."""
        folders = {name: _folder(self.data / name) for name in ("ckplus", "mpi", "folders")}
        return {"fer2013": self.fer2013, "ferplus": self.ferplus, "affectnet": self.affectnet, **folders}

    def output(self, step: str) -> Path:
        """The folder that a step writes."""
        writes = {each.name: each.writes for each in CASCADE_LINE + CNN_LINE + PAIR_LINE}[step]
        if writes is None:
            raise KeyError(f"step {step!r} writes no folder")
        return self.work / writes

    @property
    def info(self) -> Path:
        """The description file of the positives."""
        return self.output("describe") / "info.lst"

    @property
    def background(self) -> Path:
        """The description file of the negatives."""
        return self.output("describe") / "bg.txt"

    @property
    def vec(self) -> Path:
        """The positive samples, cut to the window."""
        return self.output("create_samples") / "positives.vec"

    @property
    def cascade(self) -> Path:
        """The trained cascade."""
        return self.output("train_cascade") / "cascade.xml"

    @property
    def cnn(self) -> Path:
        """The trained network, its preprocessing inside."""
        return self.output("train_cnn") / "model.keras"


def _folder(path: Path) -> Path | None:
    return path if path.is_dir() else None


def _first(folder: Path, *patterns: str) -> Path | None:
    return next((path for pattern in patterns for path in sorted(folder.glob(pattern))), None)
