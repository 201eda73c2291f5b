"""One life of a patient with all its moments: any day until the last one simulated is brought back, to the last cell.

Kept are whole copies of the life, some days apart (a `Life` is copied in a millisecond or two); the days between are simulated
again, with the same bytes. When there are more copies than memory should hold, every second one is let go.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from simulation.life import Life

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulation.scenario.orders import Order

__all__ = ["EPS", "PlayedLife"]

EPS: Final = 1e-9  # days
_BYTES: Final = 48_000_000  # of copies of one branch
_FEWEST, _MOST = 12, 48  # copies, whatever their size
_EVERY: Final = 4.0  # days between copies at first


@dataclass(frozen=True, slots=True)
class _KeptLife:
    """Hold the life on a day, never to be stepped; `turn`: somebody intervened, so that the days before do not lead here."""

    day: float
    life: Life
    turn: bool


class PlayedLife:
    """Follow a life and keep what brings its past back.

    Parameters
    ----------
    lead
        The life, as far as it has been simulated; it belongs to the branch from now on.
    kept
        What another branch keeps of a past that this one shares.
    """

    def __init__(self, lead: Life, kept: "Sequence[_KeptLife]" = ()) -> None:
        self.lead = lead
        self.pending: list[Order] = []  # handed over with the next step
        self._kept = list(kept)
        self._every = _EVERY
        self._keep(turn=False)

    @property
    def reached(self) -> float:
        """Return the last day simulated."""
        return self.lead.day

    def step(self) -> None:
        """Simulate one more step, before which what is ordered is handed over."""
        if self.pending:
            for order in self.pending:
                self.lead.clinic.order(order, self.lead.day)
            self.pending = []
            self.intervened()
        self.lead.step()
        if self.lead.day >= self._kept[-1].day + self._every - EPS:
            self._keep(turn=False)

    def intervened(self) -> None:
        """Keep the present: what comes from now on does not follow from the moments kept before."""
        self._keep(turn=True)

    def at(self, day: float) -> Life:
        """Return an independent copy of the life at the last step until a day; of the first or last day where that is none."""
        day = min(day, self.reached)
        kept = next((one for one in reversed(self._kept) if one.day <= day + EPS), self._kept[0])
        life = kept.life.copy()
        life.scenario = self.lead.scenario
        return _on(life, day)

    def onward(self, life: Life, day: float) -> Life:
        """Return a life that `at` gave on a later day; it is the same object where nobody intervened between."""
        turned = any(one.turn and life.day - EPS <= one.day <= day + EPS for one in self._kept)
        return self.at(day) if turned else _on(life, min(day, self.reached))

    def branch(self, life: Life) -> "PlayedLife":
        """Return a branch that shares the past until the day of `life`, and goes on with that."""
        return PlayedLife(life, [one for one in self._kept if one.day <= life.day + EPS])

    def moments(self, n: int) -> "list[Life]":
        """Return at most `n` moments spread over the branch; they are to be looked at, not to be stepped."""
        by_day = {one.day: one.life for one in self._kept} | {self.reached: self.lead}
        first, last = self._kept[0].day, self.reached
        wanted = [first + (last - first) * i / max(n - 1, 1) for i in range(n)]
        return [by_day[day] for day in dict.fromkeys(_nearest(by_day, day) for day in wanted)]

    def _keep(self, *, turn: bool) -> None:
        self._kept.append(_KeptLife(self.lead.day, self.lead.copy(), turn))
        if len(self._kept) > min(max(_BYTES // _bytes(self.lead), _FEWEST), _MOST):
            self._every *= 2.0
            idle = [one for one in self._kept[1:-1] if not one.turn][::2]
            self._kept = [one for one in self._kept if not any(one is gone for gone in idle)]


def _on(life: Life, day: float) -> Life:
    while life.day + life.body.time_step <= day + EPS and not life.finished:
        life.step()
    return life


def _nearest(days: dict[float, Life], wanted: float) -> float:
    return min(days, key=lambda day: abs(day - wanted))


def _bytes(life: Life) -> int:
    columns, _, arrays = life.body.state.contents()
    return max(sum(np.asarray(one).nbytes for one in (*columns, *arrays)), 1)
