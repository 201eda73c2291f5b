"""Time a trial with 1 and 2 workers, and look at its memory: `python benchmarks/trial_speed.py [PATIENTS]`.

The goal is 100 patients in 4 arms for 365 days in under 240 s on 2 processors, 2 workers at least 1.8 times as fast as
1, and memory that does not grow with the patients. Measure on a machine that does nothing else.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from simulation.pool import LocalPool
from simulation.trial.execute import execute
from simulation.trial.load import load_trial

TRIAL = Path(__file__).resolve().parents[1] / "scenarios" / "trials" / "therapeutic_vs_preemptive.yaml"


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    found: dict[str, float] = {"patients": patients}
    trial = load_trial(TRIAL, [("patients", patients, "patients")])
    for workers in (1, 2):
        with (
            tempfile.TemporaryDirectory() as folder,
            LocalPool(workers, preload=("simulation.trial.task",)) as pool,
        ):
            warm = load_trial(TRIAL, [("patients", 2, "patients"), ("follow_up", "61 d", "days")])
            execute(warm, Path(folder) / "warm", pool, 2)  # kernels are compiled or loaded
            began = time.perf_counter()
            execute(trial, Path(folder) / "store", pool, patients)
            found[f"seconds_{workers}"] = round(time.perf_counter() - began, 2)
    found["speed_up"] = round(found["seconds_1"] / found["seconds_2"], 2)
    found["seconds_for_100_patients_2_workers"] = round(found["seconds_2"] * 100 / patients, 1)
    kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    found["largest_worker_mb"] = round(kilobytes / 1024, 1)
    found["parent_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
