"""In which state a trial's patients are, day by day: remission, severe acute GvHD, overt leukaemia, remission again, death.

Relapse and remission are the marrow's, in truth; acute GvHD is severe at grade III-IV *now*, so that who recovers comes
back. Whoever has both overt leukaemia and GvHD counts as in relapse. Current leukaemia-free survival (Craddock, Blood
2000;96:86) and current acute GvHD-free, relapse-free survival (after Solomon, Biol Blood Marrow Transplant 2017;23:1208)
are sums of states.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import numpy as np

from simulation.results.trial_view import ArmView
from simulation.statistics.multistate import CENSORED, Occupation, Spells, occupation

__all__ = ["CURRENT", "STATES", "current", "occupied", "spells_of"]

STATES: Final = {
    "remission": "First remission",
    "severe_agvhd": "Acute GvHD III\N{EN DASH}IV, no overt leukaemia",
    "relapse": "Overt leukaemia",
    "later_remission": "Remission again",
    "death": "Dead without relapse as its cause",
}
CURRENT: Final = {
    "leukaemia_free": ("remission", "severe_agvhd", "later_remission"),
    "agvhd_free_relapse_free": ("remission", "later_remission"),
}
_ORDER: Final = tuple(STATES)
_DEATH: Final = _ORDER.index("death")
_KEPT: Final = 24  # arms of a trial or two: terminal, tables and figures ask for the same
_LEAST: Final = 1e-6  # days: sums of steps are not exact


@lru_cache(maxsize=_KEPT)
def occupied(arm: ArmView) -> Occupation:
    """Return the share of an arm's patients in each of `STATES`, in their order, over time."""
    return occupation(spells_of(arm), len(STATES))


@lru_cache(maxsize=_KEPT)
def spells_of(arm: ArmView) -> Spells:
    """Return every patient's stays in the states, from transplant to death or the end of follow-up."""
    last = float(arm.number("days_simulated").max())  # of those who lived to the end
    return Spells.of(row for index in range(arm.n) for row in _of_patient(arm, index, last))


def _of_patient(arm: ArmView, index: int, last: float) -> Iterator[tuple[int, float, float, int, int]]:
    history: dict[str, Any] = arm.histories[index]
    overt, severe = (_intervals(history.get(name, ())) for name in ("overt", "severe_agvhd"))
    died = float(arm.number("nrm_day")[index])
    followed = float(arm.number("days_simulated")[index]) if arm.left[index] else last
    alive_until = followed if died != died else min(died, last)
    edges = sorted(
        {0.0, alive_until, *(day for one in (*overt, *severe) for day in one if 0 < day < alive_until)}
    )
    stays: list[tuple[float, float, int]] = []
    for begin, end in pairwise(edges):
        state = _state(begin, end, overt, severe)
        if stays and (stays[-1][2] == state or end - begin < _LEAST):
            stays[-1] = (stays[-1][0], end, stays[-1][2])
        else:
            stays.append((begin, end, state))
    then = [state for _, _, state in stays[1:]] + [_DEATH if died <= last else CENSORED]
    for (begin, end, state), after in zip(stays, then, strict=True):
        yield index, begin, end, state, after
    if died < last:
        yield index, died, last, _DEATH, CENSORED


def _intervals(spans: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    return [(max(float(start), 0.0), float(end)) for start, end in spans if end > 0]


def _state(
    begin: float, end: float, overt: list[tuple[float, float]], severe: list[tuple[float, float]]
) -> int:
    middle = (begin + end) / 2
    if any(start <= middle < stop for start, stop in overt):
        return _ORDER.index("relapse")
    if any(start <= middle < stop for start, stop in severe):
        return _ORDER.index("severe_agvhd")
    relapsed = any(stop <= middle for _, stop in overt)
    return _ORDER.index("later_remission" if relapsed else "remission")


@lru_cache(maxsize=_KEPT)
def current(arm: ArmView, name: str) -> Occupation:
    """Return the share of an arm's patients who are now in one of the states of `CURRENT[name]`, as one state of two."""
    spells = spells_of(arm)
    inside = np.isin(np.arange(len(STATES)), [_ORDER.index(state) for state in CURRENT[name]])
    here, there = inside[spells.state], inside[spells.then] & (spells.then != CENSORED)
    then = np.where(spells.then == CENSORED, CENSORED, np.where(there, 0, 1))
    both = Spells(spells.patient, spells.enter, spells.leave, np.where(here, 0, 1), then)
    return occupation(both, 2)
