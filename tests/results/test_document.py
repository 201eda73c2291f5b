"""docs/results.md lists the declared outcomes, columns and kinds of events, and no others."""

from pathlib import Path

from simulation.clinic.outcomes import OUTCOMES
from simulation.results.document import results_page

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
AGAIN = 'python -c "from simulation.results.document import write_results_page; write_results_page()"'


def test_the_page_is_the_generated_one() -> None:
    assert results_page(PAGE) == PAGE, f"run {AGAIN}"


def test_every_outcome_is_on_the_page_with_a_meaning() -> None:
    for name, declared in OUTCOMES.items():
        assert f"| `{name}` |" in PAGE
        assert len(declared.meaning) > 10 and declared.label
