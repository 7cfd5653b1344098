"""Near duplicates: pairs of faces that are one picture, though their pixels differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cnn.duplicates.confirm import correlations
from cnn.duplicates.fingerprint import VIEWS
from cnn.duplicates.search import Take, find_candidates
from runs.progress import Report, silent

LIKENESS = 0.86
"""Least likeness of two fingerprints for a closer look. Of the pairs of FER2013 that are one picture, nine in ten have
it; of all others, three in a hundred thousand."""

COLUMNS: dict[str, str] = {
    "first": "int64",
    "second": "int64",
    "distance": "float32",
    "correlation": "float32",
    "mirrored": "bool",
}
"""Of a pair: the positions of its faces, `first` below `second`; how far their fingerprints are apart, 0 to 1 -
`LIKENESS`; how well their fine structure agrees, up to 1; and whether one is the other's mirror image."""


def find_near_duplicates(take: Take, count: int, correlation: float, report: Report = silent) -> pd.DataFrame:
    """Find the pairs among `count` faces that are one picture.

    Two measures must agree: fingerprints that are alike (`cnn.duplicates.search`), and fine structure that correlates
    (`cnn.duplicates.confirm`), both under small shifts, enlargements and mirroring.

    Parameters
    ----------
    take
        Gives faces by their positions, 0 to `count` - 1, as (n, 48, 48) uint8; several threads call it.
    correlation
        The least correlation of a pair that counts.

    Returns
    -------
    `COLUMNS`, in the order of the positions.
    """
    candidates = find_candidates(take, count, LIKENESS, report)
    measured = correlations(take, candidates, report)
    pairs = pd.DataFrame(
        {
            "first": np.minimum(candidates.first, candidates.second),
            "second": np.maximum(candidates.first, candidates.second),
            "distance": 1 - candidates.likeness,
            "correlation": measured,
            "mirrored": np.array([view.mirrored for view in VIEWS])[candidates.view],
        }
    ).astype(COLUMNS)
    found = pairs[pairs["correlation"] >= correlation]
    return found.sort_values(["first", "second"], ignore_index=True)
