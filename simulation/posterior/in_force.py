"""A parameter set in the place of the parameter table's values, for whatever this process simulates meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from simulation.parameters.distributions import Distribution, numbers_of
from simulation.parameters.table import Parameter, ParameterTable
from simulation.posterior.sets import ParameterSet, recentred

__all__ = ["in_force"]


@contextmanager
def in_force(chosen: ParameterSet) -> Iterator[None]:
    """Simulate under a set what names no parameters of its own, as the checks of the validation do.

    Values of the table, and how patients differ where it says so, are the set's. What a scenario or a check writes stays as it
    is written. Whoever keeps results by their arguments must forget them before and after.
    """
    with (
        ParameterTable.load().with_rows(_moved(row, chosen) for row in ParameterTable.load().rows).in_place()
    ):
        yield


def _moved(row: Parameter, chosen: ParameterSet) -> Parameter:
    if not any(row.name in part for part in (chosen.values, chosen.spreads, chosen.shares)):
        return row
    between, value = recentred(row.name, chosen, row.between_patients), chosen.values.get(row.name, row.value)
    numbers = (value, *numbers_of(between))
    return replace(
        row,
        value=value,
        low=min(row.low, *numbers),  # a set may leave the table's range, and a check writes what it reads
        high=max(row.high, *numbers),
        between_patients=between if isinstance(between, Distribution) else row.between_patients,
    )
