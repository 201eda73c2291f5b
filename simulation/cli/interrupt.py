"""Ctrl-C: the first asks the run to stop and keep what it has, the second ends the program at once."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from simulation.errors import ExitStatus

_SHOW_CURSOR = b"\x1b[?25h"


class Interrupt:
    """Listen for Ctrl-C while the context is open.

    Parameters
    ----------
    on_first
        Called at the first Ctrl-C, to tell the person that it was heard.
    """

    def __init__(self, on_first: Callable[[], None] | None = None) -> None:
        self.on_first = on_first
        self._requested = False
        self._before: Any = None

    def requested(self) -> bool:
        """Tell whether Ctrl-C was pressed; this is the runner's `should_stop`."""
        return self._requested

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handler
            self._before = signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self._requested:
            if sys.stderr.isatty():
                os.write(2, _SHOW_CURSOR + b"\n")  # a live display hides it and will not get to show it again
            os._exit(ExitStatus.INTERRUPTED)
        self._requested = True
        if self.on_first is not None:
            self.on_first()
