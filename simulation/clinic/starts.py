"""When treatment starts: what must have been measured, or which day it must be; and when it starts again."""

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field, field_validator

from simulation.blocks.fields import (
    Block,
    DayAfterTransplant,
    Fraction,
    Grade,
    Quantity,
    Time,
    Whole,
    Word,
    written,
)
from simulation.clinic.waits import Wait, wait_words
from simulation.number_words import days_text, join, number_text

__all__ = [
    "COUNTED",
    "TRIGGERS",
    "AllOf",
    "AnyOf",
    "FreeOfGvhd",
    "FreeOfImmunosuppression",
    "Never",
    "OnBloodCount",
    "OnDay",
    "OnExtramedullary",
    "OnMrd",
    "OnOvertRelapse",
    "Retreatment",
    "Trigger",
]

COUNTED: Final = {  # what of a blood count may decide: its word, and how people call it
    "cd3": "CD3+ T cells",
    "b_cells": "CD19+ B cells",
    "blasts": "circulating blasts",
}
_Count = Annotated[float, Quantity("blood_count", 0, 1e6, above_low=True)]


class _AfterResult(Block):
    when: str
    not_before: DayAfterTransplant = Field(
        written("day 0"), description="Results before this day do not count."
    )
    delay: Wait = Field(
        written("3 d"),
        description="From the result to the first treatment: 3 d unless written, 0 d with when: day.",
    )

    def condition(self) -> str:
        """Return what must be so, in words."""
        raise NotImplementedError

    def words(self) -> str:
        """Return when treatment starts, in words."""
        first = f", not before day {self.not_before:g}" if self.not_before else ""
        return self.condition() + first + (f", {wait_words(self.delay)} later" if self.delay else "")


class Never(_AfterResult):
    """Never treat."""

    when: Literal["never"] = Field(description="Treatment never starts.")

    def condition(self) -> str:
        """Return what must be so, in words."""
        return "never"


class OnDay(_AfterResult):
    """Treat from a fixed day, whatever the marrow shows; nothing has to be waited for, so `delay` is 0."""

    when: Literal["day"] = Field(description="Treatment starts on a fixed day.")
    day: DayAfterTransplant = Field(description="The day treatment starts, whatever the marrow shows.")
    delay: Wait = Field(written("0 d"), description="From the day to the first treatment.")

    def condition(self) -> str:
        """Return what must be so, in words."""
        return f"on day {self.day:g}, whatever the marrow shows"


class OnMrd(_AfterResult):
    """Treat when measured MRD reaches a level."""

    when: Literal["mrd"] = Field(description="Treatment starts when measured MRD reaches a level.")
    at_least: Fraction = Field(description="Measured MRD at or above this triggers treatment.")
    confirmed_by: Annotated[int, Whole(1, 10)] = Field(
        1, description="So many consecutive positive tests are needed."
    )

    def condition(self) -> str:
        """Return what must be so, in words."""
        tests = "" if self.confirmed_by == 1 else f" in {self.confirmed_by} consecutive tests"
        return f"when measured MRD is {number_text(self.at_least, 2)} or more{tests}"


class OnOvertRelapse(_AfterResult):
    """Treat when overt relapse is found."""

    when: Literal["overt_relapse"] = Field(description="Treatment starts when overt relapse is found.")

    def condition(self) -> str:
        """Return what must be so, in words."""
        return "when overt relapse is found"


class OnBloodCount(_AfterResult):
    """Treat while a blood count is high or low enough."""

    when: Literal["blood_count"] = Field(description="Treatment starts when a blood count allows it.")
    of: Annotated[str, Word(tuple(COUNTED))] = Field("cd3", description="Which count.")
    at_least: _Count | None = Field(None, description="The last count is at or above this.")
    below: _Count | None = Field(None, description="The last count is below this.")

    def condition(self) -> str:
        """Return what must be so, in words."""
        bounds = (("at least", self.at_least), ("below", self.below))
        limits = join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
        return f"while {COUNTED[self.of]} are {limits} per \N{MICRO SIGN}L"


class OnExtramedullary(_AfterResult):
    """Treat when imaging or a lumbar puncture finds leukaemia outside the marrow."""

    when: Literal["extramedullary"] = Field(
        description="Treatment starts when imaging or a lumbar puncture finds leukaemia."
    )

    def condition(self) -> str:
        """Return what must be so, in words."""
        return "when leukaemia is found outside the marrow"


class _Free(_AfterResult):
    duration: Time = Field(written("0 d"), alias="for", description="It has been so for so long.")
    delay: Wait = Field(written("0 d"), description="From that day to the first treatment.")

    def lasting(self) -> str:
        """Return how long it has been so, in words."""
        return f", and has not been for {days_text(self.duration)}" if self.duration else ""


class FreeOfGvhd(_Free):
    """Treat while there is no acute GvHD; as with a fixed day, nothing has to be waited for."""

    when: Literal["free_of_gvhd"] = Field(description="Treatment starts when there is no acute GvHD.")
    at_grade: Grade = Field(1, description="Acute GvHD of a lower grade does not count.")

    def condition(self) -> str:
        """Return what must be so, in words."""
        grade = "" if self.at_grade == 1 else f" of grade {self.at_grade} or more"
        return f"while there is no acute GvHD{grade}{self.lasting()}"


class FreeOfImmunosuppression(_Free):
    """Treat while no immunosuppressant is taken; as with a fixed day, nothing has to be waited for."""

    when: Literal["free_of_immunosuppression"] = Field(
        description="Treatment starts when no immunosuppressant is taken."
    )

    def condition(self) -> str:
        """Return what must be so, in words."""
        return f"while no immunosuppressant is taken{self.lasting()}"


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

    def condition(self) -> str:
        """Return what must be so, in words."""
        return join([f"({one.words()})" for one in self.triggers], "or" if self.when == "any_of" else "and")


class AnyOf(_Several):
    """Treat when the first of several triggers fires."""

    when: Literal["any_of"] = Field(description="Treatment starts when the first of several triggers fires.")


class AllOf(_Several):
    """Treat when several triggers hold together."""

    when: Literal["all_of"] = Field(
        description="Treatment starts when all of several triggers hold together."
    )


_Each = (
    Never | OnDay | OnMrd | OnOvertRelapse | OnBloodCount | OnExtramedullary | FreeOfGvhd | FreeOfImmunosuppression
    | AnyOf | AllOf
)  # fmt: skip
TRIGGERS: Final[tuple[type[Block], ...]] = get_args(_Each)
Trigger = Annotated[_Each, Field(discriminator="when")]
AnyOf.model_rebuild()
AllOf.model_rebuild()


class Retreatment(Block):
    """Give the planned treatment again when the leukaemia comes back after it."""

    start: Trigger = Field(
        description="When it starts again: only results of samples taken after the course before has ended count."
    )
    courses: Annotated[int, Whole(1, 5)] = Field(1, description="So many further courses at most.")
