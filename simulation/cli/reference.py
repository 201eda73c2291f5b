"""The command reference, made from the commands themselves: docs/commands.md for people, docs/commands.json for programs."""

import inspect
import re
from pathlib import Path
from typing import Any, Final

import click

from simulation.cli.app import COMMANDS, program
from simulation.errors import ExitStatus
from simulation.files.atomic import write_file
from simulation.files.tables import json_text

__all__ = ["STATUSES", "command_page", "commands", "write_reference"]

STATUSES: Final = {
    ExitStatus.DONE: "done",
    ExitStatus.BUG: "a bug",
    ExitStatus.USAGE: "a mistake in the command or a file",
    ExitStatus.FAILED_RUNS: "runs failed, are missing or could not be stored",
    ExitStatus.OTHER_SCENARIO: "the folder belongs to something else",
    ExitStatus.MISSING_EXTRA: "an optional part is missing",
    ExitStatus.TIME_UP: "the minutes of --max-minutes are over",
    ExitStatus.INTERRUPTED: "interrupted; what was done is kept",
}


def commands() -> dict[str, Any]:
    """Return every command with its arguments, options, examples and what it does, as JSON can say it."""
    context = click.Context(program, info_name="transplant-twin")
    described = []
    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        described.append(_command(name, command))
    statuses = {str(int(status)): meaning for status, meaning in STATUSES.items()}
    return {"program": "transplant-twin", "exit_statuses": statuses, "commands": described}


def command_page() -> str:
    """Return the text of docs/commands.md."""
    reference = commands()
    lines = [_HEAD]
    for command in reference["commands"]:
        lines += [f"## {command['name']}", "", command["does"], "", "```", command["usage"], "```", ""]
        if command["options"]:
            lines += ["| option | what it does |", "|---|---|"]
            lines += [f"| `{_typed(option)}` | {_text(option)} |" for option in command["options"]]
            lines.append("")
        lines += ["```", *command["examples"], "```", ""]
    lines += ["## Exit status", "", "| status | meaning |", "|---|---|"]
    lines += [f"| {status} | {meaning} |" for status, meaning in reference["exit_statuses"].items()]
    return "\n".join(lines) + "\n"


def write_reference(folder: str | Path = "docs") -> None:
    """Write both files anew."""
    write_file(Path(folder) / "commands.md", command_page())
    write_file(Path(folder) / "commands.json", json_text(commands()))


_HEAD: Final = """\
# Commands

Here you look up every command with its options, as `--help` tells them. The page is made from the commands and is kept by a test;
[commands.json](commands.json) says the same to programs. In an installation `python run_sim.py` is `transplant-twin`.
"""


def _command(name: str, command: click.Command) -> dict[str, Any]:
    context = click.Context(command, info_name=f"python run_sim.py {name}")
    usage = " ".join(command.collect_usage_pieces(context))
    named = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    shown = re.sub(r" \\\n +", " ", command.epilog or "")  # a command may go on after a backslash
    examples = [line.strip() for line in shown.splitlines() if line.startswith("  ")]
    return {
        "name": name,
        "summary": command.short_help,
        "does": inspect.cleandoc(command.help or ""),
        "usage": f"{name} {usage}",
        "options": [_option(option, context) for option in named],
        "examples": examples,
    }


def _option(option: click.Option, context: click.Context) -> dict[str, Any]:
    takes = None if option.is_flag else option.make_metavar(context)
    plain = option.default if isinstance(option.default, str | int | float) and not option.is_flag else None
    return {
        "names": [*option.opts, *option.secondary_opts],
        "takes": takes,
        "choices": list(option.type.choices) if isinstance(option.type, click.Choice) else None,
        "default": plain if option.show_default else None,
        "repeatable": option.multiple,
        "help": option.help or "",
    }


def _typed(option: dict[str, Any]) -> str:
    names = ", ".join(option["names"])
    return names if option["takes"] is None else f"{names} {option['takes']}".replace("|", "\\|")


def _text(option: dict[str, Any]) -> str:
    default = "" if option["default"] is None else f" Default: {option['default']}."
    return f"{option['help']}{default}".replace("|", "\\|")
