"""From a YAML file to a frozen `Scenario`."""

import math
import os
from collections.abc import Iterable, Mapping
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulation.errors import UserError
from simulation.scenario.merge import ANOTHER_PLUGIN, DEFAULTS, apply_override, extended, merge
from simulation.yaml_source import Node, as_mapping, parse_yaml, plain, read_yaml

if TYPE_CHECKING:
    from simulation.scenario.cohort import Patients
    from simulation.scenario.schema import Scenario

__all__ = ["load_scenario", "override_pairs", "parse_scenario", "with_follow_up"]

Overrides = Mapping[str, Any] | Iterable[str | tuple[str, Any] | tuple[str, Any, str]]


def load_scenario(
    path: str | os.PathLike[str], overrides: Overrides = (), cohort: str | os.PathLike[str] | None = None
) -> "Scenario":
    """Read a scenario file, what it extends and the defaults, apply overrides, and check everything.

    With `cohort`, a cohort file or `standard`, the patients are that cohort's: each number of a seed is another person, the
    same as in trials and sweeps (docs/cohorts.md). Without, all are the file's one patient unless it says how they differ.

    `overrides` is a mapping such as `{"start.at_least": "1e-4"}` or a list such as
    `["start.at_least=1e-4"]`; text is read like a value in the file. Raises `UserError`, which names file,
    line, key, what was expected and the nearest valid name.
    """
    from simulation.scenario.cohort import patients_of

    shown = os.fspath(path)
    return _finish(read_yaml(path, shown), Path(path), shown, overrides, patients_of(cohort))


def parse_scenario(
    text: str, overrides: Overrides = (), name: str = "<text>", patients: "Patients | None" = None
) -> "Scenario":
    """Read a scenario from YAML text, with a cohort's patients if they are given; `extends` is relative to the current folder."""
    return _finish(as_mapping(parse_yaml(text, name)), None, name, overrides, patients)


def with_follow_up(scenario: "Scenario", days: float) -> "Scenario":
    """Return the scenario followed for so many days; raise `UserError` where that cannot be."""
    from simulation.units import format_number

    source = f"days={days!r}"
    if isinstance(days, bool) or not isinstance(days, Real) or not math.isfinite(days):
        raise UserError(f"got {days!r}", key="days", expected="a number of days")
    tree = parse_yaml(scenario.to_yaml(str), source, lines=False)
    return _validated(apply_override(tree, "follow_up", f"{format_number(float(days))} d", source))


def _finish(
    root: Node, path: Path | None, shown: str, overrides: Overrides, patients: "Patients | None"
) -> "Scenario":
    defaults = read_yaml(DEFAULTS, "simulation/data/defaults.yaml")
    merged = merge(defaults, extended(root, path, shown)).value
    keys = dict(merged) if isinstance(merged, dict) else {}
    own = root.value if isinstance(root.value, dict) else {}
    # a base's name or description would make two scenarios look like one in every table
    if "name" not in own:
        del keys["name"]
    if "description" not in own and isinstance(defaults.value, dict):
        keys["description"] = defaults.value["description"]
    tree, pairs = Node(keys, shown, 1, 1), list(override_pairs(overrides))
    if patients is not None:
        tree = patients.treat(tree, root, (key for key, *_ in pairs))
    for key, value, label in pairs:
        tree = apply_override(tree, key, value, label)
    return _validated(tree)


def override_pairs(overrides: Overrides) -> Iterable[tuple[str, Any, str]]:
    """Yield each override as (dotted key, value, what to call it in a message)."""
    if isinstance(overrides, str):
        overrides = [overrides]
    for text in overrides.items() if isinstance(overrides, Mapping) else overrides:
        if isinstance(text, tuple):  # what to call it may be given
            key, value, *label = text
            yield key, value, label[0] if label else f"override {key}"
            continue
        key, mark, value = text.partition("=")
        if not mark or not value.strip():
            raise UserError(f"got {text!r}", file="--set", expected="path=value such as start.at_least=1e-4")
        yield key.strip(), value, "--plugin" if key == ANOTHER_PLUGIN else f"--set {text}"


def _validated(tree: Node) -> "Scenario":
    from pydantic import ValidationError

    from simulation.scenario.messages import user_error
    from simulation.scenario.schema import Scenario

    try:
        return Scenario.model_validate(plain(tree))
    except ValidationError as error:
        raise user_error(error, tree, Scenario) from None
