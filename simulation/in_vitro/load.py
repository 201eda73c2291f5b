"""From a YAML file to a frozen `Experiment`, as strictly as a scenario."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulation.errors import nearest_name
from simulation.scenario.load import override_pairs
from simulation.scenario.merge import apply_override, extended
from simulation.yaml_source import Node, as_mapping, parse_yaml, plain, read_yaml

if TYPE_CHECKING:
    from simulation.in_vitro.experiment import Experiment

__all__ = ["is_experiment", "load_experiment", "parse_experiment"]

Overrides = Mapping[str, Any] | Iterable[str]


def is_experiment(path: str | os.PathLike[str]) -> bool:
    """Return whether a file, or one that it extends, has the key `experiment`.

    Raises `UserError` for a file that cannot be read.
    """
    shown = os.fspath(path)
    tree = extended(read_yaml(path, shown), Path(path), shown)
    return isinstance(tree.value, dict) and "experiment" in tree.value


def load_experiment(path: str | os.PathLike[str], overrides: Overrides = ()) -> "Experiment":
    """Read an experiment file and what it extends, apply overrides, and check everything.

    Raises `UserError`, which names file, line, key, what was expected and the nearest valid name.
    """
    shown = os.fspath(path)
    return _finish(read_yaml(path, shown), Path(path), shown, overrides)


def parse_experiment(text: str, overrides: Overrides = (), name: str = "<text>") -> "Experiment":
    """Read an experiment from YAML text; `extends` is relative to the current folder."""
    return _finish(as_mapping(parse_yaml(text, name)), None, name, overrides)


def _finish(root: Node, path: Path | None, shown: str, overrides: Overrides) -> "Experiment":
    merged = extended(root, path, shown).value
    keys = dict(merged) if isinstance(merged, dict) else {}
    own = root.value if isinstance(root.value, dict) else {}
    for key in ("name", "description"):  # as in scenarios, these are not inherited
        if key not in own:
            keys.pop(key, None)
    tree = Node(keys, shown, 1, 1)
    for key, value, label in override_pairs(overrides):
        tree = apply_override(tree, key, value, label)
    return _validated(tree)


def _validated(tree: Node) -> "Experiment":
    from pydantic import ValidationError

    from simulation.in_vitro.assays import assays
    from simulation.scenario.messages import user_error

    keys = tree.value if isinstance(tree.value, dict) else {}
    kind = keys.get("experiment", tree)
    model = assays().get(str(kind.value)) if isinstance(kind.value, str) else None
    if model is None:
        near = nearest_name(kind.value, assays()) if isinstance(kind.value, str) else None
        message = f"got {kind.value!r}" if isinstance(kind.value, str | int | float) else "got something else"
        raise kind.error(message, key="experiment", expected=f"one of {', '.join(assays())}", nearest=near)
    try:
        return model.model_validate(plain(tree))
    except ValidationError as error:
        raise user_error(error, tree, model) from None
