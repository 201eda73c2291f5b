"""Tables on a narrow terminal: nothing wider than it, no word or number cut or broken."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.cli import comparing, terminal
from simulation.clinic.outcomes import OUTCOMES

from .conftest import ROOT, Sim

COHORT = ROOT / "scenarios" / "cohorts" / "high_risk_all.yaml"
type Narrow = Callable[[int], None]


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> Narrow:
    """Make the terminal so many columns wide."""
    return lambda width: monkeypatch.setattr(terminal, "WIDTH_WHEN_PIPED", width)


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize(
    "words", [("params",), ("cohort", COHORT, "--patients", "3", "--draw-only"), ("doctor",)]
)
def test_no_table_is_wider_than_the_terminal_or_breaks_a_word(
    sim: Sim, columns: Narrow, width: int, words: tuple[str | Path, ...]
) -> None:
    columns(139)  # from 140 on the parameter table has a column more
    whole = sim(*words).out
    columns(width)
    narrow = sim(*words).out
    # a path is one word, and a command is there to be copied: neither is broken
    breakable = [line for line in narrow.splitlines() if " " in line.strip() and "pip install" not in line]
    assert not [line for line in breakable if len(line) > width]
    assert set(whole.split()) <= set(narrow.split())


def test_cells_wrap_between_words_and_numbers_stay_on_one_line(
    capsys: pytest.CaptureFixture[str], columns: Narrow
) -> None:
    columns(40)
    terminal.print_table(
        ["arm", "days", "what it is"], [["early", "53440/000", "a therapeutic arm with retreatment " * 2]]
    )
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    assert len(lines) > 2
    assert "53440/000" in lines[1]


def test_a_few_rows_of_many_columns_are_turned_round(
    capsys: pytest.CaptureFixture[str], columns: Narrow
) -> None:
    columns(30)
    headers = ["arm", *(f"outcome{n}" for n in range(5))]
    terminal.print_table(headers, [["early", *"12345"], ["late", *"67890"]], right=range(1, 6))
    output = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert output == [["arm", "early", "late"], *([f"outcome{n}", "12345"[n], "67890"[n]] for n in range(5))]


def test_what_does_not_fit_becomes_a_block_for_each_row(
    capsys: pytest.CaptureFixture[str], columns: Narrow
) -> None:
    columns(30)
    terminal.print_table(
        ["arm", "days", "note"], [["a" * 12, "1" * 12, ""], ["b" * 12, "2" * 12, "c" * 12]], title="Two"
    )
    assert capsys.readouterr().out.splitlines() == [
        "Two", f"arm {'a' * 12}", f"  days  {'1' * 12}", f"arm {'b' * 12}", f"  days  {'2' * 12}", f"  note  {'c' * 12}",
    ]  # fmt: skip


def test_compare_tells_cytokine_release_beside_gvhd() -> None:
    assert {"agvhd_2_4", "crs_3_4", "nrm"} <= set(comparing._SHOWN)
    header = [comparing._header(name) for name in comparing._SHOWN]
    assert any(re.search("CRS", title) for title in header)
    assert OUTCOMES["crs_grade"].row
