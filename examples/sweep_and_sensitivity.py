"""Sweep and sensitivity.

Which parameters decide how long a patient stays free of leukaemia?

A sweep file names a scenario, the parameters to vary and a design; here Morris' design, which screens many parameters with few
runs. Afterwards each parameter has a µ*: how much the outcome moves when only it moves, in the outcome's own unit.

Run it from the project's folder:  python examples/sweep_and_sensitivity.py [folder]
Everything a sweep file may say: docs/sweeps.md.
"""

import csv
import sys
import tempfile
from pathlib import Path

from simulation.cli import main as program

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
OUTCOME = "relapse_free_days"

SWEEP = f"""\
name: What decides
scenario: {SCENARIOS / "therapeutic.yaml"}
set: {{follow_up: 240 d, time_step: 12 h, marrow: {{rows: 4, columns: 4}}, marrow_maps: []}}
parameters:
  rate_blast_net_growth: {{low: 0.04 /day, high: 0.2 /day}}
  rate_kill_max: {{range: table}}
  graft.tcon: {{low: 3e5 cells/kg, high: 3e6 cells/kg, scale: log}}
  cl_blinatumomab: {{range: table}}
design: {{kind: morris, trajectories: TRAJECTORIES, levels: 4, seed: 1}}
replicates: 1
seed: 1
outcomes: [{OUTCOME}]
"""


def main(folder: str | None = None, trajectories: int = 4) -> None:
    """Write the sweep file, run it, analyse it, and print the parameters by what they move."""
    place = Path(folder or tempfile.mkdtemp(prefix="what-decides-"))
    place.mkdir(parents=True, exist_ok=True)
    file, out = place / "sweep.yaml", place / "runs"
    file.write_text(SWEEP.replace("TRAJECTORIES", str(trajectories)), encoding="utf-8")
    for words in (["sweep", str(file), "--out", str(out)], ["analyze", str(out), "--no-figures"]):
        status = program([*words, "--quiet"])
        if status:
            sys.exit(status)
    with (out / "analysis" / "indices.csv").open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["outcome"] == OUTCOME and row["total"]]
    for row in sorted(rows, key=lambda row: -float(row["total"])):
        print(f"{row['parameter']:>24}  µ* {float(row['total']):6.1f} days")
    print(f"Report: {out / 'analysis' / 'report.html'}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
