"""When treatment was triggered and given."""

from typing import ClassVar

from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Truth

__all__ = ["Treatment"]


def _before(relapse: float | None, treatment: float | None) -> bool:
    return relapse is not None and (treatment is None or relapse < treatment)


class Treatment(Watcher):
    """Note the trigger, and the first dose, infusion or chemotherapy."""

    rank: ClassVar = 10
    outcomes: ClassVar = (
        Outcome(
            name="trigger_day",
            kind="day",
            label="Treatment triggered",
            meaning="day on which treatment was decided",
            row=False,
        ),
        Outcome(
            name="treatment_start_day",
            kind="day",
            short="treated",
            label="Treatment started",
            meaning="first dose, infusion or chemotherapy",
        ),
        Outcome(
            name="treated",
            kind="share",
            those="of those treated",
            label="Treated",
            meaning="treatment was given",
            of=lambda row: row["treatment_start_day"] is not None,
        ),
        Outcome(
            name="overt_before_treatment",
            kind="share",
            label="Overt before treatment could start",
            meaning="overt relapse, in truth, before the first treatment, or without any",
            better="less",
            of=lambda row: _before(row["relapse_day"], row["treatment_start_day"]),
        ),
    )
    trigger_day: float | None = None
    start_day: float | None = None

    def triggered(self, now: float, truth: Truth, diagnosis_sampled: float | None) -> None:
        """Note the day of the decision."""
        self.trigger_day = now

    def treatment_began(self, now: float) -> None:
        """Note the day of the first treatment."""
        self.start_day = now

    def values(self, truth: Truth) -> Row:
        """Return both days."""
        return {"trigger_day": self.trigger_day, "treatment_start_day": self.start_day}
