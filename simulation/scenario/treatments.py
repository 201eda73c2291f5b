"""What a treatment may be: when it starts, blinatumomab, donor lymphocytes, other drugs."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from simulation.scenario.fields import (
    YEARS_20,
    Bool,
    CellsPerKg,
    Custom,
    Day,
    DayAfterTransplant,
    Fraction,
    Grade,
    Interval,
    Quantity,
    Time,
    Whole,
    problem,
    show,
    written,
)
from simulation.units import (
    QuantityError,
    format_dose,
    format_number,
    parse_dose,
    parse_quantity,
    unit_pattern,
)

__all__ = [
    "DRUGS",
    "AllOf",
    "AnyOf",
    "Blinatumomab",
    "Block",
    "CourseOnGrade",
    "Cytoreduction",
    "Dli",
    "DliDay",
    "Dose",
    "Immunosuppression",
    "Never",
    "OnDay",
    "OnMrd",
    "OnOvertRelapse",
    "PatternPart",
    "StepUp",
    "Stop",
    "Trigger",
]

Drug = Literal["ciclosporin", "tacrolimus", "mycophenolate", "corticosteroid", "ptcy"]
DRUGS: Final = ("ciclosporin", "tacrolimus", "mycophenolate", "corticosteroid", "ptcy")


class Block(BaseModel):
    """Be frozen and refuse unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", loc_by_alias=True, validate_default=True)


class _AfterResult(Block):
    when: str
    not_before: DayAfterTransplant = Field(
        written("day 0"), description="Results before this day do not count."
    )
    delay: Time = Field(
        written("3 d"),
        description="From the result to the first treatment: 3 d unless written, 0 d with when: day.",
    )


class Never(_AfterResult):
    """Never treat."""

    when: Literal["never"] = Field(description="Treatment never starts.")


class OnDay(_AfterResult):
    """Treat from a fixed day, whatever the marrow shows; nothing has to be waited for, so `delay` is 0."""

    when: Literal["day"] = Field(description="Treatment starts on a fixed day.")
    day: DayAfterTransplant = Field(description="The day treatment starts, whatever the marrow shows.")
    delay: Time = Field(written("0 d"), description="From the day to the first treatment.")


class OnMrd(_AfterResult):
    """Treat when measured MRD reaches a level."""

    when: Literal["mrd"] = Field(description="Treatment starts when measured MRD reaches a level.")
    at_least: Fraction = Field(description="Measured MRD at or above this triggers treatment.")
    confirmed_by: Annotated[int, Whole(1, 10)] = Field(
        1, description="So many consecutive positive tests are needed."
    )


class OnOvertRelapse(_AfterResult):
    """Treat when overt relapse is found."""

    when: Literal["overt_relapse"] = Field(description="Treatment starts when overt relapse is found.")


class _Several(_AfterResult):
    triggers: "Annotated[tuple[Trigger, ...], Field(min_length=1, max_length=10)]" = Field(
        description="Triggers, each a block with its own `when`; their own `delay` is 0 unless written."
    )

    @field_validator("triggers", mode="before")
    @classmethod
    def _wait_once(cls, triggers: Any) -> Any:
        # the delay of the whole applies after the last of them; a delay of each would count twice
        if not isinstance(triggers, list):
            return triggers
        return [{"delay": "0 d"} | inner if isinstance(inner, dict) else inner for inner in triggers]


class AnyOf(_Several):
    """Treat when the first of several triggers fires."""

    when: Literal["any_of"] = Field(description="Treatment starts when the first of several triggers fires.")


class AllOf(_Several):
    """Treat when several triggers hold together."""

    when: Literal["all_of"] = Field(
        description="Treatment starts when all of several triggers hold together."
    )


Trigger = Annotated[Never | OnDay | OnMrd | OnOvertRelapse | AnyOf | AllOf, Field(discriminator="when")]
AnyOf.model_rebuild()
AllOf.model_rebuild()


class Retreatment(Block):
    """Give the planned treatment again when the leukaemia comes back after it."""

    start: Trigger = Field(
        description="When it starts again: only results of samples taken after the course before has ended count."
    )
    courses: Annotated[int, Whole(1, 5)] = Field(1, description="So many further courses at most.")


@dataclass(frozen=True, slots=True)
class Dose:
    """Hold a dose rate: `amount` in ug/day, or in ug/m2/day when `per_m2`."""

    amount: float
    per_m2: bool


_MOST_UG: Final = 1000.0


def _read_dose(value: Any) -> Dose:
    expected = "a dose rate such as 28 ug/day or 15 ug/m2/day"
    try:
        amount, per_m2 = parse_dose(value)
    except QuantityError as error:
        raise problem(error.message, error.expected, error.nearest) from None
    if not 0 <= amount <= _MOST_UG:
        raise problem(f"got {show(value)}", f"{expected}, 0 to {format_number(_MOST_UG)} ug/day")
    return Dose(amount, per_m2)


def _dose_schema() -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": f"{unit_pattern('dose_rate')}|{unit_pattern('dose_rate_per_area')}",
        "x-write": "a dose rate such as 28 ug/day or 15 ug/m2/day",
        "examples": ["28 ug/day", "9 ug/day", "15 ug/m2/day"],
    }


DoseRate = Annotated[
    Dose, Custom(_read_dose, lambda dose: format_dose(dose.amount, dose.per_m2), _dose_schema)
]
Treatment1st = Annotated[float, Quantity("day", 1, YEARS_20)]


class StepUp(Block):
    """Give a lower dose first."""

    dose: DoseRate = Field(description="Dose at the beginning of the first cycle.")
    duration: Time = Field(alias="for", description="So long, then the full dose.")


class PatternPart(Block):
    """Give one dose for some time; 0 ug/day is a pause."""

    dose: DoseRate = Field(description="Dose in this part; 0 ug/day is a pause.")
    duration: Interval = Field(alias="for", description="How long this part lasts.")


class Blinatumomab(Block):
    """Infuse blinatumomab: `cycles` of `on` and `off`, or of a free `pattern`. Absent parts are None."""

    dose: DoseRate | None = Field(None, description="Dose while the pump runs.")
    step_up: StepUp | None = Field(
        None, description="A lower dose at the beginning of the first cycle, against CRS."
    )
    on: Interval | None = Field(None, description="How long the pump runs in each cycle.")
    off: Time | None = Field(None, description="The pause after each cycle's infusion.")
    cycles: Annotated[int, Whole(1, 100)] = Field(description="How many cycles are planned.")
    first: Treatment1st = Field(
        written("day 1"),
        description="Day of treatment on which the first cycle begins; day 1 is its first day.",
    )
    pattern: "Annotated[tuple[PatternPart, ...], Field(min_length=1, max_length=100)] | None" = Field(
        None,
        description="Any other duty cycle instead of dose, step_up, on, off: parts repeated `cycles` times.",
    )

    @property
    def cycle_length(self) -> float:
        """Return the length of one cycle, days; 0 when it is not told."""
        if self.pattern is not None:
            return sum(part.duration for part in self.pattern)
        return 0.0 if self.on is None or self.off is None else self.on + self.off


@dataclass(frozen=True, slots=True)
class DliDay:
    """Hold a day of treatment, or of a blinatumomab cycle: day 1 is its first day."""

    day: float
    cycle: int | None = None


_OF_CYCLE: Final = re.compile(r"\s*(day\s+\S+)\s+of\s+cycle\s+([1-9]\d{0,2})\s*", re.IGNORECASE)
_DLI_EXPECTED: Final = "a day of treatment such as day 1 or day 15 of cycle 1"


def _read_dli_day(value: Any) -> DliDay:
    match = _OF_CYCLE.fullmatch(value) if isinstance(value, str) else None
    try:
        day = parse_quantity(match[1] if match else value, "day")
    except QuantityError as error:
        raise problem(error.message, _DLI_EXPECTED) from None
    if not 1 <= day <= YEARS_20:
        raise problem(f"got {show(value)}", f"{_DLI_EXPECTED}, counted from day 1")
    return DliDay(day, int(match[2]) if match else None)


def _write_dli_day(value: DliDay) -> str:
    return f"day {format_number(value.day)}" + (f" of cycle {value.cycle}" if value.cycle else "")


def _dli_day_schema() -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": unit_pattern("day").removesuffix("$") + "( +of +cycle +[1-9][0-9]*)?$",
        "x-write": _DLI_EXPECTED,
        "examples": ["day 1", "day 15 of cycle 1"],
    }


class Dli(Block):
    """Infuse donor lymphocytes, one infusion per entry of `cd3`."""

    cd3: "Annotated[tuple[CellsPerKg, ...], Field(min_length=1, max_length=100)]" = Field(
        description="CD3+ cells per kg of each infusion, in order."
    )
    first: Annotated[DliDay, Custom(_read_dli_day, _write_dli_day, _dli_day_schema)] = Field(
        written("day 1"), description="Day of treatment, or of a blinatumomab cycle, of the first infusion."
    )
    every: Interval = Field(written("42 d"), description="From one infusion to the next.")
    treg_per_tcon: Annotated[float, Quantity("dimensionless", 0, 10)] = Field(
        0.0, description="Donor Treg infused with each Tcon."
    )
    memory_enriched: Bool = Field(False, description="Naive cells depleted: fewer alloreactive cells.")


class Cytoreduction(Block):
    """Give chemotherapy before the first treatment."""

    log10_kill: Annotated[float, Quantity("dimensionless", 0, 6, above_low=True)] = Field(
        description="Blasts are reduced by so many powers of ten."
    )
    before: Time = Field(written("7 d"), description="So long before the first treatment.")


class Immunosuppression(Block):
    """Give an immunosuppressant from one day to another; ptcy is a pulse on those days."""

    drug: Drug = Field(description="Which drug; ptcy is post-transplant cyclophosphamide.")
    start: Day = Field(alias="from", description="First day.")
    end: Day = Field(alias="to", description="Last day.")
    level: Annotated[float, Quantity("dimensionless", 0, 3, above_low=True)] = Field(
        1.0, description="Exposure relative to the usual one."
    )


class Stop(Block):
    """End treatment early."""

    agvhd_grade: Grade | None = Field(
        description="No further DLI from this grade of acute GvHD on; null: no such rule."
    )
    crs_grade: Grade | None = Field(
        description="Blinatumomab stops from this grade of CRS on; null: no such rule."
    )
    cd19_negative_relapse: Bool = Field(description="Blinatumomab stops when overt relapse is CD19-negative.")


class CourseOnGrade(Block):
    """Give a course of a drug when a complication reaches a grade."""

    at_grade: Grade = Field(description="From this grade on.")
    drug: Drug = Field(description="Which drug.")
    duration: Interval = Field(alias="for", description="How long the course lasts.")
