"""Early or late? One patient, three strategies.

The question of the program on one page: the same virtual patient goes untreated, is treated at overt relapse, and is treated
as soon as a test finds residual disease. Until their strategies part, the three lives are identical, cell for cell.

Run it from the project's folder:  python examples/early_or_late.py [figure.png]
It says nothing about any real patient: one patient of many, and a model.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws into a file, needs no screen
import matplotlib.pyplot as plt
import pandas as pd

from simulation import load_scenario, simulate

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"

# A patient after a haploidentical transplant, written as in a scenario file: every number with its unit.
PATIENT = {
    "patient.weight": "70 kg",
    "patient.n_residual_blasts": "2e5 cells",  # what is left of the leukaemia on the day of transplant
    "patient.rate_blast_net_growth": "0.07 /day",  # it doubles in ten days
    "graft.treg": "2e6 cells/kg",  # regulatory T cells, which keep GvHD away
    "graft.tcon": "1e6 cells/kg",  # conventional T cells, which blinatumomab needs
    "follow_up": "400 d",
}

# Three strategies; each file also says how the marrow is watched, since a clinic treats what it measures.
STRATEGIES = {
    "none": "no_treatment",  # followed only
    "therapeutic": "therapeutic",  # from 5 % blasts under the microscope: blinatumomab and donor lymphocytes
    "pre-emptive": "preemptive",  # the same from a positive MRD test (1e-4)
}

# What a trial would report of him; docs/results.md lists all outcomes.
OUTCOMES = ["relapse_day", "current_leukaemia_free_days", "final_blasts", "agvhd_grade", "blinatumomab_days"]


def main(picture: str = "early_or_late.png") -> None:
    """Live the three lives, print the table, draw the figure."""
    scenarios = [load_scenario(SCENARIOS / f"{name}.yaml", PATIENT) for name in STRATEGIES.values()]
    # Step by step of six hours: the clinic looks and acts, then cells meet, kill, divide, move and die. The common past of
    # the three lives is simulated once; they part where their clinics first do different things.
    lives = dict(zip(STRATEGIES, simulate(scenarios, seed=1), strict=True))
    table = pd.DataFrame({name: life.outcomes() for name, life in lives.items()}).T[OUTCOMES]
    print(table.astype(float).to_string(float_format="{:.3g}".format))

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, life in lives.items():
        columns = life.columns()
        axes.plot(columns["day"], columns["blasts_cells"].clip(min=1), label=name)
    axes.set(yscale="log", xlabel="days after transplant", ylabel="leukaemic blasts in the body")
    axes.legend(title="treatment")
    figure.savefig(picture, dpi=150)
    print(f"Figure: {picture}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
