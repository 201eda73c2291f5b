"""Lives with a common past: it is simulated once, and the lives branch where their clinics first do different things.

Lives of one patient share his body, each with its own clinic. Within a step every clinic acts on a stand-in that hands
reads through and copies the body at the first thing done to it. Lives that did the same go on together, the others on a
copy. As random numbers are keyed and a copied body goes on with the same bytes, every life is exactly what it would have
been alone.
"""

from simulation.body import Body
from simulation.clinic.ports import Effect, Truth
from simulation.life.life import Life

__all__ = ["step_together"]


def step_together(together: list[Life]) -> list[list[Life]]:
    """Do one step with lives that share a body; return them in groups that still do."""
    groups = _act(together)
    for group in groups:
        group[0].body.step()
        for life in group:
            life.observe()
    return groups


def _act(together: list[Life]) -> list[list[Life]]:
    """Let every clinic act; lives whose clinics did different things to the body part here."""
    if len(together) == 1:
        together[0].clinic.act(together[0].body)
        return [together]
    shared = together[0].body
    groups: dict[tuple[Effect, ...], tuple[Body, list[Life]]] = {}
    for life in together:
        hands = _Hands(shared)
        life.clinic.act(hands)
        body, members = groups.setdefault(tuple(hands.done), (hands.body, []))
        life.body = body
        members.append(life)
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
