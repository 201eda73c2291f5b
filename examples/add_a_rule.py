"""Add a rule of your own, and see whether it changes the answer.

The rule: blasts in poorly perfused niches are harder to kill. It is a class of a few lines; nothing in the program is changed.
The same patients are treated early and late, without the rule and with it.

Run it from the project's folder:  python examples/add_a_rule.py
To keep a rule in a file and name it in scenarios, trials and sweeps: docs/extending.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation import load_scenario, simulate
from simulation.biology.channels import Channel

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"


@dataclass(frozen=True)
class Hideout:
    """Scale the kill rates of blasts where little blood comes."""

    name: str = "hideout"
    source: str = "an assumption, for this example"
    access: float = 0.5  # niches with less access than this are hideouts
    kill_factor: float = 0.2

    def act(self, state: Any, dt: float) -> None:
        """Act in one step: after the built-in processes have said their rates, before events are drawn."""
        blasts = state.blast_rows
        hidden = blasts[state.places.access[state.pop.place[blasts]] < self.access]
        for channel in (Channel.KILLED_BY_ENGAGED, Channel.KILLED_BY_GVL):
            state.pop.hazard[hidden, channel] *= self.kill_factor  # per cell and day


def main(patients: int = 3, settings: Mapping[str, Any] = {"follow_up": "240 d"}) -> None:
    """Treat every patient early and late, without and with the rule, and print what each gains from early treatment."""
    arms = [
        load_scenario(SCENARIOS / f"{name}.yaml", settings, "standard")
        for name in ("preemptive", "therapeutic")
    ]
    print(
        f"{'patient':>8}{'as shipped':>14}{'with hideouts':>16}   leukaemia-free days gained by treating early"
    )
    for patient in range(1, patients + 1):
        gained = []
        for rules in ((), (Hideout(),)):
            early, late = simulate(arms, seed=1, patient=patient, rules=rules)
            free = [life.outcomes()["current_leukaemia_free_days"] for life in (early, late)]
            gained.append(float(free[0]) - float(free[1]))
        print(f"{patient:>8}{gained[0]:>14.0f}{gained[1]:>16.0f}")


if __name__ == "__main__":
    main()
