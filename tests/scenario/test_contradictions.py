"""Keys that contradict one another, and courses that cannot be given, are told where they are written."""

from pathlib import Path

import pytest

from simulation.errors import UserError
from simulation.scenario import parse_scenario
from tests.scenario.mistakes import GOOD, Mistake, check_message_and_place, each_of

MISTAKES: list[Mistake] = [
    # contradictions
    ("1e-4", "1e-6", 5, "start.at_least", "the sensitivity of monitoring.mrd, 1e-5", None),
    ("patient:\n", "monitoring: {mrd: null}\npatient:\n", 4, "start.when", "monitoring.mrd is null", None),
    ("  when: mrd\n  at_least: 1e-4", "  when: never", 5, "blinatumomab", "start.when is never", None),
    (
        "  when: mrd\n  at_least: 1e-4",
        "  when: day\n  day: day 400",
        5,
        "start.day",
        "the last step of follow_up begins",
        None,
    ),
    ("cycle 1", "cycle 7", 13, "dli.first", "one of the 4 cycles", None),
    ("day 15 of", "day 50 of", 13, "dli.first", "which is 42 d long", None),
    ("  every: 42 d\n", "", 11, "dli.every", "this key is missing", None),
    ("to: day 100", "to: day 50", 18, "immunosuppression.0.to", "before it starts", None),
    (
        "off: 14 d",
        "off: 14 d\n  pattern: [{dose: 9 ug/day, for: 7 d}]",
        10,
        "blinatumomab.pattern",
        "the place of dose, on, off",
        None,
    ),
    (
        "off: 14 d",
        "off: 14 d\n  step_up: {dose: 9 ug/day, for: 30 d}",
        10,
        "blinatumomab.step_up.for",
        "at most on",
        None,
    ),
    ("patient:\n", "record_every: 1 h\npatient:\n", 19, "record_every", "finer than the step", None),
    (
        "patient:\n",
        "record_every: 15 h\npatient:\n",
        19,
        "record_every",
        "whole number of steps of 12 h",
        None,
    ),
    (
        "patient:\n",
        "definitions: {complete_remission: 10 %}\npatient:\n",
        19,
        "definitions.complete_remission",
        "at most overt",
        None,
    ),
    (
        "patient:\n",
        "definitions: {mrd_negative: 1e-6}\npatient:\n",
        19,
        "definitions.mrd_negative",
        "cannot see",
        None,
    ),
    (
        "patient:\n",
        "monitoring: {mrd: {cells: 1e4}}\npatient:\n",
        19,
        "monitoring.mrd.cells",
        "one in 1e5",
        None,
    ),
    ("patient:\n", "parameters: {weight: 71 kg}\npatient:\n", 19, "parameters.weight", "under patient", None),
    # visits, waits, conditions
    (
        "patient:\n",
        "monitoring: {mrd: {days: [day 9, day 5]}}\npatient:\n",
        19,
        "monitoring.mrd.days",
        "ascending order",
        None,
    ),
    (
        "patient:\n",
        "monitoring: {mrd: {days: [day 9], every: 7 d}}\npatient:\n",
        19,
        "monitoring.mrd.days",
        "the place of every",
        None,
    ),
    (
        "patient:\n",
        "monitoring: {mrd: {days: [56]}}\npatient:\n",
        19,
        "monitoring.mrd.days.0",
        "such as day 60",
        None,
    ),
    (
        "patient:\n",
        "monitoring: {mrd: {day: [day 5]}}\npatient:\n",
        19,
        "monitoring.mrd.day",
        "no such key",
        "days",
    ),
    ("patient:\n", "monitoring: {mised: 1 %}\npatient:\n", 19, "monitoring.mised", "no such key", "missed"),
    ("patient:\n", "monitoring: {missed: 2}\npatient:\n", 19, "monitoring.missed", "0 to 1", None),
    (
        "patient:\n",
        "monitoring: {imaging: {first: day 5, delay: 1 d, detects: 1e9, sensitivity: 0.9}}\npatient:\n",
        19,
        "monitoring.imaging.every",
        "a test has first and every, or days",
        None,
    ),
    (
        "patient:\n",
        "marrow: {extramedullary_site: false}\nmonitoring:\n  imaging: {days: [day 9], delay: 1 d, detects: 1e9, "
        "sensitivity: 0.9}\npatient:\n",
        21,
        "monitoring.imaging",
        "no place outside the marrow",
        None,
    ),
    ("at_least: 1e-4", "at_least: 1e-4\n  delay: 9 d to 3 d", 6, "start.delay", "from low to high", None),
    ("at_least: 1e-4", "at_least: 1e-4\n  delay: 7 to 42 d", 6, "start.delay", "has no unit", None),
    (
        "at_least: 1e-4",
        "at_least: 1e-4\n  delay: {distribution: uniorm, low: 1 d, high: 2 d}",
        6,
        "start.delay.distribution",
        "got 'uniorm'",
        "uniform",
    ),
    (
        "at_least: 1e-4",
        "at_least: 1e-4\n  delay: {distribution: lognormal, sigma: 1}",
        6,
        "start.delay",
        "its median, mean or value is missing",
        None,
    ),
    (
        "at_least: 1e-4",
        "at_least: 1e-4\n  delay: {distribution: fixed, value: -3 d}",
        6,
        "start.delay",
        "times from 0 d to 7305 d, got -3 d",
        None,
    ),
    (
        "at_least: 1e-4",
        "at_least: 1e-4\n  delay: {distribution: uniform, low: -10 d, high: 10 d}",
        6,
        "start.delay",
        "got -10 d",
        None,
    ),
    (
        "at_least: 1e-4",
        "at_least: 1e-4\n  delay: {distribution: mixture, parts: [{weight: 1, distribution: fixed, value: 1 d}, "
        "{weight: 1, distribution: fixed, value: 30 y}]}",
        6,
        "start.delay",
        "got 10957.5 d",
        None,
    ),
    (
        "at_least: 1e-4",
        "at_least: 1e-4\n  delay: {distribution: listed, values: [3 d, 5 d]}",
        6,
        "start.delay.distribution",
        "drawn, not listed by patient",
        None,
    ),
    (
        "when: mrd\n  at_least: 1e-4",
        "when: blood_count\n  of: cd33",
        5,
        "start.of",
        "one of cd3, b_cells, blasts",
        "cd3",
    ),
    (
        "when: mrd\n  at_least: 1e-4",
        "when: blood_count\n  of: cd3",
        5,
        "start.of",
        "at_least, or below",
        None,
    ),
    (
        "when: mrd\n  at_least: 1e-4",
        "when: blood_count\n  at_least: 200",
        5,
        "start.at_least",
        "such as 50 /uL",
        None,
    ),
    (
        "when: mrd\n  at_least: 1e-4",
        "when: blood_count\n  at_least: 9 /uL\n  below: 5 /uL",
        6,
        "start.below",
        "more than at_least",
        None,
    ),
    (
        "when: mrd\n  at_least: 1e-4",
        "when: extramedullary",
        4,
        "start.when",
        "monitoring.lumbar_puncture are null",
        None,
    ),
    (
        "when: mrd\n  at_least: 1e-4",
        "when: free_of_gvdh",
        4,
        "start.when",
        "one of never, day",
        "free_of_gvhd",
    ),
    (
        "when: mrd\n  at_least: 1e-4",
        "when: free_of_gvhd\n  grade: 2",
        5,
        "start.grade",
        "no such key with when: free_of_gvhd",
        "at_grade",
    ),
    (
        "patient:\n",
        "taper: {start: {when: never}}\npatient:\n",
        19,
        "taper.start.when",
        "write taper: null",
        None,
    ),
    (
        "patient:\n",
        "taper: {start: {when: mrd, at_least: 1e-7}}\npatient:\n",
        19,
        "taper.start.at_least",
        "cannot see",
        None,
    ),
    (
        "patient:\n",
        "taper: {start: {when: day, day: day 9}, drugs: [tacrolimus]}\npatient:\n",
        19,
        "taper.drugs.0",
        "not among immunosuppression",
        None,
    ),
    (
        "patient:\n",
        "taper: {start: {when: day, day: day 9}, over: 7 d, every: 28 d}\npatient:\n",
        19,
        "taper.every",
        "at most over, 7 d",
        None,
    ),
    (
        "patient:\n",
        "taper: {start: {when: day, day: day 9}, ovr: 3 d}\npatient:\n",
        19,
        "taper.ovr",
        "no such key",
        "over",
    ),
    # injections and maintenance
    (
        "  dose: 28 ug/day\n",
        "  injections: [{dose: 500 ug/day, days: [day 1]}]\n",
        7,
        "blinatumomab.injections.0.dose",
        "an amount such as 500 ug",
        None,
    ),
    (
        "  dose: 28 ug/day\n",
        "  injections: [{dose: 500 ug, days: [day 29]}]\n",
        7,
        "blinatumomab.injections.0.days.0",
        "a day within on, 28 d",
        None,
    ),
    (
        "  dose: 28 ug/day\n",
        "  injections: [{dose: 5 ug, days: [day 1]}, {dose: 6 ug, days: [day 1]}]\n",
        7,
        "blinatumomab.injections.1.days.0",
        "each day once",
        None,
    ),
    (
        "cycles: 4",
        "cycles: 4\n  injections: [{dose: 5 ug, days: [day 1]}]",
        11,
        "blinatumomab.injections",
        "the place of dose",
        None,
    ),
    (
        "cycles: 4",
        "cycles: 4\n  maintenance: {every: 20 d, cycles: 4}",
        11,
        "blinatumomab.maintenance.every",
        "at least on, 28 d",
        None,
    ),
    (
        "  dose: 28 ug/day\n  on: 28 d\n  off: 14 d\n  cycles: 4",
        "  pattern: [{dose: 9 ug/day, for: 7 d}, {dose: 0 ug/day, for: 2 d}, {dose: 28 ug/day, for: 21 d}, "
        "{dose: 0 ug/day, for: 14 d}]\n  cycles: 4\n  maintenance: {every: 29 d, cycles: 4, dose: 28 ug/day, on: 14 d}",
        9,
        "blinatumomab.maintenance.every",
        "at least the infusion of the cycles before, 30 d, got 29 d",
        None,
    ),
    (
        "cycles: 4",
        "cycles: 4\n  maintenance: {every: 27 d, cycles: 4, on: 14 d}",
        11,
        "blinatumomab.maintenance.every",
        "at least the infusion of the cycles before, 28 d",
        None,
    ),
    (
        "cycles: 4",
        "cycles: 4\n  maintenance: {evry: 91 d, cycles: 4}",
        11,
        "blinatumomab.maintenance.evry",
        "no such key",
        "every",
    ),
    (
        "cycles: 4",
        "cycles: 4\n  maintenance: {every: 91 d, cycles: 2, dose: 9 ug/day, injections: [{dose: 5 ug, days: [day 1]}]}",
        11,
        "blinatumomab.maintenance.injections",
        "write one or the other",
        None,
    ),
    (
        "  dose: 28 ug/day\n",
        "  injections: [{dose: 0 ug, days: [day 1]}]\n",
        7,
        "blinatumomab.injections.0.dose",
        "above 0, at most 10000 ug, got '0 ug'",
        None,
    ),
    (
        "patient:\n",
        "inotuzumab: {doses: [{dose: 0 ug/m2, days: [day 1]}], every: 21 d, cycles: 1}\npatient:\n",
        19,
        "inotuzumab.doses.0.dose",
        "above 0, at most 10000 ug",
        None,
    ),
    (
        "patient:\n",
        "taper: {start: {when: day, day: day 9}, drugs: [ciclosporin, ciclosporin]}\npatient:\n",
        19,
        "taper.drugs.1",
        "expected each once, got ciclosporin twice",
        None,
    ),
    # infusions of donor lymphocytes
    (
        "  every: 42 d\n",
        "  every: 42 d\n  until: [agvhd, mrd_negative, agvhd]\n",
        15,
        "dli.until.2",
        "expected each once, got agvhd twice",
        None,
    ),
    (
        "  every: 42 d\n",
        "  every: 42 d\n  until: [mrd_neg]\n",
        15,
        "dli.until.0",
        "one of mrd_negative, remission, agvhd",
        "mrd_negative",
    ),
]


@each_of(MISTAKES)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, mistake: Mistake) -> None:
    check_message_and_place(tmp_path / "my.yaml", mistake)


def test_overt_relapse_needs_a_test_of_the_marrow() -> None:
    text = "name: x\nstart: {when: overt_relapse}\nmonitoring: {morphology: null, mrd: null}\n"
    with pytest.raises(UserError, match="overt relapse cannot be found") as caught:
        parse_scenario(text)
    assert caught.value.key == "start.when"
    for one in ("morphology", "mrd"):
        other = parse_scenario(text.replace(f"{one}: null", "blood: null"))
        assert getattr(other.monitoring, one) is not None


@pytest.mark.parametrize(
    ("overrides", "key", "expected"),
    [
        ({"follow_up": "40.1 d"}, "follow_up", "a whole number of steps of 12 h"),
        ({"follow_up": "6 mo"}, "follow_up", "such as 182.5 d"),
        ({"graft.treg_day": "day -3.9"}, "graft.treg_day", "a whole number of steps of 12 h"),
        ({"start": {"when": "day", "day": "day 364.9"}}, "start.day", "to day 364.5"),
    ],
)
def test_what_no_step_could_do_is_refused(overrides: dict[str, object], key: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected) as caught:
        parse_scenario("name: x", overrides)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("time_step: 5 h", "record_every"),
        ("monitoring: {mrd: {sensitivity: 1e-7}}", "monitoring.mrd.cells"),
        ("definitions: {overt_relapse: 2 %}", "definitions.complete_remission"),
    ],
)
def test_a_contradiction_with_the_defaults_is_told_where_the_user_wrote(line: str, key: str) -> None:
    with pytest.raises(UserError, match=f"mine.yaml:2: {key}"):
        parse_scenario(f"name: x\n{line}\n", name="mine.yaml")
    path, _, value = line.partition(": ")
    with pytest.raises(UserError, match=f"override {path}: {key}"):
        parse_scenario("name: x", {path: value})


def test_a_cycle_day_needs_a_cycle() -> None:
    text = GOOD.replace(GOOD[GOOD.index("blinatumomab:") : GOOD.index("dli:")], "")
    with pytest.raises(UserError, match="there is no blinatumomab") as caught:
        parse_scenario(text)
    assert caught.value.key == "dli.first"
