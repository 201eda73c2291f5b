"""What a YAML file of this program is, told from its keys: a patient, a trial, a sweep, a fit, a cohort, a measured course ..."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulation.errors import UserError
from simulation.shipped import PROGRAM
from simulation.yaml_source import Node, plain, read_yaml

__all__ = ["Kind", "check_file", "kind_of", "only_for"]

_MOST_BASES: Final = 30  # files that extend each other in a circle are told when they are loaded


@dataclass(frozen=True, slots=True)
class Kind:
    """Hold what a file is called, which command takes it (none: other files name it), and how it is checked.

    `check` gets the file and the changes of the command line and returns the name and what is in it, in words.
    """

    name: str
    command: str
    folder: str
    check: Callable[[str, tuple[str, ...]], tuple[str, str]]


def kind_of(file: str | os.PathLike[str]) -> Kind:
    """Return what a file is: by the keys that only one kind has, else by its folder, else a scenario.

    A file that extends a cohort is one, wherever it stands. Raises `UserError` for a file that cannot be read.
    """
    return _kind_of(file, _MOST_BASES)


def _kind_of(file: str | os.PathLike[str], most_bases: int) -> Kind:
    root = read_yaml(file, os.fspath(file))
    keys = _keys(root)
    for needed, kind in _BY_KEYS:
        if needed <= keys:
            return kind
    folder = Path(os.path.abspath(file)).parent.name
    by_folder = next((kind for kind in _BY_FOLDER if kind.folder == folder), None)
    if by_folder is not None and "extends" not in keys:
        return by_folder
    if most_bases and "extends" in keys and _base_kind(file, root, most_bases - 1) is _COHORT:
        return _COHORT
    return _experiment_or_scenario(file)


def _keys(root: Node) -> set[str]:
    """Return a file's keys; `parameters` is one where it is a block: a trial names its parameter sets there."""
    keys = dict(root.value) if isinstance(root.value, dict) else {}
    if "parameters" in keys and isinstance(keys["parameters"].value, str):
        del keys["parameters"]
    return set(keys)


def check_file(file: str, settings: tuple[str, ...]) -> tuple[Kind, str, str]:
    """Check a file without running it; return what it is, its name, and what is in it.

    Raises `UserError`, naming file, line, key, what was expected and the nearest valid name.
    """
    kind = kind_of(file)
    return (kind, *kind.check(file, settings))


def only_for(command: str, files: tuple[str, ...], *, also: tuple[str, ...] = ()) -> None:
    """Raise `UserError` for the first file that another command takes (`also`: and that may stand here too).

    Files that cannot be read are left to the command.
    """
    for file in files:
        try:
            kind = kind_of(file)
        except UserError:
            continue
        if kind.command in (command, *also):
            continue
        hint = f"type {PROGRAM} {kind.command} {file}" if kind.command else "other files name it"
        raise UserError(f"this is a {kind.name}; {hint}", file=file)


def _base_kind(file: str | os.PathLike[str], root: Node, most_bases: int) -> Kind | None:
    """Return what the first file that `file` extends is; None where that cannot be read."""
    wanted = plain(root)["extends"]
    first = wanted[0] if isinstance(wanted, list) and wanted else wanted
    try:
        return _kind_of(Path(file).parent / str(first), most_bases)
    except UserError:
        return None  # loading the file tells what is wrong


def _experiment_or_scenario(file: str | os.PathLike[str]) -> Kind:
    from simulation.in_vitro.load import is_experiment

    return _EXPERIMENT if is_experiment(file) else _SCENARIO


def _loaded(file: str, settings: tuple[str, ...]) -> tuple[str, str]:
    from simulation.cli import options
    from simulation.scenario.hints import hints
    from simulation.scenario.schema import Scenario

    read = options.load_one(file, settings)
    return read.name, "; ".join(hints(read)) if isinstance(read, Scenario) else ""


def _trial(file: str, settings: tuple[str, ...]) -> tuple[str, str]:
    from simulation.scenario.hints import hints
    from simulation.scenario.load import override_pairs
    from simulation.trial.load import load_trial

    trial = load_trial(file, (), list(override_pairs(settings)))
    hint_lines = [f"{arm.key}: {hint}" for arm in trial.arms for hint in hints(arm.scenario)]
    size = f"{_count(len(trial.arms), 'arm')}, {_count(trial.patients, 'patient')}"
    return trial.name, "; ".join([size, *hint_lines])


def _sweep(file: str, settings: tuple[str, ...]) -> tuple[str, str]:
    from simulation.sweep.load import load_sweep
    from simulation.sweep.prepare import check_sweep

    sweep = load_sweep(file, settings)
    points = check_sweep(sweep)
    return (
        sweep.name,
        f"{_count(points, 'point')}, {_count(points * len(sweep.arms) * sweep.replicates, 'run')}",
    )


def _fit(file: str, settings: tuple[str, ...]) -> tuple[str, str]:
    from simulation.calibration.fit_file import load_problem

    _no_settings(file, settings, "fit")
    problem = load_problem(file)
    return (
        problem.name,
        f"{_count(len(problem.free), 'free parameter')}, {_count(len(problem.targets), 'target')}",
    )


def _joint(file: str, settings: tuple[str, ...]) -> tuple[str, str]:
    from simulation.calibration.joint import load_joint

    _no_settings(file, settings, "list of fits to join")
    joint = load_joint(file)
    return joint.name, f"{_count(joint.sets, 'set')} of {_count(len(joint.records), 'fit')}"


def _parameter_set(file: str, settings: tuple[str, ...]) -> tuple[str, str]:
    from simulation.calibration.fit_file import read_parameter_set

    _no_settings(file, settings, "parameter set")
    values = read_parameter_set(Path(file)).values
    return Path(file).stem, _count(len(values), "parameter")


def _cohort(file: str, settings: tuple[str, ...]) -> tuple[str, str]:
    from simulation.scenario.load import override_pairs
    from simulation.trial.load import load_cohort_arm

    cohort, _ = load_cohort_arm(file, list(override_pairs(settings)))
    return cohort.name, f"{_count(len(cohort.varies), 'parameter')} between patients"


def _registration(file: str, settings: tuple[str, ...]) -> tuple[str, str]:
    from simulation.prediction.registration import load_prediction

    _no_settings(file, settings, "registered trial")
    registration = load_prediction(file).registration
    return (
        f"{registration.registry}, {registration.title}",
        f"{_count(len(registration.primary), 'primary endpoint')}, {_count(registration.patients, 'patient')}",
    )


def _margins(file: str, settings: tuple[str, ...]) -> tuple[str, str]:
    from simulation.cohort.margins import load_margins

    _no_settings(file, settings, "list of margins")
    margins = load_margins(file)
    return margins.name, _count(len(margins.margins), "margin")


def _course(file: str, settings: tuple[str, ...]) -> tuple[str, str]:
    from simulation.forecast.series import load_series

    _no_settings(file, settings, "measured course")
    series = load_series(file)
    return series.name, _count(len(series.measured), "measurement")


def _no_settings(file: str, settings: tuple[str, ...], what: str) -> None:
    if settings:
        raise UserError(
            f"this is a {what}; --set and --plugin are for scenarios, trials, sweeps and cohorts", file=file
        )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


_SCENARIO: Final = Kind("scenario", "run", "", _loaded)
_EXPERIMENT: Final = Kind("experiment in wells", "run", "in_vitro", _loaded)
_TRIAL: Final = Kind("trial", "compare", "trials", _trial)
_SWEEP: Final = Kind("sweep", "sweep", "sweeps", _sweep)
_FIT: Final = Kind("fit", "calibrate", "calibration", _fit)
_JOINT: Final = Kind("list of fits to join", "posterior", "", _joint)
_PARAMETER_SET: Final = Kind("parameter set of a fit", "", "", _parameter_set)
_COURSE: Final = Kind("measured course", "forecast", "courses", _course)
_COHORT: Final = Kind("cohort", "cohort", "cohorts", _cohort)
_REGISTRATION: Final = Kind("registered trial", "predict", "predictions", _registration)
_MARGINS: Final = Kind("list of margins", "match", "margins", _margins)
_BY_KEYS: Final[tuple[tuple[frozenset[str], Kind], ...]] = tuple(
    (frozenset(keys.split()), kind)
    for keys, kind in (
        ("experiment", _EXPERIMENT),
        ("registry protocol", _REGISTRATION),
        ("margins", _MARGINS),
        ("design", _SWEEP),
        ("targets", _FIT),
        ("measured", _COURSE),
        ("fits", _JOINT),
        ("trial parameters", _SWEEP),
        ("arms parameters", _SWEEP),
        ("scenario parameters", _SWEEP),
        ("arms", _TRIAL),
        ("parameters between_patients", _PARAMETER_SET),
        ("between_patients", _COHORT),
    )
)
_BY_FOLDER: Final = (_TRIAL, _SWEEP, _FIT, _COHORT, _REGISTRATION, _MARGINS)
