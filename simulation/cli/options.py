"""Arguments that several commands share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from simulation.errors import UserError

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

LARGEST = 2**63 - 1  # seeds and patients are keys of 64-bit random numbers


def natural(ctx: click.Context, param: click.Parameter, number: int) -> int:
    """Check a whole number from 0 on; unlike click's own range this does not fill the help with 19 digits."""
    if not 0 <= number <= LARGEST:
        raise click.BadParameter(f"expected a whole number from 0 on, got {number}", ctx, param)
    return number


type Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def scenario_files() -> Decorator:
    """Add the argument FILE..., one scenario file or more."""
    return click.argument("files", nargs=-1, required=True, metavar="FILE...")


def settings() -> Decorator:
    """Add the option --set PATH=VALUE, which may be repeated."""
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="PATH=VALUE",
        help="Change one value of the scenario, for example dli.every='28 d'. May be repeated.",
    )


def as_json(what: str) -> Decorator:
    """Add the flag --json."""
    return click.option(
        "--json", "as_json", is_flag=True, help=f"Print {what} as one JSON document on stdout."
    )


def load_all(files: tuple[str, ...], overrides: tuple[str, ...]) -> list["Scenario"]:
    """Load every scenario before anything runs, so that a mistake in the last costs no time.

    Raises
    ------
    UserError
        Naming every file that is not valid, not only the first.
    """
    from simulation.scenario.load import load_scenario

    scenarios: list[Scenario] = []
    errors: list[UserError] = []
    for file in files:
        try:
            scenarios.append(load_scenario(file, overrides))
        except UserError as error:
            told = {str(known) for known in errors}  # a wrong --set is wrong for every file: once is enough
            errors.extend(new for new in error.errors if str(new) not in told)
    if errors:
        raise UserError.several(errors)
    return scenarios
