"""Ctrl-C, SIGTERM and time that is up: a run stops and keeps what it has; a second signal ends the program at once."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

from simulation.errors import ExitStatus

_SHOW_CURSOR: Final = b"\x1b[?25h"
_SIGNALS: Final = (
    signal.SIGINT,
    signal.SIGTERM,
)  # a terminal sends the first, a cluster's scheduler the second
_S_PER_MIN: Final = 60.0


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, also where no run listens for either."""
    if threading.current_thread() is not threading.main_thread():  # elsewhere Python allows no handler
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Interrupt:
    """Listen for Ctrl-C and SIGTERM while the context is open, and look at the clock.

    Parameters
    ----------
    on_first
        Called at the first signal, to tell the person that it was heard.
    minutes
        After so many the run is asked to stop as well; None: never.
    """

    def __init__(self, on_first: Callable[[], None] | None = None, minutes: float | None = None) -> None:
        self.on_first = on_first
        self._heard_one = False
        self._minutes = minutes
        self._end = float("inf")
        self._before: dict[int, Any] = {}

    def requested(self) -> bool:
        """Tell whether a signal came or time is up; this is the runner's `should_stop`."""
        return self._heard_one or time.monotonic() > self._end

    @property
    def status(self) -> ExitStatus:
        """Return how a run that was stopped ends."""
        return ExitStatus.INTERRUPTED if self._heard_one else ExitStatus.TIME_UP

    def __enter__(self) -> Self:
        if self._minutes is not None:
            self._end = time.monotonic() + _S_PER_MIN * self._minutes
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._heard) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self._heard_one:
            if sys.stderr.isatty():
                os.write(2, _SHOW_CURSOR + b"\n")  # a live display hides it and will not get to show it again
            os._exit(ExitStatus.INTERRUPTED)
        self._heard_one = True
        if self.on_first is not None:
            self.on_first()
