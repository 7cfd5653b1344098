"""The rules of the merge, each from a table of faces to the table of those kept, with a `split` column.

Rows keep their index throughout: it is the face's position among all that were read. What is in test of a dataset with
official splits depends on the test rows alone, `max_faces` apart: no training or validation row takes a face out of it
or decides on its label, and faces that are only nearly identical do not either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pandas as pd

from runs.skips import Skip

CONFLICT = "identical faces must have one label"
NEAR_CONFLICT = "nearly identical faces must have one label"
LEAK = "face must not be in two splits"
NEAR_LEAK = "nearly identical face must not be in two splits"
PERSON_LEAK = "person must not be in two splits"
DUPLICATE = "face must be there once"
LIMIT = "no more faces than `max_faces`"

_RANKS = {"test": 0, "validation": 1, "train": 2}
"""Of identical faces in several splits, those in the split with the lowest rank stay, and decide on the label."""


def official_splits(
    table: pd.DataFrame, splits: Mapping[str, Mapping[str, str]], public_test: str = "auto"
) -> pd.DataFrame:
    """Add `split`, as the datasets' authors meant it, and '' where they meant none.

    Training rows train. AffectNet's validation list is test, as everyone measures on it: its test set was never
    published. FER2013's PrivateTest is test; its PublicTest is what `public_test` says ('validation', 'test'), or, for
    'auto', validation where there is a PrivateTest and test otherwise.

    Parameters
    ----------
    splits
        Of every source: what its `official_split` means; see `cnn.datasets.reader.Reader`.
    """
    if public_test == "auto":
        public_test = "validation" if (table["official_split"] == "PrivateTest").any() else "test"
    found = [
        public_test if official == "PublicTest" else splits[source][official] if official else ""
        for source, official in zip(table["source"], table["official_split"], strict=True)
    ]
    return table.assign(split=pd.Series(found, index=table.index, dtype="str"))


def split_the_unsplit(table: pd.DataFrame, test_fraction: float, seed: int) -> pd.DataFrame:
    """Give a split to the faces that have none, whole groups at a time.

    A group with faces of official splits goes where those are: to test before validation before train. Of the others
    `test_fraction` is carved as test as `carve_validation` does, and the rest trains.
    """
    free = table["split"] == ""
    ranks = table["split"].map(_RANKS).groupby(table["group"]).transform("min")
    linked = ranks.map({rank: split for split, rank in _RANKS.items()})
    split = table["split"].where(~free, linked.fillna(""))
    chosen = _carved(table[split == ""], test_fraction, seed + 2)  # + 2: another order than that of validation
    split = split.mask(table.index.isin(chosen), "test")
    return table.assign(split=split.where(split != "", "train"))


def resolve_conflicts(table: pd.DataFrame, rule: str, skips: list[Skip]) -> tuple[pd.DataFrame, int]:
    """Leave out identical faces whose labels disagree; no label is ever changed.

    Which label is right is decided by the copies in test, where there are any, otherwise by those in validation, and
    only otherwise by those in training: however many training copies say something else, the test set stays. Within a
    split, copies from datasets with official splits decide before those that were put there because of them.

    Parameters
    ----------
    rule
        'majority': most of those that decide; the copies with their label are kept, and none where two labels have
        equally many. 'drop': all of them must agree, and none is kept otherwise.

    Returns
    -------
    The faces kept, and the number of groups of identical faces that disagreed.
    """
    lost, groups = _disputed(table, "sha256", rule)
    remedy = "Nothing to do, or correct the labels at their source."
    return _without(table, lost, CONFLICT, skips, remedy), groups


def resolve_near_conflicts(table: pd.DataFrame, rule: str, skips: list[Skip]) -> tuple[pd.DataFrame, int]:
    """`resolve_conflicts` among near duplicates (`near`), but that no face in test is left out."""
    lost, groups = _disputed(table, "near", rule)
    lost = lost[lost["split"] != "test"]
    remedy = "Nothing to do, or correct the labels at their source: near_duplicates.csv has the pairs."
    return _without(table, lost, NEAR_CONFLICT, skips, remedy), groups


def _disputed(table: pd.DataFrame, key: str, rule: str) -> tuple[pd.DataFrame, int]:
    """The faces whose label loses among those of one `key`, and the number of keys whose faces disagree."""
    labels = table.groupby(key)["label"].transform("nunique")
    disputed = table[labels > 1]
    out: list[pd.DataFrame] = []
    for _, copies in disputed.groupby(key):
        ranks = copies["split"].map(_RANKS) * 2 + (copies["official_split"] == "")
        deciding = copies.loc[ranks == ranks.min(), "label"]
        right = deciding.mode() if rule == "majority" else deciding.drop_duplicates()
        out.append(copies[copies["label"] != right.iloc[0]] if len(right) == 1 else copies)
    return pd.concat(out) if out else disputed, len(out)


def drop_copies(table: pd.DataFrame, skips: list[Skip]) -> pd.DataFrame:
    """Keep one of all identical faces: that in test before validation before train, and there the first.

    Between splits, all faces of one `group` count as identical: those from one picture file, whatever their boxes, near
    duplicates, and those of one person. Within a split only identical ones do, and the first is that of a dataset with
    official splits, where there is one.
    """
    remedy = "Nothing to do: the copy in the split that is kept for measuring stays."
    for column, rule in (("photo", LEAK), ("alike", NEAR_LEAK), ("group", PERSON_LEAK)):
        ranks = table["split"].map(_RANKS)
        leaks = table[ranks > ranks.groupby(table[column]).transform("min")]
        table = _without(table, leaks, rule, skips, remedy)
    copies = table[table.duplicated("sha256", keep=False)]
    copies = copies.loc[(copies["official_split"] == "").sort_values(kind="stable").index]
    return _without(
        table, copies[copies.duplicated("sha256")], DUPLICATE, skips, "Nothing to do: the first copy stays."
    )


def carve_validation(table: pd.DataFrame, fraction: float, seed: int) -> pd.DataFrame:
    """Move a share of the training faces to validation, in every dataset that has no validation faces of its own.

    `fraction` of the photographs in each class of each dataset, at least one where there are two, or of the people
    where they are known; faces of one `group` stay together. A face's turn depends on `seed` and its own content or
    person, not on what else is merged.
    """
    own = table.loc[table["split"] == "validation", "source"].unique()
    training = table[table["split"] == "train"]
    bound = training.loc[training["source"].isin(own), "group"]
    chosen = _carved(training[~training["group"].isin(bound)], fraction, seed)
    return table.assign(split=table["split"].mask(table.index.isin(chosen), "validation"))


def _carved(table: pd.DataFrame, fraction: float, seed: int) -> pd.Index:
    """The rows of the groups whose turn comes first, a `fraction` of the groups in each stratum of each dataset."""
    if not len(table) or not fraction:
        return table.index[:0]
    stratum = table["label"].where(table["subject"] == "", -1)
    faces = table.assign(turn=_turns(table, seed), stratum=stratum).sort_values("turn")
    firsts = faces.drop_duplicates("group")
    groups = firsts.groupby(["source", "stratum"])["turn"]
    sizes = groups.transform("size")
    wanted = (sizes * fraction).round().clip(lower=(sizes > 1).astype(float))
    return faces.index[faces["group"].isin(firsts.loc[groups.cumcount() < wanted, "group"])]


def take_at_most(table: pd.DataFrame, most: int | None, seed: int, skips: list[Skip]) -> pd.DataFrame:
    """Keep `most` faces (None: all), chosen by `seed` and the faces' content."""
    if most is None or len(table) <= most:
        return table
    kept = _turns(table, seed + 1).sort_values().index[:most]  # + 1: not the order that validation was carved in
    lost = table[~table.index.isin(kept)]
    return _without(table, lost, LIMIT, skips, "Raise `max_faces`, or leave it out.")


def _turns(table: pd.DataFrame, seed: int) -> pd.Series:
    people = table["source"] + "/" + table["subject"]
    names = table["sha256"].where(table["subject"] == "", people)
    keys = [hashlib.sha256(f"{seed}:{name}".encode()).hexdigest() for name in names]
    return pd.Series(keys, index=table.index, dtype="str")


def _without(table: pd.DataFrame, lost: pd.DataFrame, rule: str, skips: list[Skip], remedy: str) -> pd.DataFrame:
    lost = lost.sort_index()
    columns = ("source", "official_split", "row", "expression", "sha256")
    for source, official, row, expression, sha256 in zip(*(lost[name] for name in columns), strict=True):
        skips.append(Skip(f"{source}/{official}", int(row), rule, f"{expression} {sha256[:12]}", remedy))
    return table.drop(index=lost.index)
