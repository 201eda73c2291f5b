"""What a tab has under way, kept for a while when the tab goes away: loaded anew, it takes its work up again.

Nobody who follows a thousand patients should lose them by pressing Reload. A ticket, which the address holds, names the work;
what nobody takes up within a minute is stopped.
"""

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulation.browser.many import ManyPatients
from simulation.browser.study import Study

__all__ = ["KEPT_S", "TabWork", "clear", "leave", "take"]

KEPT_S: Final = 60.0
_WAIT_S: Final = 1.0  # for the tab before to say that it has gone: the new one may be quicker
_guard = threading.Condition()
_works: dict[str, "TabWork"] = {}  # by whichever tab
_left: dict[str, threading.Timer] = {}  # of those, which have no tab


@dataclass
class TabWork:
    """Hold what one tab has under way."""

    many: ManyPatients
    study: Study
    ticket: str = field(default_factory=lambda: secrets.token_urlsafe(9))

    @classmethod
    def new(cls, results: Sequence[Path]) -> "TabWork":
        """Return one with nothing under way, held by its tab."""
        working = cls(ManyPatients(), Study(results[0] if results else Path("results")))
        with _guard:
            _works[working.ticket] = working
        return working

    def stop(self) -> None:
        """Stop everything."""
        self.many.stop()
        self.study.stop()


def leave(work: TabWork, seconds: float = KEPT_S) -> None:
    """Put down the work of a tab that has gone away."""
    with _guard:
        if work.ticket not in _works or work.ticket in _left:
            return
        timer = threading.Timer(seconds, _give_up, [work.ticket])
        timer.daemon = True
        _left[work.ticket] = timer
        timer.start()
        _guard.notify_all()


def take(ticket: str) -> TabWork | None:
    """Return the work that a tab has put down; None where there is none, or where its tab is still there."""
    with _guard:
        if ticket not in _works or not _guard.wait_for(lambda: ticket in _left, _WAIT_S):
            return None
        _left.pop(ticket).cancel()
        return _works.get(ticket)


def clear() -> None:
    """Stop all work: the page is ended."""
    with _guard:
        works = list(_works.values())
        for timer in _left.values():
            timer.cancel()
        _works.clear()
        _left.clear()
    for work in works:
        work.stop()


def _give_up(ticket: str) -> None:
    with _guard:
        _left.pop(ticket, None)
        work = _works.pop(ticket, None)
    if work is not None:
        work.stop()
