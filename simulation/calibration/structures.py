"""A trial's question under each contested structure of the model: parameter sets weighed anew, then the trial itself.

Sets are draws of what the data leave of the shipped structure. Under another one each is held against the published studies
again, on the same virtual patients with the same chance events, and weighed by how much likelier it makes the observations
than it did (importance weights), tempered until half of the sets count, as in a fit: by the likelihood alone often one or two
would, and how many is told. So a structure is judged, and answers, at the sets that suit it best among those that were tried.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.calibration.abc import tempered
from simulation.calibration.estimate import Statistic
from simulation.calibration.experiments import Fidelity, Simulator
from simulation.calibration.settings import load_settings
from simulation.calibration.targets import LARGEST_Z, Target, load_targets
from simulation.errors import OtherScenario, UserError
from simulation.files.atomic import write_file
from simulation.files.seals import sealed_json, unsealed
from simulation.files.tables import plain
from simulation.pool import Pool, Task
from simulation.posterior import AS_SHIPPED, ParameterSet, Structure, structure_named
from simulation.provenance import model_sha256
from simulation.statistics.paired import beyond_chance
from simulation.statistics.weighted import effective_number, importance_weights, weighted_mean
from simulation.trial.conduct import ConductedTrial, conduct
from simulation.trial.execute import Progress, number_of_runs
from simulation.trial.schema import Arm, Trial

__all__ = ["FOLDER", "Plan", "do", "plan_of", "under_structures"]

FOLDER: Final = "structures"
_KEPT: Final = "studies.json"
_STUDIES: Final = (
    "overt",
    "mrd",
    "natural",
    "dli_at_mrd",
)  # of whose patients every structure may make others
_FIDELITY: Final = Fidelity(side=3)  # as in the fits
_MISSES: Final = 3
type Floats = npt.NDArray[np.float64]
type Key = tuple[str, int, str]  # structure, number of the set in the plan, study
type Numbers = Mapping[str, Sequence[float | None]]  # of a study: target -> value, point, se, n


@dataclass(frozen=True)
class Plan:
    """Hold what is to be done; `numbers` are the posterior's sets that are weighed, (None,) for the table's values."""

    trial: Trial
    structures: tuple[Structure, ...]
    numbers: tuple[int | None, ...]
    study_patients: int
    patients: int

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """Return the observations that were fitted and that these studies made."""
        return tuple(t for t in load_targets().values() if t.use == "fit" and t.experiment in _STUDIES)

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Return the weights of the targets: those of the fits, where the sets know them."""
        data = {} if self.trial.posterior is None else self.trial.posterior.data
        return {t.id: data[t.id].weight if t.id in data else t.translation for t in self.targets}

    def wanted(self) -> Iterator[Key]:
        """Yield what is simulated of studies."""
        for structure in (AS_SHIPPED, *self.structures):
            for k in range(len(self.numbers)):
                yield from ((structure.key, k, study) for study in _STUDIES)

    def set(self, k: int) -> ParameterSet:
        """Return the parameter set at a place of the plan."""
        number = self.numbers[k]
        posterior = self.trial.posterior
        return ParameterSet() if number is None or posterior is None else posterior.set(number)

    def trial_under(self, structure: Structure, weights: Sequence[float]) -> Trial:
        """Return the trial of the two arms in question under a structure, with the sets weighed anew."""
        trial = self.trial
        arms = tuple(Arm(arm.key, structure.on(arm.scenario)) for arm in trial.arms if arm.key in trial.main)
        posterior = trial.posterior
        if posterior is not None:
            posterior = posterior.reweighed([k for k in self.numbers if k is not None], weights)
        file = trial.file.model_copy(
            update={"patients": self.patients, "structures": None, "precision": None, "repeats": None}
        )
        return replace(trial, file=file, arms=arms, posterior=posterior, once=True)

    def identity(self) -> dict[str, Any]:
        """Return on what the studies' results depend."""
        return {
            "seed": self.trial.seed,
            "model": model_sha256(),
            "sets": [self.set(k).__dict__ for k in range(len(self.numbers))],
            "patients": self.study_patients,
            "observations": {t.id: [t.statistic, t.observed, t.low, t.high] for t in self.targets},
        }

    def cost(self) -> str:
        """Say before it begins what it takes."""
        arms = sum(len(load_settings()[study].arms) for study in _STUDIES)
        lives = (len(self.structures) + 1) * len(self.numbers) * self.study_patients * arms
        one = self.trial_under(AS_SHIPPED, (1.0,) * len(self.numbers))
        trials = len(self.structures) * number_of_runs(one, self.patients)
        return (
            f"Structures: {len(self.structures)} and the shipped one are held against {len(_STUDIES)} studies under "
            f"{len(self.numbers)} parameter set{'s' * (len(self.numbers) > 1)} ({lives} courses of up to three years on few "
            f"niches), then each has a trial of its own ({trials} runs). What is done is kept, and --resume goes on."
        )


def plan_of(trial: Trial) -> Plan | None:
    """Return what a trial asks for; None where it names no structures."""
    asked = trial.file.structures
    if asked is None:
        return None
    numbers: tuple[int | None, ...] = (None,)
    if trial.posterior is not None:
        drawn = dict.fromkeys(trial.posterior.drawn(trial.seed, block) for block in range(asked.sets))
        numbers = tuple(drawn)
    patients = asked.patients or trial.patients
    return Plan(trial, tuple(map(structure_named, asked.of)), numbers, asked.study_patients, patients)


def under_structures(
    plan: Plan, done: ConductedTrial, out: Path, pool: Pool, *, on_studies: Callable[[Progress], None] = lambda _: None,
    on_trial: Callable[[str, Progress], None] = lambda *_: None, should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any] | None:  # fmt: skip
    """Return what `comparison.json` says under `structures`; None where it was stopped, and what was done is kept.

    Raises
    ------
    UserError
        Where what is kept in `out` is damaged, or of other sets, observations or another model.
    """
    studies = _studies(plan, out / FOLDER / _KEPT, pool, on_studies)
    if studies is None:
        return None
    judged = _judged(plan, studies)
    rows = [_row(plan, AS_SHIPPED, judged, done)]
    for structure in plan.structures:
        trial = plan.trial_under(structure, judged[structure.key].weights.tolist())
        there = out / FOLDER / structure.key
        conducted = conduct(
            trial, there, pool, on_progress=lambda p, key=structure.key: on_trial(key, p),  # type: ignore[misc]
            should_stop=should_stop,
        )  # fmt: skip
        if (
            conducted.state.stopped
            or conducted.state.not_stored is not None
            or not conducted.view.comparison["pairs"]
        ):
            return None
        rows.append(_row(plan, structure, judged, conducted))
    values = [row["value"] for row in rows]
    limits = [limit for row in rows for limit in row["range"] if limit is not None]
    return {
        "outcome": done.view.primary,
        "parameter_sets": len(plan.numbers) if plan.trial.posterior is not None else 0,
        "study_patients": plan.study_patients,
        "observations": len(plan.targets),
        "values": (min(values), max(values)),
        "range": (min(limits, default=None), max(limits, default=None)),
        "rows": rows,
    }


# ---- how well each structure fits


@dataclass(frozen=True)
class _StructureFit:
    """Hold weights of the sets, the weighted squared misfits by set and target, and z of the weighted mean."""

    weights: Floats
    alone: float  # how many sets would count by the likelihood alone, untempered
    squares: Floats  # shape (sets, targets), weighted
    z: Floats


def _studies(
    plan: Plan, file: Path, pool: Pool, on_progress: Callable[[Progress], None]
) -> dict[Key, Numbers] | None:
    identity = json.loads(json.dumps(plain(plan.identity())))
    known = _read(file, identity)
    wanted = list(plan.wanted())
    left = [key for key in wanted if key not in known]
    tasks = (
        Task(((structure, plan.set(k), study, plan.trial.seed, plan.study_patients, (structure, k, study)),))
        for structure, k, study in left
    )
    on_progress(Progress(len(wanted) - len(left), len(wanted), 0, 0.0))
    for result in pool.run(do, tasks):
        ((key, row),) = result.wanted()
        known[key] = row
        kept = {"|".join(map(str, key)): row for key, row in sorted(known.items())}
        write_file(file, sealed_json({"identity": identity, "studies": kept}))
        on_progress(Progress(sum(1 for key in wanted if key in known), len(wanted), 0, 0.0))
    return {key: known[key] for key in wanted} if all(key in known for key in wanted) else None


def _read(file: Path, identity: Any) -> dict[Key, Numbers]:
    try:
        stored = unsealed(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        message = "is damaged; remove it, and the studies are simulated again"
        raise UserError(message, file=str(file)) from None
    if stored["identity"] != identity:
        message = "is of other parameter sets, observations or another model"
        raise OtherScenario(message, file=str(file), expected="a new folder")
    split = ((name.split("|"), message) for name, message in stored["studies"].items())
    return {(structure, int(k), study): message for (structure, k, study), message in split}


def do(
    runs: tuple[tuple[str, ParameterSet, str, int, int, Key], ...],
) -> list[tuple[Key, dict[str, list[float | None]]]]:
    """Simulate studies under structures: (structure, set, study, seed, patients per arm, key) each."""
    rows = []
    for structure, chosen, study, seed, patients, key in runs:
        used = structure_named(structure)
        statistics = Simulator(seed, {study: patients}, _FIDELITY, structure=used).statistics(study, chosen)
        names = {t.id: t.name for t in load_targets().values() if t.use == "fit" and t.experiment == study}
        rows.append((key, {name: _plain(statistics[of]) for name, of in names.items()}))
    return rows


def _plain(statistic: Statistic) -> list[float | None]:
    numbers = (statistic.value, statistic.point, statistic.se, float(statistic.n))
    return [number if math.isfinite(number) else None for number in numbers]


def _judged(plan: Plan, studies: Mapping[Key, Numbers]) -> dict[str, _StructureFit]:
    weights = np.array([plan.weights[t.id] for t in plan.targets])

    def z_of(structure: str, k: int, target: Target) -> float:
        value, point, se, n = studies[structure, k, target.experiment][target.id]
        known = [math.nan if one is None else one for one in (value, point, se)]
        statistic = Statistic(known[0], known[1], known[2], int(n or 0), target.scale)
        return float(np.clip(target.misfit(statistic), -LARGEST_Z, LARGEST_Z))

    z = {
        one.key: np.array([[z_of(one.key, k, t) for t in plan.targets] for k in range(len(plan.numbers))])
        for one in (AS_SHIPPED, *plan.structures)
    }
    squares = {key: weights * distances**2 for key, distances in z.items()}
    shipped = squares[AS_SHIPPED.key].sum(axis=1)
    judged = {}
    for key, distances in squares.items():
        likelier = -0.5 * (distances.sum(axis=1) - shipped)
        counted = tempered(likelier)
        judged[key] = _StructureFit(
            counted, effective_number(importance_weights(likelier)), distances, counted @ z[key]
        )
    return judged


def _row(
    plan: Plan, structure: Structure, judged: Mapping[str, _StructureFit], conducted: ConductedTrial
) -> dict[str, Any]:
    """Return a structure's line: how well it fits, what it misses more than the shipped one, and what it answers."""
    own, shipped = judged[structure.key], judged[AS_SHIPPED.key]
    whole = sum(plan.weights.values())
    misfit = own.weights @ own.squares
    worse = misfit - shipped.weights @ shipped.squares
    order = [int(k) for k in np.argsort(-worse)[:_MISSES] if worse[k] > 0]
    comparison = conducted.view.comparison
    main = comparison["pairs"][0]["differences"][conducted.view.primary]
    sure = comparison.get("uncertainty")
    low, high = main["interval_paired"] if sure is None else sure["range"]
    return {
        "key": structure.key,
        "name": structure.name,
        "contested": structure.contested,
        "distance": math.sqrt(misfit.sum() / whole),
        "best_distance": math.sqrt(float(own.squares.sum(axis=1).min()) / whole),
        "farther": _farther(
            np.sqrt(own.squares.sum(axis=1) / whole) - np.sqrt(shipped.squares.sum(axis=1) / whole)
        ),
        "effective_sets": effective_number(own.weights),
        "effective_by_likelihood": own.alone,
        "misses_more": [{"id": plan.targets[k].id, "z": float(own.z[k])} for k in order],
        "patients": comparison["n_patients"],
        "value": main["value"],
        "range": (low, high),
        "p_better": None if sure is None else sure["p_better"],
        "sign": beyond_chance(low, high, main["differing"]) if low is not None else 0,
    }


def _farther(gaps: Floats) -> dict[str, Any]:
    """Return by how much farther from the data a structure is at the same sets, with its 95 % interval over sets."""
    value, low, high = weighted_mean(gaps, np.ones(gaps.size))
    return {"value": value, "interval": (low, high)}
