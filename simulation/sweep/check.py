"""Try the points of a design without running them: every contradiction is told before the first run."""

import itertools
from collections.abc import Iterable, Sequence

from simulation.errors import UserError
from simulation.sweep.factors import Factor
from simulation.sweep.load import Sweep
from simulation.sweep.points import point_scenario

__all__ = ["MOST_CHECKED", "check_points"]

MOST_CHECKED = 1000  # points that are all tried; of a larger design the first and evenly spread ones


def check_points(sweep: Sweep, points: Iterable[tuple[int, Sequence[float | str]]]) -> int:
    """Read the scenario of every point given, in every arm, and return how many; raise `UserError` for a bad one."""
    bases = {arm: scenario.to_yaml(str) for arm, scenario in sweep.arms.items()}
    tried = 0
    for number, values in points:
        for arm, base in bases.items():
            try:
                point_scenario(base, sweep.factors, values, arm)
            except UserError as error:
                raise _told(error, sweep, number, values, arm) from None
        tried += 1
    return tried


def spread(n: int) -> Iterable[int]:
    """Return which of n points are tried: all of a small design; else the ends and points evenly between."""
    if n <= MOST_CHECKED:
        return range(n)
    step = n / MOST_CHECKED
    return dict.fromkeys(itertools.chain((int(i * step) for i in range(MOST_CHECKED)), (n - 1,)))


def _told(error: UserError, sweep: Sweep, number: int, values: Sequence[float | str], arm: str) -> UserError:
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
    return f"{factor.told(value)} {factor.unit}".strip()
