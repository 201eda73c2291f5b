"""When treatment starts: what must have been measured, or which day it must be; and when it starts again."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from simulation.blocks.fields import Block, DayAfterTransplant, Fraction, Time, Whole, written

__all__ = ["AllOf", "AnyOf", "Never", "OnDay", "OnMrd", "OnOvertRelapse", "Retreatment", "Trigger"]


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
