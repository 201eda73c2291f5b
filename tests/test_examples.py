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
    overt, free, blasts, damage = zip(*table.values(), strict=True)
    assert overt[0] == overt[1], "until their strategies part, two lives of one patient are the same"
    assert not overt[2] <= overt[1], "MRD comes before overt relapse"
    assert free[0] < free[1] < free[2] <= 400
    assert blasts[0] == max(blasts) > 1e11
    assert all(0 <= share < 1 for share in damage)
    assert (tmp_path / "figure.png").read_bytes()[:4] == b"\x89PNG"
