"""What reproduces the screen from the command line: a YAML file, or one command."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from simulation import __version__
from simulation.browser.catalogue import Source
from simulation.browser.many import ForecastRequest
from simulation.browser.session import PatientSession
from simulation.errors import UserError
from simulation.scenario.cohort import NONE
from simulation.scenario.dump import yaml_lines
from simulation.scenario.merge import ANOTHER_PLUGIN
from simulation.scenario.schema import Scenario
from simulation.shipped import PROGRAM
from simulation.units import format_number
from simulation.yaml_source import parse_yaml, plain

__all__ = ["command", "command_of", "many_command", "scenario_file", "with_version"]


def command(session: PatientSession) -> str:
    """Return one command that simulates what is on the screen, to the same day."""
    with session.lock:
        scenario = session.scenario
        sets = session.changes()
        if scenario.orders != session.base.orders:
            sets["orders"] = [order.model_dump(by_alias=True) for order in scenario.orders]
        life = session.life
        return command_of(session.source, scenario, life.seed, life.patient, session.day, sets)


def command_of(
    source: Source,
    scenario: Scenario,
    seed: int,
    patient: int,
    day: float,
    changes: Mapping[str, object] | None = None,
) -> str:
    """Return the command that simulates a scenario of a source, with `changes` to it, until a day."""
    words = [
        *PROGRAM.split(),
        "run",
        "THIS_FILE.yaml" if source.path is None else str(source.path),
        *_key(seed, patient),
    ]
    if source.cohort is not None:
        words += ["--cohort", source.cohort]
    words += _plugins(source)
    words += _days(scenario, day)
    for key, value in {**_settings(source), **(changes or {})}.items():
        words += ["--set", f"{key}={flow(value)}"]
    return " ".join(shlex.quote(word) for word in words)


def many_command(asked: ForecastRequest) -> str:
    """Return the command that follows the same patients under the same strategies; empty where no single one does."""
    sources = asked.sources
    alike = {
        (source.settings, source.cohort) for source in sources
    }  # --set holds for every file of a command
    course = bool(asked.course.strip())
    files = [str(source.path) for source in sources if source.path is not None]
    if (
        asked.kind != "patients"
        or len(alike) > 1
        or len(files) < len(sources)
        or (len(files) < 2 and not course)
    ):
        return ""
    words = [*PROGRAM.split(), *(("forecast", "THIS_COURSE.csv") if course else ("compare",)), *files]
    words += ["--patients", asked.number, "--seed", asked.seed]
    words += [] if sources[0].cohort is None else ["--cohort", sources[0].cohort]
    words += ["--posterior"] if asked.posterior else []
    words += _plugins(sources[0])
    for key, value in _settings(sources[0]).items():
        words += ["--set", f"{key}={flow(value)}"]
    return shlex.join(words)


def with_version(command: str, version: str = __version__) -> str:
    """Return a command with the version that gives the same numbers, as a remark of the shell."""
    return f"{command}  # transplant-twin {version}"


def scenario_file(session: PatientSession) -> str:
    """Return the whole scenario as a file, with the command that runs it in its first line."""
    with session.lock:
        scenario, day = session.scenario, session.day
        words = [
            *PROGRAM.split(),
            "run",
            "THIS_FILE.yaml",
            *_key(session.life.seed, session.life.patient),
            *_days(scenario, day),
        ]
        if session.life.patient:
            words += ["--cohort", NONE]  # the file says itself how its patients differ
    beside = "".join(
        f"# It needs {plugin.name}, in a folder plugins beside it.\n" for plugin in scenario.plugin
    )
    return f"# {shlex.join(words)}\n{beside}{scenario.to_yaml()}"


def flow(value: Any) -> str:
    """Return a value on one line of YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    text = next(iter(yaml_lines({"x": value}))).partition(": ")[2]
    return json.dumps(value) if isinstance(value, str) and set(text) & set(",{}[]") else text


def _plugins(source: Source) -> list[str]:
    files = [str(_value(text)["file"]) for text in source.settings if text.startswith(ANOTHER_PLUGIN)]
    return [word for file in files for word in ("--plugin", file)]


def _settings(source: Source) -> dict[str, Any]:
    texts = [text for text in source.settings if not text.startswith(ANOTHER_PLUGIN)]
    return {text.partition("=")[0].strip(): _value(text) for text in texts}


def _value(text: str) -> Any:
    return plain(parse_yaml(text.partition("=")[2], "--set", lines=False))


def _key(seed: int, patient: int) -> list[str]:
    return ["--seed", str(seed), *(["--patient", str(patient)] if patient else [])]


def _days(scenario: Scenario, day: float) -> list[str]:
    """Return `--days` of the present, unless the scenario means something later: then it is followed to its end."""
    try:
        Scenario.model_validate(scenario.model_copy(update={"follow_up": day}).model_dump(by_alias=True))
    except (UserError, ValueError):
        return []
    return ["--days", format_number(day)] if day < scenario.follow_up else []
