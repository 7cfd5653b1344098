"""The rules of the merge, each from a table of faces to the table of those kept, with a `split` column.

Rows keep their index throughout: it is the face's position among all that were read. What is in test depends on the
test rows alone, `max_faces` apart: no training or validation row takes a face out of it or decides on its label.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from runs.skips import Skip

CONFLICT = "identical faces must have one label"
LEAK = "face must not be in two splits"
DUPLICATE = "face must be there once"
LIMIT = "no more faces than `max_faces`"

_RANKS = {"test": 0, "validation": 1, "train": 2}
"""Of identical faces in several splits, those in the split with the lowest rank stay, and decide on the label."""


def official_splits(table: pd.DataFrame, public_test: str) -> pd.DataFrame:
    """Add `split`, as the datasets' authors meant it.

    Training rows train. AffectNet's validation list is test, as everyone measures on it: its test set was never
    published. FER2013's PrivateTest is test; its PublicTest is what `public_test` says ('validation', 'test'), or, for
    'auto', validation where there is a PrivateTest and test otherwise.
    """
    if public_test == "auto":
        public_test = "validation" if (table["official_split"] == "PrivateTest").any() else "test"
    splits = {"Training": "train", "PublicTest": public_test, "PrivateTest": "test"}
    splits |= {"training": "train", "validation": "test"}
    return table.assign(split=table["official_split"].map(splits))


def link_photos(table: pd.DataFrame) -> pd.DataFrame:
    """Add `group`, see `photo_groups`: on all faces, as each that a rule leaves out may be a link between others."""
    return table.assign(group=photo_groups(table))


def resolve_conflicts(table: pd.DataFrame, rule: str, skips: list[Skip]) -> tuple[pd.DataFrame, int]:
    """Leave out identical faces whose labels disagree; no label is ever changed.

    Which label is right is decided by the copies in test, where there are any, otherwise by those in validation, and
    only otherwise by those in training: however many training copies say something else, the test set stays.

    Parameters
    ----------
    rule
        'majority': most of those that decide; the copies with their label are kept, and none where two labels have
        equally many. 'drop': all of them must agree, and none is kept otherwise.

    Returns
    -------
    The faces kept, and the number of groups of identical faces that disagreed.
    """
    labels = table.groupby("sha256")["label"].transform("nunique")
    disputed = table[labels > 1]
    out: list[pd.DataFrame] = []
    for _, copies in disputed.groupby("sha256"):
        ranks = copies["split"].map(_RANKS)
        deciding = copies.loc[ranks == ranks.min(), "label"]
        right = deciding.mode() if rule == "majority" else deciding.drop_duplicates()
        out.append(copies[copies["label"] != right.iloc[0]] if len(right) == 1 else copies)
    lost = pd.concat(out) if out else disputed
    remedy = "Nothing to do, or correct the labels at their source."
    return _without(table, lost, CONFLICT, skips, remedy), len(out)


def drop_copies(table: pd.DataFrame, skips: list[Skip]) -> pd.DataFrame:
    """Keep one of all identical faces: that in test before validation before train, and there the first.

    Between splits, all faces of one `group` count as identical: those from one picture file, whatever their boxes.
    """
    ranks = table["split"].map(_RANKS)
    leaks = table[ranks > ranks.groupby(table["group"]).transform("min")]
    remedy = "Nothing to do: the copy in the split that is kept for measuring stays."
    table = _without(table, leaks, LEAK, skips, remedy)
    copies = table[table.duplicated("sha256")]
    return _without(table, copies, DUPLICATE, skips, "Nothing to do: the first copy stays.")


def carve_validation(table: pd.DataFrame, fraction: float, seed: int) -> pd.DataFrame:
    """Move a share of the training faces to validation, in every dataset that has no validation faces of its own.

    `fraction` of the photographs in each class of each dataset, at least one where there are two; faces of one `group`
    stay together. A face's turn depends on `seed` and its own content, not on what else is merged.
    """
    own = table.loc[table["split"] == "validation", "source"].unique()
    training = table[(table["split"] == "train") & ~table["source"].isin(own)]
    if not len(training) or not fraction:
        return table
    photos = training.assign(turn=_turns(training, seed)).sort_values("turn")
    firsts = photos.drop_duplicates("group")
    place = firsts.groupby(["source", "label"]).cumcount()
    sizes = firsts.groupby(["source", "label"])["turn"].transform("size")
    wanted = (sizes * fraction).round().clip(lower=(sizes > 1).astype(float))
    chosen = photos.index[photos["group"].isin(firsts.loc[place < wanted, "group"])]
    return table.assign(split=table["split"].where(~table.index.isin(chosen), "validation"))


def take_at_most(table: pd.DataFrame, most: int | None, seed: int, skips: list[Skip]) -> pd.DataFrame:
    """Keep `most` faces (None: all), chosen by `seed` and the faces' content."""
    if most is None or len(table) <= most:
        return table
    kept = _turns(table, seed + 1).sort_values().index[:most]  # + 1: not the order that validation was carved in
    lost = table[~table.index.isin(kept)]
    return _without(table, lost, LIMIT, skips, "Raise `max_faces`, or leave it out.")


def photo_groups(table: pd.DataFrame) -> pd.Series:
    """A number for each face, the same for faces with the same pixels or from the same picture file, in any chain."""
    groups = pd.Series(np.arange(len(table)), index=table.index)
    while True:
        joined = groups
        for column in ("sha256", "original_sha256"):
            joined = joined.groupby(table[column]).transform("min")
        if joined.equals(groups):
            return groups
        groups = joined


def _turns(table: pd.DataFrame, seed: int) -> pd.Series:
    keys = [hashlib.sha256(f"{seed}:{sha256}".encode()).hexdigest() for sha256 in table["sha256"]]
    return pd.Series(keys, index=table.index, dtype="str")


def _without(table: pd.DataFrame, lost: pd.DataFrame, rule: str, skips: list[Skip], remedy: str) -> pd.DataFrame:
    lost = lost.sort_index()
    columns = ("source", "official_split", "row", "expression", "sha256")
    for source, official, row, expression, sha256 in zip(*(lost[name] for name in columns), strict=True):
        skips.append(Skip(f"{source}/{official}", int(row), rule, f"{expression} {sha256[:12]}", remedy))
    return table.drop(index=lost.index)
