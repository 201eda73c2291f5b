"""One patient in every arm: the arms' common past is simulated once, and branched where they first do different things.

Arms that share the patient's body follow it together, each with its own clinic. Within a step every clinic acts on a
stand-in that hands reads through and copies the body at the first thing done to it. Arms that did the same go on
together, the others on a copy. As random numbers are keyed and a copied body goes on with the same bytes, every arm gets
exactly what it would have got alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulation.body import Body
from simulation.body.virtual_patient import patient_values
from simulation.clinic.clinic import Clinic
from simulation.clinic.ports import Effect, Truth

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario
    from simulation.trial.schema import Arm

__all__ = ["OF_BODY", "ArmCourse", "simulate_twins"]

_EPS = 1e-9
# what of a scenario the body is made of; all else concerns the clinic only
OF_BODY = ("time_step", "marrow", "resolution", "patient", "donor", "graft", "parameters", "processes")


@dataclass(slots=True)
class ArmCourse:
    """Follow one arm of one patient; `body` may be shared with other arms until they part."""

    key: str
    scenario: "Scenario"
    body: Body
    clinic: Clinic
    leukaemia_free_days: float = 0.0  # alive and, in truth, below overt relapse
    overt: list[list[float]] = field(default_factory=list)  # [from, to]: days with overt leukaemia, in truth
    free: bool = True  # of overt leukaemia now
    parted_day: float | None = None  # from here on no other arm went the same way
    _acts: tuple[object, ...] = field(default=(), repr=False)

    @property
    def finished(self) -> bool:
        """Return whether follow-up is over or the patient has died."""
        return self.clinic.finished or self.body.day >= self.scenario.follow_up - _EPS

    def note(self, began: float, dt: float) -> None:
        """Take note of a step from day `began` on: whether the patient was free of overt leukaemia in it."""
        now = began + dt
        if began >= -_EPS:
            if self.free:
                self.leukaemia_free_days += dt
            else:
                self.overt[-1][1] = now
        fraction = self.body.truth().marrow_blast_fraction
        was_free, self.free = self.free, fraction < self.scenario.definitions.overt_relapse
        if was_free and not self.free:
            self.overt.append([now, now])


def simulate_twins(arms: "Sequence[Arm]", seed: int, patient: int) -> list[ArmCourse]:
    """Simulate one patient in every arm to the end, and return the arms in their order."""
    courses: list[ArmCourse] = []
    bodies: list[tuple[list[object], Body]] = []
    for arm in arms:
        scenario = arm.scenario
        values = patient_values(scenario, seed, patient)
        made_of = [getattr(scenario, name) for name in OF_BODY]
        body = next((body for known, body in bodies if known == made_of), None)
        if body is None:
            body = Body(scenario, values, seed, patient)
            bodies.append((made_of, body))
        courses.append(ArmCourse(arm.key, scenario, body, Clinic(scenario, values)))
    going = [[course for course in courses if course.body is body] for _, body in bodies]
    while going:
        together = going.pop()
        while together and not together[0].finished:
            together, *others = _step(together)
            going.extend(others)
    return courses


def _step(together: list[ArmCourse]) -> list[list[ArmCourse]]:
    """Do one step with arms that share a body; return them in groups that still do."""
    groups = _act(together)
    for group in groups:
        body = group[0].body
        began, dt = body.day, body.time_step
        body.step()
        for course in group:
            course.clinic.observe(body)
            course.note(began, dt)
    return groups


def _act(together: list[ArmCourse]) -> list[list[ArmCourse]]:
    """Let every clinic act; arms that did different things to the body part here."""
    if len(together) == 1:
        together[0].clinic.act(together[0].body)
        return [together]
    shared = together[0].body
    groups: dict[tuple[object, ...], tuple[Body, list[ArmCourse]]] = {}
    for course in together:
        hands = _Hands(shared)
        course.clinic.act(hands)
        body, members = groups.setdefault(tuple(hands.done), (hands.body, []))
        course.body = body
        members.append(course)
    parted = [members for _, members in groups.values()]
    if len(parted) > 1:
        for members in parted:
            if len(members) == 1 and members[0].parted_day is None:
                members[0].parted_day = shared.day
    return parted


class _Hands:
    """Stand in for a shared body: implements `simulation.clinic.ports.Patient`, copies the body before changing it."""

    def __init__(self, shared: Body) -> None:
        self.body = shared
        self._shared = shared
        self.done: list[Effect] = []

    @property
    def day(self) -> float:
        return self.body.day

    @property
    def time_step(self) -> float:
        return self.body.time_step

    @property
    def weight_kg(self) -> float:
        return self.body.weight_kg

    @property
    def body_surface_m2(self) -> float:
        return self.body.body_surface_m2

    def truth(self) -> Truth:
        return self.body.truth()

    def uniform(self, stream: str, *ids: int) -> float:
        return self.body.uniform(stream, *ids)

    def binomial(self, stream: str, n: int, p: float, *ids: int) -> int:
        return self.body.binomial(stream, n, p, *ids)

    def hazard_of_death(self) -> float:
        return self.body.hazard_of_death()

    def apply(self, effect: Effect) -> None:
        if self.body is self._shared:
            self.body = self._shared.copy()
        self.done.append(effect)
        self.body.apply(effect)
