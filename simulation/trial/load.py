"""From a trial file, or from plain scenario files, to a checked `Trial`; the same strict reading as for scenarios.

An arm is put together from, the later the stronger: the defaults, the files it extends, the cohort's donor and graft, the
trial's `common` block, the arm's own keys. The cohort's `patient` replaces that of the files: every arm treats the same
patients.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from simulation.errors import UserError, nearest_name
from simulation.parameters.distributions import Distribution
from simulation.parameters.table import ParameterTable
from simulation.posterior import Posterior, posterior_named
from simulation.scenario.cohort import STANDARD, Patients, patients_of
from simulation.scenario.load import parse_scenario
from simulation.scenario.merge import DEFAULTS, apply_override, extended, merge, node_from
from simulation.scenario.messages import user_error
from simulation.scenario.named_values import PatientMap
from simulation.scenario.patient_list import ENDING
from simulation.scenario.plugins import anchored
from simulation.scenario.resolve import varies
from simulation.scenario.schema import Scenario
from simulation.trial.real_trial import RealTrial
from simulation.trial.schema import ENDS_FOLLOW_UP, IGNORED, Arm, Cohort, Trial, TrialFile
from simulation.yaml_source import Node, plain, read_yaml

__all__ = [
    "is_trial_file",
    "load_cohort_arm",
    "load_quick_trial",
    "load_real_trial",
    "load_trial",
    "trial_of_scenarios",
]

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_ARMS: Final = 12
_QUICK_PATIENTS: Final = 10
Pairs = Sequence[tuple[str, Any, str]]  # path, value, and what to call it in a message


def is_trial_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a file has arms; raise `UserError` where it cannot be read."""
    root = read_yaml(path, os.fspath(path))
    return isinstance(root.value, dict) and "arms" in root.value


def load_trial(path: str | os.PathLike[str], changes: Pairs = (), arm_changes: Pairs = ()) -> Trial:
    """Read and check a trial file; `changes` are laid on the trial's own keys, `arm_changes` on every arm.

    Raises `UserError`, naming file, line, key, what was expected and the nearest valid name.
    """
    shown = os.fspath(path)
    source = Path(path)
    root = read_yaml(path, shown)
    own = dict(root.value) if isinstance(root.value, dict) else {}
    arms_node, cohort_node = own.pop("arms", None), own.pop("cohort", None)
    common = own.pop("common", None)
    arms_node, cohort_node = (
        _needed(node, key, own, shown) for key, node in (("arms", arms_node), ("cohort", cohort_node))
    )
    file = _trial_file(Node(own, shown, 1, 1), changes)
    common = anchored(_block(common, "common", "monitoring: ..., as in a scenario"), source.parent)
    patients = _patients(cohort_node, source, shown)
    arms = tuple(
        Arm(key, _arm(key, node, source, shown, patients, common, file.follow_up, arm_changes))
        for key, node in _arm_nodes(arms_node).items()
    )
    given = any(
        name == "parameters" for name, *_ in changes
    )  # on the command line, from where the person stands
    posterior = posterior_named(file.parameters, Path() if given else source.parent)
    if "patients" not in own and not any(name == "patients" for name, *_ in changes):
        file = _all_listed(file, arms)
    return _checked(file, _described(patients, arms), arms, shown, posterior)


def load_quick_trial(
    files: Sequence[str], changes: Pairs = (), arm_changes: Pairs = (), cohort: str | None = None
) -> Trial:
    """Make a trial of plain scenario files, each an arm.

    `cohort` is a cohort file, `standard`, or `none`: the files' one patient, again and again. Without it the patients are those
    of the standard cohort, and a note of the trial says so.
    """
    keys = _keys_of(files)
    names = " against ".join(key.replace("_", " ") for key in keys)
    trial = {"name": names[:120], "patients": _QUICK_PATIENTS}
    file = _trial_file(node_from(trial, "compare"), changes)
    patients = patients_of(STANDARD if cohort is None else cohort)
    arms = []
    for key, name in zip(keys, files, strict=True):
        node = Node(dict(read_yaml(name, name).value), name, 1, 1)  # type: ignore[arg-type]
        arm = _arm(key, node, Path(name), name, patients, None, file.follow_up, arm_changes, in_file=True)
        arms.append(Arm(key, arm))
    if not any(name == "patients" for name, *_ in changes):
        file = _all_listed(file, tuple(arms))
    file_names = ", ".join(files)
    checked = _checked(
        file,
        _described(patients, tuple(arms)),
        tuple(arms),
        file_names,
        posterior_named(file.parameters, Path()),
    )
    return replace(checked, notes=(*_whose(checked, cohort), *checked.notes))


def trial_of_scenarios(scenarios: Mapping[str, Scenario], changes: Pairs = ()) -> Trial:
    """Make a trial of scenarios that are loaded already, by the keys of their arms; their patients are their own.

    `changes` are laid on the trial's own keys. Raises `UserError` as `load_trial` does.
    """
    file = _trial_file(node_from({"name": "trial", "patients": _QUICK_PATIENTS}, "trial"), changes)
    arms = tuple(Arm(key, scenario) for key, scenario in scenarios.items())
    trial = _checked(file, _described(None, arms), arms, file.name, posterior_named(file.parameters, Path()))
    return replace(trial, notes=(*_whose(trial, STANDARD), *trial.notes))


def _whose(trial: Trial, cohort: str | None) -> tuple[str, ...]:
    """Say in words whom a quick trial treats, where the person did not."""
    if not any(varies(arm.scenario) for arm in trial.arms):
        return (
            "All patients are one and the same: the runs of an arm differ by chance only, and say nothing of other patients.",
        )
    if cohort is None:
        return (
            "The patients are those of the standard cohort (docs/cohorts.md): each is another person. With --cohort none they "
            "are one typical patient, whose runs differ by chance only.",
        )
    return ()


def load_real_trial(plan: RealTrial, changes: Pairs = ()) -> RealTrial:
    """Return the plan of a real trial with `changes` laid on it.

    Raises `UserError` for a key that there is not, and for a value that cannot be.
    """
    tree = node_from(plan.model_dump(mode="json", exclude_none=True), "real_trial")
    for name, value, label in changes:
        tree = apply_override(tree, name, value, label)
    return _validated(tree, RealTrial)


def load_cohort_arm(path: str | os.PathLike[str], changes: Pairs = ()) -> tuple[Cohort, Scenario]:
    """Read a cohort file; return it with the scenario of an arm that says no more than `changes`: no treatment."""
    shown = os.fspath(path)
    patients = Patients.read(read_yaml(path, shown), Path(path), shown)
    scenario = _arm("cohort", Node({}, shown), Path(path), shown, patients, None, None, changes)
    return _described(patients, (Arm("cohort", scenario),)), scenario


def _described(patients: Patients | None, arms: tuple[Arm, ...]) -> Cohort:
    if patients is None:
        description = (
            "The patient of the scenario files, again and again: only chance differs between the runs."
        )
        name = "one patient"
    else:
        name, description = patients.name, patients.description
    block = arms[0].scenario.patient if arms else PatientMap()
    return Cohort(
        name,
        description,
        tuple((name, value) for name, value in block.items() if isinstance(value, Distribution)),
        tuple((name, value) for name, value in block.items() if not isinstance(value, Distribution)),
        block.dependence,
    )


def _arm(
    key: str, node: Node, path: Path, shown: str, patients: Patients | None, common: Node | None,
    follow_up: float | None, changes: Pairs, *, in_file: bool = False,
) -> Scenario:  # fmt: skip
    node = _as_block(node, f"arms.{key}")
    node = anchored(node, path.parent)
    own = dict(node.value) if isinstance(node.value, dict) else {}
    base = {name: own.pop(name) for name in ("extends",) if name in own}
    if not in_file and "patient" in own:
        message = "every arm treats the same patients; what they are stands in the cohort"
        raise own["patient"].error(message, key=f"arms.{key}.patient", at_key=True)
    tree = merge(
        read_yaml(DEFAULTS, "simulation/data/defaults.yaml"), extended(Node(base, shown), path, shown)
    )
    written = Node(own, node.file, node.line, node.column)
    if in_file:
        tree = merge(tree, written)
    if patients is not None:
        tree = patients.treat(tree, written, (name for name, *_ in changes))
    if not in_file:  # the arm comes after the cohort: it may change the donor and the graft
        for layer in filter(None, (common, written)):
            tree = merge(tree, layer)
    keys = dict(tree.value) if isinstance(tree.value, dict) else {}
    if keys.get("name") is None or keys["name"].value is None:
        keys["name"] = Node(key.replace("_", " "), shown)
    tree = Node(keys, shown, node.line or 1, node.column or 1)
    if follow_up is not None:
        tree = apply_override(tree, "follow_up", f"{follow_up!r} d", f"{shown}: follow_up")
    for name, value, label in changes:
        tree = apply_override(tree, name, value, label)
    # the text of a resolved scenario reads back as the same scenario, also where a base has no name
    return parse_scenario(_validated(tree, Scenario).to_yaml(str), name=f"{shown}, arm {key}")


def _patients(node: Node, source: Path, shown: str) -> Patients:
    """Return whom a trial treats: a cohort file, its keys written there, or a CSV file that lists them."""
    if isinstance(node.value, str) and node.value.endswith(ENDING):
        return Patients.listed(source.parent / node.value)
    return Patients.read(_as_block(node, "cohort"), source, shown)


def _listed(arms: Sequence[Arm]) -> int | None:
    """Return how many patients are listed one by one; None where none are."""
    listed = (arm.scenario.patient.listed for arm in arms)
    return min((number for number in listed if number is not None), default=None)


def _all_listed(file: TrialFile, arms: Sequence[Arm]) -> TrialFile:
    """Return the file with as many patients as are listed, where some are and the person did not say how many."""
    listed = _listed(arms)
    return file if listed is None else file.model_copy(update={"patients": listed})


def _checked(
    file: TrialFile, cohort: Cohort, arms: tuple[Arm, ...], shown: str, posterior: Posterior | None
) -> Trial:
    keys = [arm.key for arm in arms]
    lengths = {arm.scenario.follow_up for arm in arms}
    if len(lengths) > 1:
        times = ", ".join(f"{arm.key} {arm.scenario.follow_up:g} d" for arm in arms)
        raise UserError(f"the arms are followed for different times ({times}); write follow_up", file=shown)
    main = (keys[-1], keys[0])
    if file.main_comparison is not None:
        main = (file.main_comparison.arm, file.main_comparison.versus)
        for name, key in zip(("arm", "versus"), main, strict=True):
            if key not in keys:
                at = f"main_comparison.{name}"
                raise UserError(
                    f"there is no arm {key!r}", file=shown, key=at, nearest=nearest_name(key, keys)
                )
        if main[0] == main[1]:
            raise UserError("an arm cannot be held against itself", file=shown, key="main_comparison")
    table = ParameterTable.load()
    for name in file.subgroups:
        if name not in table:
            near = table.nearest(name)
            raise UserError(f"there is no parameter {name!r}", file=shown, key="subgroups", nearest=near)
    again = [arm.scenario.second_transplant is not None for arm in arms]
    if file.outcomes.second_transplant == ENDS_FOLLOW_UP and not any(again):
        raise UserError(
            "no arm says who would be transplanted again, so follow-up ends at nothing",
            file=shown,
            key="outcomes.second_transplant",
            expected=f"{IGNORED}, or a block second_transplant in `common` or in an arm",
        )
    notes = []
    if any(again) and not all(again):
        names = ", ".join(arm.key for arm, has in zip(arms, again, strict=True) if not has)
        notes.append(f"Not all arms say who would be transplanted again; nobody would in {names}.")
    if any(arm.scenario.patient != arms[0].scenario.patient for arm in arms):
        notes.append(
            "The arms' files describe different patients, so differences between arms are not the treatment's alone; "
            "a cohort (--cohort FILE) gives all arms the same patients."
        )
    if file.repeats is not None and file.repeats.patients > file.most_patients:
        raise UserError("more patients are repeated than there may be", file=shown, key="repeats.patients")
    listed = _listed(arms)
    if listed is not None:
        if file.patients > listed:
            message, expected = f"got {file.patients}", f"at most {listed}, as so many are listed"
            raise UserError(message, file=shown, key="patients", expected=expected)
        file = file.model_copy(update={"most_patients": min(file.most_patients, listed)})
    notes += () if posterior is None else posterior.notes
    return Trial(file, cohort, arms, lengths.pop(), main, posterior, tuple(notes))


def _trial_file(tree: Node, changes: Pairs) -> TrialFile:
    keys = dict(tree.value) if isinstance(tree.value, dict) else {}
    asked = keys.get("structures")
    if asked is not None and isinstance(asked.value, str | list):  # `structures: all` for {of: all}
        keys["structures"] = replace(asked, value={"of": asked})
        tree = replace(tree, value=keys)
    for name, value, label in changes:
        tree = apply_override(tree, name, value, label)
    return _validated(tree, TrialFile)


def _validated[M: BaseModel](tree: Node, model: type[M]) -> M:
    try:
        return model.model_validate(plain(tree))
    except ValidationError as error:
        raise user_error(error, tree, model) from None


def _as_block(node: Node, key: str) -> Node:
    """Take a bare file name for a block that extends it."""
    if isinstance(node.value, str):
        return Node({"extends": node}, node.file, node.line, node.column, node.key_line, node.key_column)
    if not isinstance(node.value, dict):
        raise node.error("got something else", key=key, expected="a file name, or a block of keys")
    return node


def _needed(node: Node | None, key: str, others: Mapping[str, Node], shown: str) -> Node:
    if node is None or node.value is None:
        near = nearest_name(key, others)
        if near is not None and near not in TrialFile.model_fields:
            raise others[near].error("there is no such key", key=near, nearest=key, at_key=True)
        raise UserError("this key is missing", file=shown, line=1, key=key)
    return node


def _block(node: Node | None, key: str, example: str) -> Node:
    """Return a block of keys, an empty one where there is none; raise `UserError` for anything else."""
    if node is None or node.value is None:
        return Node({}, "")
    if not isinstance(node.value, dict):
        raise node.error("got something else", key=key, expected=f"a block of keys such as {example}")
    return node


def _arm_nodes(arms: Node) -> Mapping[str, Node]:
    if not isinstance(arms.value, dict) or not 2 <= len(arms.value) <= _MOST_ARMS:
        expected = f"a block with 2 to {_MOST_ARMS} arms such as therapeutic: ../therapeutic.yaml"
        raise arms.error("got something else", key="arms", expected=expected)
    for key, node in arms.value.items():
        if not _KEY.fullmatch(key):
            expected = "a short name such as preemptive: lower-case letters, digits and _"
            raise node.error(f"got {key!r}", key="arms", expected=expected, at_key=True)
    return arms.value


def _keys_of(files: Sequence[str]) -> list[str]:
    """Make a distinct arm's key of every file name."""
    keys: list[str] = []
    for file in files:
        stem = re.sub(r"[^a-z0-9]+", "_", Path(file).stem.lower()).strip("_")[:36] or "arm"
        stem = stem if stem[0].isalpha() else f"arm_{stem}"[:36]
        number = 2
        key = stem
        while key in keys:
            key, number = f"{stem}_{number}", number + 1
        keys.append(key)
    return keys
