"""Weights find a patient whose truth is known; too few who fit are told; the past is one and strategies act from today on."""

import numpy as np
import pytest

from simulation.errors import UserError
from simulation.forecast import FollowedPatient, Forecast, Question, Series, parse_series
from simulation.forecast.choose import _inclusion, _systematic, chosen, covariates
from simulation.forecast.follow import HOPELESS, QUANTITIES, follow
from simulation.forecast.measurement import Errors, MeasuredValue
from simulation.forecast.prepare import from_today

from .conftest import EARLY, UNTREATED, arms_of, followed, question_about

COURSE = "day,mrd,cd3 [/uL]\n14,2e-4,30\n21,1e-3,60\n"


def _measured(one: FollowedPatient, question: Question, rng: np.random.Generator) -> Series:
    """Measure a patient with the errors that are stated."""
    errors, results = Errors(), []
    for day in (7.0, 14.0, 21.0):
        mrd, cd3, _ = one.trajectories[0, question.days.index(day)]
        value, limit = mrd * 10 ** rng.normal(0, errors.mrd), 1e-5
        results.append(MeasuredValue(day, "mrd", value if value >= limit else limit, below=value < limit))
        results.append(MeasuredValue(day, "cd3", max(cd3 * np.exp(rng.normal(0, errors.cd3)), 0.1)))
    return Series("made", tuple(results), today=21.0)


def _weighed(question: Question, series: Series, others: list[FollowedPatient]) -> Forecast:
    from dataclasses import replace

    from simulation.forecast.follow import terms_of

    asked = replace(question, series=series)
    assert asked.days == question.days
    return Forecast.of(asked, [replace(one, terms=terms_of(asked, one.trajectories[0])) for one in others])


def test_weights_find_synthetic_patients_better_than_no_measurement(
    population: tuple[Question, list[FollowedPatient]],
) -> None:
    """Coverage of the 5-95 % band over 30 patients: expected 27; fewer than 22 has a probability below 1 %."""
    question, everyone = population
    rng, place = np.random.default_rng(2), question.days.index(35.0)
    inside, errors, without = 0, [], []
    for index in range(30):
        one, others = everyone[index], [*everyone[:index], *everyone[index + 1 :]]
        truth = np.log10(one.trajectories[0, place, 0] + 1e-9)
        forecast = _weighed(question, _measured(one, question, rng), others)
        low, middle, high = np.log10(forecast.fan(0, "mrd").levels[:, place] + 1e-9)
        blind = np.log10(forecast.fan(0, "mrd", prior=True).levels[1, place] + 1e-9)
        inside += low - 0.05 <= truth <= high + 0.05
        errors.append(abs(middle - truth))
        without.append(abs(blind - truth))
    assert np.mean(errors) < 0.5 * np.mean(without)
    assert inside >= 22


def test_without_a_measurement_all_weigh_the_same(population: tuple[Question, list[FollowedPatient]]) -> None:
    question, everyone = population
    forecast = Forecast.of(question, everyone)
    assert forecast.effective == pytest.approx(len(everyone))
    column = [one.trajectories[0, 3, 1] for one in everyone]
    assert forecast.fan(0, "cd3").levels[1, 3] in column
    assert abs(forecast.fan(0, "cd3").levels[1, 3] - np.median(column)) <= np.ptp(column) / 20
    forecast.require()  # and nothing is refused


def test_a_course_that_nobody_has_is_refused_with_what_to_do(
    population: tuple[Question, list[FollowedPatient]],
) -> None:
    question, everyone = population
    series = Series(
        "hers",
        (MeasuredValue(7.0, "mrd", 0.5), MeasuredValue(14.0, "mrd", 1e-5, below=True)),
        today=21.0,
        shown="hers.csv",
    )
    forecast = _weighed(question, series, everyone)
    with pytest.raises(UserError) as caught:
        forecast.require()
    assert "hers.csv: " in str(caught.value) and "a forecast needs 20" in str(caught.value)
    assert "fewest come near is mrd of day 7 (0% of them)" in str(caught.value)


def test_too_few_ask_for_more_patients(population: tuple[Question, list[FollowedPatient]]) -> None:
    question, everyone = population
    series = _measured(everyone[0], question, np.random.default_rng(3))
    forecast = _weighed(question, series, everyone[:40])
    assert 2 < forecast.effective < 20
    with pytest.raises(UserError, match="--patients"):
        forecast.require()


def test_strategies_share_the_past_and_act_from_today() -> None:
    series = parse_series(COURSE, "hers.csv")
    question = question_about(series, UNTREATED, EARLY, prune=False)
    one = follow(question, 3)
    past = [day <= series.today for day in question.days]
    assert np.array_equal(one.trajectories[0][past], one.trajectories[1][past])
    alone = follow(question_about(series, EARLY, prune=False), 3)
    assert np.array_equal(alone.trajectories[0], one.trajectories[1], equal_nan=True)
    assert alone.outcomes[0] == one.outcomes[1]
    begun = one.outcomes[1]["treatment_start_day"]
    assert begun is not None and begun >= series.today  # though MRD was there for all to see before


def test_what_was_given_is_given_in_every_strategy() -> None:
    series = parse_series(
        'day,mrd,given\n10,,"give: blinatumomab, dose: 28 ug/day, for: 5 d"\n21,1e-4,\n', "hers.csv"
    )
    question = question_about(series, UNTREATED, EARLY, prune=False)
    one = follow(question, 3)
    assert [outcome["treatment_start_day"] for outcome in one.outcomes] == [10.0, 10.0]


def test_a_strategy_with_another_past_is_refused() -> None:
    series = parse_series(COURSE, "hers.csv")
    other = UNTREATED.replace("name: Untreated", "name: Other\ngraft: {tcon: 2e6/kg}")
    with pytest.raises(UserError, match="strategy arm_1: differs from arm_0 by day"):
        followed(question_about(series, UNTREATED, other), [1])
    early = UNTREATED + "orders:\n- {day: day 5, test: marrow}\n"
    with pytest.raises(UserError, match="strategy arm_0: orders: expected what was done until today"):
        from_today(arms_of(early), series)
    with pytest.raises(UserError, match="followed until day 42, and today is day 50"):
        from_today(arms_of(UNTREATED), parse_series("day,mrd\n50,1e-4\n", "hers.csv"))


def test_a_day_that_is_over_is_told() -> None:
    planned = EARLY.replace(
        "start: {when: mrd, at_least: 1e-5, delay: 1 d}", "start: {when: day, day: day 5}"
    )
    _, notes = from_today(arms_of(planned), parse_series(COURSE, "hers.csv"))
    assert notes == ["Early: its day, 5, is over; treatment starts today, on day 21."]


def test_giving_up_early_changes_no_answer() -> None:
    series = parse_series(COURSE, "hers.csv")
    whole = Forecast.of(q := question_about(series, UNTREATED, EARLY, prune=False), followed(q, range(40)))
    quick = Forecast.of(q := question_about(series, UNTREATED, EARLY), followed(q, range(40)))
    assert any(one.pruned for one in quick.followed)
    assert all(one.log_likelihood < HOPELESS for one in quick.followed if one.pruned)
    assert quick.weights == pytest.approx(whole.weights, abs=1e-6)
    for what in QUANTITIES:
        assert quick.fan(1, what).levels == pytest.approx(whole.fan(1, what).levels, nan_ok=True)


def test_chosen_patients_stand_for_the_pool(population: tuple[Question, list[FollowedPatient]]) -> None:
    """One over the probability adds up to the pool, and those who resemble the course are taken more often."""
    from dataclasses import replace

    question, everyone = population
    asked = replace(question, series=_measured(everyone[4], question, np.random.default_rng(4)))
    taken = chosen(asked, everyone, 80, 200)
    assert len(taken) in (199, 200, 201) and min(taken) >= 80 and max(taken) < 80 + 2000
    weights = np.array([1 / p for p in taken.values()])
    assert weights.sum() == pytest.approx(2000, rel=0.15)
    pool = covariates(asked, range(80, 2080))
    mean = np.average(covariates(asked, list(taken)), axis=0, weights=weights)
    error = pool.std(axis=0) * np.sqrt((weights**2).sum()) / weights.sum()
    assert (np.abs(mean - pool.mean(axis=0)) < 4 * error).all()
    growth = pool.shape[1] - 1  # the parameters are in the order of their names
    near = np.abs(pool - covariates(asked, [4])[0])
    picked = np.abs(covariates(asked, list(taken)) - covariates(asked, [4])[0])
    assert picked[:, growth].mean() < near[:, growth].mean()


def test_probabilities_sum_to_the_number_and_none_is_above_one() -> None:
    probability = _inclusion(np.array([100.0, 1, 1, 1, 1, 1]), 3)
    assert probability.sum() == pytest.approx(3) and probability[0] == 1
    assert len(_systematic(probability, 1)) == 3 and 0 in _systematic(probability, 1)
