"""A second transplant ends follow-up or is ignored: the same runs, two estimands; numbers, words and exports say which."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulation.errors import UserError
from simulation.export.adam import adam_tables
from simulation.export.subjects import read_results
from simulation.pool import HerePool
from simulation.results.trial_figures.consort import steps_of
from simulation.results.trial_flow import flow
from simulation.results.trial_states import current
from simulation.results.trial_view import ArmView, while_both_followed
from simulation.statistics.survival import rmst
from simulation.trial.conduct import ConductedTrial, conduct
from simulation.trial.load import load_trial
from simulation.trial.printed_words import estimands
from simulation.trial.rows import HISTORY, UNTIL, until_second_transplant
from simulation.trial.schema import Trial
from simulation.trial.write import write_outputs

from .conftest import TRIAL

RULE = "common:\n  second_transplant: {chance: 60 %, wait: 1 d to 6 d, after: mrd_response}\n"
ENDS = "outcomes: {primary: current_leukaemia_free_days, second_transplant: ends_follow_up}"
NAN = float("nan")


def written(folder: Path, ends: bool, name: str = "trial.yaml") -> Trial:
    text = TRIAL.replace("common:\n", RULE).replace("patients: 6", "patients: 8")
    if ends:
        text = text.replace("outcomes: {primary: current_leukaemia_free_days}", ENDS)
    (folder / name).write_text(text)
    return load_trial(folder / name)


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Trial, ConductedTrial, Trial, ConductedTrial]:
    """The same runs, analysed both ways."""
    folder = tmp_path_factory.mktemp("again")
    ignored, ended = written(folder, False, "ignored.yaml"), written(folder, True, "ended.yaml")
    with HerePool() as pool:
        first = conduct(ignored, folder / "out", pool)
        second = conduct(ended, folder / "out", pool)
    return folder, ignored, first, ended, second


def test_the_choice_is_one_of_analysis_not_of_simulation(
    both: tuple[Path, Trial, ConductedTrial, Trial, ConductedTrial],
) -> None:
    _, _, first, _, second = both
    early, ended = first.view.arm("early"), second.view.arm("early")
    again = early.happened("second_transplant_day")
    assert 0 < again.sum() < early.n and not early.left.any()
    assert ended.left.tolist() == again.tolist()
    assert (ended.number("days_simulated")[again] == early.number("second_transplant_day")[again]).all()
    assert (ended.number("blinatumomab_days") <= early.number("blinatumomab_days")).all()
    for name in ("days_simulated", "current_leukaemia_free_days"):
        assert early.number(name)[~again].tolist() == ended.number(name)[~again].tolist()
    assert (early.columns[HISTORY][~again] == ended.columns[HISTORY][~again]).all()
    assert first.view.comparison["second_transplant"] == "ignored"
    assert second.view.comparison["second_transplant"] == "ends_follow_up"


def test_who_left_is_censored_in_every_statistic(
    both: tuple[Path, Trial, ConductedTrial, Trial, ConductedTrial],
) -> None:
    *_, done = both
    arm, result = done.view.arm("early"), done.view.comparison
    counts = flow(arm)
    assert counts.left_at_transplant == int(arm.left.sum()) == counts.second_transplant
    assert counts.followed + counts.died + counts.left_at_transplant == counts.analysed
    assert any("left at a second transplant" in line for box in steps_of(counts) for line in box)
    relapse_free = result["arms"]["early"]["rmst"]["relapse_free_days"]
    assert arm.days("relapse_free_days", 42).mean() == pytest.approx(relapse_free["value"])
    pair = result["pairs"][0]
    for name in ("relapse_free_days", "current_leukaemia_free_days"):
        means = [result["arms"][key]["rmst"][name]["value"] for key in (pair["arm"], pair["versus"])]
        assert pair["differences"][name]["value"] == pytest.approx(means[0] - means[1])
    last = result["difference_over_time"]["value"][-1]
    assert last == pytest.approx(pair["differences"]["current_leukaemia_free_days"]["value"])
    days = current(arm, "leukaemia_free").days_in(42)[0]
    assert result["arms"]["early"]["rmst"]["current_leukaemia_free_days"]["value"] == pytest.approx(
        days, rel=0.1
    )


def test_the_report_says_what_was_chosen_and_what_is_not_simulated(
    both: tuple[Path, Trial, ConductedTrial, Trial, ConductedTrial],
) -> None:
    _, ignored, first, ended, second = both
    for trial, done, words in (
        (ignored, first, ("ignored", "not treatment policy", "not simulated")),
        (ended, second, ("hypothetical", "Follow-up ends at it", "inverse probability of censoring")),
    ):
        text = dict(estimands(trial, done.view)[0][1])["Intercurrent events"]
        assert all(word in text for word in words)


def test_exports_and_report_know_who_left(
    both: tuple[Path, Trial, ConductedTrial, Trial, ConductedTrial], tmp_path: Path
) -> None:
    folder, _, _, ended, second = both
    write_outputs(ended, second, folder / "out")
    report = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "Follow-up ends at it" in report and "inverse probability of censoring" in report
    assert "counted while both twins are followed" in report
    assert UNTIL not in (folder / "out" / "patients.csv").read_text().splitlines()[0]
    tables = {table.name: table for table in adam_tables(read_results([folder / "out"]))}
    left = [row for row in tables["adsl"].rows if row["DCSREAS"] == "SECOND TRANSPLANT"]
    assert len(left) == sum(int(arm.left.sum()) for arm in second.view.arms)
    assert all(row["EOSDY"] == row["SECTXDY"] and row["EOSSTT"] == "DISCONTINUED" for row in left)
    who = {row["USUBJID"] for row in left}
    censored = [row for row in tables["adtte"].rows if row["CNSR"] == 3]
    assert {row["USUBJID"] for row in censored} == who
    assert {row["EVNTDESC"] for row in censored} == {"second transplant"}


def test_weighed_days_are_the_area_under_kaplan_meier() -> None:
    rng = np.random.default_rng(4)
    n, until = 200, 100.0
    event, leaving = rng.exponential(80, n), rng.exponential(120, n)
    ends = np.minimum(np.minimum(event, leaving), until)
    happened = (event <= leaving) & (event < until)
    arm = ArmView(
        "arm", "arm",
        {
            "patient": np.arange(n), "history": np.array(["{}"] * n, object), "relapse_free_days": ends,
            "relapse_free_at_end": ~happened, "days_simulated": np.where(happened, until, ends), "nrm_day": np.full(n, NAN),
        },
        1e-4,
    )  # fmt: skip
    for day in (30.0, 77.0, until):
        assert arm.days_until("relapse_free_days", day).mean() == pytest.approx(
            rmst(ends, happened, day).value
        )
    nobody = replace(arm, columns={**arm.columns, "days_simulated": np.full(n, until)})
    assert not nobody.left.any() and nobody.days("relapse_free_days", until).tolist() == ends.tolist()


def test_twins_are_shown_while_both_are_followed() -> None:
    def arm(ends: list[float], history: list[str]) -> ArmView:
        columns = {"patient": np.arange(2), "history": np.array(history, object), "days_simulated": np.array(ends),
                   "nrm_day": np.array([NAN, NAN]), "current_leukaemia_free_days": np.array(ends)}  # fmt: skip
        return ArmView("arm", "arm", columns, 1e-4)

    one, other = arm([40, 100], ["{}", "{}"]), arm([100, 100], ['{"overt":[[30,60]]}', "{}"])
    a, b = while_both_followed(one, other, "current_leukaemia_free_days")
    assert a.tolist() == [40, 100] and b.tolist() == [30, 100]


def test_a_course_ends_at_the_transplant() -> None:
    history = {"blinatumomab": [[5, 20, 28], [40, 60, 28]], "dli": [[10, 1e5], [50, 1e6]], "overt": [[2, 8], [44, 70]],
              "drugs": {"ciclosporin": [[0, 90, 1.0]]}, "relapse": [2, 44], "remission": [9]}  # fmt: skip
    row = {
        HISTORY: json.dumps(history),
        UNTIL: json.dumps({"days_simulated": 30.0, "relapse_day": 2.0}),
        "relapse_day": 2.0,
    }
    cut = until_second_transplant(row)
    assert cut["days_simulated"] == 30 and json.loads(cut[HISTORY]) == {
        "blinatumomab": [[5, 20, 28]], "dli": [[10, 1e5]], "overt": [[2, 8]], "drugs": {"ciclosporin": [[0, 30.0, 1.0]]},
        "relapse": [2], "remission": [9],
    }  # fmt: skip
    assert until_second_transplant({HISTORY: "{}", UNTIL: ""}) == {HISTORY: "{}", UNTIL: ""}


def test_mistakes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text(TRIAL.replace("outcomes: {primary: current_leukaemia_free_days}", ENDS))
    with pytest.raises(UserError, match=r"no arm says who would be transplanted again"):
        load_trial(path)
    path.write_text(TRIAL.replace("outcomes: {primary", "outcomes: {second_transplant: ends, primary"))
    with pytest.raises(UserError, match=r"ends_follow_up"):
        load_trial(path)


def test_nobody_left_to_tell_is_told(tmp_path: Path) -> None:
    trial = written(tmp_path, True)
    everyone = TRIAL.replace("common:\n", RULE.replace("60 %", "100 %")).replace("patients: 6", "patients: 1")
    (tmp_path / "all.yaml").write_text(
        everyone.replace("outcomes: {primary: current_leukaemia_free_days}", ENDS)
    )
    assert trial.ends_at_transplant
    with HerePool() as pool, pytest.raises(UserError, match="nobody in arm early is followed to day 42"):
        conduct(load_trial(tmp_path / "all.yaml"), tmp_path / "out", pool)
