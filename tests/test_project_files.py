"""The files around the package keep what they promise to a newcomer."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest
import yaml

import simulation
from simulation.cli import app
from simulation.shipped import DISTRIBUTION

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TYPED = re.compile(r"python3? run_sim\.py ([^\n`|;&>#]+)")


def lines_typed() -> list[str]:
    """Return every command line of the program that a page shows."""
    shown = [page.read_text(encoding="utf-8") for page in PAGES]
    joined = [text.replace("\\\n", " ") for text in shown]  # a command may go on after a backslash
    return sorted({line.strip() for text in joined for line in TYPED.findall(text)})


def readme_command(name: str) -> str:
    entries = re.search(rf"<!-- command: {name} -->\n```sh\n(.+?)```", README, re.DOTALL)
    assert entries, f"README.md has no command {name!r}; .ci/run looks for it"
    return entries[1].strip()


def words_of(line: str) -> list[str]:
    """Return what the shell would pass on, `run` added where a scenario file stands in its place."""
    words = shlex.split(line)
    return ["run", *words] if words[0].endswith(app.SCENARIO_ENDINGS) else words


@pytest.mark.parametrize("line", lines_typed())
def test_every_command_line_in_the_pages_is_understood(line: str) -> None:
    name, *words = words_of(line)
    context = click.Context(app.program)
    if name.startswith("-"):
        return
    command = app.program.get_command(context, name)
    assert command is not None, f"no command {name!r}"
    if "--help" in words or {"FILE", "DIR"} & set(words):
        return
    words = [re.sub(r"\$\w+", "1", word) for word in words]  # the shell's variables
    results = [word for word in words if word.startswith("results/")]  # by a command before it on the page
    command.make_context(name, [".." if word in results else word for word in words], parent=context)


def test_the_first_command_names_scenarios_that_are_shipped() -> None:
    (line,) = TYPED.findall(readme_command("run"))
    files = [word for word in line.split() if word.endswith(".yaml")]
    assert len(files) == 2
    for file in files:
        assert (ROOT / file).is_file()


def test_each_of_the_two_commands_is_one_line() -> None:
    assert "\n" not in readme_command("run")
    assert readme_command("test") == ".venv/bin/python -m pytest"


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    codemeta = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
    assert citation["version"] == codemeta["version"] == simulation.__version__
    assert f"## [{simulation.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert PROJECT["name"] == DISTRIBUTION
    assert PROJECT["requires-python"] == ">=3.12"
    assert (ROOT / ".python-version").read_text().strip() == "3.12"


def test_constraints_pin_every_requirement_and_name_no_place() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._+!]+", line) for line in lines)
    pinned = {normal(line.partition("==")[0]) for line in lines}
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    asked_for = {normal(re.split(r"[<>=!~\[; ]", text)[0]) for group in groups for text in group}
    assert asked_for - pinned == {normal(DISTRIBUTION)}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_results_are_ignored_but_the_room_of_that_name_is_not() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "/results/" in ignored
    assert "results/" not in ignored
