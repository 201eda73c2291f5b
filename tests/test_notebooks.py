"""One notebook for each question people come with: stored without outputs, run as Jupyter runs it, shown by the site."""

import re
from pathlib import Path

import pytest

pytest.importorskip("nbformat", reason="extra `docs`")
import nbformat

from docs_notebooks import NOTEBOOKS, executed, pages_of, read

ROOT = Path(__file__).resolve().parents[1]
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
# a drug of one's own works in a copy of the program, which a notebook would have to start
QUESTIONS = {path.stem for path in (ROOT / "examples").glob("*.py")} - {"another_engager"}
MOST_S = 60.0


def test_there_is_a_notebook_for_every_question_and_the_page_tells_each() -> None:
    assert set(NAMES) == QUESTIONS | {"gallery"}
    page = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"](../examples/notebooks/{name}.ipynb)" not in page] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_holds_no_simulated_numbers_and_says_what_one_can_do_after_it(name: str) -> None:
    notebook = read(NOTEBOOKS / f"{name}.ipynb")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and all(cell.outputs == [] and cell.execution_count is None for cell in code)
    first = notebook.cells[0].source
    assert first.startswith("# ") and "After this notebook" in first


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_in_under_a_minute_and_shows_figures(name: str, tmp_path: Path) -> None:
    notebook = executed(read(NOTEBOOKS / f"{name}.ipynb"), tmp_path)
    files = pages_of(name, notebook)
    page = files[f"{name}.md"]
    assert isinstance(page, str)
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page)
    assert pictures and set(pictures) == set(files) - {f"{name}.md"}
    for picture in pictures:
        content = files[picture]
        assert isinstance(content, bytes) and content[:4] == b"\x89PNG"
    assert 0 < notebook.metadata["seconds"] < MOST_S, "of computing: other work on the machine does not count"


def test_a_cell_that_fails_ends_the_building_with_its_traceback(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("text"),
        nbformat.v4.new_code_cell("print('one')\nprint('two')\n6 * 7"),
    ]
    notebook = executed(nbformat.v4.new_notebook(cells=cells), tmp_path)
    page = pages_of("small", notebook)["small.md"]
    assert isinstance(page, str)
    assert "text" in page and "```text\none\ntwo\n```" in page and "```text\n42\n```" in page
    with pytest.raises(RuntimeError, match=r"cell 0 fails:\n1 / 0\n[^\x1b]*ZeroDivisionError"):
        executed(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")]), tmp_path)
