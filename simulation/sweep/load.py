"""From a sweep file to a checked sweep: bases, factors, outcomes, seed. Whatever is wrong is told before anything runs."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from simulation.blocks.fields import show
from simulation.errors import UserError, nearest_name
from simulation.posterior import TABLE, Posterior, posterior_named
from simulation.scenario.load import load_scenario, override_pairs
from simulation.scenario.messages import user_error
from simulation.scenario.plugins import anchored
from simulation.scenario.schema import Scenario
from simulation.sweep.cohort import with_cohort
from simulation.sweep.factors import Factor
from simulation.sweep.outcomes import NumericOutcome, find_outcome, read_outcomes
from simulation.sweep.read_factors import every_parameter, read_factor
from simulation.sweep.sweep_file import KINDS, SweepFile
from simulation.sweep.targets import find_target
from simulation.trial.schema import PER_SET
from simulation.yaml_source import Node, plain, read_yaml

if TYPE_CHECKING:
    from simulation.trial.schema import Trial

__all__ = ["ONLY_ARM", "Sweep", "load_sweep"]

ONLY_ARM = "base"
_OWN = frozenset({"parameters", "outcomes", "set"})  # read apart, with the line of every value
_SEEDS = frozenset({"seed", "patient", "patients", "seeds"})


@dataclass(frozen=True)
class Sweep:
    """Hold a sweep, checked: `arms` maps each arm to its base scenario; `path` is the file it came from."""

    path: str
    file: SweepFile
    arms: Mapping[str, Scenario]
    factors: tuple[Factor, ...]
    outcomes: tuple[NumericOutcome, ...]
    seed: int
    replicates: int
    posterior: Posterior | None = None
    per_set: int = PER_SET  # patients who share a parameter set

    @property
    def name(self) -> str:
        """Return the sweep's name."""
        return self.file.name

    @property
    def primary(self) -> NumericOutcome:
        """Return the outcome that is listed first."""
        return self.outcomes[0]


def load_sweep(
    path: str | os.PathLike[str],
    settings: tuple[str, ...] = (),
    seed: int | None = None,
    replicates: int | None = None,
    points: int | None = None,
) -> Sweep:
    """Read and check a sweep file.

    `settings` change the base scenarios (`path=value`); `seed`, `replicates` and `points` (of a design that is drawn;
    of Morris' the trajectories) come from the command line.
    Raises `UserError`, naming file, line and key, for the first thing that is wrong.
    """
    shown = os.fspath(path)
    root = read_yaml(path, shown)
    keys = root.value if isinstance(root.value, dict) else {}
    file = _file(root)
    if points is not None:
        file = file.model_copy(update={"design": _with_points(file, points, shown)})
    arms, trial = _bases(file, keys, shown, settings)
    posterior, per_set = _posterior(file, trial, shown)
    if file.cohort is not None:
        arms = {
            arm: with_cohort(scenario, file.cohort, keys["cohort"], shown) for arm, scenario in arms.items()
        }
    nodes = keys["parameters"].value if "parameters" in keys else {}
    if not isinstance(nodes, dict):
        raise keys["parameters"].error(
            "got something else", key="parameters", expected="a block: path, then values"
        )
    factors = _factors(file, keys, nodes, arms)
    outcomes = read_outcomes(keys["outcomes"]) if "outcomes" in keys else (find_outcome("relapse_free_days"),)
    _check_analysis(file, keys, factors, outcomes, arms)
    chosen = _one_seed(file, keys, seed, None if trial is None else trial.seed, shown)
    own_size = replicates or file.replicates or (file.cohort.size if file.cohort else None)
    size = own_size or (1 if trial is None else trial.patients)
    return Sweep(shown, file, arms, factors, outcomes, chosen, size, posterior, per_set)


def _posterior(file: SweepFile, trial: "Trial | None", shown: str) -> tuple[Posterior | None, int]:
    """Return the parameter sets of a sweep, by default those of its trial, and how many patients share one."""
    per_set = file.patients_per_set or (PER_SET if trial is None else trial.file.patients_per_set)
    if file.parameter_sets == TABLE:
        return (None if trial is None else trial.posterior), per_set
    return posterior_named(file.parameter_sets, Path(shown).parent), per_set


def _design_kind(root: Node) -> None:
    """Tell a wrong kind of design with the nearest one."""
    design = root.value.get("design") if isinstance(root.value, dict) else None
    if design is None or not isinstance(design.value, dict):
        return
    kind = design.value.get("kind")
    expected = f"one of {', '.join(KINDS)}"
    if kind is None:
        raise design.error("the key 'kind' is missing", key="design", expected=expected, at_key=True)
    if kind.value not in KINDS:
        near = nearest_name(str(kind.value), KINDS)
        raise kind.error(f"got {show(kind.value)}", key="design.kind", expected=expected, nearest=near)


def _file(root: Node) -> SweepFile:
    _design_kind(root)
    data = {key: value for key, value in plain(root).items() if key != "parameters"}
    parameters = (
        root.value["parameters"] if isinstance(root.value, dict) and "parameters" in root.value else None
    )
    if parameters is not None and isinstance(parameters.value, dict):
        data["parameters"] = {name: None for name in parameters.value}
    try:
        return SweepFile.model_validate(data)
    except ValidationError as error:
        raise user_error(error, root, SweepFile) from None


def _with_points(file: SweepFile, points: int, shown: str) -> Any:
    """Return the design with another number of points."""
    design = file.design
    key = "trajectories" if design.kind == "morris" else "points"
    if key not in type(design).model_fields:
        drawn = "random, latin_hypercube, sobol and morris"
        raise UserError(
            f"--points is for designs that are drawn ({drawn}); this one is {design.kind}",
            file=shown,
            key="design",
        )
    try:
        return type(design).model_validate(design.model_dump() | {key: points})
    except ValidationError as error:
        detail = error.errors()[0]
        (first, *_) = detail.get("ctx", {}).get("problems", [None])
        reason = detail["msg"] if first is None else f"expected {first.expected}, {first.message}"
        raise UserError(reason, file="--points") from None


def _bases(
    file: SweepFile, keys: Mapping[str, Node], shown: str, settings: tuple[str, ...]
) -> "tuple[dict[str, Scenario], Trial | None]":
    folder = os.path.dirname(shown)
    common = _flat(anchored(keys["set"], Path(folder))) if "set" in keys else []
    changes = [*common, *override_pairs(settings)]
    if file.trial is not None:
        trial = _trial(os.path.join(folder, file.trial))
        changed = {arm.key: _changed(arm.scenario, changes) for arm in trial.arms}
        return changed, trial
    named = {ONLY_ARM: file.scenario} if file.scenario is not None else dict(file.arms or {})
    scenarios: dict[str, Scenario] = {}
    for arm, reference in named.items():
        where = os.path.normpath(os.path.join(folder, str(reference)))
        try:
            scenarios[arm] = load_scenario(where, changes)
        except UserError as error:
            if error.line is not None or error.file != where:
                raise
            node = keys["scenario"] if file.scenario is not None else keys["arms"]
            raise node.error(f"{reference}: {error.message}", key="scenario", nearest=error.nearest) from None
    return scenarios, None


def _flat(block: Node, prefix: str = "") -> list[tuple[str, str, str]]:
    """Return dotted paths with their values as YAML text and what to call them; `set` may be written nested or dotted."""
    import json

    changes: list[tuple[str, str, str]] = []
    for key, node in block.value.items() if isinstance(block.value, dict) else ():
        value = plain(node)
        if isinstance(value, dict) and "distribution" not in value and "when" not in value:
            changes += _flat(node, f"{prefix}{key}.")
        else:
            label = f"{node.file}:{node.key_line}: set.{prefix}{key}"
            changes.append((f"{prefix}{key}", json.dumps(value, ensure_ascii=False), label))
    return changes


def _trial(path: str) -> "Trial":
    from simulation.trial.load import load_trial

    return load_trial(path)


def _changed(scenario: Scenario, changes: Sequence[tuple[str, Any, str]]) -> Scenario:
    from simulation.scenario.load import parse_scenario

    return parse_scenario(scenario.to_yaml(str), changes, scenario.name) if changes else scenario


def _factors(
    file: SweepFile, keys: Mapping[str, Node], nodes: Mapping[str, Node], arms: Mapping[str, Scenario]
) -> tuple[Factor, ...]:
    factors: list[Factor] = []
    for name, node in nodes.items():
        if name in _SEEDS:
            raise node.error(
                "seeds and patients are no parameters: every point has the same patients; see replicates and seed",
                key=f"parameters.{name}",
                at_key=True,
            )
        factors.append(read_factor(name, node, arms))
    if file.every_parameter is not None:
        taken = {path.rpartition(".")[2] for factor in factors for path in factor.paths}
        factors += every_parameter(file.every_parameter, keys["every_parameter"], taken)
    written: dict[str, str] = {}
    for factor in factors:
        for path in factor.paths:
            whole = find_target(path, arms[(factor.arms or tuple(arms))[0]]).path
            other = written.setdefault(whole, factor.name)
            if other != factor.name:
                raise nodes[factor.name].error(
                    f"{other} varies the same path {path}", key=f"parameters.{factor.name}", at_key=True
                )
    return tuple(factors)


def _check_analysis(
    file: SweepFile, keys: Mapping[str, Node], factors: tuple[Factor, ...], outcomes: tuple[NumericOutcome, ...],
    arms: Mapping[str, Scenario],
) -> None:  # fmt: skip
    known = {factor.name: factor for factor in factors}
    for wanted in file.analysis.thresholds:
        if wanted.along not in known:
            raise keys["analysis"].error(
                f"{wanted.along!r} is not a parameter of this sweep", key="analysis.thresholds.along",
                nearest=nearest_name(wanted.along, known),
            )  # fmt: skip
        if not known[wanted.along].numeric:
            raise keys["analysis"].error(
                f"the values of {wanted.along!r} are no numbers", key="analysis.thresholds.along"
            )
        for arm in (wanted.better, wanted.than):
            if arm is not None and arm not in arms:
                raise keys["analysis"].error(
                    f"there is no arm {arm!r}", key="analysis.thresholds", nearest=nearest_name(arm, arms)
                )
    for name in (*(wanted.outcome for wanted in file.analysis.thresholds), *(file.analysis.pareto or ())):
        try:
            find_outcome(name, outcomes)
        except UserError as error:
            raise keys["analysis"].error(error.message, key="analysis", nearest=error.nearest) from None


def _one_seed(
    file: SweepFile, keys: Mapping[str, Node], asked: int | None, of_trial: int | None, shown: str
) -> int:
    if asked is not None and file.seed is not None and asked != file.seed:
        raise UserError(
            f"contradictory seeds: the file says {file.seed}, --seed says {asked}; take one of them away",
            file=shown, line=keys["seed"].line, key="seed",
        )  # fmt: skip
    for seed, where in ((file.seed, "the file"), (asked, "--seed")):
        if of_trial is not None and seed is not None and seed != of_trial:
            raise UserError(
                f"contradictory seeds: the trial says {of_trial}, {where} says {seed}; the trial's patients come "
                "from its own seed",
                file=shown, line=keys["seed"].line if "seed" in keys else None, key="seed",
            )  # fmt: skip
    return next((seed for seed in (asked, file.seed, of_trial) if seed is not None), 0)


def csv_path(sweep: Sweep) -> tuple[Path, str]:
    """Return where a CSV design's file lies, and how to show it."""
    name = getattr(sweep.file.design, "file", "")
    where = os.path.normpath(os.path.join(os.path.dirname(sweep.path), name))
    return Path(where), where
