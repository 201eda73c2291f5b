"""What ties one tab's patient to what the browser shows: the player, the last frame, and what was chosen."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import solara

from simulation.body.measure import marrow_layers
from simulation.browser.batch import Batch
from simulation.browser.event_count import EventCount
from simulation.browser.kept import TabChoices
from simulation.browser.played_life import EPS
from simulation.browser.player import Player, speed_of
from simulation.browser.session import PatientSession
from simulation.browser.snapshot import Snapshot, snapshot
from simulation.results.words import timeline

__all__ = ["PatientView"]


class PatientView:
    """Hold one tab's view; components read `frame` to be drawn with every frame, `changed` with every change of state."""

    def __init__(self, session: PatientSession, kept: TabChoices | None = None) -> None:
        self.session = session
        self.model: Any = solara.reactive(session.model)
        self.frame = solara.reactive(0)
        self.changed = solara.reactive(0)
        self.kept = TabChoices({}) if kept is None else kept
        self.chosen = solara.reactive(-1)  # niche whose agents are listed
        self.hovered = solara.reactive(-1)
        self.shot: Snapshot  # the day on the screen
        self.whole: Snapshot  # the life as far as it has been simulated
        self.other: Snapshot | None  # the original branch, where the one on the screen has left it
        self._version = session.version
        self._lengths: tuple[object, ...] = ()
        self._look()
        self._shown_controls = self._controls()
        self.batch = Batch()
        self.player = Player(self, self.show, self.notify, speed_of(self.kept["speed"].peek()))

    @property
    def layer(self) -> "solara.Reactive[str]":
        """Return which map of the marrow is shown."""
        return self.kept["map"]

    @property
    def map_day(self) -> float | None:
        """Return the day whose marrow is mapped; None: that on the screen."""
        try:
            day = float(self.kept["map.day"].value)
        except ValueError:
            return None
        return min(max(day, self.first_day), self.reached) if math.isfinite(day) else None

    def map_another(self, day: float | None) -> None:
        """Map the marrow of another day; None: of that on the screen."""
        self.kept["map.day"].value = "" if day is None else f"{day:.10g}"

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

    @property
    def first_day(self) -> float:
        """Return the day on which the simulation begins."""
        return self.session.first_day

    @property
    def reached(self) -> float:
        """Return the last day simulated."""
        return self.session.reached

    @property
    def end(self) -> float:
        """Return the last day there can be."""
        return float(self.session.scenario.follow_up)

    # Through time --------------------------------------------------------------------------------------------

    def go_to(self, day: float) -> None:
        """Put a day on the screen; one that was not simulated yet is run to."""
        self.player.pause()
        if day > self.session.reached + EPS:
            self.session.show_day(self.session.reached)
            self.player.run_to(day)
            return
        self.session.show_day(day)
        self.show()

    def event_days(self) -> list[float]:
        """Return the days of what happened so far, once each."""
        return sorted({day for day, *_ in timeline(self.whole.result)})

    def to_next_event(self) -> None:
        """Run until something more has happened than until now, or to the end."""
        self.player.pause()
        known = EventCount()
        before = known.of(self.session.life)
        self.player.play(lambda: known.of(self.session.life) > before)

    def to_last_event(self) -> None:
        """Go back to the latest event before the day on the screen; without one, to the first day."""
        step = self.time_step
        past = [day for day in self.event_days() if day < self.day - step - EPS]
        self.go_to(past[-1] + step if past else self.first_day)

    # What is shown -------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Copy the patient and have him drawn."""
        self._look()
        with self.session.lock:
            controls = self._controls()
        with self.batch.together():
            self.frame.value += 1
            if controls != self._shown_controls:
                self._shown_controls = controls
                self.notify()

    def _look(self) -> None:
        session = self.session
        with session.lock:
            lengths = session.version, session.reached, len(session.scenario.orders)
            self.shot = snapshot(session.life)
            if session.at_present:
                self.whole = self.shot
            elif lengths != self._lengths:
                self.whole = snapshot(session.played.lead)
            if session.original is None:
                self.other = None
            elif lengths != self._lengths:
                self.other = snapshot(session.original.lead)
            self._lengths = lengths

    def strip(self, n: int) -> list[tuple[float, Mapping[str, npt.NDArray[np.float64]]]]:
        """Return (day, maps of the marrow) of at most `n` moments spread over the life so far."""
        shown: list[tuple[float, Mapping[str, npt.NDArray[np.float64]]]] = []
        with self.session.lock:
            for life in self.session.played.moments(n):
                life.body.truth()  # which counts the cells
                shown.append((life.day, marrow_layers(life.body.state)))
        return shown

    def snapshot_of(self, day: float) -> Snapshot:
        """Return a day that was simulated, whatever day is on the screen."""
        with self.session.lock:
            return snapshot(self.session.played.at(day))

    def _controls(self) -> tuple[object, ...]:
        """Return what of the patient the controls depend on."""
        session = self.session
        return (
            session.restarts(plan=True),
            session.finished,
            session.note,
            len(session.pending),
            session.undo_day,
            session.at_present,
            session.version,
        )

    def notify(self) -> None:
        """Have the controls drawn: something other than the patient has changed."""
        self.changed.value += 1

    def refresh(self) -> None:
        """Show everything after a person's act: another patient, another plan, an order, a mistake."""
        if self.session.version != self._version:
            self._version = self.session.version
            with self.batch.together():
                self.model.value = self.session.model
                self.map_another(None)
        with self.batch.together():
            self.show()
            self.notify()
