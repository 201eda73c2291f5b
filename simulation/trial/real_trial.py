"""What a trial file says of the randomised trial that real patients would be in: the block `real_trial`."""

from typing import Annotated

from pydantic import Field

from simulation.blocks.fields import YEARS_20, Block, OneOf, Quantity, Whole, written
from simulation.clinic.outcomes import selected

__all__ = ["EVENTS", "Historical", "RealTrial"]

EVENTS = tuple(one.name for one in selected("survival") if one.censored)
_Share = Annotated[float, Quantity("fraction", 0, 1)]
_Alpha = Annotated[float, Quantity("fraction", 1e-6, 0.5)]


class Historical(Block):
    """Hold one arm against a rate from earlier patients instead of a second arm."""

    share: _Share | None = Field(
        None,
        description="Share without overt leukaemia at the horizon that is known; null: that of the arm held against.",
    )
    alpha: _Alpha = Field(0.05, description="One-sided error of the first kind.")


class RealTrial(Block):
    """Describe a randomised trial in which every patient is in one arm only; `design` says how many it needs."""

    event: Annotated[str, OneOf(EVENTS)] = Field(
        "relapse_free_days",
        description="The outcome with an event, for the log-rank test and the restricted mean.",
    )
    accrual: Annotated[float, Quantity("time", 0, YEARS_20)] = Field(
        written("24 months"), description="How long patients are entered, evenly."
    )
    patients_per_year: Annotated[float, Quantity("count", 0, 1_000_000, above_low=True)] | None = Field(
        None, description="Patients entered a year; with it, accrual takes as long as so many patients take."
    )
    follow_up: Annotated[float, Quantity("time", 1, YEARS_20)] | None = Field(
        None,
        description="Least follow-up: from the last patient's entry to the analysis; null: a year, or as the runs.",
    )
    horizon: Annotated[float, Quantity("time", 1, YEARS_20)] | None = Field(
        None, description="Day at which shares and means are compared; null: the least follow-up."
    )
    drop_out: Annotated[float, Quantity("fraction", 0, 0.95)] = Field(
        0.05, description="Share of patients lost to follow-up each year, whatever their state."
    )
    allocation: Annotated[float, Quantity("dimensionless", 0.05, 20)] = Field(
        1, description="Patients in the arm that may be better for each one in the other."
    )
    alpha: _Alpha = Field(0.05, description="Two-sided error of the first kind.")
    power: Annotated[float, Quantity("fraction", 0.1, 0.999)] = Field(
        0.8, description="Power that the number of patients is asked for."
    )
    patients: Annotated[tuple[Annotated[int, Whole(4, 100_000)], ...], Field(min_length=1, max_length=30)] = (
        Field(
            (50, 100, 150, 200, 300, 400, 600, 800),
            description="Numbers of patients, both arms together, that are tried.",
        )
    )
    trials: Annotated[int, Whole(100, 100_000)] = Field(
        2000, description="How many trials are simulated for each number of patients."
    )
    seed: Annotated[int, Whole(0, 2**63 - 1)] = Field(1, description="Seed of these trials.")
    historical: Historical = Field(
        Historical(), description="The same question for one arm against a known rate."
    )
