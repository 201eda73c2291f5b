"""Try the points of a design without running them: every contradiction is told before the first run."""

from collections.abc import Iterable, Sequence

from simulation.errors import UserError
from simulation.sweep.designs import Point
from simulation.sweep.factors import Factor
from simulation.sweep.load import Sweep
from simulation.sweep.points import point_scenario

__all__ = ["MOST_CHECKED", "check_points", "sample"]

MOST_CHECKED = 120  # points that are all tried; of a larger design so many evenly spread ones, and the ends of every parameter


def check_points(sweep: Sweep, points: Iterable[tuple[int, Sequence[float | str]]]) -> int:
    """Read the scenario of every point given, in every arm, and return how many; raise `UserError` for a bad one."""
    bases = {arm: scenario.to_yaml(str) for arm, scenario in sweep.arms.items()}
    tried = 0
    for number, values in points:
        for arm, base in bases.items():
            try:
                point_scenario(base, sweep.factors, values, arm)
            except UserError as error:
                raise _located(error, sweep, number, values, arm) from None
        tried += 1
    return tried


def sample(points: Iterable[Point], n: int) -> list[tuple[int, Point]]:
    """Return which of n points are tried, with their numbers: all of a small design.

    Of a larger one the first, the last and points evenly between, and for each parameter those where it is lowest and highest
    and the first with each of its words: what a scenario refuses is most often a value at an end.
    """
    step = max(n / MOST_CHECKED, 1.0)
    evenly = {int(i * step) for i in range(MOST_CHECKED)} | {n - 1}
    chosen: dict[int, Point] = {}
    ends: dict[object, tuple[float, int, Point]] = {}
    for number, point in enumerate(points):
        if number in evenly:
            chosen[number] = point
        for index, value in enumerate(point):
            for end, size in ((str(value), 0.0),) if isinstance(value, str) else ((-1, -value), (1, value)):
                known = ends.get((index, end))
                if known is None or size > known[0]:
                    ends[index, end] = (size, number, point)
    if n > MOST_CHECKED:
        chosen |= {number: point for _, number, point in ends.values()}
    return sorted(chosen.items())


def _located(
    error: UserError, sweep: Sweep, number: int, values: Sequence[float | str], arm: str
) -> UserError:
    changed = ", ".join(
        f"{factor.name} = {_value(factor, value)}"
        for factor, value in zip(sweep.factors, values, strict=True)
    )
    if len(changed) > 300:
        changed = changed[:297] + "..."
    first = error.errors[0]
    where = f" in the arm {arm}" if len(sweep.arms) > 1 else ""
    expected = f"expected {first.expected}, " if first.expected else ""
    message = f"point {number} ({changed}){where} is not valid: {first.key or ''}: {expected}{first.message}"
    return UserError(message, file=sweep.path, key="parameters")


def _value(factor: Factor, value: float | str) -> str:
    return f"{factor.level_text(value)} {factor.unit}".strip()
