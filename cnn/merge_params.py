"""How datasets are merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le, Lt

from cnn.datasets.registry import MAX_SKIPPED_SHARE
from runs.parameters import Parameters

CORRELATIONS: dict[str, float] = {"strict": 0.9, "normal": 0.8, "loose": 0.75}
"""The least correlation of near duplicates, by `MergeParams.near_duplicates`."""


@dataclass(frozen=True, kw_only=True)
class MergeParams(Parameters):
    """How the datasets are merged."""

    validation_fraction: Annotated[float, Ge(0), Lt(1)] = 0.1
    """Share of the training faces, in each class of each dataset, set aside for validation where it has no own. Where
    the people are known: share of the people."""

    test_fraction: Annotated[float, Ge(0), Lt(1)] = 0.1
    """The same for the test, in datasets without official splits, such as CK+ and MPI. Others keep theirs."""

    seed: Annotated[int, Ge(0)] = 0
    """Chooses which faces go to validation and test; the same seed chooses the same ones whatever else is merged."""

    max_faces: Annotated[int, Ge(1)] | None = None
    """At most so many faces in all, chosen by the seed, for a quick try. None: all."""

    ferplus_public_test: Literal["auto", "validation", "test"] = "auto"
    """What FER2013's PublicTest is for. PrivateTest is always test. auto: validation where there is a PrivateTest,
    as its authors meant it; otherwise test."""

    ferplus_labels: Literal["majority", "distribution", "majority_then_distribution"] = "majority"
    """How FER+'s votes become a label; see `cnn.datasets.ferplus.FerplusParams`. distribution keeps more faces, those
    that two or three classes share: for training with soft labels. majority_then_distribution does so in FER2013's
    Training rows alone: the test stays what the majority rule makes it."""

    face_box: Literal["auto", "detect", "whole"] = "auto"
    """Where the face is in pictures of CK+, MPI and class folders. detect: dlib finds it; whole: they are faces cut out
    already; auto: detect for CK+ and MPI, whole for folders."""

    near_duplicates: Literal["off", "strict", "normal", "loose"] = "normal"
    """Which faces count as one picture though their pixels differ, by how well their fine structure must correlate.
    strict: 0.9; normal: 0.8; loose: 0.75, where about half of the pairs added are only two people alike."""

    conflicts: Literal["majority", "drop"] = "majority"
    """What becomes of identical and nearly identical faces with different labels. Those in test decide, without any
    those in validation, without any the others; in each, those put there by an official split first. majority: those
    with the label that most of these have are kept, and none where two labels have equally many. drop: none is kept
    unless these agree."""

    max_skipped_share: Annotated[float, Ge(0), Le(1)] = MAX_SKIPPED_SHARE
    """Stop where more than this share of a dataset's rows is faulty; the error lists them."""
