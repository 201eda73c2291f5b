"""What every experiment has: the plate, the donors, and what differs from the parameter table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, model_validator

from simulation.blocks.fields import (
    Block,
    Bool,
    FrozenMap,
    Quantity,
    Text,
    problems,
    written,
)
from simulation.in_vitro.fields import Cells, Count
from simulation.scenario.named_values import ParameterValues, PatientMap, PatientValues, ProcessSwitches
from simulation.scenario.plugins import Plugins, portable
from simulation.scenario.schema import AgentSize

if TYPE_CHECKING:
    from simulation.blocks.fields import Problem
    from simulation.in_vitro.plate import Plate
    from simulation.in_vitro.result import ExperimentResult
    from simulation.results.figures.report_figure import ReportFigure

__all__ = ["Duration", "Experiment", "WellResolution", "in_order", "with_control"]

Duration = Annotated[float, Quantity("time", 5 / 1440, 100)]


def in_order[T: float](values: tuple[T, ...]) -> tuple[T, ...]:
    """Return values in order, each once."""
    return tuple(sorted(set(values)))


def with_control(values: tuple[float, ...]) -> tuple[float, ...]:
    """Return values in order and 0, the control."""
    return in_order((0.0, *values))


class WellResolution(Block):
    """Choose what an agent is; results do not depend on it."""

    cells_per_agent: AgentSize = Field(
        written("unlimited"), description="unlimited, or 1: every agent is one cell."
    )


class Experiment(Block):
    """Hold what every experiment has; an assay adds its own keys, protocol and figures (`simulation.in_vitro.assays`)."""

    TITLES: ClassVar[Mapping[str, str]] = {}  # columns of the report's table: keys of the findings -> words

    experiment: str = Field(description="Which experiment this is.")
    name: Annotated[str, Text(120, 1, "Blinatumomab cytotoxicity", one_line=True)] = Field(
        description="What figures and reports call it."
    )
    description: Annotated[str, Text(4000)] = Field("", description="For the reader of the report.")
    time_step: Annotated[float, Quantity("time", 1 / 1440, 1)] = Field(
        written("30 min"), description="Step of the simulation."
    )
    donors: Count = Field(6, description="T-cell donors: each draws its own values of between_donors.")
    replicates: Count = Field(3, description="Wells alike of each donor.")
    pipetting_cv: Annotated[float, Quantity("fraction", 0, 0.5)] = Field(
        0.05, description="Coefficient of variation of the cells put into a well, besides chance."
    )
    well_capacity: Cells = Field(
        2_000_000,
        description="T cells that the medium of a well feeds: division of engaged cells ends there.",
    )
    resolution: WellResolution = Field(
        default_factory=lambda: WellResolution.model_validate({}),
        description="How finely traits are resolved.",
    )
    between_donors: PatientValues = Field(
        default_factory=PatientMap,
        description="Parameters that differ between donors: a value or a distribution.",
    )
    parameters: ParameterValues = Field(
        default_factory=FrozenMap[float], description="Rows of the parameter table that differ here."
    )
    processes: ProcessSwitches = Field(
        default_factory=FrozenMap[bool], description="Processes switched off here, such as {exhaustion: off}."
    )
    plugin: Plugins = Field(
        (), description="Rules of your own: a Python file and its parameters; null: none."
    )
    allow_out_of_range: Bool = Field(False, description="Allow parameters outside the table's range.")

    @model_validator(mode="after")
    def _make_sense(self) -> Experiment:
        from simulation.in_vitro.checks import contradictions

        mistakes = contradictions(self)
        if mistakes:
            raise problems(mistakes)
        return self

    def durations(self) -> Mapping[str, tuple[float, ...]]:
        """Return every time that must be a whole number of steps, by dotted key."""
        raise NotImplementedError

    def n_wells(self) -> int:
        """Return the number of wells, controls included."""
        raise NotImplementedError

    def largest_well(self) -> float:
        """Return the number of cells in the fullest well at its start."""
        raise NotImplementedError

    def contradictions(self) -> Iterator[Problem]:
        """Yield contradictions between keys of this assay that are each valid alone."""
        yield from ()

    def run(self, plate: Plate) -> ExperimentResult:
        """Run every well and evaluate them."""
        raise NotImplementedError

    def figures(self) -> tuple[ReportFigure[ExperimentResult], ...]:
        """Return the figures, in the order of the report."""
        return ()

    @property
    def length(self) -> float:
        """Return the longest time a well is followed, days."""
        return max(value for values in self.durations().values() for value in values)

    def to_yaml(self, file_of: Callable[[str], str] = portable) -> str:
        """Return the whole experiment as YAML with units, as a scenario's; reading it gives an equal `Experiment`."""
        from simulation.scenario.dump import to_yaml

        return to_yaml(self, file_of)

    def digest(self) -> str:
        """Return the sha256 of all on which results depend: of a plugin the content, not its name and place."""
        return hashlib.sha256(self.to_yaml(lambda path: "").encode()).hexdigest()
