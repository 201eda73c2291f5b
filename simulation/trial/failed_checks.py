"""Which checks of the validation the shipped parameters fail, and which of them bear on a trial."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from simulation.products.registry import PRODUCTS
from simulation.yaml_source import plain, read_yaml

if TYPE_CHECKING:
    from simulation.trial.schema import Trial

__all__ = ["FailedCheck", "failed_checks", "load_failed_checks"]

_ANY: Final = "any"


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """Hold a check that does not pass: what was found, and the products (or `any`) on whose results it bears."""

    id: str
    finding: str
    bears_on: frozenset[str]


@cache
def load_failed_checks() -> dict[str, FailedCheck]:
    """Return the checks of `simulation/data/failed_checks.yaml` by their ids."""
    path = str(files("simulation") / "data" / "failed_checks.yaml")
    rows = plain(read_yaml(path, "simulation/data/failed_checks.yaml"))
    return {name: FailedCheck(name, row["finding"], frozenset(row["bears_on"])) for name, row in rows.items()}


def failed_checks(trial: "Trial") -> list[str]:
    """Return a sentence for the report: the checks that are not passed and bear on these arms; nothing where none does."""
    scenarios = [arm.scenario for arm in trial.arms]
    given = {
        product.name for product in PRODUCTS if any(getattr(one, product.name, None) for one in scenarios)
    } | {_ANY}
    failed = [one for one in load_failed_checks().values() if one.bears_on & given]
    listed = "; ".join(f"{one.id}: {one.finding}" for one in failed)
    return (
        [
            f"Checks of the validation that the model does not pass (fails, or may fail), and that bear on these arms: {listed}."
        ]
        if failed
        else []
    )
