"""Who is who: the pairs of rows and columns of a table that are worth most together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign(worth: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    """Pair rows with columns, each at most once, so that the sum of what the pairs are worth is greatest.

    Parameters
    ----------
    worth
        Shape (rows, columns).
    least
        Pairs that are worth less are not made.

    Returns
    -------
    Pairs (row, column), by row.

    References
    ----------
    The Hungarian method of Kuhn (1955) by shortest augmenting paths, as Jonker and Volgenant (1987) have it:
    O(rows^2 columns).

    Examples
    --------
    >>> assign(np.array([[0.9, 0.8], [0.8, 0.1]]), 0.3)
    [(0, 1), (1, 0)]
    """
    if worth.shape[0] > worth.shape[1]:
        return sorted((row, column) for column, row in assign(worth.T, least))
    # A pair that is not worth making costs as much as none: it must not push others apart.
    cost = -np.where(worth >= least, worth, 0.0)
    owner = _owners(cost)
    pairs = ((int(row), column) for column, row in enumerate(owner) if row >= 0)
    return sorted(pair for pair in pairs if worth[pair] >= least)


def _owners(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each column the row that gets it, or -1, in the cheapest assignment; no more rows than columns."""
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    owner = np.full(columns, -1, np.int64)
    for row in range(rows):
        reach = cost[row] - row_price[row] - column_price
        before, tree = np.full(columns, -1, np.int64), np.zeros(columns, bool)
        while True:
            column = int(np.where(tree, np.inf, reach).argmin())
            length = reach[column]
            tree[column] = True
            if owner[column] < 0:
                break
            further = length + cost[owner[column]] - row_price[owner[column]] - column_price
            nearer = ~tree & (further < reach)
            reach[nearer], before[nearer] = further[nearer], column
        # Move the prices along the tree, so that every pair made keeps costing exactly its two prices.
        change = np.where(tree, length - reach, 0.0)
        taken = np.flatnonzero(tree & (owner >= 0))
        row_price[row] += length
        row_price[owner[taken]] += change[taken]
        column_price -= change
        while column >= 0:
            previous = int(before[column])
            owner[column] = row if previous < 0 else owner[previous]
            column = previous
    return owner
