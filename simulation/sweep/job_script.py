"""Scripts for a Slurm cluster, with times from runs that were measured here: an array of jobs, and what comes after it."""

import math
import resource
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from simulation.files.atomic import write_file
from simulation.files.folder import slug
from simulation.sweep.estimate import Estimate
from simulation.sweep.plan import Plan

__all__ = ["AFTER", "ARRAY", "minutes_per_job", "write_job_scripts"]

ARRAY, AFTER = "array.slurm", "after.slurm"
_START_MIN: Final = 3.0  # loading, and compiling where the cluster's home has no kernels yet
_SLOWER: Final = 1.5  # nodes differ, and so do patients
_STEP_MIN: Final = 5  # asked for in whole steps
_LAST_MIN: Final = 2.0  # before the end nothing new is begun, and what is in hand is finished
_MOST_SPREAD: Final = 3.0  # standard deviations of the number of runs that a job gets by chance
_MEMORY_MB: Final = 256  # asked for in whole multiples, one more than was measured
_LEAST_MB: Final = 1024  # compiling, where a node has no kernels yet


def minutes_per_job(runs: int, jobs: int, seconds_per_run: float) -> int:
    """Return the minutes that each job of an array asks for: its share of the runs, with room for chance and slow nodes."""
    share = runs / jobs
    most = min(share + _MOST_SPREAD * math.sqrt(share), runs)
    minutes = _START_MIN + _LAST_MIN + _SLOWER * most * seconds_per_run / 60
    return _STEP_MIN * math.ceil(minutes / _STEP_MIN)


def write_job_scripts(
    folder: Path, plan: Plan, file: str, words: Sequence[str], jobs: int, estimate: Estimate
) -> tuple[Path, Path]:
    """Write the array's script and the script for after it into `folder/jobs`; return them.

    `words` are the options that change what `file` says.
    """
    place = folder / "jobs"
    minutes = minutes_per_job(plan.n_runs, jobs, estimate.seconds_per_run)
    sweep = [
        sys.executable,
        "-m",
        "simulation",
        "sweep",
        str(Path(file).resolve()),
        *words,
        "--out",
        str(folder.resolve()),
    ]
    part = f"{shlex.join([*sweep, '--resume', '--workers', '1', '--quiet'])} --max-minutes {minutes - _LAST_MIN:g}"
    head = {
        "chdir": str(Path.cwd()), "ntasks": "1", "cpus-per-task": "1", "mem": f"{_memory_mb()}M",
        "time": f"{minutes // 60}:{minutes % 60:02d}:00",
    }  # fmt: skip
    name = f"twin-{slug(plan.name)[:40]}"
    measured = (
        f"{estimate.seconds_per_run:.2g} s a run, measured on {estimate.measured} runs where this was written"
    )
    array = _script(
        f"{jobs} jobs share {plan.n_runs:,} runs; {measured}.\n"
        "# A job that is ended or out of time keeps what is done: submit the same script again, and only what is missing is run.",
        # SIGTERM two minutes before the end: the batch in hand is finished and kept
        {"job-name": name, "array": f"1-{jobs}", "signal": "B:TERM@120", "output": f"{place.resolve()}/%a.log"} | head,
        f"exec {part} --shard $SLURM_ARRAY_TASK_ID/{jobs}",
    )  # fmt: skip
    analyze = shlex.join([sys.executable, "-m", "simulation", "analyze", str(folder.resolve())])
    after = _script(
        "Runs what the array left, moves the jobs' stores into one, and analyses it.",
        {"job-name": f"{name}-after", "output": f"{place.resolve()}/after.log"} | head,
        f"{part} && exec {analyze}",
    )
    write_file(place / ARRAY, array)
    write_file(place / AFTER, after)
    return place / ARRAY, place / AFTER


def _script(about: str, options: dict[str, str], command: str) -> str:
    lines = [f"#SBATCH --{name}={value}" for name, value in options.items()]
    return "\n".join(["#!/bin/bash", f"# {about}", *lines, "set -u", command, ""])


def _memory_mb() -> int:
    """Return what a job asks for: this process has simulated such runs, and what it took at most is known."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # macOS counts bytes, Linux kB
    taken = math.ceil(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / _MEMORY_MB)
    return max(_LEAST_MB, _MEMORY_MB * (taken + 1))
