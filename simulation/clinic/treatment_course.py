"""One patient's course of treatment: what products are given together once treatment is triggered."""

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import is_due

if TYPE_CHECKING:
    from simulation.products.product import Giver, Plan
    from simulation.scenario.schema import Scenario

__all__ = ["TreatmentCourse"]


class TreatmentCourse:
    """Hold the planned treatment of one patient.

    `begin` (days from transplant) is the day of what is given before immunotherapy if the scenario plans such, else of
    immunotherapy. "Day 1 of treatment" is always that of immunotherapy. What has been `stopped` for good is not
    given.
    """

    def __init__(
        self,
        scenario: "Scenario",
        begin: float,
        patient: Patient,
        givers: "Mapping[str, Giver]",
        stopped: Container[str] = (),
    ) -> None:
        self.begin = begin
        day_1 = begin + max(product.lead(scenario) for product in scenario.products)
        self._plans: dict[str, Plan] = {}
        for name, giver in givers.items():
            plan = None if name in stopped else giver.plan(scenario, begin, day_1, patient, self._plans)
            if plan is not None:
                self._plans[name] = plan

    @property
    def over(self) -> bool:
        """Return whether nothing of it is still to be given."""
        return all(plan.over for plan in self._plans.values())

    def begun(self, now: float) -> bool:
        """Return whether the planned first day has come."""
        return is_due(self.begin, now)

    def restaging(self, now: float) -> list[str]:
        """Return why the marrow is looked at now: what has just ended; each reason once."""
        return [why for plan in self._plans.values() if (why := plan.restaging(now))]

    def act(self, patient: Patient, events: EventLog) -> None:
        """Give whatever has fallen due."""
        for plan in self._plans.values():
            plan.act(patient, events)

    def stop(self, product: str, patient: Patient, events: EventLog, why: str) -> bool:
        """Stop a product for good; return whether there was anything to stop."""
        plan = self._plans.get(product)
        return plan is not None and plan.stop(patient, events, why)
