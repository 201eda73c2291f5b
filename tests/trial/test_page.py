"""`compare --section`: what a trial found stands on a page, between the marks of its file's name."""

import json
import re
from pathlib import Path

from simulation.cli import main
from simulation.errors import ExitStatus
from simulation.files.marked_page import marks
from simulation.number_words import signed
from simulation.trial.load import load_trial
from simulation.trial.page import section

BEGIN, END = marks("trial", "trial")
RUN = ["--workers", "0", "--no-figures", "-q"]


def test_a_page_tells_what_the_folder_holds(trial_file: Path, tmp_path: Path) -> None:
    page, out = tmp_path / "page.md", tmp_path / "out"
    page.write_text(f"# Mine\n\n{BEGIN}\nold\n{END}\nthe end\n")
    assert main(["compare", str(trial_file), *RUN, "--out", str(out), "--section", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("# Mine\n") and text.endswith("the end\n") and "old" not in text
    assert section(out, load_trial(str(trial_file))) in text and "**Is earlier better?**" in text
    document = json.loads((out / "comparison.json").read_text())
    rows = [line for line in text.splitlines() if re.match(r"\| (none|late|early) ", line)]
    for row, (name, arm) in zip(rows, document["arms"].items(), strict=True):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        relapse = arm["shares"]["relapse"]
        assert cells[0] == name and f"{100 * relapse['value']:.0f} (" in cells[4]
    main_difference = document["pairs"][0]["differences"]["current_leukaemia_free_days"]
    assert f"{signed(main_difference['value'], 1)} days" in text
    assert "6 patients in every arm, seed 3, 42 days; 3 x 3 niches" in text
    assert "`late` waits for the first relapse" in text


def test_a_page_without_a_place_is_refused_before_anything_runs(trial_file: Path, tmp_path: Path) -> None:
    page, out = tmp_path / "page.md", tmp_path / "out"
    page.write_text("# Mine\n")
    assert (
        main(["compare", str(trial_file), *RUN, "--out", str(out), "--section", str(page)])
        == ExitStatus.USAGE
    )
    assert not out.exists() and page.read_text() == "# Mine\n"
