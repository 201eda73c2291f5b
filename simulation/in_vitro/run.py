"""The one way in: an experiment and a seed give an `ExperimentResult`."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from simulation.in_vitro.experiment import Experiment
from simulation.in_vitro.plate import Plate
from simulation.in_vitro.result import ExperimentResult

__all__ = ["run_experiment"]


def run_experiment(
    experiment: Experiment, *, seed: int = 0, done: Callable[[int], None] = lambda wells: None
) -> ExperimentResult:
    """Run every well of an experiment.

    Parameters
    ----------
    experiment
        From `load_experiment`.
    seed
        Key of every random number; the same seed gives the same donors in every experiment.
    done
        Gets the number of wells finished so far; it may raise to stop.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    result = experiment.run(Plate(experiment, seed, done))
    return replace(
        result,
        provenance={
            "started": started.isoformat(timespec="seconds"),
            "duration_s": round(time.perf_counter() - clock, 3),
        },
    )
