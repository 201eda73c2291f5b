"""The book of one patient's outcomes: every watcher takes note, and the summary holds what all of them found."""

from typing import TYPE_CHECKING, Any, cast

from simulation.clinic.outcomes.outcome import Watcher
from simulation.clinic.outcomes.table import OUTCOMES, watchers
from simulation.clinic.schedule import is_due

if TYPE_CHECKING:
    from simulation.clinic.assays import MarrowResult
    from simulation.clinic.clinic import Clinic
    from simulation.clinic.ports import Truth

__all__ = ["OutcomeBook"]


class OutcomeBook:
    """Follow one patient; what happens is passed on to every watcher in a fixed order."""

    def __init__(self, clinic: "Clinic") -> None:
        self._by_kind: dict[type[Watcher], Watcher] = {kind: kind(clinic) for kind in watchers()}
        self._watchers = tuple(self._by_kind.values())
        # in every step: those that look at the truth, and no others
        self._observing = tuple(one for one in self._watchers if type(one).observe is not Watcher.observe)

    def watcher[W: Watcher](self, kind: type[W]) -> W:
        """Return the watcher of a class."""
        return cast(W, self._by_kind[kind])

    def observe(self, truth: "Truth", dt: float) -> None:
        """Take note of the state at the end of a step of `dt` days."""
        if is_due(0.0, truth.day):
            for one in self._observing:
                one.observe(truth, dt)

    def see(self, result: "MarrowResult", now: float) -> None:
        """Take note of a reported marrow result; `now` is the day on which it is read."""
        for one in self._watchers:
            one.see(result, now)

    def triggered(self, now: float, truth: "Truth", diagnosis_sampled: float | None) -> None:
        """Note that treatment was triggered."""
        for one in self._watchers:
            one.triggered(now, truth, diagnosis_sampled)

    def treatment_began(self, now: float) -> None:
        """Note the first dose, infusion or chemotherapy."""
        for one in self._watchers:
            one.treatment_began(now)

    def replanned(self) -> None:
        """Note another plan of treatment."""
        for one in self._watchers:
            one.replanned()

    def died(self, day: float, cause: str) -> None:
        """Note death."""
        for one in self._watchers:
            one.died(day, cause)

    def summary(self, truth: "Truth") -> dict[str, object]:
        """Return the outcomes by name, in the order of the table; None where it did not happen."""
        values = _Values()
        for one in self._watchers:
            values.update(one.values(truth))
        return {name: values[name] for name, declared in OUTCOMES.items() if declared.stored}


class _Values(dict[str, Any]):
    """Work out what follows from other outcomes when it is asked for."""

    def __missing__(self, name: str) -> Any:
        of = OUTCOMES[name].of
        if of is None:
            raise KeyError(name)
        self[name] = of(self)
        return self[name]
