"""The commands and the Python of the pages on statistics, designs and exports run as they stand, on a small trial."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from simulation.cli import main
from simulation.trial.real_trial import RealTrial

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("statistics", "design", "exports")
TEXT = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in PAGES}
_TINY = ["--set", "marrow.rows=3", "--set", "marrow.columns=3", "--set", "time_step=1 d", "--no-figures"]
_SMALLER = {
    "compare": ["--patients", "4", "--days", "380", "--workers", "0", *_TINY], "run": ["--days", "60", *_TINY],
    "design": ["--set", "trials=100", "--set", "patients=[40]"], "export": [],
}  # fmt: skip


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT[page], re.MULTILINE | re.DOTALL)


def test_every_command_and_every_snippet_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    assert len(lines) >= 8
    for line in dict.fromkeys(lines):
        program, script, command, *words = shlex.split(line)
        assert (program, script) == ("python", "run_sim.py")
        assert main([command, *words, *_SMALLER[command], "--quiet"]) == 0, line
    for folder in ("design", "export/adam", "export/tidy"):
        (paths,) = tmp_path.glob(f"results/therapeutic-versus-*/{folder}/provenance.json")
        assert paths.is_file()
    assert (tmp_path / "results" / "one" / "export" / "nonmem" / "nonmem.csv").is_file()
    for page in PAGES:
        for snippet in blocks(page, "python"):
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(snippet, page, "exec"), {})
            assert out.getvalue().strip()


def test_the_page_on_designs_has_every_key() -> None:
    cells = re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \|", TEXT["design"].split("## The endpoints")[0], re.MULTILINE
    )
    keys = [key for cell in cells for key in re.findall(r"`(\w+)`", cell)]
    assert sorted(keys) == sorted(RealTrial.model_fields)
