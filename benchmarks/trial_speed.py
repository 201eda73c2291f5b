"""Time a trial with 1 and 2 workers, and look at its memory: `python benchmarks/trial_speed.py [PATIENTS]`.

The goal is 100 patients in 4 arms for 365 days in 30 s of CPU, 2 workers at least 1.8 times as fast as 1, and memory that
does not grow with the patients. `cpu_s` is what workers took, whatever else ran; only seconds by the clock, and `speed_up`,
want a machine that does nothing else. `worker_mb` maps numbers
of patients to the largest memory (peak resident set) of a worker process after so many; a fifth of the patients is run
first, then all, each with workers of its own. Linux only, as the memory is read from /proc.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # also where the package is not installed

from simulation.pool import LocalPool  # noqa: E402
from simulation.trial.execute import execute  # noqa: E402
from simulation.trial.load import load_trial  # noqa: E402

TRIAL = ROOT / "scenarios" / "trials" / "therapeutic_vs_preemptive.yaml"


def peak_mb(process: int | str) -> float:
    """Return the largest resident set of a process so far, MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(kilobytes) / 1024, 1)


def cpu_s(process: int) -> float:
    """Return the CPU seconds that a process has had."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(patients: int, workers: int) -> tuple[float, float, float]:
    """Return the seconds and CPU seconds that a trial takes once its kernels are there, and the largest worker, MB."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalPool(workers, preload=("simulation.trial.task",)) as pool,
    ):
        warm = load_trial(TRIAL, [("patients", 2, "patients"), ("follow_up", "61 d", "days")])
        execute(warm, Path(folder) / "warm", pool, 2)  # kernels are compiled or loaded
        trial = load_trial(TRIAL, [("patients", patients, "patients")])
        began, before = time.perf_counter(), sum(map(cpu_s, pool.processes))
        state = execute(trial, Path(folder) / "store", pool, patients)
        seconds = time.perf_counter() - began
        if state.failures or state.not_stored:
            sys.exit(f"runs failed: {state}")
        return seconds, sum(map(cpu_s, pool.processes)) - before, max(map(peak_mb, pool.processes))


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    few = max(2, patients // 5)
    _, _, small = timed(few, 1)
    one, cpu_one, large = timed(patients, 1)
    two, cpu_two, _ = timed(patients, 2)
    record = {
        "patients": patients,
        "seconds_1": round(one, 2),
        "seconds_2": round(two, 2),
        "speed_up": round(one / two, 2),
        "cpu_s": {1: round(cpu_one, 2), 2: round(cpu_two, 2)},
        "cpu_s_for_100_patients": round(cpu_two * 100 / patients, 1),
        "seconds_for_100_patients_2_workers": round(two * 100 / patients, 1),
        "worker_mb": {few: small, patients: large},
        "parent_mb": peak_mb("self"),
    }
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
