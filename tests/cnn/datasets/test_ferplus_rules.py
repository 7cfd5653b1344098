"""FER+'s rule for soft labels, against a second version that is spelled out, and what becomes of `unknown` and NF."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnn.datasets.ferplus_rules import count_ballot, distribution, majority
from cnn.labels import FERPLUS_COLUMNS

Votes = tuple[int, ...]
NONE: Votes = (0,) * 10

votes = st.lists(st.integers(0, 9), min_size=10, max_size=10).map(
    lambda columns: tuple(sorted(columns).index(one) for one in columns)
) | st.lists(st.integers(0, 5), min_size=10, max_size=10).map(tuple)


def spelled_out(ballot: Votes) -> Votes:
    """Level by level, by counting heads, as the published program walks."""
    shared = {place: count for place, count in enumerate(ballot) if count >= 2}
    everybody = sum(shared.values())
    kept: dict[int, int] = {}
    while shared and 4 * sum(kept.values()) < 3 * everybody and len(kept) < 3:
        most = max(shared.values())
        for place in [place for place in shared if shared[place] == most]:
            del shared[place]
            if FERPLUS_COLUMNS[place] not in ("unknown", "NF"):
                kept[place] = most
                continue
            if not kept:
                kept[place] = most
            shared.clear()
            break
    if len(kept) > 3 or sum(kept.values()) * 2 <= everybody:
        return NONE
    return tuple(kept.get(place, 0) for place in range(10))


@given(votes)
@example((2, 2, 2, 2, 2, 0, 0, 0, 0, 0))
@example((3, 3, 2, 2, 0, 0, 0, 0, 0, 0))
@example((4, 0, 0, 0, 0, 0, 0, 0, 4, 0))
def test_distribution_is_the_one_spelled_out(ballot: Votes) -> None:
    assert distribution(ballot) == spelled_out(ballot)


@given(votes)
def test_a_majority_is_also_the_top_of_the_distribution(ballot: Votes) -> None:
    winner = majority(ballot)
    if winner is not None:
        kept = distribution(ballot)
        assert kept.index(max(kept)) == FERPLUS_COLUMNS.index(winner)


KEPT = {
    "three quarters are enough": ((8, 2, 0, 0, 0, 0, 0, 0, 0, 0), (8, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    "two share": ((5, 4, 1, 0, 0, 0, 0, 0, 0, 0), (5, 4, 0, 0, 0, 0, 0, 0, 0, 0)),
    "tied ones together": ((4, 2, 2, 2, 0, 0, 0, 0, 0, 0), NONE),
    "three": ((4, 3, 3, 0, 0, 0, 0, 0, 0, 0), (4, 3, 3, 0, 0, 0, 0, 0, 0, 0)),
    "unknown ends it": ((6, 0, 0, 0, 0, 0, 0, 0, 4, 0), (6, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    "unknown as first": ((4, 0, 0, 0, 0, 0, 0, 0, 6, 0), (0, 0, 0, 0, 0, 0, 0, 0, 6, 0)),
    "half is too little": ((5, 0, 0, 0, 0, 0, 0, 0, 5, 0), NONE),
    "not a face": ((0, 0, 0, 0, 0, 0, 0, 0, 0, 10), (0, 0, 0, 0, 0, 0, 0, 0, 0, 10)),
}


@pytest.mark.parametrize("kind", KEPT)
def test_distribution(kind: str) -> None:
    given_votes, kept = KEPT[kind]
    assert distribution(given_votes) == kept


def test_ballot_by_majority_keeps_all_votes() -> None:
    ballot = count_ballot((6, 3, 1, 0, 0, 0, 0, 0, 0, 0), "majority")
    assert (ballot.winner, ballot.votes) == ("neutral", (6, 3, 1, 0, 0, 0, 0, 0, 0, 0))


def test_ballot_by_distribution_keeps_those_of_the_rule_and_knows_ties() -> None:
    ballot = count_ballot((5, 4, 1, 0, 0, 0, 0, 0, 0, 0), "distribution")
    assert (ballot.winner, sum(ballot.votes)) == ("neutral", 9)
    assert count_ballot((5, 5, 0, 0, 0, 0, 0, 0, 0, 0), "distribution").winner is None
    assert count_ballot(NONE, "distribution").winner is None


def test_dropping_unknown_lets_the_others_decide() -> None:
    votes = (4, 0, 0, 0, 0, 0, 0, 0, 5, 1)
    assert count_ballot(votes, "majority").winner == "unknown"
    assert count_ballot(votes, "majority", drop_unknown=True).winner == "neutral"
