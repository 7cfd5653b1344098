"""FER+'s two published rules that make a label of ten votes.

References
----------
Barsoum et al., "Training deep networks for facial expression recognition with crowd-sourced label distribution", 2016.
What the paper leaves open (single votes, ties, the share that must be kept) is as in Microsoft's `src/ferplus.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cnn.labels import FERPLUS_COLUMNS

_NO_EMOTION = FERPLUS_COLUMNS.index("unknown")
"""`unknown` and `NF` are the last two columns."""

_MOST_EMOTIONS = 3
_ENOUGH = 0.75


@dataclass(frozen=True)
class Ballot:
    """`winner`: the winning column, None where none wins; `votes`: ten counts, those that the rule goes by."""

    winner: str | None
    votes: tuple[int, ...]


def count_ballot(
    votes: Sequence[int], rule: Literal["majority", "distribution"], *, drop_unknown: bool = False
) -> Ballot:
    """Who wins by `majority`, with all votes, or by `distribution`, with the votes that it keeps.

    Parameters
    ----------
    votes
        Ten counts in the order of `FERPLUS_COLUMNS`.
    drop_unknown
        Take the votes for `unknown` and `NF` away first.
    """
    given = tuple(votes[:_NO_EMOTION]) + (0, 0) if drop_unknown else tuple(votes)
    if rule == "majority":
        return Ballot(majority(given), given)
    kept = distribution(given)
    top = [name for name, count in zip(FERPLUS_COLUMNS, kept, strict=True) if count == max(kept) > 0]
    return Ballot(top[0] if len(top) == 1 else None, kept)


def majority(votes: Sequence[int]) -> str | None:
    """FER+'s published majority rule: the column that wins, or None where none does.

    Single votes are dropped; the column with the most votes wins if it has more than half of those left.

    Parameters
    ----------
    votes
        Ten counts in the order of `FERPLUS_COLUMNS`.

    Examples
    --------
    >>> majority([4, 5, 1, 0, 0, 0, 0, 0, 0, 0])
    'happiness'
    >>> majority([5, 5, 0, 0, 0, 0, 0, 0, 0, 0]) is None
    True
    """
    left = [count if count > 1 else 0 for count in votes]
    top = max(left)
    return FERPLUS_COLUMNS[left.index(top)] if 2 * top > sum(left) else None


def distribution(votes: Sequence[int]) -> tuple[int, ...]:
    """FER+'s published rule for soft labels: the votes it keeps, or ten zeros where it discards the face.

    Single votes are dropped. Then columns are kept, those with the most votes first and tied ones together, until they
    hold three quarters of the votes left, or are three; `unknown` or `NF` ends this, and is kept only as the first. The
    face is discarded when the kept columns are more than three, or hold no more than half of the votes left.

    Parameters
    ----------
    votes
        Ten counts in the order of `FERPLUS_COLUMNS`.

    Examples
    --------
    >>> distribution([5, 4, 1, 0, 0, 0, 0, 0, 0, 0])
    (5, 4, 0, 0, 0, 0, 0, 0, 0, 0)
    >>> distribution([9, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    (9, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    """
    left = [count if count > 1 else 0 for count in votes]
    kept = _largest(left)
    held = sum(left[column] for column in kept)
    if len(kept) > _MOST_EMOTIONS or 2 * held <= sum(left):
        return (0,) * len(left)
    return tuple(count if column in kept else 0 for column, count in enumerate(left))


def _largest(left: list[int]) -> list[int]:
    kept: list[int] = []
    for level in sorted(set(left) - {0}, reverse=True):
        if sum(left[column] for column in kept) >= _ENOUGH * sum(left) or len(kept) >= _MOST_EMOTIONS:
            break
        tied = [column for column, count in enumerate(left) if count == level]
        kept += [column for column in tied if column < _NO_EMOTION]
        if tied[-1] >= _NO_EMOTION:
            return kept or tied[:1]
    return kept
