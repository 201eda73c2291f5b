"""What a file says of a registered trial whose result is predicted, and the virtual trial that it makes."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError

from simulation.blocks.fields import YEARS_20, Block, OneOf, Quantity, Text, Whole, written
from simulation.clinic.outcomes import OUTCOMES, selected
from simulation.errors import UserError
from simulation.posterior.posterior import SHIPPED, TABLE
from simulation.scenario.messages import user_error
from simulation.trial.load import load_quick_trial
from simulation.trial.schema import SHARES, Trial
from simulation.yaml_source import plain, read_yaml

__all__ = ["Endpoint", "Prediction", "Registration", "load_prediction"]

_EVENTS: Final = tuple(one.name for one in selected("survival") if one.censored)
_Words = Annotated[str, Text(1000, 1, "MRD response")]


class Endpoint(Block):
    """Name one endpoint of the registry, and the outcome by which it is predicted."""

    says: _Words = Field(description="The endpoint in the registry's words.")
    outcome: Annotated[str, OneOf((*_EVENTS, *SHARES))] = Field(
        description="A share of patients, or a survival outcome: then the share without its event by a day."
    )
    by: Annotated[float, Quantity("time", 1, YEARS_20)] | None = Field(
        None, description="That day after transplant, of a survival outcome."
    )


class Registration(Block):
    """Hold the keys of a file of `scenarios/predictions/`."""

    registry: Annotated[str, Text(40, 1, "NCT04044560", one_line=True)] = Field(
        description="The trial's number in the registry."
    )
    title: Annotated[str, Text(300, 1, "Blinatumomab for MRD after transplant", one_line=True)] = Field(
        description="What the trial is called."
    )
    seen: _Words = Field(description="Where the registry's text was read, and how it stood.")
    results: _Words = Field(description="What is known of its results.")
    protocol: Annotated[str, Text(200, 1, "../protocols/mrd_blast.yaml", one_line=True)] = Field(
        description="The scenario that says how its patients are treated, beside this file."
    )
    cohort: Annotated[str, Text(200, 1, "../cohorts/high_risk_all.yaml", one_line=True)] = Field(
        description="Whose patients, beside this file."
    )
    enrolment: Annotated[int, Whole(1, 100_000)] | None = Field(
        None, description="Patients of the real trial; null: the registry does not say."
    )
    follow_up: Annotated[float, Quantity("time", 0.25, YEARS_20)] = Field(
        written("730 d"), description="How long every patient is followed."
    )
    patients: Annotated[int, Whole(8, 1_000_000)] = Field(40, description="How many are simulated.")
    patients_per_set: Annotated[int, Whole(1, 10_000)] = Field(
        4, description="How many of them share a parameter set."
    )
    parameters: Annotated[str, Text(200, 1, "posterior", one_line=True)] = Field(
        SHIPPED, description="Parameter sets: posterior, or a CSV file of sets beside this file."
    )
    seed: Annotated[int, Whole(0, 2**63 - 1)] = Field(1, description="Seed of all patients.")
    primary: Annotated[tuple[Endpoint, ...], Field(min_length=1, max_length=10)] = Field(
        description="The primary endpoints."
    )
    secondary: Annotated[tuple[Endpoint, ...], Field(max_length=20)] = Field(
        (), description="Further endpoints."
    )
    assumptions: Annotated[tuple[_Words, ...], Field(min_length=1, max_length=30)] = Field(
        description="What the registry does not say and is assumed, in the protocol's file and here."
    )


@dataclass(frozen=True, slots=True)
class Prediction:
    """Hold a registration with the virtual trial of one arm that it makes."""

    file: str
    registration: Registration
    trial: Trial


def load_prediction(path: str | os.PathLike[str], patients: int | None = None) -> Prediction:
    """Read a file of a registered trial; `patients` takes the place of how many it simulates.

    Raises `UserError`, naming file, line, key, what was expected and the nearest valid name.
    """
    shown, folder = os.fspath(path), Path(path).parent
    root = read_yaml(path, shown)
    try:
        registration = Registration.model_validate(plain(root))
    except ValidationError as error:
        raise user_error(error, root, Registration) from None
    if patients is not None:
        registration = registration.model_copy(update={"patients": patients})
    if registration.parameters == TABLE:
        message = "one set of values is a point, and no predictive distribution"
        raise UserError(message, file=shown, key="parameters", expected=f"{SHIPPED}, or a CSV file of sets")
    _check_days(registration, shown)
    sets = (
        registration.parameters
        if registration.parameters == SHIPPED
        else os.path.normpath(folder / registration.parameters)
    )
    changes: list[tuple[str, Any, str]] = [
        ("patients", registration.patients, f"{shown}: patients"),
        ("patients_per_set", registration.patients_per_set, f"{shown}: patients_per_set"),
        ("parameters", sets, f"{shown}: parameters"),
        ("seed", registration.seed, f"{shown}: seed"),
        ("follow_up", f"{registration.follow_up!r} d", f"{shown}: follow_up"),
    ]
    protocol, cohort = (
        os.path.normpath(folder / name) for name in (registration.protocol, registration.cohort)
    )
    trial = load_quick_trial([protocol], changes, cohort=cohort)
    # the number of patients is the registration's, whatever a list of patients holds
    return Prediction(
        shown,
        registration,
        replace(trial, file=trial.file.model_copy(update={"name": registration.title[:120]})),
    )


def _check_days(registration: Registration, shown: str) -> None:
    for block in ("primary", "secondary"):
        for index, one in enumerate(getattr(registration, block)):
            at, survival = f"{block}.{index + 1}.by", OUTCOMES[one.outcome].kind == "survival"
            if survival and one.by is None:
                raise UserError(f"{one.outcome} needs the day by which it is judged", file=shown, key=at)
            if not survival and one.by is not None:
                raise UserError(f"{one.outcome} is a share of patients and takes no day", file=shown, key=at)
            if one.by is not None and one.by > registration.follow_up:
                raise UserError(
                    f"day {one.by:g} is after the end of follow-up", file=shown, key=at,
                    expected=f"at most follow_up, {registration.follow_up:g} d",
                )  # fmt: skip
