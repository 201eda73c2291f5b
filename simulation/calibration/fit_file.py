"""The files of a fit, read as strictly as scenarios: the fit file, and the parameter set that a fit has written."""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from simulation.blocks.fields import Block, FieldKind, OneOf, Quantity, Text, Whole, show, written
from simulation.calibration.experiments import CULTURE, Fidelity
from simulation.calibration.problem import Effort, FreeDimension, Problem, Screen
from simulation.calibration.settings import Candidate, load_settings
from simulation.calibration.targets import load_targets
from simulation.errors import UserError, nearest_name
from simulation.parameters import ParameterTable
from simulation.parameters.table import Parameter
from simulation.posterior import AS_SHIPPED, STRUCTURES, structure_named
from simulation.posterior.sets import SHARE, SPREAD, bare_name, no_mixture, no_sigma
from simulation.scenario.messages import user_error
from simulation.scenario.plugins import Plugins, anchored
from simulation.yaml_source import Node, plain, read_yaml

__all__ = ["load_problem", "read_free", "read_parameter_set"]

_LARGEST_SPREAD: Final = (
    5.0  # sigma of a logarithm: beyond, one patient in a hundred is 100,000 times another
)


class _ScreenBlock(Block):
    """Say how many candidates are screened, with how many patients each, and which share is left, then and by each round."""

    candidates: Annotated[int, Whole(3, 1_000_000)]
    patients: Any = None
    leave: Annotated[float, Quantity("dimensionless", 1e-4, 1)] = 0.002
    narrow: Annotated[float, Quantity("dimensionless", 0.01, 1)] = 0.1


class _FidelityBlock(Block):
    side: Annotated[int, Whole(1, 100)] = 6
    time_step: Annotated[float, Quantity("time", 5 / 1440, 1)] = written("12 h")
    kinetics_step: Annotated[float, Quantity("time", 5 / 1440, 1)] = written("1 h")


class _Range(Block):
    """Where a parameter may move; `low` and `high` are read in its own dimension."""

    low: Any = None
    high: Any = None
    scale: Literal["log", "linear"] | None = None
    reason: Annotated[str, Text(1000)] = ""


class _Sigma(Block):
    """How patients differ in a parameter of a fit's parameter set."""

    distribution: Literal["lognormal"]
    sigma: Annotated[float, Quantity("dimensionless", 0, 10, above_low=True)]


class _FitFile(Block):
    """The keys of a fit file; what depends on the parameter table is read apart."""

    name: Annotated[str, Text(120, 1, "Cytokine release", one_line=True)]
    description: Annotated[str, Text(4000)] = ""
    seed: Annotated[int, Whole(0, 2**63 - 1)] = 1
    parameters: Any
    targets: Any
    given: Any = None
    patients: Any = None
    fidelity: _FidelityBlock = _FidelityBlock()
    effort: Effort = Effort()
    screen: _ScreenBlock | None = None
    structure: Annotated[str, OneOf([one.key for one in (AS_SHIPPED, *STRUCTURES)])] = AS_SHIPPED.key
    plugin: Plugins = ()


class _SetFile(Block):
    """The keys of a parameter set that a fit has written."""

    parameters: Any
    between_patients: Any = None
    shares: Any = None


def load_problem(path: str | os.PathLike[str]) -> Problem:
    """Read a fit file; raises `UserError` naming file, line, key, what was expected and the nearest name."""
    root = read_yaml(path, os.fspath(path))
    root = anchored(root, Path(path).parent)
    file = _validated(root, _FitFile)
    keys: dict[str, Node] = root.value  # type: ignore[assignment]  # a mapping: read_yaml refuses all else
    if file.effort.keep > file.effort.design:
        at = keys["effort"]
        raise at.error(
            f"got keep: {file.effort.keep}",
            key="effort.keep",
            expected=f"at most the design, {file.effort.design}",
        )
    given = _given(Path(path), keys.get("given"))
    weights = _weights(keys["targets"])
    fidelity, patients = file.fidelity, _patients(keys.get("patients"), "patients")
    return Problem(
        name=file.name,
        description=file.description,
        seed=file.seed,
        free=tuple(
            read_free(name, node, "parameters") for name, node in _items(keys["parameters"], "parameters")
        ),
        given=given,
        targets=tuple(load_targets()[name] for name in weights),
        weights=weights,
        patients=patients,
        fidelity=Fidelity(fidelity.side, fidelity.time_step, fidelity.kinetics_step),
        effort=file.effort,
        structure=structure_named(file.structure),
        plugins=file.plugin,
        screen=_screen(file.screen, keys.get("screen")),
    )


def _screen(block: _ScreenBlock | None, node: Node | None) -> Screen | None:
    if block is None or node is None or not isinstance(node.value, dict):
        return None
    patients = _patients(node.value.get("patients"), "screen.patients")
    return Screen(block.candidates, patients, block.leave, block.narrow)


def _validated[M: BaseModel](tree: Node, model: type[M]) -> M:
    try:
        return model.model_validate(plain(tree))
    except ValidationError as error:
        raise user_error(error, tree, model) from None


def _block[M: BaseModel](node: Node, model: type[M], key: str) -> M:
    """Return a block that stands below `key`; nothing written is an empty one."""
    try:
        return model.model_validate({} if node.value is None else plain(node))
    except ValidationError as error:
        shown = user_error(error, node, model)
        for one in shown.errors:
            one.key = f"{key}.{one.key}" if one.key else key
        raise shown from None


def _field(kind: FieldKind, node: Node, key: str) -> Any:
    """Return one value, read as strictly as a field of a scenario."""
    try:
        return kind.read(plain(node))
    except PydanticCustomError as error:
        problem = (error.context or {})["problems"][0]
        raise node.error(
            problem.message, key=key, expected=problem.expected, nearest=problem.nearest
        ) from None


def _items(node: Node, key: str) -> list[tuple[str, Node]]:
    if not isinstance(node.value, dict) or not node.value:
        raise node.error(
            f"got {show(plain(node)) if node.value else 'nothing'}", key=key, expected="a block of keys"
        )
    return list(node.value.items())


def read_free(name: str, node: Node, block: str) -> FreeDimension:
    """Return the dimension that `name` and its range describe, below the key `block`; raise `UserError` where it is wrong."""
    table, parameter = ParameterTable.load(), bare_name(name)
    if parameter not in table:
        raise node.error(
            "there is no such parameter", key=name, nearest=table.nearest(parameter), at_key=True
        )
    row, key = table[parameter], f"{block}.{name}"
    written_range = _block(node, _Range, key)
    spread, share = name.startswith(SPREAD), name.startswith(SHARE)
    if spread and not row.low >= 0:
        raise node.error("a parameter that may be negative has no log-normal spread", key=key)
    if spread:
        _log_normal(row, node, key)
    if share:
        _mixed(row, node, key)
    kind = Quantity(row.dimension)
    if spread or share:
        kind = Quantity("dimensionless", 0, _LARGEST_SPREAD if spread else 1)
    inside = node.value if isinstance(node.value, dict) else {}
    low, high = (
        default
        if inside.get(word) is None or inside[word].value is None
        else _field(kind, inside[word], f"{key}.{word}")
        for word, default in (
            ("low", 0.1 if spread else 0.0 if share else row.low),
            ("high", 1.0 if spread or share else row.high),
        )
    )
    log = (written_range.scale or ("log" if low > 0 else "linear")) == "log"
    reason = written_range.reason
    if not low < high or (log and low <= 0):
        raise node.error(
            f"got {low:g} to {high:g}", key=key, expected="low below high, and above 0 on a log scale"
        )
    if not (spread or share) and not reason and (low < row.low or high > row.high):
        raise node.error(
            f"got {row.written(low)} to {row.written(high)}",
            key=key,
            expected=f"a part of the table's range, {row.written(row.low)} to {row.written(row.high)}, or a `reason`",
        )
    return FreeDimension(name, low, high, log, reason)


def _weights(node: Node) -> dict[str, float]:
    known, weights = load_targets(), {}
    for name, weight in _items(node, "targets"):
        key = f"targets.{name}"
        if name not in known:
            raise weight.error(
                "there is no such target", key=key, nearest=nearest_name(name, known), at_key=True
            )
        if known[name].use != "fit":
            raise weight.error(f"this target is {known[name].use}, not for fitting", key=key, at_key=True)
        written_weight = _field(Quantity("dimensionless", 0, 1e6, above_low=True), weight, key)
        weights[name] = written_weight * known[name].translation
    return weights


def _given(path: Path, node: Node | None) -> Candidate:
    """Return what is in force: of other parameter-set files (paths, relative to this one) in order."""
    given = Candidate()
    if node is None or node.value is None:
        return given
    for entry in node.value if isinstance(node.value, list) else [node]:
        if not isinstance(entry.value, str) or not entry.value:
            expected = "the name of a parameter set such as response.fitted.yaml, or a list of them"
            raise entry.error(f"got {show(plain(entry))}", key="given", expected=expected)
        try:
            own = read_parameter_set(path.parent / entry.value)
        except UserError as error:
            if error.line is not None:
                raise
            raise entry.error(f"{entry.value}: {error.message}", key="given") from None
        given = Candidate(
            {**given.values, **own.values}, {**given.spreads, **own.spreads}, {**given.shares, **own.shares}
        )
    return given


def read_parameter_set(path: Path) -> Candidate:
    """Return the values (canonical units), the spreads (sigma) and the shares of a parameter-set file."""
    root = read_yaml(path, os.fspath(path))
    _validated(root, _SetFile)
    keys: dict[str, Node] = root.value  # type: ignore[assignment]  # a mapping: read_yaml refuses all else
    table = ParameterTable.load()

    def block(key: str) -> list[tuple[str, Parameter, Node]]:
        node = keys.get(key, Node(None, root.file))
        items = [] if node.value is None else _items(node, key)
        return [(name, _known(table, name, one, key), one) for name, one in items]

    values = {
        name: _field(Quantity(row.dimension), node, f"parameters.{name}")
        for name, row, node in block("parameters")
    }
    spreads, shares = {}, {}
    for name, row, node in block("between_patients"):
        _log_normal(row, node, f"between_patients.{name}")
        spreads[name] = _block(node, _Sigma, f"between_patients.{name}").sigma
    for name, row, node in block("shares"):
        _mixed(row, node, f"shares.{name}")
        shares[name] = _field(Quantity("dimensionless", 0, 1), node, f"shares.{name}")
    return Candidate(values, spreads, shares)


def _known(table: ParameterTable, name: str, node: Node, block: str) -> Parameter:
    if name not in table:
        raise node.error(
            "there is no such parameter", key=f"{block}.{name}", nearest=table.nearest(name), at_key=True
        )
    return table[name]


def _log_normal(row: Parameter, node: Node, key: str) -> None:
    """Refuse a sigma for a parameter that the table lets vary in another way: there is no sigma to move."""
    if message := no_sigma(row):
        raise node.error(
            message, key=key, expected="a parameter whose distribution is lognormal, or none yet"
        )


def _mixed(row: Parameter, node: Node, key: str) -> None:
    """Refuse a share for a parameter that is no mixture."""
    if message := no_mixture(row):
        raise node.error(message, key=key, expected="a mixture")


def _patients(node: Node | None, block: str) -> dict[str, int]:
    if node is None or node.value is None:
        return {}
    known = (*load_settings(), CULTURE)
    numbers = {}
    for name, count in _items(node, block):
        key = f"{block}.{name}"
        if name not in known:
            raise count.error(
                "there is no such experiment", key=key, nearest=nearest_name(name, known), at_key=True
            )
        numbers[name] = _field(Whole(1, 100_000), count, key)
    return numbers
