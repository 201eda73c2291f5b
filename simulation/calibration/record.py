"""What a fit leaves behind: the chosen values as a parameter-set file, and the record that shows how good they are."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulation.calibration.abc import Evaluation, Fit
from simulation.calibration.estimate import Statistic, interval
from simulation.calibration.experiments import Fidelity, Simulator
from simulation.calibration.problem import Problem
from simulation.calibration.targets import Target
from simulation.files.folder import write_folder
from simulation.files.tables import csv_text, json_text
from simulation.parameters import ParameterTable
from simulation.pool import Pool, Task
from simulation.provenance import provenance
from simulation.shipped import PROGRAM
from simulation.units import format_quantity

__all__ = ["ConfirmedCandidate", "LearnedDimension", "confirm", "identifiability", "write_record"]

_FRESH_PATIENTS: Final = 100_000  # numbers of patients that no candidate was fitted to
_UNKNOWN, _CORRELATED, _FEW = 0.3, 0.5, 5.0


@dataclass(frozen=True)
class ConfirmedCandidate:
    """Hold a finalist, simulated with other and more patients at the full resolution."""

    evaluation: Evaluation
    distance: float
    statistics: dict[str, Statistic]


@dataclass(frozen=True)
class LearnedDimension:
    """Hold what the fit says of one dimension; quantiles in the parameter's unit."""

    name: str
    low: float
    high: float
    chosen: float
    q05: float
    median: float
    q95: float
    contraction: float  # 1 - posterior width / prior width, on the scale of the search
    correlated: tuple[tuple[str, float], ...]

    effective: float  # effective number of candidates behind the quantiles

    @property
    def words(self) -> str:
        """Return in words what the data can tell."""
        if self.effective < _FEW:
            return f"not known: only {self.effective:.0f} effective candidates"
        if self.correlated:
            others = ", ".join(f"{name} ({r:+.1f})" for name, r in self.correlated)
            return f"only together with {others}"
        if self.contraction < _UNKNOWN:
            return "not identified: the data leave nearly the whole range"
        return "identified" if self.contraction > 0.6 else "weakly identified"


def confirm(fit: Fit, pool: Pool) -> list[ConfirmedCandidate]:
    """Simulate the best candidates again, best first: other patients, more of them, 6 x 6 niches, steps of 12 h.

    The winner of a search is too good by luck on the patients it was searched with; these are new. Raises
    `KeyboardInterrupt` when the pool was asked to stop.
    """
    _, _, kept = fit.posterior()
    finalists = kept[: fit.problem.effort.finalists]
    confirmed = {}
    for result in pool.run(confirm_one, (Task(((fit.problem, one),)) for one in finalists)):
        confirmed[result.task.runs[0][1].index] = result.wanted()[0]
    if len(confirmed) < len(finalists):
        raise KeyboardInterrupt
    return sorted(confirmed.values(), key=lambda one: (one.distance, one.evaluation.index))


def confirm_one(runs: tuple[tuple[Problem, Evaluation], ...]) -> list[ConfirmedCandidate]:
    """Simulate finalists again."""
    confirmed = []
    for problem, evaluation in runs:
        patients = {name: n * problem.effort.confirm for name, n in problem.patients.items()}
        simulator = Simulator(
            problem.seed,
            patients,
            Fidelity(),
            first_patient=_FRESH_PATIENTS,
            plugins=problem.plugins,
            structure=problem.structure,
        )
        candidate = problem.candidate(np.array(evaluation.point))
        by_experiment = {name: simulator.statistics(name, candidate) for name in problem.experiments}
        statistics = {t.id: by_experiment[t.experiment][t.name] for t in problem.targets}
        total = sum(problem.weights[t.id] * t.z(statistics[t.id]) ** 2 for t in problem.targets)
        distance = math.sqrt(total / sum(problem.weights.values()))
        confirmed.append(ConfirmedCandidate(evaluation, distance, statistics))
    return confirmed


def identifiability(fit: Fit, chosen: Evaluation) -> list[LearnedDimension]:
    """Return what the kept particles say of every dimension."""
    points, weights, _ = fit.posterior()
    centre = weights @ points
    gap = points - centre
    spread = np.sqrt(weights @ gap**2)
    correlation = ((gap * weights[:, None]).T @ gap) / np.maximum(np.outer(spread, spread), 1e-12)
    learned = []
    for i, free in enumerate(fit.problem.free):
        q05, median, q95 = _quantiles(points[:, i], weights, (0.05, 0.5, 0.95))
        others = tuple(
            (other.name, round(float(correlation[i, j]), 2))
            for j, other in enumerate(fit.problem.free)
            if j != i and abs(correlation[i, j]) > _CORRELATED
        )
        learned.append(
            LearnedDimension(
                free.name, free.low, free.high, free.at(chosen.point[i]), free.at(q05), free.at(median), free.at(q95),
                1.0 - (q95 - q05) / 0.9, others, float(1.0 / np.sum(weights**2)),
            )
        )  # fmt: skip
    return learned


def _quantiles(values: np.ndarray, weights: np.ndarray, shares: Sequence[float]) -> list[float]:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return [float(values[order][min(int(np.searchsorted(reached, s)), values.size - 1)]) for s in shares]


def write_record(fit: Fit, finalists: Sequence[ConfirmedCandidate], folder: Path) -> Path:
    """Write `fitted.yaml`, `posterior.csv`, `record.md` and `record.json` to a folder; return the parameter-set file."""
    best = finalists[0]
    learned = identifiability(fit, best.evaluation)
    record = {
        "fit": fit.problem.name,
        "identity": fit.problem.identity(),
        "evaluations": len(fit.done),
        **({} if fit.problem.screen is None else {"screened": fit.problem.screen.candidates}),
        "distance": best.distance,
        "finalists": [_finalist(fit.problem, one) for one in finalists],
        "targets": [_row(t, best.statistics[t.id], fit.problem.weights[t.id]) for t in fit.problem.targets],
        "parameters": [asdict(one) | {"told": one.words} for one in learned],
    }
    files = {
        "fitted.yaml": parameter_set(fit.problem, best),
        "posterior.csv": posterior_text(fit),
        "record.md": record_text(fit, finalists, learned),
        "record.json": json_text(record),
    }
    write_folder(folder, lambda: files, provenance(fit=fit.problem.name, seed=fit.problem.seed))
    return folder / "fitted.yaml"


def posterior_text(fit: Fit) -> str:
    """Return the weighted parameter sets that the data leave, best first: weight, distance, then every free dimension.

    Parameters are in their canonical units (`simulation/parameters`); weights sum to 1.
    """
    points, weights, kept = fit.posterior()
    free = fit.problem.free
    rows = [
        [weight, one.distance, *(f.at(u) for f, u in zip(free, point, strict=True))]
        for weight, one, point in zip(weights.tolist(), kept, points.tolist(), strict=True)
    ]
    return csv_text(["weight", "distance", *(f.name for f in free)], rows)


def parameter_set(problem: Problem, best: ConfirmedCandidate) -> str:
    """Return the text of a parameter-set file: what was fitted, with units, and the spreads between patients."""
    table = ParameterTable.load()
    candidate = problem.candidate(np.array(best.evaluation.point))
    lines = [
        f"# Parameter set of the fit '{problem.name}', written by `{PROGRAM} calibrate`; see record.md beside it.",
        "# Other fits take these values as `given`.",
        "",
        "parameters:",
    ]
    for name, value in candidate.values.items():
        lines.append(f"  {name}: {format_quantity(float(f'{value:.3g}'), table[name].dimension)}")
    if candidate.spreads:
        lines += ["", "between_patients:   # sigma of the log-normal distribution between patients"]
        lines += [
            f"  {name}: {{distribution: lognormal, sigma: {value:.2g}}}"
            for name, value in candidate.spreads.items()
        ]
    if candidate.shares:
        lines += ["", "shares:   # weight of the last part of a mixture between patients"]
        lines += [f"  {name}: {value:.2g}" for name, value in candidate.shares.items()]
    return "\n".join(lines) + "\n"


def record_text(
    fit: Fit, finalists: Sequence[ConfirmedCandidate], learned: Sequence[LearnedDimension]
) -> str:
    """Return the record as Markdown: targets side by side, parameters, what the data cannot tell."""
    problem, best = fit.problem, finalists[0]
    effort, (design, *rounds) = problem.effort, fit.evaluations_by_stage()
    lines = [
        f"# Fit record: {problem.name}",
        "",
        f"{_screened(fit)}{len(fit.done)} candidates: a Sobol design of {design}"
        f"{_rounds(fit, rounds)}; "
        f"common random numbers (seed {problem.seed}), {_patients(problem)}, "
        f"{problem.fidelity.side} x {problem.fidelity.side} niches, steps of {problem.fidelity.time_step * 24:g} h. "
        f"The best {effort.finalists} were simulated again with {effort.confirm} times as many other patients, "
        "6 x 6 niches and steps of 12 h; the table shows the best of these.",
        "",
        "## Targets",
        "",
        "| id | target | observed (95 % or accepted) | simulated (95 % Monte Carlo) | weight | z |",
        "|---|---|---|---|---|---|",
    ]
    for target in problem.targets:
        statistic = best.statistics[target.id]
        low, high = interval(statistic) if statistic.known else (math.nan, math.nan)
        lines.append(
            f"| {target.id} | {target.what} | {target.observed:.3g} ({target.low:.3g}–{target.high:.3g}) "
            f"| {statistic.value:.3g} ({low:.3g}–{high:.3g}), n = {statistic.n} | {problem.weights[target.id]:g} "
            f"| {target.z(statistic):+.1f} |"
        )
    lines += [
        "",
        "## Parameters",
        "",
        "| parameter | range searched | chosen | 90 % of kept candidates | what the data can tell |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.low:.3g}–{one.high:.3g} | **{one.chosen:.3g}** | {one.q05:.3g}–{one.q95:.3g} | {one.words} |"
        for one in learned
    ]
    lines += ["", f"Units: {_units(problem)}.", ""]
    lines += _finalists(problem, finalists)
    reasons = [f"* {free.name}: {free.reason}" for free in problem.free if free.reason]
    if reasons:
        lines += ["Outside the table's range, because:", "", *reasons, ""]
    return "\n".join(lines)


def _finalists(problem: Problem, finalists: Sequence[ConfirmedCandidate]) -> list[str]:
    """Return the finalists side by side: how much better the first one is than those that were not chosen."""
    lines = [
        "## Finalists",
        "",
        "The sum of weights times squared misses with the other patients, in standard errors of both; with the patients of the "
        "search, in those of the observation; and what is missed by more than two standard errors of both.",
        "",
        "| candidate | weighted square | with the patients of the search | targets missed |",
        "|---|---|---|---|",
    ]
    whole = sum(problem.weights.values())
    for one in finalists:
        z = _misses(problem, one)
        missed = ", ".join(f"{name} ({far:+.1f})" for name, far in z.items() if not abs(far) <= 2.0)
        squares = f"{one.distance**2 * whole:.1f} | {one.evaluation.distance**2 * whole:.1f}"
        lines.append(f"| {one.evaluation.index} | {squares} | {missed or 'none'} |")
    return [*lines, ""]


def _finalist(problem: Problem, one: ConfirmedCandidate) -> dict[str, Any]:
    return {
        "candidate": one.evaluation.index,
        "distance_in_search": one.evaluation.distance,
        "distance": one.distance,
        "z": _misses(problem, one),
    }


def _misses(problem: Problem, one: ConfirmedCandidate) -> dict[str, float]:
    return {target.id: target.z(one.statistics[target.id]) for target in problem.targets}


def _screened(fit: Fit) -> str:
    """Return in words what came before the fit, and how well its surfaces know what was left."""
    screen, region = fit.problem.screen, fit.region()
    if screen is None or region is None:
        return ""
    errors = "; ".join(
        f"{target.id} {math.sqrt(region.surfaces[target.id].variance):.2g} ({math.hypot(target.se, target.tolerance):.2g})"
        for target in fit.problem.targets
        if target.id in region.surfaces
    )
    return (
        f"Screened first: {screen.candidates} candidates over the whole ranges ({_patients(fit.problem.screening())}, "
        f"each its own). Quadratic response surfaces through what they gave left {screen.leave:.2g} of the ranges. "
        f"Standard errors of the surfaces, and in brackets of the observation: {errors}.\n\n"
    )


def _rounds(fit: Fit, rounds: Sequence[int]) -> str:
    numbers = ", ".join(map(str, rounds))
    regions = [fit.region(stage) for stage in range(1, len(rounds) + 1)]
    shares = ", ".join(f"{region.share:.1g}" for region in regions if region is not None)
    if fit.problem.screen is None:
        return f", then rounds of ABC-SMC with {numbers}" if rounds else ""
    told = (
        f", then rounds of {numbers} over {shares} of the ranges, told by all that was simulated until then"
    )
    return " over what was left" + (told if rounds else "")


def _patients(problem: Problem) -> str:
    numbers = ", ".join(f"{name} {n}" for name, n in problem.patients.items())
    return f"patients per arm: {numbers}" if numbers else "the settings' own numbers of patients"


def _units(problem: Problem) -> str:
    table = ParameterTable.load()
    return ", ".join(f"{free.name} {table[free.name].unit}" for free in problem.free if not free.of_patients)


def _row(target: Target, statistic: Statistic, weight: float) -> dict[str, Any]:
    low, high = interval(statistic) if statistic.known else (math.nan, math.nan)
    return {
        "id": target.id, "what": target.what, "observed": target.observed, "observed_low": target.low,
        "observed_high": target.high, "simulated": statistic.value, "simulated_low": low, "simulated_high": high,
        "n_simulated": statistic.n, "weight": weight, "z": target.z(statistic), "source": target.source,
    }  # fmt: skip
