"""Rules that end a treatment for good. They apply from the first day of treatment on.

aGvHD that came and went before treatment does not forbid it; from the first day of treatment on, one day at
the grade is enough, and the treatment does not come back. Which rules there are, the products say.
"""

from abc import ABC, abstractmethod
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

    @abstractmethod
    def why(self, value: Any, examination: Examination, relapse: MarrowResult | None) -> str:
        """Return why the product ends now, or nothing; `relapse` is the marrow's last word, where it is without the antigen."""


@dataclass(frozen=True, slots=True)
class GradeRule(StopRule):
    """End a product from a grade of a complication on; the key is that of the grade in `Examination`."""

    @property
    def annotation(self) -> Any:
        """Return a grade, or None for no such rule."""
        return Grade | None

    def why(self, value: Any, examination: Examination, relapse: MarrowResult | None) -> str:
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

    def why(self, value: Any, examination: Examination, relapse: MarrowResult | None) -> str:
        """Return the relapse that is without the antigen."""
        if not value or relapse is None:
            return ""
        return f"{self.subject}-negative relapse ({relapse.value:.0%} blasts, aspirate of day {relapse.sampled:g})"


class StopRules:
    """Apply a scenario's `stop` section; `negative_share` makes a measured relapse CD19-negative."""

    def __init__(self, scenario: "Scenario", negative_share: float) -> None:
        self._scenario = scenario
        self._overt_relapse = scenario.definitions.overt_relapse
        self._negative_share = negative_share
        self._negative_relapse: MarrowResult | None = None

    def see(self, result: MarrowResult) -> None:
        """Remember whether the marrow's last word is overt relapse without CD19."""
        if not result.judges_remission:
            return
        overt = reaches(result.value, self._overt_relapse)
        share = result.cd19_negative_share
        negative = overt and share is not None and share > self._negative_share
        self._negative_relapse = result if negative else None

    def due(self, examination: Examination) -> list[Stop]:
        """Return what must be stopped now, judged by the bedside grades and the last result."""
        scenario, relapse = self._scenario, self._negative_relapse
        reasons = [
            (product.name, rule.why(getattr(scenario.stop, rule.key), examination, relapse))
            for product, rule in scenario.stop_rules
        ]
        return [Stop(name, why) for name, why in reasons if why]
