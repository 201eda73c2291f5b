"""What happened in the clinic, in the order in which it happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["EVENT_KINDS", "Event", "EventLog"]

EVENT_KINDS: Final = {
    "test": "a sample was taken; the value that its report will tell",
    "result": "a result reached the clinician",
    "trigger": "treatment was decided",
    "dose": "the pump's rate changed, a drug taken daily began or ended, or chemotherapy was given",
    "injection": "a drug was given at once",
    "infusion": "donor lymphocytes were infused",
    "drug": "an immunosuppressant's level changed",
    "stop": "a treatment was ended for good",
    "outcome": "an outcome was reached",
    "death": "death without relapse as its cause",
    "note": "something a reader should know",
}


@dataclass(frozen=True, slots=True)
class Event:
    """Record one clinical event: `day` from transplant, a `value` in `unit` where there is one, and words."""

    day: float
    kind: str
    what: str
    value: float | None
    unit: str
    detail: str

    def __post_init__(self) -> None:
        """Refuse a kind that readers of the event table do not know."""
        if self.kind not in EVENT_KINDS:
            raise ValueError(f"event kind {self.kind!r} is not one of {', '.join(EVENT_KINDS)}")


class EventLog:
    """Keep events by their day, those of one day in the order in which they were added; copies share the (immutable) events."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def add(
        self, day: float, kind: str, what: str, detail: str, value: float | None = None, unit: str = ""
    ) -> None:
        """Add one event, after those of its day and before those of later ones; raise ValueError for an unknown kind.

        A pump's changes are known when a step begins, also those within it.
        """
        place = len(self._events)
        while place > 0 and self._events[place - 1].day > day:
            place -= 1
        self._events.insert(place, Event(day, kind, what, value, unit, detail))

    def of_kind(self, kind: str, what: str | None = None) -> tuple[Event, ...]:
        """Return the events of one kind (and of one subject, if named), oldest first."""
        return tuple(
            event for event in self._events if event.kind == kind and (what is None or event.what == what)
        )

    def __iter__(self) -> Iterator[Event]:
        """Iterate over the events, oldest first."""
        return iter(self._events)

    def __len__(self) -> int:
        """Return how many events there are."""
        return len(self._events)

    def __getitem__(self, index: int) -> Event:
        """Return one event by position."""
        return self._events[index]

    def __deepcopy__(self, memo: dict[int, Any]) -> "EventLog":
        """Copy the list, not the immutable events: courses are branched often."""
        copied = EventLog()
        copied._events = list(self._events)
        return copied
