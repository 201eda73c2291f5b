"""Everything that is computed about a sweep, before anything is drawn or written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.analysis.grid import Grid, as_grid, read_points
from simulation.analysis.paired import paired_interval, patient_values
from simulation.analysis.pareto import front
from simulation.analysis.responses import Responses, collect, within
from simulation.analysis.sensitivity import (
    Indices,
    check_responses,
    morris_indices,
    rank_correlations,
    sobol_indices,
)
from simulation.analysis.threshold import Threshold, find_threshold
from simulation.clinic.outcomes import selected
from simulation.errors import UserError
from simulation.scenario.load import parse_scenario
from simulation.sweep.design_files import read_shares
from simulation.sweep.designs import Point
from simulation.sweep.outcomes import NumericOutcome, find_outcome
from simulation.sweep.plan import Plan, load_plan
from simulation.sweep.table import Table

__all__ = ["Answer", "Contrast", "Findings", "Question", "Ranking", "find", "largest_difference"]

_DAYS_FREE: Final = tuple(one.name for one in selected("survival"))

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Question:
    """Ask from where along a factor `better` beats `than`, or where the mean of `better` reaches `value`."""

    along: str
    outcome: str
    better: str | None = None
    than: str | None = None
    value: float | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """Hold the threshold at one combination of the other factors, told in `where`; `refused` says why there is none."""

    question: Question
    where: str
    threshold: Threshold | None
    refused: str = ""


@dataclass(frozen=True, eq=False)
class Contrast:
    """Hold paired differences between two arms, shape (n_points, n_outcomes)."""

    arm: str
    versus: str
    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Ranking:
    """Hold the indices of one outcome in one arm (or of the difference of two), or why there are none."""

    arm: str
    outcome: NumericOutcome
    indices: Indices | None
    noise_share: float
    refused: str = ""


@dataclass(eq=False)
class Findings:
    """Hold a sweep with all that was found."""

    folder: Path
    plan: Plan
    table: Table
    outcomes: tuple[NumericOutcome, ...]
    responses: Responses
    points: list[Point]
    grid: Grid | None
    missing: int
    failures: list[tuple[int, str]]
    n_failed: int
    contrasts: list[Contrast] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    rankings: list[Ranking] = field(default_factory=list)
    pareto: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    traded: tuple[NumericOutcome, NumericOutcome] | None = None
    notes: list[str] = field(default_factory=list)
    values: Floats | None = None

    def title(self, point: int) -> str:
        """Return a point in words."""
        pairs = zip(self.plan.factors, self.points[point], strict=True)
        return ", ".join(factor.in_words(value) for factor, value in pairs)


def find(
    folder: Path,
    outcome_names: Sequence[str] = (),
    questions: Sequence[Question] = (),
    pareto: Sequence[str] = (),
) -> Findings:
    """Read a sweep's folder and compute everything that its design allows.

    Raises
    ------
    UserError
        Where the folder holds no sweep, no run is done, or an outcome or a question does not fit.
    """
    plan = load_plan(folder)
    table = Table(folder, plan)
    outcomes = (
        tuple(dict.fromkeys(find_outcome(name, plan.outcomes) for name in outcome_names)) or plan.outcomes
    )
    questions = [*questions, *(Question(**entry) for entry in plan.analysis.get("thresholds", ()))]
    traded = tuple(pareto) or tuple(plan.analysis.get("pareto") or ())
    needed = [*(question.outcome for question in questions), *traded]
    outcomes = tuple(dict.fromkeys((*outcomes, *(find_outcome(name, plan.outcomes) for name in needed))))
    _no_trajectories(outcomes, table)
    states = table.states()
    if not any(state == 1 for state in states):
        raise UserError("no run is done yet; run it with sweep --resume", file=str(folder))
    responses = within(collect(table, outcomes), [_limits(plan, outcome) for outcome in outcomes])
    points = read_points(folder, plan)
    failed = sum(1 for state in states if state == 2)
    findings = Findings(
        folder, plan, table, outcomes, responses, points, as_grid(plan.factors, points) if points else None,
        sum(1 for state in states if state == 0), table.failures() if failed else [], failed,
    )  # fmt: skip
    _paired(findings, questions)
    _rank(findings)
    if traded:
        _trade(findings, traded)
    return findings


def _limits(plan: Plan, outcome: NumericOutcome) -> tuple[float, float] | None:
    """Return between what the mean of an outcome must lie: days free of something, between 0 and the end of follow-up."""
    if outcome.of not in _DAYS_FREE or outcome.rule != "value":
        return None
    if any(path == "follow_up" for factor in plan.factors for path in factor.paths):
        return 0.0, np.inf
    return 0.0, max(parse_scenario(text).follow_up for text in plan.arms.values())


def largest_difference(plan: Plan, outcome: NumericOutcome) -> float:
    """Return the largest difference that there can be between two patients: 1 for a share; infinite where unknown."""
    limits = _limits(plan, outcome)
    return 1.0 if outcome.share else np.inf if limits is None else limits[1] - limits[0]


def _no_trajectories(outcomes: Sequence[NumericOutcome], table: Table) -> None:
    stored = {column.name for column in table.design.columns}
    for outcome in outcomes:
        if outcome.trajectory and outcome.name not in stored:
            raise UserError(
                f"{outcome.name!r} needs the trajectory, which sweeps do not keep", key="outcomes"
            )


def _paired(findings: Findings, questions: Sequence[Question]) -> None:
    """Compute what needs each patient's own value: differences between arms, thresholds, swings."""
    plan = findings.plan
    if len(plan.arms) < 2 and not questions and plan.design.get("kind") != "one_at_a_time":
        return
    try:
        values = patient_values(findings.table, findings.outcomes)
    except UserError as error:
        findings.notes.append(f"No differences within patients: {error.message}.")
        return
    findings.values = values
    reference = plan.arm_names[0]
    for index, arm in enumerate(plan.arm_names[1:], start=1):
        gaps = np.moveaxis(values[:, :, index] - values[:, :, 0], 0, 1)
        mean, low, high = paired_interval(gaps, [largest_difference(plan, one) for one in findings.outcomes])
        findings.contrasts.append(Contrast(arm, reference, mean, low, high))
    for question in questions:
        findings.answers += _answers(findings, values, question)


def _answers(findings: Findings, values: Floats, question: Question) -> list[Answer]:
    plan, grid = findings.plan, findings.grid
    names = [factor.name for factor in plan.factors]
    if question.along not in names:
        raise UserError(f"{question.along!r} is not a parameter of this sweep", key="--threshold")
    if grid is None or question.along not in [factor.name for factor in grid.factors]:
        return [Answer(question, "", None, "the points make no full grid over this parameter")]
    outcome = find_outcome(question.outcome, findings.outcomes)
    table = values[findings.responses.index(outcome.name)]
    sign = -1.0 if outcome.less_is_better else 1.0
    most = largest_difference(plan, outcome)
    arms = {name: index for index, name in enumerate(plan.arm_names)}
    for arm in (question.better, question.than):
        if arm is not None and arm not in arms:
            raise UserError(f"there is no arm {arm!r}; there are {', '.join(arms)}", key="--better")
    if question.than is not None and question.better is not None:
        gains = sign * (table[:, arms[question.better]] - table[:, arms[question.than]])
        return _along(grid, question, gains, most)
    answers = []
    for arm, index in arms.items():
        named = Question(question.along, question.outcome, arm, None, question.value)
        answers += _along(grid, named, sign * (table[:, index] - float(question.value or 0.0)), most)
    return answers


def _along(grid: Grid, question: Question, gains: Floats, most: float) -> list[Answer]:
    axis = [factor.name for factor in grid.factors].index(question.along)
    others = [i for i in range(len(grid.factors)) if i != axis]
    answers = []
    for combination in product(*(range(len(grid.levels[i])) for i in others)):
        where = ", ".join(
            grid.factors[i].in_words(grid.levels[i][at]) for i, at in zip(others, combination, strict=True)
        )
        at: list[Any] = [slice(None)] * len(grid.factors)
        for i, level in zip(others, combination, strict=True):
            at[i] = level
        try:
            threshold = find_threshold(
                [float(level) for level in grid.levels[axis]], gains[grid.points[tuple(at)]], most
            )
        except ValueError as error:
            answers.append(Answer(question, where, None, str(error)))
        else:
            answers.append(Answer(question, where, threshold))
    return answers


def _rank(findings: Findings) -> None:
    """Compute indices where the design is one for them; a refusal is kept with its reason."""
    plan, responses = findings.plan, findings.responses
    kind = str(plan.design.get("kind"))
    if kind not in ("sobol", "morris", "random", "latin_hypercube"):
        return
    # differences between arms are outcomes too, and often the ones in question
    tables = [
        (arm, responses.mean[:, i], responses.n[:, i], responses.noise_share[i])
        for i, arm in enumerate(plan.arm_names)
    ]
    for contrast in findings.contrasts:
        arm = plan.arm_names.index(contrast.arm)
        both = np.minimum(responses.n[:, arm], responses.n[:, 0])
        noise = _noise_of_difference(findings, arm)
        tables.append((f"{contrast.arm} minus {contrast.versus}", contrast.mean, both, noise))
    for name, means, counts, noise in tables:
        for i, outcome in enumerate(findings.outcomes):
            try:
                check_responses(
                    means[:, i],
                    counts[:, i] if outcome.share else responses.runs.min(axis=1),
                    plan.n_replicates,
                    outcome.name,
                )
                indices = _indices(kind, findings, means[:, i])
                findings.rankings.append(Ranking(name, outcome, indices, float(noise[i])))
            except UserError as error:
                findings.rankings.append(Ranking(name, outcome, None, float(noise[i]), error.message))


def _indices(kind: str, findings: Findings, values: Floats) -> Indices:
    plan = findings.plan
    names = [factor.name for factor in plan.factors]
    if kind == "sobol":
        return sobol_indices(names, values, second_order=bool(plan.design["second_order"]))
    shares = read_shares(findings.folder, plan.n_points, len(names))
    if kind == "morris":
        return morris_indices(names, shares, values, int(plan.design["levels"]))
    return rank_correlations(names, shares, values)


def _noise_of_difference(findings: Findings, arm: int) -> Floats:
    k = len(findings.outcomes)
    noise = np.full(k, np.nan)
    if findings.values is None:
        return noise
    for i in range(k):
        gaps = findings.values[i, :, arm] - findings.values[i, :, 0]
        if gaps.shape[1] > 1 and np.isfinite(gaps).all():
            residual = gaps - gaps.mean(0) - gaps.mean(1, keepdims=True) + gaps.mean()
            points, patients = gaps.shape
            chance = float((residual**2).sum()) / max((points - 1) * (patients - 1), 1) / patients
            between = float(gaps.mean(1).var(ddof=1)) if points > 1 else 0.0
            noise[i] = min(chance / between, 1.0) if between > 0 else np.nan
    return noise


def _trade(findings: Findings, names: Sequence[str]) -> None:
    if len(names) != 2:
        raise UserError("a trade-off needs two outcomes", key="--pareto")
    one, other = (find_outcome(name, findings.outcomes) for name in names)
    findings.traded = (one, other)
    for index, arm in enumerate(findings.plan.arm_names):
        signed = [
            findings.responses.mean[:, index, findings.responses.index(outcome.name)]
            * (1 if outcome.less_is_better else -1)
            for outcome in (one, other)
        ]
        findings.pareto[arm] = front(signed[0], signed[1])
