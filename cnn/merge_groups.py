"""Which faces belong together: the same pixels, photograph, picture or person, in any chain of these."""

from __future__ import annotations

import numpy as np
import pandas as pd


def link_faces(table: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Add four group numbers to each face; faces with the same one belong together. All faces count, as each that a
    rule leaves out later may be a link between others.

    `photo`: the same pixels or the same picture file; `near`: the same pixels or near duplicates; `alike`: any of
    these; `group`: any of these, or the same person (`subject`) of one dataset, where that is known.

    Parameters
    ----------
    pairs
        Near duplicates: `first` and `second` are index values of `table`.
    """
    person = (table["source"] + "/" + table["subject"]).where(table["subject"] != "")
    pixels, photo, same_person = (_to_first(key) for key in (table["sha256"], table["original_sha256"], person))
    near = np.stack([table.index.get_indexer(pd.Index(pairs[name])) for name in ("first", "second")])
    return table.assign(
        photo=_linked(len(table), pixels, photo),
        near=_linked(len(table), pixels, near),
        alike=_linked(len(table), pixels, photo, near),
        group=_linked(len(table), pixels, photo, near, same_person),
    )


def _to_first(key: pd.Series) -> np.ndarray:
    """(2, n): the positions of the faces whose key an earlier one has, and of the first of these. A missing key is
    nobody's."""
    codes, values = pd.factorize(key)
    known = np.flatnonzero(codes >= 0)
    firsts = np.empty(len(values), np.intp)
    firsts[codes[known[::-1]]] = known[::-1]
    first = firsts[codes[known]]
    return np.stack([known, first])[:, known != first]


def _linked(count: int, *links: np.ndarray) -> np.ndarray:
    """The position of the first face that each is linked to, by any chain of `links`, which are pairs of positions."""
    one, other = np.concatenate(links, axis=1)
    groups = np.arange(count)
    while True:
        before = groups.copy()
        least = np.minimum(before[one], before[other])
        np.minimum.at(groups, before[one], least)  # the whole group moves, not the linked face alone
        np.minimum.at(groups, before[other], least)
        groups = groups[groups]
        if np.array_equal(before, groups):
            return groups
