"""What ties one tab's patient to what the browser shows: the player, the last frame, and what was chosen."""

from typing import Any

import solara

from simulation.browser.player import Player
from simulation.browser.session import PatientSession
from simulation.browser.snapshot import Snapshot, snapshot

__all__ = ["PatientView"]


class PatientView:
    """Hold one tab's view; components read `frame` to be drawn with every frame, `changed` with every change of state."""

    def __init__(self, session: PatientSession) -> None:
        self.session = session
        self.model: Any = solara.reactive(session.model)
        self.frame = solara.reactive(0)
        self.changed = solara.reactive(0)
        self.layer = solara.reactive("dominant")
        self.chosen = solara.reactive(-1)  # niche whose agents are listed
        self.hovered = solara.reactive(-1)
        self.shot: Snapshot = snapshot(session.model)
        self._told = self._controls()
        self.player = Player(self, self.show, self.tell)

    # The player's subject: this view, so that a patient who begins again is played on ------------------------

    @property
    def day(self) -> float:
        """Return days since transplant."""
        return self.session.day

    @property
    def finished(self) -> bool:
        """Return whether there is nothing left to play."""
        return self.session.finished

    @property
    def time_step(self) -> float:
        """Return the step, days."""
        return float(self.session.scenario.time_step)

    def step(self) -> None:
        """Advance by one step."""
        self.session.step()

    # What is shown -------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Copy the patient and have him drawn."""
        with self.session.lock:
            self.shot = snapshot(self.session.model)
            controls = self._controls()
        self.frame.value += 1
        if controls != self._told:
            self._told = controls
            self.tell()

    def _controls(self) -> tuple[object, ...]:
        """Return what of the patient the controls depend on."""
        session = self.session
        return (
            session.restarts(plan=True),
            session.finished,
            session.note,
            len(session.pending),
            session.undo_day,
        )

    def tell(self) -> None:
        """Have the controls drawn: something other than the patient has changed."""
        self.changed.value += 1

    def refresh(self) -> None:
        """Show everything after a person's act: another patient, another plan, an order, a mistake."""
        if self.session.model is not self.model.value:
            self.model.value = self.session.model
        self.show()
        self.tell()
