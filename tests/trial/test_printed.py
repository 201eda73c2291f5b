"""The unpaired view of a trial: its numbers agree with the patients, and its words say what they are."""

from dataclasses import fields, replace

import numpy as np
import pytest

from simulation.clinic.outcomes import OUTCOMES
from simulation.results.trial_flow import flow
from simulation.results.trial_landmark import landmark
from simulation.results.trial_states import CURRENT, STATES, occupied, spells_of
from simulation.results.trial_view import ArmView
from simulation.trial import printed_words
from simulation.trial.conduct import ConductedTrial
from simulation.trial.printed import as_printed, unpaired
from simulation.trial.schema import Trial


def _arm(columns: dict[str, list[object]], histories: list[str]) -> ArmView:
    n = len(histories)
    arrays = {name: np.array(values, float) for name, values in columns.items()}
    return ArmView(
        "arm", "arm", {"patient": np.arange(n), "history": np.array(histories, object), **arrays}, 1e-4
    )


NAN = float("nan")
# 0: relapses on day 20, in remission again from 30, GvHD III from 40 to 50; 1: GvHD from 5, dies on day 10; 2: nothing happens;
# 3: overt from day 60 to the end
FOUR = _arm(
    {
        "days_simulated": [100, 10, 100, 100], "nrm_day": [NAN, 10, NAN, NAN], "relapse_day": [20, NAN, NAN, 60],
        "treatment_start_day": [22, 2, NAN, 30], "trigger_day": [21, 1, NAN, 29], "mrd_negative_day": [28, NAN, NAN, 70],
    },
    ['{"overt":[[20,30]],"severe_agvhd":[[40,50]]}', '{"severe_agvhd":[[5,10]]}', "{}", '{"overt":[[60,100]]}'],
)  # fmt: skip


def test_states_follow_the_history_of_each_patient() -> None:
    occupancy = occupied(FOUR)
    names = list(STATES)

    def share(day: float) -> dict[str, float]:
        return {
            name: float(value)
            for name, value in zip(names, occupancy.at(day)[0], strict=True)
            if value > 1e-9
        }

    assert share(0) == {"remission": 1.0}
    assert share(7) == {"remission": 0.75, "severe_agvhd": 0.25}
    assert share(25) == {"remission": 0.5, "relapse": 0.25, "death": 0.25}
    assert share(45) == {"remission": 0.5, "severe_agvhd": 0.25, "death": 0.25}
    assert share(99) == {"remission": 0.25, "later_remission": 0.25, "relapse": 0.25, "death": 0.25}
    days = dict(zip(names, occupancy.days_in(100) * 4, strict=True))
    expected = {
        "remission": 20 + 5 + 100 + 60,
        "severe_agvhd": 15,
        "relapse": 50,
        "later_remission": 60,
        "death": 90,
    }
    assert days == pytest.approx(expected)
    assert float((spells_of(FOUR).leave - spells_of(FOUR).enter).sum()) == 400


def test_current_survival_is_the_sum_of_its_states() -> None:
    states_of = as_printed([FOUR], 100, 5)["states"]["arm"]
    for name, states in CURRENT.items():
        for number in ("at_end", "mean_days"):
            parts = sum(states_of["states"][state][number] for state in states)
            assert states_of["current"][name][number] == pytest.approx(parts)
        low, high = states_of["current"][name]["interval"]
        assert low < states_of["current"][name]["at_end"] < high


def test_who_is_judged_at_the_landmark_and_what_comes_after() -> None:
    analysis = landmark(
        FOUR, 8
    )  # patient 0 on day 30, back in remission; 1 has died; 2 is untreated; 3 on day 38
    assert (analysis.treated, analysis.out) == (3, 1)
    assert analysis.responded.tolist() == [True, False]  # the response of patient 3 comes after his landmark
    assert analysis.days.tolist() == [70, 22]
    assert analysis.happened.tolist() == [False, True]
    sooner = landmark(FOUR, 5)  # on day 27 patient 0 is in overt relapse; patient 1 is still alive on day 7
    assert (sooner.out, sooner.days.tolist(), sooner.happened.tolist()) == (1, [3, 25], [True, True])


def test_the_flow_adds_up(done: ConductedTrial) -> None:
    for arm in (*done.view.arms, FOUR):
        counts = flow(arm)
        assert (
            counts.treated + counts.not_triggered + counts.died_before + counts.not_given
            == counts.allocated
            == arm.n
        )
        assert counts.followed + counts.died == counts.analysed
    assert flow(FOUR).overt_before_treatment == 1


def test_days_without_leukaemia_are_those_of_the_outcome(done: ConductedTrial) -> None:
    for arm in done.view.arms:
        mean_days = done.view.comparison["states"][arm.key]["current"]["leukaemia_free"]["mean_days"]
        assert mean_days == pytest.approx(arm.number("current_leukaemia_free_days").mean(), abs=1e-6)


def test_a_hazard_ratio_turned_round_is_its_reciprocal(done: ConductedTrial) -> None:
    none, late, early = done.view.arms
    one, other = unpaired(early, late), unpaired(late, early)
    for name, ratio in one.items():
        assert OUTCOMES[name].censored
        value, turned = (side["hazard_ratio"]["value"] for side in (ratio, other[name]))
        assert value * turned == pytest.approx(1) or {value, turned} == {0.0, float("inf")}
        assert ratio["log_rank"] == pytest.approx(other[name]["log_rank"])
    same = unpaired(none, replace(none, key="copy"))["relapse_free_days"]
    assert same["hazard_ratio"]["value"] == pytest.approx(1)


def test_every_estimand_has_its_five_attributes(done: ConductedTrial, trial: Trial) -> None:
    tables = printed_words.estimands(trial, done.view)
    assert tables[0][0].startswith("Primary")
    for _, rows in tables:
        assert [name for name, _ in rows] == [
            "Population",
            "Treatment",
            "Variable",
            "Intercurrent events",
            "Summary",
        ]


def test_no_chronic_gvhd_is_said_wherever_gvhd_free_survival_stands(
    done: ConductedTrial, trial: Trial
) -> None:
    gvhd_free = {name for name in OUTCOMES if "gvhd_free" in name}
    assert gvhd_free
    for name in gvhd_free:
        assert printed_words.NO_CHRONIC_GVHD in OUTCOMES[name].meaning, name
        assert "chronic GvHD not simulated" in OUTCOMES[name].label, name
    rows = [title for title, _ in printed_words.states(done.view) if "GvHD-free" in title]
    rows += [str(text) for title, text in printed_words.estimands(trial, done.view) if "GvHD-free" in title]
    rows += [figure_caption for figure_caption in _captions(done) if "GvHD-free" in figure_caption]
    assert len(rows) >= 3
    for text in rows:
        assert printed_words.NO_CHRONIC_GVHD in text or "Chronic GvHD" in text, text


def _captions(done: ConductedTrial) -> list[str]:
    from simulation.results.figures.report_figure import figures_in

    figures = figures_in("simulation.results.trial_figures")
    return [
        f"{figure.title} {figure.caption_of(done.view)}" for figure in figures if figure.applies(done.view)
    ]


def test_the_flow_is_told_whole(done: ConductedTrial) -> None:
    counts = done.view.comparison["flow"]["early"]
    assert set(counts) == {field.name for field in fields(flow(done.view.arms[0]))}
