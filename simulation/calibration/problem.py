"""The fit file: which parameters may move, within which ranges, towards which targets, with which effort."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ValidationError

from simulation.blocks.fields import show
from simulation.calibration.experiments import CULTURE, Fidelity
from simulation.calibration.settings import Candidate, load_settings
from simulation.calibration.targets import Target, load_targets
from simulation.errors import UserError, nearest_name
from simulation.parameters import ParameterTable
from simulation.scenario.messages import user_error
from simulation.scenario.plugins import Plugin, Plugins, anchored
from simulation.units import QuantityError, parse_quantity
from simulation.yaml_source import Node, plain, read_yaml

__all__ = ["SPREAD", "Effort", "Free", "Problem", "load_problem", "read_parameter_set"]

SPREAD: Final = "spread of "
_KEYS: Final = (
    "name",
    "description",
    "seed",
    "parameters",
    "targets",
    "given",
    "patients",
    "fidelity",
    "effort",
    "plugin",
)


@dataclass(frozen=True)
class Free:
    """Hold one free dimension: a parameter of the table, or the spread (sigma) of one between patients."""

    name: str
    low: float
    high: float
    log: bool
    reason: str = ""  # why it may leave the table's range

    @property
    def parameter(self) -> str:
        """Return the table's name."""
        return self.name.removeprefix(SPREAD)

    def at(self, u: float) -> float:
        """Return the value at a point of the unit interval."""
        if self.log:
            return float(math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low))))
        return float(self.low + u * (self.high - self.low))

    def place(self, value: float) -> float:
        """Return where in the unit interval a value lies."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Effort:
    """Say how much is simulated: the Sobol design, the best kept of it, rounds of SMC, particles per round."""

    design: int = 128
    keep: int = 32
    rounds: int = 3
    particles: int = 32
    finalists: int = 5
    confirm: int = 3  # finalists are simulated with so many times the patients, other ones


class _Rules(BaseModel):
    plugin: Plugins


@dataclass(frozen=True)
class Problem:
    """Hold a fit file, checked."""

    name: str
    description: str
    seed: int
    free: tuple[Free, ...]
    given: Mapping[str, float]  # values in force that the fit does not move
    given_spreads: Mapping[str, float]
    targets: tuple[Target, ...]
    weights: Mapping[str, float]
    patients: Mapping[str, int]
    fidelity: Fidelity
    effort: Effort
    plugins: tuple[Plugin, ...] = ()  # in force in every patient; their parameters are not fitted

    @property
    def experiments(self) -> tuple[str, ...]:
        """Return the experiments to simulate, each once."""
        return tuple(dict.fromkeys(target.experiment for target in self.targets))

    def candidate(self, point: np.ndarray) -> Candidate:
        """Return the candidate at a point of the unit cube, shape (n_free,)."""
        values, spreads = dict(self.given), dict(self.given_spreads)
        for free, u in zip(self.free, point, strict=True):
            (spreads if free.name.startswith(SPREAD) else values)[free.parameter] = free.at(float(u))
        return Candidate(values, spreads)

    def identity(self) -> dict[str, Any]:
        """Return everything on which an evaluation depends, for the record and for resuming."""
        plugins = [[plugin.sha256, plugin.written] for plugin in self.plugins]
        return {
            **({"plugins": plugins} if plugins else {}),
            "seed": self.seed,
            "free": [[f.name, f.low, f.high, f.log] for f in self.free],
            "given": [dict(sorted(self.given.items())), dict(sorted(self.given_spreads.items()))],
            "targets": {
                t.id: [t.statistic, t.observed, t.low, t.high, self.weights[t.id]] for t in self.targets
            },
            "patients": dict(sorted(self.patients.items())),
            "fidelity": [self.fidelity.side, self.fidelity.time_step, self.fidelity.kinetics_step],
            "table": ParameterTable.load().parameter_values().digest(),
        }


def load_problem(path: str | os.PathLike[str]) -> Problem:
    """Read a fit file; raises `UserError` naming file, line, key, what was expected and the nearest name."""
    root = read_yaml(path, os.fspath(path))
    keys = root.value
    if not isinstance(keys, dict):
        raise root.error("got no fit", expected="a mapping with parameters and targets")
    for key, node in keys.items():
        if key not in _KEYS:
            raise node.error("there is no such key", key=key, nearest=nearest_name(key, _KEYS), at_key=True)
    for key in ("name", "parameters", "targets"):
        if key not in keys:
            raise root.error("this key is missing", key=key)
    weights = _weights(keys["targets"])
    effort = Effort(**{k: int(v) for k, v in _plain(keys, "effort").items()})
    fidelity = _plain(keys, "fidelity")
    given, given_spreads = _given(Path(path), keys.get("given"))
    return Problem(
        name=str(plain(keys["name"])),
        description=str(_plain(keys, "description") or ""),
        seed=int(_plain(keys, "seed") or 1),
        free=tuple(_free(name, node) for name, node in _items(keys["parameters"])),
        given=given,
        given_spreads=given_spreads,
        targets=tuple(load_targets()[name] for name in weights),
        weights=weights,
        patients=_patients(keys.get("patients")),
        fidelity=Fidelity(
            int(fidelity.get("side", 6)),
            parse_quantity(fidelity.get("time_step", "6 h"), "time"),
            parse_quantity(fidelity.get("kinetics_step", "1 h"), "time"),
        ),
        effort=effort,
        plugins=_plugins(root, Path(path)),
    )


def _plugins(root: Node, path: Path) -> tuple[Plugin, ...]:
    """Return the rules of one's own that a fit names as a scenario does."""
    tree = anchored(root, path.parent)
    block = tree.value.get("plugin") if isinstance(tree.value, dict) else None
    try:
        return _Rules.model_validate({"plugin": None if block is None else plain(block)}).plugin
    except ValidationError as error:
        raise user_error(error, tree, _Rules) from None


def _plain(keys: Mapping[str, Node], name: str) -> Any:
    return plain(keys[name]) if name in keys else {}


def _items(node: Node) -> list[tuple[str, Node]]:
    if not isinstance(node.value, dict) or not node.value:
        raise node.error("got nothing", expected="a block of keys")
    return list(node.value.items())


def _free(name: str, node: Node) -> Free:
    table, parameter = ParameterTable.load(), name.removeprefix(SPREAD)
    if parameter not in table:
        raise node.error(
            "there is no such parameter", key=name, nearest=table.nearest(parameter), at_key=True
        )
    row = table[parameter]
    data = plain(node)
    data = dict(data) if isinstance(data, Mapping) else {}
    spread = name.startswith(SPREAD)
    if spread and not row.low >= 0:
        raise node.error("a parameter that may be negative has no log-normal spread", key=name)
    try:
        dimension = "dimensionless" if spread else row.dimension
        low = parse_quantity(data["low"], dimension) if "low" in data else (0.1 if spread else row.low)
        high = parse_quantity(data["high"], dimension) if "high" in data else (1.0 if spread else row.high)
    except QuantityError as error:
        raise node.error(error.message, key=name, expected=error.expected) from None
    log = data.get("scale", "log" if low > 0 else "linear") == "log"
    reason = str(data.get("reason", ""))
    if not low < high or (log and low <= 0):
        raise node.error(
            f"got {low:g} to {high:g}", key=name, expected="low below high, and above 0 on a log scale"
        )
    if not spread and not reason and (low < row.low or high > row.high):
        raise node.error(
            f"got {row.written(low)} to {row.written(high)}",
            key=name,
            expected=f"a part of the table's range, {row.written(row.low)} to {row.written(row.high)}, or a `reason`",
        )
    return Free(name, low, high, log, reason)


def _weights(node: Node) -> dict[str, float]:
    known, weights = load_targets(), {}
    for name, weight in _items(node):
        if name not in known:
            raise weight.error(
                "there is no such target", key=name, nearest=nearest_name(name, known), at_key=True
            )
        if known[name].use != "fit":
            raise weight.error(f"this target is {known[name].use}, not for fitting", key=name, at_key=True)
        weights[name] = float(weight.value) if isinstance(weight.value, int | float) else 1.0
    return weights


def _given(path: Path, node: Node | None) -> tuple[dict[str, float], dict[str, float]]:
    """Return values and spreads in force: of other parameter-set files (paths, relative to this one) in order."""
    values: dict[str, float] = {}
    spreads: dict[str, float] = {}
    told = plain(node) if node is not None else []
    for name in [told] if isinstance(told, str) else list(told):
        own, own_spreads = read_parameter_set(path.parent / name)
        values |= own
        spreads |= own_spreads
    return values, spreads


def read_parameter_set(path: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Return the values (canonical units) and the spreads (sigma) of a parameter-set file."""
    root = read_yaml(path, os.fspath(path))
    block = root.value if isinstance(root.value, dict) else {}
    if "parameters" not in block:
        raise UserError("there are no parameters in it", file=os.fspath(path))
    table = ParameterTable.load()
    values = {}
    for name, node in _items(block["parameters"]):
        if name not in table:
            raise node.error("there is no such parameter", key=name, nearest=table.nearest(name), at_key=True)
        values[name] = parse_quantity(plain(node), table[name].dimension)
    between = plain(block["between_patients"]) if "between_patients" in block else {}
    return values, {name: float(told["sigma"]) for name, told in between.items()}


def _patients(node: Node | None) -> dict[str, int]:
    if node is None:
        return {}
    known = (*load_settings(), CULTURE)
    told = {}
    for name, count in _items(node):
        if name not in known:
            raise count.error(
                "there is no such experiment", key=name, nearest=nearest_name(name, known), at_key=True
            )
        if not isinstance(count.value, int) or count.value < 1:
            raise count.error(f"got {show(count.value)}", key=name, expected="a whole number from 1 on")
        told[name] = count.value
    return told
