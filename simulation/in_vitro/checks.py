"""Contradictions between keys of an experiment that are each valid alone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from simulation.blocks.fields import Problem
from simulation.parameters.distributions import Distribution
from simulation.parameters.table import ParameterTable
from simulation.units import format_number, format_quantity

if TYPE_CHECKING:
    from simulation.in_vitro.experiment import Experiment

__all__ = ["contradictions"]

_MOST_WELLS: Final = 20_000
_MOST_WORK: Final = 3e7  # wells times steps
_MOST_SINGLE_CELLS: Final = 200_000


def contradictions(experiment: "Experiment") -> list[Problem]:
    """Return every contradiction found."""
    return [*_clock(experiment), *_size(experiment), *_ranges(experiment), *experiment.contradictions()]


def _clock(e: "Experiment") -> Iterator[Problem]:
    for key, values in e.durations().items():
        for value in values:
            steps = value / e.time_step
            if abs(steps - round(steps)) > 1e-6 or (value > 0 and round(steps) < 1):
                path = tuple(int(part) if part.isdigit() else part for part in key.split("."))
                expected = f"a whole number of steps of {format_quantity(e.time_step, 'time')}"
                yield Problem(f"got {format_quantity(value, 'time')}", path, expected)


def _size(e: "Experiment") -> Iterator[Problem]:
    wells = e.n_wells()
    if wells > _MOST_WELLS:
        yield Problem(f"this makes {wells:,} wells, of at most {_MOST_WELLS:,}", ("replicates",))
    elif wells * e.length / e.time_step > _MOST_WORK:
        size = f"{wells:,} wells of {format_number(round(e.length / e.time_step))} steps are too many"
        yield Problem(f"{size}; take a longer step or fewer wells", ("time_step",))
    if e.resolution.cells_per_agent == 1 and e.largest_well() > _MOST_SINGLE_CELLS:
        yield Problem(
            f"one agent per cell with {e.largest_well():,.0f} cells in a well",
            ("resolution", "cells_per_agent"),
            f"at most {_MOST_SINGLE_CELLS:,} cells in a well, or unlimited",
        )


def _ranges(e: "Experiment") -> Iterator[Problem]:
    table = ParameterTable.load()
    for name in sorted(set(e.between_donors) & set(e.parameters)):
        yield Problem(f"{name} is also given under between_donors; keep one", ("parameters", name))
    if e.allow_out_of_range:
        return
    for block, values in (("between_donors", e.between_donors), ("parameters", e.parameters)):
        for name, value in values.items():
            row = table[name]
            numbers = [] if isinstance(value, Distribution) else [value]
            if any(not row.low <= number <= row.high for number in numbers):
                yield Problem(
                    f"got {row.written(numbers[0])}; to go beyond, write allow_out_of_range: true",
                    (block, name),
                    f"a value in the parameter table's range, {row.written(row.low)} to {row.written(row.high)}",
                )
