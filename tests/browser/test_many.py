"""Many patients, a measured course, a trial and a sweep from the page: what is asked, followed, stopped and told."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.browser.catalogue import Source
from simulation.browser.many import ForecastRequest, ManyPatients, question_of
from simulation.browser.many_charts import fan_option, waiting_option
from simulation.browser.many_view import ManyView, patient_rows
from simulation.browser.palette import DARK, LIGHT
from simulation.browser.results.folders import kind_of
from simulation.browser.study import Study, planned, swept_values
from simulation.errors import UserError
from simulation.figure_formats import NO_FIGURES
from simulation.pool import HerePool, Pool

TINY = """\
name: {name}
time_step: 1 d
follow_up: 35 d
marrow: {{rows: 2, columns: 2}}
monitoring:
  mrd: {{first: day 4, every: 4 d, delay: 1 d}}
  morphology: {{first: day 4, every: 4 d}}
patient: {{n_residual_blasts: 1e7 cells, rate_blast_net_growth: 0.2 /day}}
"""
A = Source(
    None,
    text=TINY.format(name="Early")
    + "start: {when: day, day: day 14}\nblinatumomab: {dose: 28 ug/day, on: 14 d, off: 7 d, cycles: 1}\n",
    title="Early",
)
B = Source(None, text=TINY.format(name="Never") + "start: {when: never}\n", title="Never")


def here(stop: Callable[[], bool]) -> Pool:
    return HerePool(should_stop=stop)


def followed(asked: ForecastRequest, on_change: Callable[[], None] = lambda: None) -> ManyPatients:
    many = ManyPatients(on_change, here)
    many.start(asked)
    thread = many._thread
    if thread is not None:
        thread.join(60)
    return many


def test_many_patients_are_other_people_and_each_can_be_watched() -> None:
    messages: list[int] = []
    many = followed(ForecastRequest((A, B), number="12"), lambda: messages.append(1))
    assert (
        many.state == "done" and many.done == 12 and messages and many.status() == "Done: 12 of 12 patients."
    )
    forecast = many.forecast()
    assert forecast is not None and [one.patient for one in forecast.followed] == list(range(1, 13))
    numbers, rows = patient_rows(forecast)
    assert numbers == list(range(1, 13)) and len(rows[0]) == 5  # number, weight, both courses, gain
    from simulation.life import simulate

    alone = simulate([B.load(patient=3)], seed=1, patient=3)[0]
    course = forecast.followed[2].trajectories[1]
    assert course[-1, 1] == pytest.approx(alone.body.truth().cd3_per_ul)


def test_chance_alone_is_one_person_again_and_again() -> None:
    question, number, _ = question_of(ForecastRequest((A,), kind="chance", patient="5", number="4"))
    from simulation.body.virtual_patient import patient_values

    people = [patient_values(question.arms[0].scenario, question.seed, k) for k in range(1, number + 1)]
    assert all(dict(one) == dict(people[0]) for one in people)
    assert dict(people[0]) == dict(patient_values(A.load(patient=5), 1, 5))


def test_it_stops_when_told_and_keeps_what_is_there() -> None:
    gate = threading.Event()
    many: ManyPatients

    class Slow(HerePool):
        def run(self, work: Any, tasks: Any) -> Any:
            for outcome in super().run(work, tasks):
                yield outcome
                gate.set()
                many._stop.wait(10)

    many = ManyPatients(pool=lambda stop: Slow(should_stop=stop))
    many.start(ForecastRequest((B,), number="50"))
    assert gate.wait(30)
    many.stop(wait=True)
    assert many.state == "stopped" and 1 <= many.done < 50 and many.forecast() is not None


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"number": "1"}, "number", "2 to 5,000 patients"),
        ({"number": "many"}, "number", "whole number"),
        ({"seed": "-1"}, "seed", "whole number"),
        ({"course": "day,mrd\n10,0\n"}, "course", "the measured course:2: mrd"),
        ({"course": "day,mrd\n50,1e-3\n"}, "course", "a longer follow-up"),
        (
            {"course": "measured: [{day: day 5, mrd: 1e-3}]\nextends: /etc/passwd\n"},
            "course",
            "there is no such key",
        ),
        ({"course": "measured: [{day: day 5, mrd: 1e-3}]\npatient: {plugin: x.py}\n"}, "course", "plugin"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_begins(
    change: dict[str, str], field: str, message: str
) -> None:
    view = ManyView(A, B, [])
    view.put(**change)
    view.start()
    assert message in view.errors[field] and not view.many.running and view.many.done == 0


def test_a_measured_course_weighs_and_marks_today() -> None:
    course = "day,mrd,cd3 [/uL]\n7,<1e-1,\n14,1e-3,\n"
    many = followed(ForecastRequest((A, B), number="14", course=course))
    forecast = many.forecast()
    assert forecast is not None and forecast.conditioned and forecast.question.series.today == 14
    option = fan_option(forecast, None, LIGHT)
    measured = [one for one in option["series"] if one["name"] == "measured"]
    assert [point["symbol"] for one in measured for point in one["data"]] == ["triangle", "diamond"]
    assert any("markLine" in one for one in option["series"])


def test_the_fan_holds_the_median_between_its_ends_and_parameter_sets_as_a_second_shade() -> None:
    many = followed(ForecastRequest((A, B), number="6", posterior=True))
    first, second = many.forecast(), many.forecast(second=True)
    assert first is not None and second is not None and many.wanted == many.done == 12
    assert {one.chosen for one in first.followed} == {None} and None not in {
        one.chosen for one in second.followed
    }
    option = fan_option(first, second, DARK)
    names = [one["name"] for one in option["series"]]
    assert names.count("sets-0-band") == 2 and names.count("table-1-band") == 2
    by_name = {
        (one["name"], one["yAxisIndex"]): np.array(one["data"], float)[:, 1]
        for one in option["series"]
        if "data" in one
    }
    low, width, middle = by_name["table-1-low", 1], by_name["table-1-band", 1], by_name["Never", 1]
    assert (middle >= low - 1e-3).all() and (middle <= low + width + 1e-3).all()
    assert waiting_option(LIGHT)["series"] == []


def _study(tmp_path: Path) -> Study:
    return Study(
        tmp_path / "results", pool=lambda width, stop: HerePool(should_stop=stop), formats=NO_FIGURES
    )


def test_a_trial_from_the_page_is_one_that_compare_would_leave(tmp_path: Path) -> None:
    study = _study(tmp_path)
    study.start(planned((B, A), "3", "4"))
    study._thread.join(120)  # type: ignore[union-attr]
    assert study.state == "done", study.mistake
    assert study.folder is not None and study.folder.parent == tmp_path / "results"
    assert (
        kind_of(study.folder) == "trial"
        and (study.folder / "report.html").is_file()
        and study.done == study.wanted == 4
    )
    from simulation.browser.results.trial_folder import read_trial

    assert read_trial(study.folder).arms == ["a", "b"]
    assert "Never against Early" in (study.folder / "report.html").read_text(encoding="utf-8")


def test_a_sweep_is_checked_before_anything_is_written(tmp_path: Path) -> None:
    study = _study(tmp_path)
    with pytest.raises(UserError) as caught:
        study.start(planned((A,), "1", "2", key="rate_blast_net_growht", values="0.1 /day, 0.2 /day"))
    assert caught.value.key in ("key", "values") and caught.value.nearest == "rate_blast_net_growth"
    with pytest.raises(UserError):
        study.start(planned((A,), "1", "2", key="rate_blast_net_growth", values="0.1 kg, 0.2 kg"))
    assert not (tmp_path / "results").exists() and study.state == "idle"


@pytest.mark.parametrize("key", ["plugin", "extends", "plugin.0.file", "../../etc/passwd"])
def test_no_file_is_named_by_what_is_typed(tmp_path: Path, key: str) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("raise SystemExit('executed')")
    with pytest.raises(UserError):
        _study(tmp_path).start(planned((A,), "1", "2", key=key, values=f"{secret}, {secret}2"))
    assert not (tmp_path / "results").exists()


def test_values_are_plain_and_enough() -> None:
    assert swept_values("0.04 /day, 0.08 /day") == ("0.04 /day", "0.08 /day")
    assert swept_values("1; 2") == (1, 2)
    for wrong in ("1", "", "{a: 1}; 2", ",".join(map(str, range(13)))):
        with pytest.raises(UserError):
            swept_values(wrong)
