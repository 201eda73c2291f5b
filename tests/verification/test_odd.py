"""The ODD page describes the code that is there: every process in its order, every agent class, every parameter."""

import re
from pathlib import Path

from simulation.biology.order import AFTER_EVENTS, BEFORE_EVENTS
from simulation.parameters import ParameterTable

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "odd.md").read_text(encoding="utf-8")
NOT_PARAMETERS = {p.name for p in (*BEFORE_EVENTS, *AFTER_EVENTS)}


def section(title: str) -> str:
    entries = re.search(rf"^### `{title}`\n(.*?)(?=^##|\Z)", PAGE, re.S | re.M)
    assert entries, f"docs/odd.md has no section ### `{title}`"
    return entries.group(1)


def test_it_has_the_seven_elements_of_odd() -> None:
    titles = re.findall(r"^## \d\. (.+)$", PAGE, re.M)
    assert titles == [
        "Purpose and patterns",
        "Entities, state variables and scales",
        "Process overview and scheduling",
        "Design concepts",
        "Initialisation",
        "Input data",
        "Submodels",
    ]


def test_every_process_is_described_in_a_section_of_its_own() -> None:
    for process in (*BEFORE_EVENTS, *AFTER_EVENTS):
        assert len(section(process.name)) > 100, process.name


def test_the_order_of_the_step_is_that_of_the_code() -> None:
    for title, processes in (("Before the events", BEFORE_EVENTS), ("After the events", AFTER_EVENTS)):
        block = re.search(rf"\*\*{title}\*\*(.*?)\. They ", PAGE, re.S)
        assert block, title
        assert re.findall(r"`(\w+)`", block.group(1)) == [p.name for p in processes]


def test_every_agent_class_is_described() -> None:
    classes = ["LeukemicBlast", "DonorTcon", "DonorTreg", "EngagedTCell"]
    room = ROOT / "simulation" / "mesa_model"
    if room.is_dir():
        text = "\n".join(p.read_text(encoding="utf-8") for p in room.glob("*.py"))
        assert all(name in text for name in classes)
    for name in classes:
        assert re.search(rf"^\| {name} \|", PAGE, re.M), name


def test_every_parameter_named_exists() -> None:
    table = ParameterTable.load()
    named = set(re.findall(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`", PAGE))
    assert len(named) > 80
    unknown = sorted(n for n in named - NOT_PARAMETERS if n not in table)
    assert not unknown


def test_every_parameter_that_the_rules_read_is_named_in_the_section_of_its_process() -> None:
    for process in (*BEFORE_EVENTS, *AFTER_EVENTS):
        reads = process.reads  # type: ignore[attr-defined]
        missing = sorted(name for name in reads if f"`{name}`" not in section(process.name))
        assert not missing, f"{process.name}: {missing}"


def test_every_parameter_of_the_table_is_explained() -> None:
    assert not sorted(name for name in ParameterTable.load() if f"`{name}`" not in PAGE)
