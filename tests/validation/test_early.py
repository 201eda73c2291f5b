import json
from pathlib import Path

import pytest

from simulation.validation import early
from simulation.validation.arms import Row, twins
from simulation.validation.check import Effort
from simulation.validation.patients import SCENARIOS, small


def outcome(days: float) -> Row:
    events = dict.fromkeys(
        ("relapse_day", "treatment_start_day", "complete_remission_day", "mrd_negative_day"), 1.0
    )
    survival = {"current_leukaemia_free_days": days, "relapse_free_days": days}
    by_day = dict.fromkeys((365.0, 730.0, 1095.0), days)
    return Row(events | survival | {"agvhd_grade": 0, "blinatumomab_days": 56.0}, by_day)


def scripted(days: dict[str, list[float]]):  # type: ignore[no-untyped-def]
    def twins_of(arms, patients, seed, change=None, length=540.0, marks=()):  # type: ignore[no-untyped-def]
        return {arm: [outcome(d) for d in days[arm]] for arm in arms}

    return twins_of


@pytest.mark.parametrize(
    ("late", "words", "counts"),
    [
        ([100.0, 110.0, 120.0], "early wins", (3, 0, 0)),
        ([400.0, 410.0, 430.0], "**late wins**", (0, 0, 3)),
        ([300.0, 331.0, 309.0], "**no difference shown**", (0, 2, 1)),
    ],
)
def test_who_wins_is_told_as_the_numbers_are(
    monkeypatch: pytest.MonkeyPatch, late: list[float], words: str, counts: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(early, "twins", scripted({"preemptive": [300.0, 310.0, 315.0], "therapeutic": late}))
    comparison = early.compare(early.CONDITIONS[0], 3, 1)
    assert comparison.verdict == words
    assert (comparison.wins, comparison.ties, comparison.losses) == counts


def test_the_page_names_what_loses_and_both_ends_of_every_conflict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    days = {arm: [300.0, 310.0] for arm in ("preemptive", "therapeutic", "prophylactic", "no_treatment")}
    monkeypatch.setattr(early, "twins", scripted(days))
    assert early.write_early(Effort(0.1), tmp_path / "page.md") == tmp_path / "page.md"
    page = (tmp_path / "page.md").read_text()
    assert "No advantage is shown: Standard patients" in page
    for end in (
        "phi_BM 0)",
        "No unfit T cells",
        "No graft-versus-leukaemia",
        "every 90 d",
        "as in practice",
        "No CD19 loss",
        "CD19 loss 1e-8",
        "without DLI",
        "Tenfold DLI",
    ):
        assert end in page


def test_what_decides_is_told_from_the_answer_beside_the_page(tmp_path: Path) -> None:
    page = tmp_path / early.PAGE
    page.write_text("before\n\n## What these conclusions rest on\n\nafter\n")
    early.write_what_decides(page)
    assert "--page how_sure.md` tells it" in page.read_text()
    part = {
        "variance": 4.0,
        "variance_interval": [1.0, 9.0],
        "sd": 2.0,
        "sd_at_most": 3.0,
        "share_of_answer": 0.4,
    }
    moving = {
        "name": "rate_kill_max",
        "from": 7.0,
        "to": 10.0,
        "effect": -39.0,
        "interval": [-92.0, 15.0],
        "share_of_parameters": 0.3,
    }
    datum = {
        "id": "C4",
        "what": "remission",
        "where": "Response",
        "n": 70,
        "half_range_now": 40.0,
        "half_range_then": 30.0,
        "stands_out": True,
    }
    answer = {
        "primary_outcome": "current_leukaemia_free_days",
        "main_comparison": {"arm": "preemptive", "versus": "therapeutic", "value": 9.0, "differing": 30},
        "uncertainty": {
            "sets": 100, "range": [-31.0, 49.0], "range_of_patients_and_chance": [2.0, 16.0], "p_better": 0.7,
            "parts": dict.fromkeys(("parameters", "patients", "chance"), part), "parameters": [moving], "data": [datum],
            "held_by_the_trial": [],
        },
    }  # fmt: skip
    (tmp_path / "how_sure.json").write_text(json.dumps(answer))
    for _ in range(2):  # a section takes the place of the one before
        early.write_what_decides(page)
    text = page.read_text()
    assert text.startswith("before") and text.endswith("after\n") and text.count("## What") == 2
    assert "+9.0 days of current leukaemia-free survival per patient, 95 % range −31 to +49" in text.replace(
        "+9 ", "+9.0 "
    )
    assert "the parameters alone can turn its sign" in text and "beyond chance and" not in text
    assert "`rate_kill_max`" in text and "40 → 30" in text and "how_sure_unknowns.png" in text


def test_nothing_is_written_when_it_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    days = {arm: [300.0, 310.0] for arm in ("preemptive", "therapeutic", "prophylactic", "no_treatment")}
    monkeypatch.setattr(early, "twins", scripted(days))
    answers = iter([False, False, True])
    assert early.write_early(Effort(0.1), tmp_path / "page.md", should_stop=lambda: next(answers)) is None
    assert not (tmp_path / "page.md").exists()


def test_every_condition_is_a_scenario_that_can_be_run() -> None:
    for condition in early.CONDITIONS:
        for arm in ("preemptive", "therapeutic"):
            small(arm, {"allow_out_of_range": True} | dict(condition.change))
    assert (SCENARIOS / "prophylactic.yaml").is_file()


def test_days_are_told_by_year_and_those_of_the_dead_stop() -> None:
    result = twins(("preemptive",), 1, 1, {"patient.n_residual_blasts": "0 cells"}, 30.0, (10.0, 20.0))
    assert result["preemptive"][0].by_day == {10.0: pytest.approx(10.0), 20.0: pytest.approx(20.0)}


def test_twins_share_their_past() -> None:
    arms = twins(("no_treatment", "preemptive"), 1, 1, {"patient.n_residual_blasts": "0 cells"}, days=30.0)
    one, other = arms["no_treatment"][0], arms["preemptive"][0]
    assert (one.final_blasts, one.final_cd3_per_ul) == (other.final_blasts, other.final_cd3_per_ul)
    assert other.current_leukaemia_free_days == pytest.approx(30.0)
