"""The results of `sweep`, read back: every run with its factors and outcomes, and means over patients for charts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulation.browser.catalogue import Source
from simulation.browser.results.damage import reading
from simulation.scenario.cohort import NONE
from simulation.sweep.factors import Factor
from simulation.sweep.outcomes import NumericOutcome
from simulation.sweep.plan import Plan, load_plan
from simulation.sweep.points import point_scenario
from simulation.sweep.table import Table

__all__ = ["Axis", "Cell", "SweepFolder", "read_sweep"]

_BINS: Final = 8  # of a factor whose values are drawn
_MOST_LEVELS: Final = 24


@dataclass(frozen=True)
class Axis:
    """Hold one axis of a chart: the factor's levels, or the middle of its bins, in words, and each run's index."""

    factor: Factor
    labels: tuple[str, ...]
    edges: tuple[float, ...] = ()

    def index(self, value: Any) -> int:
        """Return where a run's value lies."""
        if self.edges:
            return int(
                np.clip(np.searchsorted(self.edges, float(value), side="right") - 1, 0, len(self.labels) - 1)
            )
        return self.labels.index(self.factor.level_text(value))


@dataclass(frozen=True)
class Cell:
    """Hold the mean of an outcome over the runs of one cell, and the runs."""

    mean: float
    runs: tuple[dict[str, Any], ...]


@dataclass(frozen=True, eq=False)
class SweepFolder:
    """Hold a sweep: its plan and every run that is done."""

    folder: Path
    plan: Plan
    rows: tuple[dict[str, Any], ...]

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Return the factors."""
        return self.plan.factors

    @property
    def outcomes(self) -> tuple[NumericOutcome, ...]:
        """Return the outcomes."""
        return self.plan.outcomes

    def axis(self, name: str) -> Axis:
        """Return the axis of a factor: its levels in order, or bins where there are too many."""
        factor = next(one for one in self.factors if one.name == name)
        values = {row[name] for row in self.rows if row.get(name) is not None}
        if factor.numeric and len(values) > _MOST_LEVELS:
            numbers = np.array(sorted(float(value) for value in values))
            spread = np.geomspace if factor.scale == "log" and numbers[0] > 0 else np.linspace
            edges = spread(numbers[0], numbers[-1], _BINS + 1)
            middles = (
                np.sqrt(edges[:-1] * edges[1:]) if spread is np.geomspace else (edges[:-1] + edges[1:]) / 2
            )
            return Axis(factor, tuple(f"{middle:.3g}" for middle in middles), tuple(edges.tolist()))
        ordered = (
            sorted(values, key=float)
            if factor.numeric
            else [level for level in factor.levels if level in values] or sorted(values)
        )
        return Axis(factor, tuple(dict.fromkeys(factor.level_text(value) for value in ordered)))

    def grid(self, x: Axis, y: Axis | None, outcome: str, arm: str) -> dict[tuple[int, int], Cell]:
        """Return (column, row) -> cell of one arm; missing outcomes (what did not happen) do not enter a mean."""
        cells: dict[tuple[int, int], list[dict[str, Any]]] = {}
        for row in self.rows:
            if row["arm"] == arm:
                cells.setdefault(
                    (x.index(row[x.factor.name]), y.index(row[y.factor.name]) if y else 0), []
                ).append(row)
        return {place: Cell(_mean(runs, outcome), tuple(runs)) for place, runs in cells.items()}

    def source(self, row: dict[str, Any]) -> Source:
        """Return the scenario of one run; raise `UserError` where its point contradicts itself."""
        values = tuple(row[factor.name] for factor in self.factors)
        scenario = point_scenario(self.plan.arms[row["arm"]], self.factors, values, row["arm"])
        title = f"{self.plan.name}, point {row['point']}, {row['arm']}"
        return Source(None, text=scenario.to_yaml(str), title=title, cohort=NONE)


def _mean(runs: list[dict[str, Any]], outcome: str) -> float:
    numbers = [float(run[outcome]) for run in runs if run.get(outcome) is not None]
    return float(np.mean(numbers)) if numbers else float("nan")


def read_sweep(folder: Path) -> SweepFolder:
    """Return the sweep in a folder; raise `UserError` where nothing is done yet or the folder is damaged."""
    with reading(folder):
        plan = load_plan(folder)
        rows = tuple(Table(folder, plan).rows())
        if not rows:
            raise ValueError("it holds no run that is done yet")
        sweep = SweepFolder(folder, plan, rows)
        axes = [sweep.axis(factor.name) for factor in sweep.factors]  # all that is shown rests on them
        for row in rows:
            plan.arms[row["arm"]], int(row["seed"]), int(row["patient"])
            for axis in axes:
                axis.index(row[axis.factor.name])
        for outcome in sweep.outcomes:
            _mean(list(rows), outcome.name)
    return sweep
