"""What a trial file and a cohort file may say, besides the scenarios of the arms; and the trial that they make."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field

from simulation.blocks.fields import (
    YEARS_20,
    Block,
    Custom,
    OneOf,
    Quantity,
    Text,
    Time,
    Whole,
    problem,
    show,
    written,
)  # fmt: skip
from simulation.clinic.outcomes import OUTCOMES, selected
from simulation.errors import nearest_name
from simulation.parameters.dependence import INDEPENDENT, Dependence
from simulation.parameters.distributions import Distribution
from simulation.posterior import STRUCTURES, TABLE, Posterior
from simulation.posterior.posterior import SHIPPED
from simulation.scenario.schema import Scenario
from simulation.trial.real_trial import RealTrial

__all__ = [
    "DAYS_ON_DRUG",
    "ENDS_FOLLOW_UP",
    "IGNORED",
    "PRICES",
    "SHARES",
    "SURVIVAL",
    "Arm",
    "Cohort",
    "MainComparison",
    "Outcomes",
    "Repeats",
    "Structures",
    "Trial",
    "TrialFile",
]

SURVIVAL: Final = tuple(one.name for one in selected("survival"))
SHARES: Final = tuple(one.name for one in selected("flag", "share"))
PRICES: Final = tuple(one.name for one in OUTCOMES.values() if one.price)
DAYS_ON_DRUG: Final = tuple(name for name in PRICES if OUTCOMES[name].unit == "days")
DEFAULT_SUBGROUPS: Final = (
    "rate_blast_net_growth",
    "n_residual_blasts",
    "n_t_cell_set_point_early",
    "treg_share_supported",
    "n_cd19_negative_reservoir",
)


IGNORED: Final = "ignored"
ENDS_FOLLOW_UP: Final = "ends_follow_up"
SECOND_TRANSPLANT: Final = (IGNORED, ENDS_FOLLOW_UP)

PER_SET: Final = 4  # patients who share a parameter set, unless a file says otherwise
_RERUN_EVERY: Final = (
    4  # with parameter sets, every fourth patient is run twice: what chance does costs a quarter more
)


def _which_parameters(value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    expected = f"{TABLE}, {SHIPPED}, or the name of a CSV file of parameter sets; values of parameters stand in `common`"
    raise problem(f"got {show(value)}", expected)


Parameters = Annotated[
    str,
    Custom(
        _which_parameters,
        str,
        lambda: {"type": "string", "examples": [TABLE, SHIPPED, "my_fit/posterior.csv"]},
    ),
]


class Outcomes(Block):
    """Say what the trial is judged by."""

    primary: Annotated[str, OneOf(SURVIVAL)] = Field(
        "current_leukaemia_free_days", description="Whose mean up to the end of follow-up decides."
    )
    second_transplant: Annotated[str, OneOf(SECOND_TRANSPLANT)] = Field(
        IGNORED,
        description="An estimand's choice: ignored, or follow-up ends at it; the arms say who gets one.",
    )
    secondary: Annotated[
        tuple[Annotated[str, OneOf((*SURVIVAL, *SHARES, *PRICES))], ...], Field(max_length=20)
    ] = Field(
        (
            "relapse_free_days",
            "agvhd_free_relapse_free_days",
            "relapse",
            "agvhd_2_4",
            "eradicated",
            *DAYS_ON_DRUG,
        ),
        description="What else the report shows, in this order; comparison.json always holds everything.",
    )


class MainComparison(Block):
    """Name the two arms that the question is about."""

    arm: Annotated[str, Text(40, 1, "preemptive", one_line=True)] = Field(
        description="The arm that may be better."
    )
    versus: Annotated[str, Text(40, 1, "therapeutic", one_line=True)] = Field(
        description="The arm it is held against."
    )


class Repeats(Block):
    """Run some patients again with other chance events, to tell chance from differences between patients."""

    patients: Annotated[int, Whole(2, 10_000)] = Field(description="How many patients, from the first on.")
    times: Annotated[int, Whole(2, 1_000)] = Field(description="How often each is run in all.")


_ALL: Final = "all"


def _which_structures(value: Any) -> tuple[str, ...]:
    """Read `all`, or keys of structures in a list or with commas between."""
    if value == _ALL:
        return tuple(one.key for one in STRUCTURES)
    known = [one.key for one in STRUCTURES]
    words = [word.strip() for word in value.split(",")] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not words:
        raise problem(f"got {show(value)}", f"{_ALL}, or some of {', '.join(known)}")
    for word in words:
        if word not in known:
            near = nearest_name(word, (_ALL, *known)) if isinstance(word, str) else None
            raise problem(f"got {show(word)}", f"{_ALL}, or some of {', '.join(known)}", near)
    return tuple(key for key in known if key in words)


class Structures(Block):
    """Ask the question again with each contested mechanism switched off, and the rest fitted again."""

    of: Annotated[
        tuple[str, ...],
        Custom(
            _which_structures,
            list,
            lambda: {"anyOf": [{"const": _ALL}, {"type": "array", "items": {"enum": [one.key for one in STRUCTURES]}}]},
        ),
    ] = Field(written(_ALL), description="all, or a list of structures.")  # fmt: skip
    sets: Annotated[int, Whole(2, 10_000)] = Field(
        8, description="How many parameter sets are weighed anew under each structure."
    )
    study_patients: Annotated[int, Whole(2, 10_000)] = Field(
        16, description="Patients per arm of each study by which a structure is judged."
    )
    patients: Annotated[int, Whole(2, 1_000_000)] | None = Field(
        None, description="Patients of each structure's trial; null: as many as the trial itself has."
    )


class TrialFile(Block):
    """Hold the keys of a trial file; `cohort`, `arms` and `common` are read apart."""

    name: Annotated[str, Text(120, 1, "Early against late", one_line=True)] = Field(
        description="The trial's name."
    )
    question: Annotated[str, Text(1000)] = Field(
        "", description="What the trial asks, for the report's first lines."
    )
    description: Annotated[str, Text(4000)] = Field("", description="Anything else a reader should know.")
    patients: Annotated[int, Whole(1, 1_000_000)] = Field(
        100, description="How many patients; each is in every arm."
    )
    seed: Annotated[int, Whole(0, 2**63 - 1)] = Field(
        1, description="Seed of all patients and chance events."
    )
    follow_up: Annotated[float, Quantity("time", 0.25, YEARS_20)] | None = Field(
        None, description="Follow-up of every arm after transplant; null: as the arms say, who must agree."
    )
    outcomes: Outcomes = Field(Outcomes(), description="What the trial is judged by.")
    main_comparison: MainComparison | None = Field(
        None, description="The two arms in question; null: the last arm against the first."
    )
    tie_margin: Time = Field(written("1 d"), description="Patients whose days differ by less are ties.")
    landmark: Time = Field(
        written("42 d"),
        description="Days from the first dose to the landmark, by which MRD response is judged.",
    )
    precision: Annotated[float, Quantity("time", 0, YEARS_20, above_low=True)] | None = Field(
        None, description="Add patients until the main difference is known this well: half its 95 % interval."
    )
    most_patients: Annotated[int, Whole(1, 1_000_000)] = Field(
        2000, description="No more patients than this, whatever precision asks for."
    )
    parameters: Parameters = Field(
        TABLE,
        description="table: one value of each; posterior: sets that fit the published data; or a CSV file of sets.",
    )
    patients_per_set: Annotated[int, Whole(1, 10_000)] = Field(
        PER_SET, description="How many patients, one after the other, share a parameter set."
    )
    structures: Structures | None = Field(
        None,
        description="Contested mechanisms to switch off one by one, with a fit and a trial each; null: none.",
    )
    subgroups: Annotated[tuple[str, ...], Field(max_length=20)] = Field(
        DEFAULT_SUBGROUPS,
        description="Parameters by whose halves the main comparison is shown (forest plot).",
    )
    real_trial: RealTrial = Field(
        RealTrial(), description="The randomised trial of real patients that `design` makes of the runs."
    )
    repeats: Repeats | None = Field(
        None,
        description="Repeated patients, to tell chance from patients; null: none, with parameter sets every fourth.",
    )


@dataclass(frozen=True, slots=True)
class Arm:
    """Hold one arm: a short key for files and tables, and the scenario that every patient gets in it."""

    key: str
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Cohort:
    """Describe whom the trial treats; `varies` holds the distributions, in the order of the scenario's block.

    `dependence` says which of these depend on one another.
    """

    name: str
    description: str
    varies: tuple[tuple[str, Distribution], ...]
    fixed: tuple[tuple[str, float], ...]
    dependence: Dependence = INDEPENDENT


@dataclass(frozen=True, slots=True)
class Trial:
    """Hold a whole trial, checked and resolved; every arm has the same `follow_up`, days."""

    file: TrialFile
    cohort: Cohort
    arms: tuple[Arm, ...]
    follow_up: float
    main: tuple[str, str]  # the arm that may be better, and the one it is held against
    posterior: Posterior | None = None  # parameter sets, of which each block of patients has one
    notes: tuple[str, ...] = ()  # what the person should know, for example that arms hold different patients
    once: bool = False  # nobody is run again: chance and patients are not told apart

    @property
    def name(self) -> str:
        """Return the trial's name."""
        return self.file.name

    @property
    def seed(self) -> int:
        """Return the seed."""
        return self.file.seed

    @property
    def patients(self) -> int:
        """Return how many patients were asked for, before any for precision."""
        return self.file.patients

    @property
    def transplants_again(self) -> bool:
        """Return whether an arm says who would be transplanted again."""
        return any(arm.scenario.second_transplant is not None for arm in self.arms)

    @property
    def ends_at_transplant(self) -> bool:
        """Return whether follow-up ends at a second transplant."""
        return self.file.outcomes.second_transplant == ENDS_FOLLOW_UP

    def set_of(self, patient: int) -> int | None:
        """Return the number of a patient's parameter set; None where all have the table's values."""
        if self.posterior is None:
            return None
        return self.posterior.drawn(self.seed, patient // self.file.patients_per_set)

    def reruns(self, patients: int) -> Iterator[tuple[int, int]]:
        """Yield (patient, repeat) of those run again, the same person under the same set with other chance events."""
        repeats = self.file.repeats
        if self.once:
            return
        if repeats is not None:
            for repeat in range(1, repeats.times):
                yield from ((patient, repeat) for patient in range(min(repeats.patients, patients)))
        elif self.posterior is not None:
            yield from ((patient, 1) for patient in range(0, patients, _RERUN_EVERY))

    def arm(self, key: str) -> Arm:
        """Return an arm by its key."""
        return next(arm for arm in self.arms if arm.key == key)
