"""The command reference says what the commands say."""

import json
from pathlib import Path

from simulation.cli import app
from simulation.cli.reference import STATUSES, command_page, commands
from simulation.errors import ExitStatus
from simulation.files.tables import json_text

from .conftest import Sim

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_both_files_are_as_the_commands_are() -> None:
    text = "renew it: python -c 'from simulation.cli.reference import write_reference; write_reference()'"
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == command_page(), text
    assert (DOCS / "commands.json").read_text(encoding="utf-8") == json_text(commands()), text


def test_programs_find_every_option_that_the_help_shows(sim: Sim) -> None:
    reference = json.loads((DOCS / "commands.json").read_text(encoding="utf-8"))
    assert [command["name"] for command in reference["commands"]] == list(app.COMMANDS)
    assert set(STATUSES) == set(ExitStatus)
    for command in reference["commands"]:
        shown = sim(command["name"], "--help").out
        assert all(name in shown for option in command["options"] for name in option["names"])
        assert command["examples"] and all(" \\" not in line for line in command["examples"])
