"""The one way in: an experiment and a seed give an `ExperimentResult`."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from simulation.in_vitro.protocols.cytotoxicity import cytotoxicity
from simulation.in_vitro.protocols.exhaustion import exhaustion_coculture
from simulation.in_vitro.protocols.mixed_lymphocytes import mixed_lymphocyte_reaction
from simulation.in_vitro.protocols.suppression import suppression_assay
from simulation.in_vitro.result import ExperimentResult
from simulation.in_vitro.schema import (
    Cytotoxicity,
    ExhaustionCoculture,
    Experiment,
    MixedLymphocyteReaction,
    SuppressionAssay,
)

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
        Told the number of wells finished so far; it may raise to stop.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    match experiment:
        case Cytotoxicity():
            result = cytotoxicity(experiment, seed, done)
        case ExhaustionCoculture():
            result = exhaustion_coculture(experiment, seed, done)
        case MixedLymphocyteReaction():
            result = mixed_lymphocyte_reaction(experiment, seed, done)
        case SuppressionAssay():
            result = suppression_assay(experiment, seed, done)
        case _:
            raise TypeError(f"no protocol for {type(experiment).__name__}")
    return replace(
        result,
        provenance={
            "started": started.isoformat(timespec="seconds"),
            "duration_s": round(time.perf_counter() - clock, 3),
        },
    )
