"""Design a trial.

How many patients would a real one need, and how many twins does the virtual one?

Every virtual patient is treated in both arms, so the difference within each of them is seen; a real trial sees half of the
patients in each arm. The spread of both is estimated here from a few patients, and the numbers needed follow from it.

Run it from the project's folder:  python examples/design_a_trial.py
The whole machinery, with survival curves and a report, is the command `compare` (docs/trial.md).
"""

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from simulation import load_scenario, simulate

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
Z_ERROR, Z_POWER = 1.96, 0.84  # two-sided 5 %, power of 80 %
OUTCOME = "current_leukaemia_free_days"


def main(
    patients: int = 12,
    worth: float = 30.0,  # days: a difference that would change practice
    settings: Mapping[str, Any] = {"follow_up": "365 d"},
) -> None:
    """Simulate the pilot, and print how many patients tell such a difference from none."""
    arms = [
        load_scenario(SCENARIOS / f"{name}.yaml", settings, "standard")
        for name in ("preemptive", "therapeutic")
    ]
    early, late = [], []
    for patient in range(1, patients + 1):
        lives = simulate(arms, seed=1, patient=patient)
        for days, life in zip((early, late), lives, strict=True):
            days.append(float(life.outcomes()[OUTCOME]))
    gained = [one - other for one, other in zip(early, late, strict=True)]
    both = (Z_ERROR + Z_POWER) / worth
    print(f"pilot of {patients} virtual patients, each treated early and late:")
    print(f"  gained by treating early   {fmean(gained):.0f} days (SD within patients {stdev(gained):.0f})")
    print(f"  SD between patients        {stdev(early):.0f} days early, {stdev(late):.0f} days late")
    print(f"to tell a difference of {worth:.0f} days from none, with a power of 80 %:")
    print(
        f"  a real trial, two groups   {ceil((stdev(early) ** 2 + stdev(late) ** 2) * both**2)} patients in each"
    )
    print(f"  a virtual one, twins       {ceil(stdev(gained) ** 2 * both**2)} patients, each in both arms")


if __name__ == "__main__":
    main()
