"""All readers by name, and the rule that stops a run on too much bad data."""

from __future__ import annotations

from cnn.datasets import (  # noqa: F401  (importing a module enters its reader)
    affectnet,
    affectnet_npy,
    affectnet_plus,
    ckplus,
    fer2013,
    ferplus,
    folder,
    mpi,
)
from cnn.datasets.reader import EXCLUSIONS, READERS, Reader
from cnn.datasets.table import LabelledFaces
from cnn.errors import InputError
from runs.skips import Skip, count_by_rule

__all__ = ["MAX_SKIPPED_SHARE", "READERS", "Reader", "check_skipped_share", "faults", "skipped_share"]

MAX_SKIPPED_SHARE = 0.2
"""The default of `max_skipped_share`."""

_LISTED = 20


def faults(skips: list[Skip]) -> list[Skip]:
    """The skips that are faults of the data.

    Not those of classes that we do not train, of rows without a majority of votes, and the like: `EXCLUSIONS`.
    """
    return [skip for skip in skips if skip.rule not in EXCLUSIONS]


def skipped_share(faces: LabelledFaces) -> float:
    """Faults as a share of the rows that should have been usable: faces and faults. 0 where there are no rows."""
    lost = len(faults(faces.skips))
    return lost / max(1, lost + len(faces.table))


def check_skipped_share(name: str, faces: LabelledFaces, max_skipped_share: float = MAX_SKIPPED_SHARE) -> None:
    """Stop where more than `max_skipped_share` of a dataset's rows are faults (see `skipped_share`).

    Raises
    ------
    InputError
        It is more; the message counts the faults by rule and lists the first of them.
    """
    share = skipped_share(faces)
    if share <= max_skipped_share:
        return
    found = faults(faces.skips)
    rules = "\n".join(f"  {count} x {rule}" for rule, count in count_by_rule(found).items())
    first = "\n".join(f"  {skip}" for skip in found[:_LISTED])
    rest = f"\n  and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    raise InputError(
        f"`{name}`: at most {max_skipped_share:.0%} of the rows may be faulty (`max_skipped_share`). Got {share:.1%}: "
        f"{len(found)} of {len(found) + len(faces.table)}.\n{rules}\nThe first of them:\n{first}{rest}\n"
        "Get the dataset whole, or raise `max_skipped_share` if you know why."
    )
