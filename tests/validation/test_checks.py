import json
from pathlib import Path

import pytest

from simulation.calibration.targets import load_targets
from simulation.validation import theory
from simulation.validation.bench import Cultures
from simulation.validation.check import (
    Check,
    Effort,
    Finding,
    MeasuredNumber,
    difference,
    mean_of,
    share_of,
    verdict,
)
from simulation.validation.figure import predictive_checks
from simulation.validation.report import document, markdown, write_report
from simulation.validation.run import PARTS, Result, checks, run_checks

SMALL = Effort(0.2)


def test_a_wrong_theory_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(Cultures):
        def grow(self, days: float, dt: float, birth: float, death: float = 0.0) -> None:
            super().grow(days, dt, birth * 1.05, death)

    monkeypatch.setattr(theory, "Cultures", Wrong)
    assert theory.extinction.run(SMALL).status == "fail"
    assert theory.pure_birth.run(SMALL).status == "fail"


def test_every_fact_and_finding_of_the_specification_has_a_check() -> None:
    known = {check.id for check in checks()}
    assert {f"F{i}" for i in (*range(1, 14), 16)} <= known
    assert {f"S{i}" for i in range(1, 8)} <= known
    assert len({check.id for check in checks()}) == len(checks())
    assert set(PARTS) == {check.part for check in checks()}


def _result(status: str, part: str = "facts") -> Result:
    result = Finding(status, (MeasuredNumber("share", 0.5, 0.4, 0.6, 10),), "a note")  # type: ignore[arg-type]
    return Result("X1", part, "a claim", "half", "a source", result, 1.0)


def test_what_fails_is_shown_as_failing(tmp_path: Path) -> None:
    results = [_result("pass"), _result("fail"), _result("unclear", "source"), _result("error", "theory")]
    page = markdown(results, Effort())
    assert "## What fails" in page and page.count("**FAIL**") == 1 and "**ERROR**" in page
    write_report(results, Effort(), tmp_path / "a")
    data = json.loads((tmp_path / "a" / "validation.json").read_text(), parse_constant=pytest.fail)
    assert data["counts"] == {"pass": 1, "fail": 1, "unclear": 1, "error": 1}
    assert document(results, Effort())["checks"][0]["measured"][0]["value"] == 0.5


def test_an_error_is_a_line_of_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(effort: Effort) -> Finding:
        raise ZeroDivisionError("no patients")

    failing = Check("Z1", "theory", "c", "e", "s", broken)
    monkeypatch.setattr(theory, "CHECKS", (failing,))
    result = run_checks(SMALL, ("theory",))
    assert [r.finding.status for r in result] == ["error"]
    assert "no patients" in result[0].finding.note


def test_intervals() -> None:
    assert mean_of("m", [1.0, 2.0, 3.0]).low < 2.0 < mean_of("m", [1.0, 2.0, 3.0]).high
    assert difference("d", [2.0, 3.0], [1.0, 2.0]).value == 1.0
    assert share_of("s", []).n == 0 and share_of("s", [True, False]).value == 0.5
    assert verdict(True) == "pass" and verdict(False) == "fail" and verdict(True, False) == "unclear"


def test_a_target_is_compared_with_its_observation() -> None:
    results = run_checks(Effort(0.05), ("targets",), should_stop=_after(1))
    ids = {r.id for r in results}
    assert {"C1", "C2", "C11"} <= ids
    assert all(len(r.finding.measured) == 2 for r in results)


def _after(n: int):  # type: ignore[no-untyped-def]
    calls = iter(range(1000))
    return lambda: next(calls) >= n


def test_the_picture_of_the_targets_shows_each_that_was_simulated(tmp_path: Path) -> None:
    targets = [t for t in load_targets().values() if t.use != "not_used"]
    rows = [
        Result(
            t.id, "targets", t.what, "", t.source,
            Finding("pass", (MeasuredNumber("simulated", t.observed, t.low, t.high, 9),
                             MeasuredNumber("observed", t.observed))), 0.0,
        )
        for t in targets
    ]  # fmt: skip
    figure = predictive_checks(rows)
    assert figure is not None
    words = {text.get_text() for ax in figure.axes for text in ax.texts}
    assert {t.id for t in targets} <= words
    assert predictive_checks([]) is None
    write_report(rows, Effort(), tmp_path)
    assert (tmp_path / "predictive_checks.png").read_bytes().startswith(b"\x89PNG")
    assert "predictive_checks.png" in (tmp_path / "validation.md").read_text()
