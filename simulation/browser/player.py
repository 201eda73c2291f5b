"""Play, pause and step: one thread per tab, which waits until the browser has drawn a frame before it makes the next.

Without that wait a fast model starves the drawing, and the page freezes while the patient runs away.
"""

import threading
import time
import traceback
from collections.abc import Callable
from typing import Final, Protocol

from simulation.errors import UserError, reason_of

__all__ = ["SPEEDS", "Player", "Subject", "speed_of"]

SPEEDS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, float("inf"))  # days per second; infinite: as fast as it is drawn
_FRAME_S: Final = 0.04  # a frame lasts at least so long ...
_MOST_WORK_S: Final = 0.02  # ... is simulated for at most so long ...
_LEAST_WORK_S: Final = 0.006  # ... and for less, where drawing is slow, until ...
_AIM_S: Final = 0.05  # ... a frame lasts about so long
_PATIENCE_S: Final = 2.0  # for a browser that does not say it has drawn
_SILENT_FRAMES: Final = 15  # then nobody is looking


def speed_of(text: str) -> float:
    """Return the speed that an address names, or the usual one."""
    return next((speed for speed in SPEEDS if f"{speed:g}" == text), 10.0)


class Subject(Protocol):
    """Say what can be played: a patient, or twins in step."""

    @property
    def day(self) -> float:
        """Return days since transplant."""
        ...

    @property
    def finished(self) -> bool:
        """Return whether there is nothing left to play."""
        ...

    @property
    def time_step(self) -> float:
        """Return the step, days."""
        ...

    def step(self) -> None:
        """Advance by one step; may be called from any thread."""
        ...


class Player:
    """Play one subject.

    Parameters
    ----------
    subject
        What is played.
    on_frame
        Called, in the player's thread, when there is something new to draw.
    on_state
        Called when playing begins or ends, or an error has stopped it.
    """

    def __init__(
        self,
        subject: Subject,
        on_frame: Callable[[], None],
        on_state: Callable[[], None] = lambda: None,
        speed: float = 10.0,
    ) -> None:
        self.subject = subject
        self.speed = speed
        self.error = ""
        self.frame_s = 0.0  # how long the last frame took, from simulating to drawn
        self._on_frame, self._on_state = on_frame, on_state
        self._until: Callable[[], bool] | None = None  # when playing at full speed ends by itself
        self._turn = 0  # every play and pause is a new turn; a thread ends with its turn
        self._playing = False
        self._drawn = threading.Event()
        self._guard = threading.Lock()
        self._drawing_s = 0.0  # what a frame takes besides simulating, smoothed

    @property
    def playing(self) -> bool:
        """Return whether time passes by itself."""
        return self._playing

    def play(self, until: Callable[[], bool] | None = None) -> None:
        """Let time pass until `pause` or the end; with `until`, at full speed, and until it says yes after a step."""
        with self._guard:
            if self._playing or self.subject.finished:
                return
            self._playing, self.error, self._until = True, "", until
            self._turn += 1
            thread = threading.Thread(target=self._run, args=(self._turn,), daemon=True, name="player")
        self._on_state()
        thread.start()

    def pause(self) -> None:
        """Stop after the step under way."""
        with self._guard:
            was = self._playing
            self._playing = False
            self._turn += 1
        self._drawn.set()
        if was:
            self._on_state()

    def run_to(self, day: float) -> None:
        """Let time pass at full speed until a day, drawing as it goes."""
        self.pause()
        self.play(lambda: self.subject.day >= day - 1e-9)

    def advance(self, days: float) -> None:
        """Let so many days pass at once, at least one step; an error is kept to be shown."""
        self.pause()
        until = self.subject.day + max(days, self.subject.time_step) - 1e-9
        self._guarded(lambda: self._steps(until))
        self._on_frame()

    def drawn(self) -> None:
        """Hear from the browser that the last frame is on the screen."""
        self._drawn.set()

    def _steps(self, until: float) -> None:
        turn = self._turn
        while self.subject.day < until and not self.subject.finished and turn == self._turn:
            self.subject.step()

    def _run(self, turn: int) -> None:
        self._guarded(lambda: self._loop(turn))
        with self._guard:
            if self._turn != turn:
                return
            self._playing = False
        self._on_state()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # whatever a rule of the user's own may raise: it is shown, not swallowed
            if not isinstance(error, UserError):
                traceback.print_exc()
            self.error = reason_of(error)
            self._on_state()

    def _loop(self, turn: int) -> None:
        owed, last, silent = 0.0, time.perf_counter(), 0
        while turn == self._turn and not self._over():
            began = time.perf_counter()
            speed = self.speed if self._until is None else float("inf")
            owed = min(owed + speed * (began - last), speed * 0.25) if speed < float("inf") else speed
            last = began
            owed -= self._simulate(turn, owed, began + self._work_s(full=speed == float("inf")))
            simulated = time.perf_counter() - began
            if turn != self._turn:
                return
            self._drawn.clear()
            self._on_frame()
            silent = 0 if self._drawn.wait(_PATIENCE_S) else silent + 1
            self.frame_s = time.perf_counter() - began
            self._drawing_s += 0.2 * (self.frame_s - simulated - self._drawing_s)
            if silent >= _SILENT_FRAMES:
                return
            time.sleep(max(0.0, _FRAME_S - self.frame_s))

    def _over(self) -> bool:
        return self.subject.finished or (self._until is not None and self._until())

    def _work_s(self, *, full: bool) -> float:
        """Return how long the next frame may be simulated: the slower the drawing, the shorter, but for full speed."""
        return _MOST_WORK_S if full else min(max(_AIM_S - self._drawing_s, _LEAST_WORK_S), _MOST_WORK_S)

    def _simulate(self, turn: int, days: float, until: float) -> float:
        """Simulate up to so many days, at least one step, not begun after `until`; return the days that have passed."""
        subject, done = self.subject, 0.0
        while turn == self._turn and not (self._over() if done else subject.finished):
            if done and (done + subject.time_step > days or time.perf_counter() > until):
                break
            if not done and subject.time_step > days:
                time.sleep(
                    (subject.time_step - days) / self.speed
                )  # slow play: wait for the next step's time
                days = subject.time_step
            subject.step()
            done += subject.time_step
        return done
