"""The one way to live a life: one patient under one scenario or several, their common past simulated once."""

from collections.abc import Callable, Sequence
from typing import Final

from simulation.biology.state import Process
from simulation.body import Body
from simulation.life.branching import step_together
from simulation.life.life import Life
from simulation.life.record import EVERYTHING, Record
from simulation.scenario.schema import Scenario

__all__ = ["OF_BODY", "attempt", "simulate"]

# what of a scenario the body is made of; all else concerns the clinic only
OF_BODY: Final = (
    "time_step", "marrow", "resolution", "patient", "donor", "graft", "disease", "parameters", "processes",
    "plugin",
)  # fmt: skip


def simulate(
    scenarios: Sequence[Scenario],
    *,
    seed: int = 0,
    patient: int = 0,
    record: Record = EVERYTHING,
    rules: Sequence[Process] = (),
    on_step: Callable[[Life], None] = lambda _: None,
    until: Callable[[Life], bool] = lambda _: False,
) -> list[Life]:
    """Follow one patient under every scenario to its end.

    Parameters
    ----------
    scenarios
        From `load_scenario`; what they have in common is simulated once, and each life is what it would be alone.
    seed, patient
        Keys of every random number; the same pair is the same patient in every scenario.
    record
        What is kept beside outcomes and events; `NOTHING` is fastest.
    rules
        A user's own processes, acting in every step (see docs/extending.md).
    on_step
        Called with every life after each of its steps.
    until
        Asked before each step of a life; when it says yes, that life ends where it is, not `finished`.

    Returns
    -------
    list of Life
        In the order of the scenarios.
    """
    lives: list[Life] = []
    bodies: list[tuple[list[object], Body]] = []
    for scenario in scenarios:
        body_parts = [getattr(scenario, name) for name in OF_BODY]
        body = next((body for known, body in bodies if known == body_parts), None)
        life = Life(scenario, seed, patient, rules, record, body)
        if body is None:
            bodies.append((body_parts, life.body))
        lives.append(life)
    going = [[life for life in lives if life.body is body] for _, body in bodies]
    while going:
        together = _unfinished(going.pop(), until)
        groups = step_together(together) if together else []
        for group in groups:
            for life in group:
                on_step(life)
        going.extend(groups)
    return lives


def _unfinished(together: list[Life], until: Callable[[Life], bool]) -> list[Life]:
    """Return the lives that go on, on a body that no longer belongs to one that is over."""
    left = [life for life in together if not life.finished and not until(life)]
    if left and len(left) < len(together):
        body = left[0].body.copy()
        for life in left:
            life.body = body
    return left


def attempt(
    scenarios: Sequence[Scenario], *, seed: int, patient: int, record: Record = EVERYTHING
) -> list[Life | Exception]:
    """Follow one patient under every scenario; a life that raises costs only itself, and its exception takes its place."""
    try:
        return [*simulate(scenarios, seed=seed, patient=patient, record=record)]
    except Exception as error:
        if len(scenarios) == 1:
            return [error]
        # the common past hides whose fault it is: each once more on its own
        return [
            result
            for scenario in scenarios
            for result in attempt([scenario], seed=seed, patient=patient, record=record)
        ]
