"""What a sweep file may say, besides its parameters: base, design, patients, outcomes, analysis."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from simulation.blocks.fields import Block, Problem, Text, Whole, problem, problems, show
from simulation.posterior import TABLE

__all__ = [
    "KINDS",
    "MOST_RUNS",
    "Analysis",
    "Cohort",
    "CsvDesign",
    "DesignBlock",
    "EveryParameter",
    "Grid",
    "LatinHypercube",
    "Morris",
    "OneAtATime",
    "RandomDesign",
    "Sobol",
    "SweepFile",
    "Threshold",
    "Zip",
]

MOST_RUNS: Final = 100_000_000
_Count = Annotated[int, Whole(1, MOST_RUNS)]
_Seed = Annotated[int, Whole(0, 2**53)]  # a float in YAML still holds it exactly
_Name = Annotated[str, Text(200, 1, one_line=True)]


class Grid(Block):
    """Combine every level of every parameter."""

    kind: Literal["grid"]


class Zip(Block):
    """Take the first level of every parameter, then the second of every, and so on."""

    kind: Literal["zip"]


class RandomDesign(Block):
    """Draw every point independently."""

    kind: Literal["random"]
    points: _Count
    seed: _Seed = 0


class LatinHypercube(Block):
    """Draw points so that each parameter's range is covered evenly."""

    kind: Literal["latin_hypercube"]
    points: Annotated[int, Whole(2, 10_000_000)]
    seed: _Seed = 0


class Sobol(Block):
    """Draw Saltelli's design for Sobol indices: points x (parameters + 2) of them, twice that for pairs."""

    kind: Literal["sobol"]
    points: Annotated[int, Whole(2, 1_048_576)]
    second_order: bool = False
    seed: _Seed = 0

    @model_validator(mode="after")
    def _power_of_two(self) -> "Sobol":
        if self.points & (self.points - 1):
            lower = 1 << (self.points.bit_length() - 1)
            raise problems(
                [Problem(f"got {self.points}", ("points",), f"a power of two, {lower} or {2 * lower}")]
            )
        return self


class Morris(Block):
    """Draw Morris' trajectories, which change one parameter at a time: trajectories x (parameters + 1)."""

    kind: Literal["morris"]
    trajectories: Annotated[int, Whole(2, 100_000)]
    levels: Annotated[int, Whole(4, 20)] = 4
    seed: _Seed = 0

    @model_validator(mode="after")
    def _even(self) -> "Morris":
        if self.levels % 2:
            raise problems([Problem(f"got {self.levels}", ("levels",), "an even number")])
        return self


class OneAtATime(Block):
    """Take the base, then each parameter alone at its low and at its high end: for a tornado plot."""

    kind: Literal["one_at_a_time"]


class CsvDesign(Block):
    """Read the points from a CSV file: one column per parameter, one row per point."""

    kind: Literal["csv"]
    file: _Name


DesignBlock = Annotated[
    Grid | Zip | RandomDesign | LatinHypercube | Sobol | Morris | OneAtATime | CsvDesign,
    Field(discriminator="kind"),
]


KINDS: Final = ("grid", "zip", "random", "latin_hypercube", "sobol", "morris", "one_at_a_time", "csv")


class Cohort(Block):
    """Draw patients: from a cohort file, or from the table's distributions between patients."""

    size: Annotated[int, Whole(1, 10_000_000)]
    file: _Name | None = None
    vary: Literal["table"] | tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "Cohort":
        if self.file is not None and self.vary is not None:
            raise problems([Problem("file and vary are both given; the file says what varies", ("vary",))])
        return self


class EveryParameter(Block):
    """Vary all rows of the parameter table over the range from low to high."""

    range: Literal["table"]
    groups: tuple[str, ...] | None = None
    kinds: tuple[str, ...] = ("measured", "calibrated", "assumption")
    leave_out: tuple[str, ...] = ()


class Threshold(Block):
    """Ask from where along a parameter one arm beats another, or an outcome reaches a value."""

    along: _Name
    outcome: _Name
    better: _Name | None = None
    than: _Name | None = None
    value: float | None = None

    @model_validator(mode="after")
    def _one_question(self) -> "Threshold":
        if (self.better is None) != (self.than is None) or (self.value is None) == (self.better is None):
            raise problem("write either better and than (two arms), or value (what the outcome should reach)")
        return self


class Analysis(Block):
    """Say what `analyze` should look at besides the outcomes."""

    thresholds: tuple[Threshold, ...] = ()
    pareto: tuple[_Name, ...] | None = None  # outcomes that are traded against each other, less is better

    @model_validator(mode="after")
    def _two(self) -> "Analysis":
        if self.pareto is not None and len(set(self.pareto)) != 2:
            raise problems([Problem(f"got {show(self.pareto)}", ("pareto",), "two outcomes")])
        return self


class SweepFile(Block):
    """Hold a sweep file; what `parameters` and `outcomes` say is checked against the base scenarios."""

    name: Annotated[str, Text(120, 1, "Timing and dose", one_line=True)]
    description: Annotated[str, Text(4000)] = ""
    scenario: _Name | None = None
    arms: dict[str, _Name] | None = None
    trial: _Name | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    every_parameter: EveryParameter | None = None
    design: DesignBlock
    replicates: Annotated[int, Whole(1, 10_000_000)] | None = None
    cohort: Cohort | None = None
    parameter_sets: _Name = TABLE
    patients_per_set: Annotated[int, Whole(1, 10_000)] | None = None
    seed: _Seed | None = None
    random_numbers: Literal["common", "independent"] = "common"
    outcomes: tuple[Any, ...] = ("relapse_free_days",)
    analysis: Analysis = Analysis()

    @model_validator(mode="after")
    def _make_sense(self) -> "SweepFile":
        wrong = []
        bases = [key for key in ("scenario", "arms", "trial") if getattr(self, key) is not None]
        if len(bases) != 1:
            message = (
                f"{' and '.join(bases)} are both given; keep one" if bases else "nothing says what to run"
            )
            wrong.append(Problem(message, (bases[1],) if bases else (), "one of scenario, arms, trial"))
        if self.arms is not None and not self.arms:
            wrong.append(Problem("it has no arm", ("arms",), "a block such as {early: early.yaml}"))
        if self.replicates is not None and self.cohort is not None:
            wrong.append(
                Problem("replicates and cohort are both given; cohort.size is the number", ("replicates",))
            )
        if self.trial is not None and (self.cohort is not None or self.replicates is not None):
            key = "cohort" if self.cohort is not None else "replicates"
            wrong.append(Problem("the trial has its own patients; change them there", (key,)))
        if not self.parameters and self.every_parameter is None:
            wrong.append(Problem("the design is empty: nothing is varied", ("parameters",), None, None, True))
        if self.patients_per_set is not None and self.parameter_sets == TABLE:
            wrong.append(
                Problem("there are no parameter sets", ("patients_per_set",), "parameter_sets beside it")
            )
        if not self.outcomes:
            wrong.append(Problem("got none", ("outcomes",), "at least one outcome"))
        if wrong:
            raise problems(wrong)
        return self
