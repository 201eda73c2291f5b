"""The examples run, and show what they say they show."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def test_early_or_late(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "early_or_late.py"))["main"](str(tmp_path / "figure.png"))
    lines = capsys.readouterr().out.splitlines()
    table = {words[0]: [float(word) for word in words[1:]] for words in map(str.split, lines[1:4])}
    assert list(table) == ["none", "therapeutic", "pre-emptive"]
    relapse, free, blasts, grade, drug = zip(*table.values(), strict=True)
    assert relapse[0] == relapse[1], "until their strategies part, two lives of one patient are the same"
    assert not relapse[2] <= relapse[1], "MRD comes before overt relapse"
    assert free[0] < free[1] < free[2] <= 400
    assert blasts[0] == max(blasts) > 1e11
    assert set(grade) <= {0, 1, 2, 3, 4}
    assert drug[0] == 0 < min(drug[1:])
    assert (tmp_path / "figure.png").read_bytes()[:4] == b"\x89PNG"
