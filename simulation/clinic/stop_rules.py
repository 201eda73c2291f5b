"""Rules that end a treatment for good. They apply from the first day of treatment on.

aGvHD that came and went before treatment does not forbid it; from the first day of treatment on, one day at
the grade is enough, and the treatment does not come back.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.clinic.assays import Examination, MarrowResult, reaches

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["Stop", "StopRules"]


@dataclass(frozen=True, slots=True)
class Stop:
    """Name the product to stop (`blinatumomab` or `dli`) and why."""

    product: str
    why: str


class StopRules:
    """Apply a scenario's `stop` section; `negative_share` makes a measured relapse CD19-negative."""

    def __init__(self, scenario: "Scenario", negative_share: float) -> None:
        self._rules = scenario.stop
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
        stops: list[Stop] = []
        rules = self._rules
        if rules.agvhd_grade is not None and examination.agvhd_grade >= rules.agvhd_grade:
            stops.append(
                Stop("dli", f"aGvHD grade {examination.agvhd_grade} (stop at >= {rules.agvhd_grade})")
            )
        if rules.crs_grade is not None and examination.crs_grade >= rules.crs_grade:
            why = f"CRS grade {examination.crs_grade} (stop at >= {rules.crs_grade})"
            stops.append(Stop("blinatumomab", why))
        relapse = self._negative_relapse
        if rules.cd19_negative_relapse and relapse is not None:
            why = f"CD19-negative relapse ({relapse.value:.0%} blasts, aspirate of day {relapse.sampled:g})"
            stops.append(Stop("blinatumomab", why))
        return stops
