"""Where the command `validate` writes: into a folder of results, into docs/ only when it is asked to."""

from pathlib import Path
from typing import Any

import pytest

from simulation.cli import main, validating
from simulation.errors import ExitStatus
from simulation.validation import early


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Stand in for the checks, which take minutes; return the folder in which the command is called."""

    def write_report(results: Any, effort: Any, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("validation.md", "validation.json"):
            (folder / name).write_text("x")

    def write_early(effort: Any, page: Path, *rest: Any) -> Path:
        page.write_text("x")
        return page

    monkeypatch.setattr(validating, "run_checks", lambda *rest: [])
    monkeypatch.setattr(validating, "write_report", write_report)
    monkeypatch.setattr(early, "write_early", write_early)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ([], {"results/validation/validation.md", "results/validation/validation.json"}),
        (["--part", "facts"], set()),
        (["--part", "facts", "--early"], {"results/validation/when_early_does_not_win.md"}),
        (["--out", "docs"], {"docs/validation.md", "docs/validation.json"}),
        (["--out", "docs", "--part", "facts"], {"docs/validation.md", "docs/validation.json"}),
    ],
)
def test_the_checkout_is_written_to_only_when_asked(written: Path, words: list[str], files: set[str]) -> None:
    assert main(["validate", "--quick", "--quiet", *words]) == ExitStatus.DONE
    results = {path.relative_to(written).as_posix() for path in written.rglob("*") if path.is_file()}
    assert results == files


def test_an_earlier_report_is_never_replaced(written: Path) -> None:
    for _ in range(2):
        main(["validate", "--quick", "--quiet"])
    assert {path.name for path in (written / "results").iterdir()} == {"validation", "validation-2"}
    main(["validate", "--quick", "--quiet", "--part", "facts"])
    assert len(list((written / "results").iterdir())) == 2
