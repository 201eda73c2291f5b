"""In which state patients are over time: the Aalen-Johansen estimator of state occupation, for any states.

Patients may go to and fro between states, enter late and leave early. Without the Markov assumption the estimate of
occupation still holds where leaving early depends on nothing (Datta & Satten 2001). The variance is the infinitesimal
jackknife, as in R's survival: the sum of the squared influence of each patient; without censoring it is that of a share,
p (1 - p) / n, and is so computed. The band is on the complementary log-log scale; where none or all are in a state the
limits are Wilson's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.statistics.proportions import unseen
from simulation.statistics.survival import refuse_beyond

__all__ = ["CENSORED", "Occupation", "Spells", "occupation"]

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]
CENSORED: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """Hold stays of patients in states, arrays of shape (n_spells,).

    A patient is in `state` after day `enter` up to day `leave`, and `then` in another, or not followed on (`CENSORED`).
    """

    patient: Ints
    enter: Floats
    leave: Floats
    state: Ints
    then: Ints

    @classmethod
    def of(cls, rows: Iterable[tuple[int, float, float, int, int]]) -> "Spells":
        """Make them of rows (patient, enter, leave, state, then).

        Raise ValueError without rows, for spells without length, times below 0 and states that are no whole number from 0 on.
        """
        table = np.array(list(rows), float)
        if table.size == 0:
            raise ValueError("states need at least one spell")
        patient, enter, leave, state, then = table.T
        if not np.isfinite(table).all() or (enter < 0).any() or (leave <= enter).any():
            raise ValueError("a spell needs finite days from 0 on, and must end after it begins")
        codes = np.concatenate([state, then[then != CENSORED], patient])
        if (codes < 0).any() or (codes != np.round(codes)).any():
            raise ValueError("patients and states are whole numbers from 0 on")
        whole = (np.asarray(values, np.int64) for values in (patient, state, then))
        who, here, there = whole
        return cls(who, enter, leave, here, there)


@dataclass(frozen=True, slots=True, eq=False)
class Occupation:
    """Hold the share of patients in each state: arrays of shape (n_times, n_states), from the first day on.

    A row holds from its time to the next; limits are pointwise. `at_risk` counts who is followed just before each time.
    """

    times: Floats
    share: Floats
    se: Floats
    low: Floats
    high: Floats
    at_risk: Ints
    until: float  # the last day on which anybody was followed

    def at(self, day: float) -> tuple[Floats, Floats, Floats]:
        """Return shares and their limits on a day, shape (n_states,); ValueError after the last follow-up."""
        refuse_beyond(day, self.until, True)
        where = max(int(np.searchsorted(self.times, day, side="right")) - 1, 0)
        return self.share[where], self.low[where], self.high[where]

    def days_in(self, until: float) -> Floats:
        """Return the mean days spent in each state up to day `until`, shape (n_states,)."""
        refuse_beyond(until, self.until, True)
        inside = self.times < until
        edges = np.append(self.times[inside], until)
        return np.asarray(np.diff(edges) @ self.share[inside], float)


def occupation(spells: Spells, n_states: int, confidence: float = 0.95) -> Occupation:
    """Estimate in which of `n_states` states patients are, from their spells.

    It begins with the states of those who are followed just before the first change. Where all enter at once and are followed
    to the same end, it is the plain share.
    """
    if _all_followed(spells):
        return _shares(spells, n_states, confidence)
    return _general(spells, n_states, confidence)


def _general(spells: Spells, n_states: int, confidence: float) -> Occupation:
    who, patient = np.unique(spells.patient, return_inverse=True)
    state = np.full(who.size, -1, np.int64)
    changes = spells.leave[spells.then != CENSORED]
    first = float(changes.min()) if changes.size else float("inf")
    early = (spells.enter < first) & (spells.leave >= min(first, float(spells.leave.max())))
    if not early.any():
        raise ValueError("nobody is followed before the first change of state")
    begin = np.zeros((who.size, n_states))
    begin[patient[early], spells.state[early]] = 1.0
    n = float(early.sum())
    share = begin.sum(axis=0) / n
    influence = (begin - np.where(begin.any(axis=1), 1.0, 0.0)[:, None] * share) / n
    rows = [(float(spells.enter[early].min()), share, (influence**2).sum(axis=0), int(n), who.size)]
    gone = 0  # patients who are no longer followed
    for day in np.unique(np.concatenate([spells.enter, spells.leave])):
        leaving, entering = spells.leave == day, spells.enter == day
        moving = leaving & (spells.then != CENSORED)
        if moving.any():
            at_risk = int((state >= 0).sum())
            share, influence = _step(share, influence, state, patient[moving], spells.then[moving])
            rows.append((float(day), share, (influence**2).sum(axis=0), at_risk, who.size - gone))
        gone += int((leaving & (spells.then == CENSORED)).sum())
        state[patient[leaving]] = -1
        state[patient[entering]] = spells.state[entering]
    times, shares, variances, at_risk_, known = zip(*rows, strict=True)
    estimates, se = np.array(shares), np.sqrt(np.array(variances))
    low, high = _limits(estimates, se, known, confidence)
    return Occupation(
        np.array(times), estimates, se, low, high, np.array(at_risk_, np.int64), float(spells.leave.max())
    )


def _all_followed(spells: Spells) -> bool:
    """Return whether all enter on one day, are followed without a gap, and nobody is lost before the last day."""
    order = np.lexsort((spells.enter, spells.patient))
    who, enter, leave = spells.patient[order], spells.enter[order], spells.leave[order]
    then = spells.then[order]
    first = np.append(True, who[1:] != who[:-1])
    last = np.append(first[1:], True)
    return bool(
        (enter[first] == enter[first][0]).all()
        and (leave[last] == leave.max()).all()
        and (then[last] == CENSORED).all()
        and (then[~last] == spells.state[order][~first]).all()
        and (leave[~last] == enter[~first]).all()
    )


def _shares(spells: Spells, n_states: int, confidence: float) -> Occupation:
    """Return the shares of patients who are all followed from one day to another."""
    n = np.unique(spells.patient).size
    begin = float(spells.enter.min())
    moving = spells.then != CENSORED
    times, when = np.unique(spells.leave[moving], return_inverse=True)
    gained = np.zeros((times.size, n_states))
    np.add.at(gained, (when, spells.then[moving]), 1.0)
    np.add.at(gained, (when, spells.state[moving]), -1.0)
    first = np.bincount(spells.state[spells.enter == begin], minlength=n_states)[None]
    share = np.concatenate([first, first + np.cumsum(gained, axis=0)]) / n
    se = np.sqrt(share * (1.0 - share) / n)
    low, high = _limits(share, se, (n,) * len(share), confidence)
    at_risk = np.full(len(share), n, np.int64)
    return Occupation(np.append(begin, times), share, se, low, high, at_risk, float(spells.leave.max()))


def _step(share: Floats, influence: Floats, state: Ints, movers: Ints, to: Ints) -> tuple[Floats, Floats]:
    """Return shares and influences after some patients have changed their state."""
    moves = np.eye(share.size)
    after = state.copy()
    after[movers] = to
    for origin in np.unique(state[movers]):
        there = state == origin
        moves[origin] = np.bincount(after[there], minlength=share.size) / there.sum()
    influence = influence @ moves
    for origin in np.unique(state[movers]):
        there = np.flatnonzero(state == origin)
        influence[there] -= share[origin] / there.size * moves[origin]
        influence[there, after[there]] += share[origin] / there.size
    return share @ moves, influence


def _limits(share: Floats, se: Floats, known: tuple[int, ...], confidence: float) -> tuple[Floats, Floats]:
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    share = np.clip(share, 0.0, 1.0)
    none, everybody = share < 1e-12, share > 1 - 1e-12
    inside = np.where(none | everybody, 0.5, share)
    width = np.exp(z * se / ((1 - inside) * np.log1p(-inside)))
    low, high = 1 - (1 - inside) ** width, 1 - (1 - inside) ** (1 / width)
    margins = {n: unseen(n, confidence) for n in set(known)}
    margin = np.array([margins[n] for n in known])[:, None]
    low = np.where(none, 0.0, np.where(everybody, 1 - margin, low))
    return low, np.where(none, margin, np.where(everybody, 1.0, high))
