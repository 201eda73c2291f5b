"""Reference numbers: the truth worked out by hand in R's survival, `tests/mstate.R` and `tests/book1.R` of its source.

(github.com/therneau/survival, commit 14b5ca3; late entry, states left and entered again, ties, censoring, several first states.)
"""

import numpy as np
import pytest

from simulation.statistics.competing import aalen_johansen
from simulation.statistics.multistate import CENSORED, Spells, _all_followed, _general, occupation
from simulation.statistics.proportions import wilson
from tests.statistics.test_competing import CAUSES, TIMES

ENTRY, A, B, C = range(4)
# id, t1, t2, state entered at t2 ("censor": CENSORED); the state before is that of the row before, first `entry`
MTEST = [
    (1, 0, 4, ENTRY, A), (1, 4, 9, A, B), (1, 9, 10, B, A), (2, 0, 5, ENTRY, B), (3, 2, 9, ENTRY, C),
    (4, 0, 2, ENTRY, A), (4, 2, 8, A, C), (4, 8, 9, C, CENSORED), (5, 1, 3, ENTRY, B), (5, 3, 11, B, CENSORED),
]  # fmt: skip


def test_states_entered_and_left_again_are_those_worked_out_by_hand() -> None:
    occupancy = occupation(Spells.of(MTEST), 4)
    assert occupancy.times.tolist() == [0, 2, 3, 4, 5, 8, 9, 10]
    expected = [
        [24, 18, 12, 6, 6, 0, 0], [8, 8, 14, 14, 7, 0, 9.5], [0, 6, 6, 12, 12, 19, 9.5], [0, 0, 0, 0, 7, 13, 13],
    ]  # fmt: skip
    assert pytest.approx(np.array(expected) / 32) == occupancy.share[1:].T
    assert occupancy.at_risk[1:].tolist() == [4, 5, 5, 5, 4, 4, 2]
    assert occupancy.at(11)[0] == pytest.approx(
        occupancy.share[-1]
    )  # nothing changes at the last, censored, day
    with pytest.raises(ValueError, match="nothing is known of day 12"):
        occupancy.at(12)


def test_several_first_states_and_the_influence_of_each_patient() -> None:
    one, two, three, entry = range(4)
    rows = [
        (1, 0, 4, entry, one), (1, 4, 9, one, two), (1, 9, 10, two, one), (2, 1, 5, one, two), (3, 2, 9, entry, three),
        (4, 0, 2, entry, one), (4, 2, 8, one, three), (4, 8, 9, three, CENSORED), (5, 1, 3, two, three),
        (5, 3, 11, three, CENSORED),
    ]  # fmt: skip
    occupancy = occupation(Spells.of(rows), 4)
    start = np.array([1, 1, 0, 2]) / 4
    assert occupancy.share[0] == pytest.approx(start)
    steps = [
        {entry: (1, 0, 0, 1, 2)}, {two: (0, 0, 1, 0, 1)}, {entry: (1, 0, 0, 1, 2)}, {one: (2, 1, 0, 0, 3)},
        {one: (1, 0, 1, 0, 2)}, {one: (0, 1, 0, 0, 1), entry: (0, 0, 1, 0, 1)}, {two: (1, 0, 0, 0, 1)},
    ]  # fmt: skip
    share = start
    for row, step in enumerate(steps, 1):  # products of the transition matrices, as the R file writes them
        moves = np.eye(4)
        for origin, (*to, of) in step.items():
            moves[origin] = np.array(to) / of
        share = share @ moves
        assert occupancy.share[row] == pytest.approx(share)
    # dp0 and dp2 of the R file with all weights 1: patients 1, 2, 4, 5 are followed first, 4 moves at day 2
    first = np.array([[0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]]) - start
    assert occupancy.se[0] ** 2 == pytest.approx(((first / 4) ** 2).sum(axis=0))
    moves = np.eye(4)
    moves[entry] = [0.5, 0, 0, 0.5]
    second = first / 4 @ moves
    second[0] += (np.array([0, 0, 0, 1]) - moves[entry]) * 0.25
    second[2] += (np.array([1, 0, 0, 0]) - moves[entry]) * 0.25
    assert occupancy.se[1] ** 2 == pytest.approx((second**2).sum(axis=0))


def test_alive_or_dead_is_kaplan_meier_with_the_influence_of_the_book() -> None:
    # Therneau & Grambsch, data set 1: influence on Kaplan-Meier of patients in order of time, tests/book1.R
    time, status = [1, 1, 6, 6, 8, 9], [1, 0, 1, 1, 0, 1]
    rows = [(i, 0, t, 0, 1 if s else CENSORED) for i, (t, s) in enumerate(zip(time, status, strict=True))]
    occupancy = occupation(Spells.of(rows), 2)
    influence = np.array([[-20] + [4] * 5, [-10, 2, -13, -13, 17, 17]]) / 144
    assert occupancy.share[1:, 0] == pytest.approx([5 / 6, 5 / 12, 0])
    assert occupancy.se[1:3, 0] ** 2 == pytest.approx((influence**2).sum(axis=1))


def test_competing_risks_are_aalen_johansen_of_causes() -> None:
    rows = [(i, 0, t, 0, c if c else CENSORED) for i, (t, c) in enumerate(zip(TIMES, CAUSES, strict=True))]
    occupancy = occupation(Spells.of(rows), 3)
    for cause in (1, 2):
        known = aalen_johansen(TIMES, CAUSES, cause)
        assert [occupancy.at(day)[0][cause] for day in (3, 7, 10)] == pytest.approx(
            [known.at(day)[0] for day in (3, 7, 10)]
        )


def test_without_censoring_it_is_a_share_with_a_shares_error_and_area() -> None:
    rows = [(i, 0, 10, 0, CENSORED) for i in range(6)]
    rows += [(6 + i, 0, 4, 0, 1) for i in range(4)] + [(6 + i, 4, 10, 1, CENSORED) for i in range(4)]
    occupancy = occupation(Spells.of(rows), 3)
    assert occupancy.at(9)[0] == pytest.approx([0.6, 0.4, 0])
    assert occupancy.se[-1] == pytest.approx([0.24**0.5 / 10**0.5] * 2 + [0])
    assert occupancy.days_in(10) == pytest.approx([7.6, 2.4, 0])
    low, high = occupancy.low[-1], occupancy.high[-1]
    assert low[2] == 0 and high[2] == pytest.approx(wilson(0, 10).high)
    assert ((low <= occupancy.share[-1]) & (occupancy.share[-1] <= high)).all()


def test_the_plain_share_is_what_the_general_estimate_gives() -> None:
    """Someone who is lost on the last day of a general data set takes the general path; the others must not notice."""
    rng = np.random.default_rng(3)
    rows: list[tuple[int, float, float, int, int]] = []
    for patient in range(60):
        days = [0.0, *np.unique(rng.integers(1, 20, rng.integers(0, 6))).tolist(), 20.0]
        states = np.cumsum(rng.integers(1, 3, len(days) - 1)) % 3
        then = [*states[1:].tolist(), CENSORED]
        rows += list(zip([patient] * len(then), days[:-1], days[1:], states.tolist(), then, strict=True))
    spells = Spells.of(rows)
    fast, general = occupation(spells, 3), _general(spells, 3, 0.95)
    assert _all_followed(spells)
    for name in ("times", "share", "se", "low", "high", "at_risk", "until"):
        assert getattr(fast, name) == pytest.approx(getattr(general, name), abs=1e-12), name


def test_only_who_is_followed_to_the_end_is_counted_plainly() -> None:
    whole = [(0, 0, 4, 0, 1), (0, 4, 10, 1, CENSORED), (1, 0, 10, 0, CENSORED)]
    assert _all_followed(Spells.of(whole))
    for row in ((2, 1, 10, 0, CENSORED), (2, 0, 9, 0, CENSORED), (2, 0, 10, 0, 1)):
        assert not _all_followed(Spells.of([*whole, row])), row
    assert not _all_followed(Spells.of([*whole, (2, 0, 4, 0, 1), (2, 5, 10, 1, CENSORED)]))


@pytest.mark.parametrize(
    "rows", [[], [(0, 2, 2, 0, 1)], [(0, -1, 2, 0, 1)], [(0, 0, 2, 0.5, 1)], [(0, 0, float("nan"), 0, 1)]]
)
def test_what_is_no_spell_is_refused(rows: list[tuple[int, float, float, int, int]]) -> None:
    with pytest.raises(ValueError, match=r"spell|whole numbers"):
        Spells.of(rows)
