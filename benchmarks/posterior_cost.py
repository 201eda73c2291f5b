"""What parameter sets cost a trial: `python benchmarks/posterior_cost.py [PATIENTS] [DAYS]`.

The goals are that a trial of 100 patients in 4 arms costs at most 1.5 times with `--posterior`, and that 1,000 patients in 2
arms under 300 sets take less than 15 minutes on 2 cores. That is 1,000 patients in blocks of three or four, a block under one
set, in two arms, and every fourth of them once more: 2,500 runs, not 600,000. A shortened trial is run in this process with and
without sets, reading and analysing included, in turn, three times; of CPU seconds the least count. The machine should do little
else. 1,000 patients are extrapolated for the trial's own follow-up of 730 days: as if each day cost the same and two cores
halved the time; their analysis is made, of the patients at hand over and over. Early days, with treatment, cost more than late
ones.
"""

import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # also where the package is not installed

import numpy as np  # noqa: E402

from simulation.pool import HerePool  # noqa: E402
from simulation.results.trial_view import ArmView  # noqa: E402
from simulation.store import Store  # noqa: E402
from simulation.trial.analysis import view_of  # noqa: E402
from simulation.trial.conduct import conduct  # noqa: E402
from simulation.trial.execute import number_of_runs  # noqa: E402
from simulation.trial.load import load_trial  # noqa: E402
from simulation.trial.origin import design_of  # noqa: E402
from simulation.trial.rows import SET  # noqa: E402
from simulation.trial.schema import Trial  # noqa: E402
from simulation.trial.table import TrialTable, read_table  # noqa: E402

TRIAL = ROOT / "scenarios" / "trials" / "therapeutic_vs_preemptive.yaml"
GOAL_DAYS, GOAL_PATIENTS = 730.0, 1000
ROUNDS = 3  # in turn with and without; the least of each counts, as other work on the machine only adds


def cpu(patients: int, days: float, parameters: str) -> tuple[float, float, float]:
    """Return the CPU seconds of a trial, of its analysis alone, and of that of 1,000 patients in the two arms in question."""
    changes = [
        ("patients", patients, "patients"),
        ("follow_up", f"{days:g} d", "days"),
        ("parameters", parameters, "parameters"),
    ]
    trial = load_trial(TRIAL, changes)
    with tempfile.TemporaryDirectory() as folder, HerePool() as pool:
        began = time.process_time()
        done = conduct(trial, Path(folder), pool)
        whole = time.process_time() - began
        if done.missing:
            sys.exit(f"runs failed: {done.missing[:3]}")
        with Store(Path(folder) / "store", design_of(trial)) as store:
            table = read_table(trial, store, patients)
    two = replace(trial, arms=tuple(arm for arm in trial.arms if arm.key in trial.main))
    many = TrialTable(
        tuple(over_and_over(arm) for arm in table.arms if arm.key in trial.main),
        0,
        {key: table.repeats[key] for key in trial.main},
    )
    return whole, analysis(trial, table), analysis(two, many)


def over_and_over(arm: ArmView) -> ArmView:
    """Return an arm of 1,000 patients, the given ones again and again, four to a set."""
    who = np.arange(GOAL_PATIENTS)
    columns = {name: column[who % arm.n] for name, column in arm.columns.items()}
    if SET in columns:
        columns[SET] = who // 4
    return replace(arm, columns={**columns, "patient": who})


def analysis(trial: Trial, table: TrialTable) -> float:
    """Return the CPU seconds of an analysis."""
    began = time.process_time()
    view_of(trial, table)
    return time.process_time() - began


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    days = float(sys.argv[2]) if len(sys.argv) > 2 else 365.0
    cpu(2, 61.0, "posterior")  # kernels are compiled or loaded
    rounds = [(cpu(patients, days, "table"), cpu(patients, days, "posterior")) for _ in range(ROUNDS)]
    without, plain, _ = (min(numbers) for numbers in zip(*(one for one, _ in rounds), strict=True))
    with_sets, judged, of_many = (
        min(numbers) for numbers in zip(*(other for _, other in rounds), strict=True)
    )
    trial = load_trial(TRIAL, [("parameters", "posterior", "parameters")])
    each = (with_sets - judged) / (number_of_runs(trial, patients) * days)  # s per patient, arm and day
    two = replace(trial, arms=tuple(arm for arm in trial.arms if arm.key in trial.main))
    runs = number_of_runs(two, GOAL_PATIENTS)
    seconds = each * runs * GOAL_DAYS / 2 + of_many
    of_100 = 100 / patients
    ratio = ((with_sets - judged) * of_100 + judged) / ((without - plain) * of_100 + plain)
    record = {
        "patients": patients,
        "days": days,
        "cpu_s_table": round(without, 2),
        "cpu_s_posterior": round(with_sets, 2),
        "cpu_s_analysis_table": round(plain, 2),
        "cpu_s_analysis_posterior": round(judged, 2),
        "ratio": round(with_sets / without, 3),
        "ratio_100_patients": round(ratio, 3),
        "microseconds_per_patient_arm_day": round(1e6 * each, 1),
        "runs_of_1000_patients_2_arms": runs,
        "cpu_s_analysis_1000_patients": round(of_many, 2),
        "minutes_1000_patients_2_arms_2_cores": round(seconds / 60, 1),
    }
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
