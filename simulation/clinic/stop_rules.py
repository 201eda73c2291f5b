"""Rules that end a treatment for good. They apply from the first day of treatment on.

aGvHD that came and went before treatment does not forbid it; from the first day of treatment on, one day at
the grade is enough, and the treatment does not come back. Which rules there are, the products say.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulation.blocks.fields import Bool, Grade
from simulation.clinic.assays import Examination, MarrowResult, reaches

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["GradeRule", "NegativeRelapseRule", "Stop", "StopRule", "StopRules"]


@dataclass(frozen=True, slots=True)
class Stop:
    """Name the product to stop and why."""

    product: str
    why: str


@dataclass(frozen=True, slots=True)
class StopRule(ABC):
    """Declare a rule by which a product ends: its key of the block `stop`, with `description`."""

    key: str
    subject: str  # the disease that is graded, or the antigen that is lost
    description: str
    words: str  # what the rule does, `{}` being its value

    @property
    @abstractmethod
    def annotation(self) -> Any:
        """Return the type of the key's value."""

    @property
    @abstractmethod
    def usual(self) -> Any:
        """Return the value where no file says one."""

    @abstractmethod
    def why(self, value: Any, examination: Examination, relapses: Mapping[str, MarrowResult]) -> str:
        """Return why the product ends now, or nothing; `relapses` is the marrow's last word by the antigens it is without."""


@dataclass(frozen=True, slots=True)
class GradeRule(StopRule):
    """End a product from a grade of a complication on; the key is that of the grade in `Examination`."""

    @property
    def annotation(self) -> Any:
        """Return a grade, or None for no such rule."""
        return Grade | None

    @property
    def usual(self) -> Any:
        """Return that there is no such rule."""
        return None

    def why(self, value: Any, examination: Examination, relapses: Mapping[str, MarrowResult]) -> str:
        """Return the grade that is reached."""
        grade = getattr(examination, self.key)
        return (
            f"{self.subject} grade {grade} (stop at >= {value})"
            if value is not None and grade >= value
            else ""
        )


@dataclass(frozen=True, slots=True)
class NegativeRelapseRule(StopRule):
    """End a product when overt relapse is without its target."""

    @property
    def annotation(self) -> Any:
        """Return a switch."""
        return Bool

    @property
    def usual(self) -> Any:
        """Return that the rule holds."""
        return True

    def why(self, value: Any, examination: Examination, relapses: Mapping[str, MarrowResult]) -> str:
        """Return the relapse that is without the antigen."""
        relapse = relapses.get(self.subject)
        if not value or relapse is None:
            return ""
        return f"{self.subject.upper()}-negative relapse ({relapse.value:.0%} blasts, aspirate of day {relapse.sampled:g})"


class StopRules:
    """Apply a scenario's `stop` section; `negative_share` of its blasts makes a measured relapse antigen-negative."""

    def __init__(self, scenario: "Scenario", negative_share: float) -> None:
        self._scenario = scenario
        self._values = tuple(getattr(scenario.stop, rule.key) for _, rule in scenario.stop_rules)
        self._overt_relapse = scenario.definitions.overt_relapse
        self._negative_share = negative_share
        self._relapses: Mapping[str, MarrowResult] = {}
        self._judged: Examination | None = None  # what was judged last, since the last result
        self._due: tuple[Stop, ...] = ()  # what followed from it

    def see(self, result: MarrowResult) -> None:
        """Remember the antigens without which the marrow's last word is overt relapse."""
        if not result.judges_remission:
            return
        overt = reaches(result.value, self._overt_relapse)
        lost = (name for name, share in result.lost_shares.items() if share > self._negative_share)
        self._relapses = dict.fromkeys(lost, result) if overt else {}
        self._judged = None

    def due(self, examination: Examination) -> tuple[Stop, ...]:
        """Return what must be stopped now, judged by the bedside grades and the last result."""
        if examination != self._judged:  # on most days all is as it was
            self._judged = examination
            self._due = tuple(
                Stop(product.name, why)
                for (product, rule), value in zip(self._scenario.stop_rules, self._values, strict=True)
                if (why := rule.why(value, examination, self._relapses))
            )
        return self._due
