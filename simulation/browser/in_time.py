"""One patient in time: the day on the screen may be any that was simulated, on the branch taken or on one that was left.

`life` is the patient on the day on the screen, `branch` all his days. Who acts on a past day leaves the branch there: another one
begins, and the `original` goes on beside it. All that touches either holds `lock`.
"""

import gc
from typing import TYPE_CHECKING

from simulation.browser.acts import Past
from simulation.browser.asking import DiscardGuard
from simulation.browser.played_life import EPS, PlayedLife
from simulation.life import Life
from simulation.mesa_model import TransplantModel

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["SteppedPatient"]


class SteppedPatient(DiscardGuard):
    """Hold one patient with all his days; `begin` makes him."""

    def __init__(self) -> None:
        super().__init__()
        self.note = ""  # what the last change did, in words
        self.version = 0  # another number is another patient, or the same on another branch
        self.played: PlayedLife
        self.life: Life  # on the day on the screen; the branch's own where that is the last one
        self.past: list[Past] = []
        self._model: TransplantModel | None = None

    def begin(self, life: Life) -> None:
        """Take a life as it begins; what was before is forgotten."""
        self._model = None
        self.played = PlayedLife(life)
        self.life = self.played.lead
        self.past = []
        self._first_day = self.day
        self.version += 1
        gc.collect(1)  # a Mesa model is part of a reference cycle

    @property
    def scenario(self) -> "Scenario":
        """Return the scenario as it is on the screen, orders included."""
        return self.life.scenario

    @property
    def model(self) -> TransplantModel:
        """Return the patient on the screen as a Mesa model, by which his agents are looked at."""
        if self._model is None or self._model.life is not self.life:
            self._model = TransplantModel.of_life(self.life)
        return self._model

    @property
    def finished(self) -> bool:
        """Return whether the day on the screen is the last: follow-up is over or the patient has died."""
        return self.life.finished

    @property
    def day(self) -> float:
        """Return the day on the screen, days since transplant."""
        return self.life.day

    @property
    def first_day(self) -> float:
        """Return the day on which the simulation begins."""
        return self._first_day

    @property
    def reached(self) -> float:
        """Return the last day simulated."""
        return self.played.reached

    @property
    def at_present(self) -> bool:
        """Return whether the day on the screen is the last one simulated."""
        return self.life is self.played.lead

    @property
    def begun(self) -> bool:
        """Return whether the patient has come some way."""
        return self.reached > self._first_day + EPS

    @property
    def forked(self) -> Past | None:
        """Return where the branch on the screen left another one that had come farther; None where it did not."""
        return next((one for one in reversed(self.past) if one.act.left is not None), None)

    @property
    def original(self) -> PlayedLife | None:
        """Return the branch that was left, which goes on beside the one on the screen."""
        return None if self.forked is None else self.forked.played

    def step(self) -> None:
        """Go on by one step: through what was simulated already, then by simulating, the original branch with it."""
        with self.lock:
            if self.finished:
                return
            if self.at_present:
                self.played.step()
                self._accompany()
            else:
                self._show(self.played.onward(self.life, self.day + self.life.body.time_step))
            self.note = ""

    def _accompany(self) -> None:
        other = self.original
        while other is not None and other.reached < self.reached - EPS and not other.lead.finished:
            other.step()

    def advance_to(self, day: float) -> None:
        """Advance to a day, or to the end where that comes first; a step is never begun twice."""
        if self.day < day - EPS:
            self.show_day(day)
        while self.day < day - EPS and not self.finished:
            self.step()

    def show_day(self, day: float) -> None:
        """Put a day that was simulated on the screen: the last step until then."""
        with self.lock:
            if day >= self.reached - EPS:
                self.life = self.played.lead
            elif self.day < day - EPS:
                self._show(self.played.onward(self.life, day))
            elif self.day > day + EPS:
                self._show(self.played.at(day))

    def _show(self, life: Life) -> None:
        self.life = self.played.lead if life.day >= self.reached - EPS else life
