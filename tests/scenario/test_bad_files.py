"""Every mistake is told once, with file, line, key path, what was expected and the nearest valid name."""

import os
import re
from pathlib import Path

import pytest

from simulation.errors import ExitStatus, UserError
from simulation.scenario import load_scenario, parse_scenario

GOOD = """\
name: Test
follow_up: 365 d
start:
  when: mrd
  at_least: 1e-4
blinatumomab:
  dose: 28 ug/day
  on: 28 d
  off: 14 d
  cycles: 4
dli:
  cd3: [1e5/kg, 5e5/kg]
  first: day 15 of cycle 1
  every: 42 d
immunosuppression:
  - drug: ciclosporin
    from: day 60
    to: day 100
patient:
  weight: 70 kg
"""

# (what is replaced, by what, line, key, words in the message, nearest)
MISTAKES: list[tuple[str, str, int, str | None, str, str | None]] = [
    # unknown keys
    ("follow_up:", "folow_up:", 2, "folow_up", "no such key", "follow_up"),
    ("at_least:", "atleast:", 5, "start.atleast", "no such key with when: mrd", "at_least"),
    ("cycles:", "cycle:", 10, "blinatumomab.cycle", "no such key", "cycles"),
    ("    to:", "    too:", 18, "immunosuppression.0.too", "no such key", "to"),
    ("  weight:", "  wieght:", 20, "patient.wieght", "no such parameter", "weight"),
    ("patient:\n", "processes: {gvll: off}\npatient:\n", 19, "processes.gvll", "no such process", "gvl"),
    ("patient:\n", "zzz: 1\npatient:\n", 19, "zzz", "the keys here are name, description", None),
    ("name: Test\n", "", 1, "name", "this key is missing; every scenario file has its own", None),
    # units
    ("365 d", "365", 2, "follow_up", "expected a time such as 28 d or 6 h or 3 mo, got 365", None),
    ("365 d", "365 dd", 2, "follow_up", "unit 'dd' is not known", "d"),
    ("1e-4", "1e-4 mg", 5, "start.at_least", "expected a fraction such as 1e-4 or 0.01 %", None),
    (
        "28 ug/day",
        "28 d",
        7,
        "blinatumomab.dose",
        "28 ug/day or 15 ug/m2/day, got '28 d', which is a time",
        None,
    ),
    ("28 ug/day", "28 ug/m2/dy", 7, "blinatumomab.dose", "is not known", "ug/m2/day"),
    ("5e5/kg", "5e5", 12, "dli.cd3.1", "expected cells per kg", None),
    ("day 15 of cycle 1", "15 d", 13, "dli.first", "day 1 or day 15 of cycle 1", None),
    ("70 kg", "70 L", 20, "patient.weight", "which is a volume", None),
    # types
    ("365 d", "[365 d]", 2, "follow_up", "got a list", None),
    ("365 d", "", 2, "follow_up", "got nothing", None),
    ("365 d", "true", 2, "follow_up", "got true", None),
    ("cycles: 4", "cycles: 4.5", 10, "blinatumomab.cycles", "a whole number from 1 to 100, got 4.5", None),
    ("cycles: 4", "cycles: '4'", 10, "blinatumomab.cycles", "a whole number from 1 to 100, got '4'", None),
    ("cycles: 4", "cycles: 010", 10, "blinatumomab.cycles", "got '010'", None),
    ("cycles: 4", "cycles: 1:30", 10, "blinatumomab.cycles", "got '1:30'", None),
    ("[1e5/kg, 5e5/kg]", "1e5/kg", 12, "dli.cd3", "expected a list", None),
    ("[1e5/kg, 5e5/kg]", "[]", 12, "dli.cd3", "at least 1", None),
    ("name: Test", "name: 12", 1, "name", "put a number or a word such as true in quotes", None),
    ("name: Test", "name: no", 1, None, "", None),  # text, as in YAML 1.2
    ("name: Test", 'name: "a\\nb"', 1, "name", "one line of printable text", None),
    ("patient:\n  weight: 70 kg", "patient: [1]", 19, "patient", "a block of keys", None),
    ("patient:\n  weight: 70 kg", "marrow: 3", 19, "marrow", "keys rows, columns, extramedullary_site", None),
    (
        "patient:\n  weight: 70 kg",
        "stop: {cd19_negative_relapse: yes}",
        19,
        "stop.cd19_negative_relapse",
        "true or false",
        None,
    ),
    (
        "patient:\n  weight: 70 kg",
        "processes: {gvl: no}",
        19,
        "processes.gvl",
        "expected on or off, got 'no'",
        None,
    ),
    # words
    ("when: mrd", "when: mdr", 4, "start.when", "one of never, day, mrd", "mrd"),
    ("when: mrd", "wen: mrd", 4, "start.wen", "no such key", "when"),
    (
        "ciclosporin",
        "cyclosporin",
        16,
        "immunosuppression.0.drug",
        "one of ciclosporin, tacrolimus",
        "ciclosporin",
    ),
    (
        "patient:\n",
        "donor: {match: sibling}\npatient:\n",
        19,
        "donor.match",
        "got 'sibling'",
        "matched_sibling",
    ),
    # ranges
    ("365 d", "365 y", 2, "follow_up", "6 h to 7305 d, got '365 y'", None),
    ("365 d", "-3 d", 2, "follow_up", "got '-3 d'", None),
    ("cycles: 4", "cycles: 1000", 10, "blinatumomab.cycles", "from 1 to 100", None),
    ("at_least: 1e-4", "at_least: 4", 5, "start.at_least", "above 0, at most 1", None),
    ("at_least: 1e-4", "at_least: 0", 5, "start.at_least", "above 0, at most 1", None),
    ("28 ug/day", "28 mg/day", 7, "blinatumomab.dose", "0 to 1000 ug/day", None),
    ("70 kg", "70 g", 20, "patient.weight", "write allow_out_of_range: true", None),
    ("patient:\n", "marrow: {rows: 2000, columns: 2000}\npatient:\n", 19, "marrow.rows", "up to 1e6", None),
    ("patient:\n", "time_step: 2 d\npatient:\n", 19, "time_step", "5 min to 1 d", None),
    # missing keys
    ("  at_least: 1e-4\n", "", 3, "start.at_least", "this key is missing", None),
    ("  cycles: 4\n", "", 6, "blinatumomab.cycles", "this key is missing", None),
    ("  on: 28 d\n", "", 6, "blinatumomab.on", "this key is missing", None),
    ("    to: day 100\n", "", 16, "immunosuppression.0.to", "this key is missing", None),
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
    ("patient:\n", "record_every: 7 h\npatient:\n", 19, "record_every", "whole number of steps of 6 h", None),
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
    # distributions
    ("70 kg", "{distribution: norm, sd: 1 kg}", 20, "patient.weight.distribution", "got 'norm'", "normal"),
    ("70 kg", "\n    distribution: normal\n    sd: 1", 22, "patient.weight.sd", "has no unit", None),
    ("70 kg", "{distribution: fixed, value: 1 kg}", 20, "patient.weight", "table's range", None),
    (
        "70 kg",
        "{distribution: listed, values: [70 kg, null], otherwise: {distribution: fixed, value: 1 kg}}",
        20,
        "patient.weight",
        "table's range",
        None,
    ),
    # YAML
    ("cycles: 4", "cycles: 4\n  dose: 9 ug/day", 11, None, "'dose' is written twice, first on line 7", None),
    ("70 kg", "*x", 20, None, "anchors and aliases (*x)", None),
    ("70 kg", "&x 70 kg", 20, None, "anchors and aliases (&x)", None),
    ("70 kg", "!!python/object/apply:os.system [echo]", 20, None, "tags (", None),
    ("70 kg", "!!str 5", 20, None, "tags (", None),
    ("  weight: 70 kg", "\tweight: 70 kg", 20, None, "indent with spaces, not tabs", None),
    ("name: Test", "name: Test: again", 1, None, "must stand in quotes", None),
    ("[1e5/kg, 5e5/kg]", "[1e5/kg, 5e5/kg", 13, None, "not valid YAML", None),
    ("  weight: 70 kg", "---\nname: other", 20, None, "a second document", None),
    ("  weight: 70 kg", "  ? [a]\n  : 1", 20, None, "a key must be a word", None),
    ("  weight: 70 kg", "  <<: {weight: 70 kg}", 20, "patient.<<", "no such parameter", None),
]

SEVERAL = {"start.when is never", "the place of dose, on, off"}  # one mistake with two consequences


def told(path: Path, text: str) -> UserError:
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_scenario(path)
    return caught.value


def test_the_file_that_the_mistakes_are_put_into_is_good() -> None:
    assert parse_scenario(GOOD).name == "Test"


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words", "nearest"),
    [mistake for mistake in MISTAKES if mistake[4]],
    ids=[f"{mistake[3]}-{mistake[1].strip()[:30]}" for mistake in MISTAKES if mistake[4]],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, line: int, key: str | None, words: str, nearest: str | None
) -> None:
    assert old in GOOD
    path = tmp_path / "my.yaml"
    error = told(path, GOOD.replace(old, new, 1))
    first = error.errors[0]
    assert (first.file, first.line) == (str(path), line), str(error)
    assert len(error.errors) == 1 or words in SEVERAL, str(error)
    assert (first.key, first.nearest) == (key, nearest), str(error)
    assert words in str(first)
    assert str(first).startswith(f"{path}:{line}: ")
    assert "\n" not in str(first)
    assert error.exit_status == ExitStatus.USAGE


def test_no_and_yes_are_words_not_booleans() -> None:
    assert parse_scenario(GOOD.replace("Test", "no")).name == "no"


def test_several_mistakes_are_told_together_each_on_its_line(tmp_path: Path) -> None:
    text = GOOD.replace("365 d", "365").replace("cycles: 4", "cycles: 0").replace("weight", "wieght")
    error = told(tmp_path / "my.yaml", text)
    assert sorted(one.line or 0 for one in error.errors) == [2, 10, 20]
    assert len(str(error).splitlines()) == 3


def test_a_mistake_in_a_trigger_within_triggers_has_its_own_path(tmp_path: Path) -> None:
    start = "start:\n  when: any_of\n  triggers:\n    - {when: overt_relapse}\n"
    start += "    - when: mrd\n      at_lest: 1e-3\n"
    error = told(tmp_path / "my.yaml", "name: x\n" + start)
    by_key = {one.key: one for one in error.errors}
    assert by_key["start.triggers.1.at_lest"].line == 7
    assert by_key["start.triggers.1.at_lest"].nearest == "at_least"
    error = told(tmp_path / "my.yaml", "name: x\n" + start.replace("at_lest: 1e-3", "at_least: 1e-7"))
    assert (error.key, error.line) == ("start.triggers.1.at_least", 7)
    error = told(
        tmp_path / "my.yaml", "name: x\n" + start.replace("when: mrd\n      at_lest: 1e-3", "when: never")
    )
    assert (error.key, error.line) == ("start.triggers.1.when", 6)


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
        ({"follow_up": "40.1 d"}, "follow_up", "a whole number of steps of 6 h"),
        ({"follow_up": "6 mo"}, "follow_up", "such as 182.5 d"),
        ({"graft.treg_day": "day -3.9"}, "graft.treg_day", "a whole number of steps of 6 h"),
        ({"start": {"when": "day", "day": "day 364.9"}}, "start.day", "to day 364.75"),
    ],
)
def test_what_no_step_could_do_is_refused(overrides: dict[str, object], key: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected) as caught:
        parse_scenario("name: x", overrides)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("overrides", "key", "told"),
    [
        (
            {"monitoring.mrd.cells": "1000000.5"},
            "monitoring.mrd.cells",
            "expected a whole number, got 1000000.5",
        ),
        ({"monitoring.morphology.cells": "500.5"}, "monitoring.morphology.cells", "expected a whole number"),
        (
            {"patient.rate_blast_net_growth": {"distribution": "lognormal", "cv": 30}},
            "patient.rate_blast_net_growth.cv",
            "at most 3, got 30; 30 % is written 0.3",
        ),
        (
            {"patient.rate_blast_net_growth": {"distribution": "lognormal", "sigma": 50}},
            "patient.rate_blast_net_growth.sigma",
            "at most 3, got 50",
        ),
        ({"rate_exhaustion": "1"}, "rate_exhaustion", "did you mean 'parameters.rate_exhaustion'"),
        ({"rate_exhaustio": "1"}, "rate_exhaustio", "did you mean 'parameters.rate_exhaustion'"),
        ({"wieght": "70 kg"}, "wieght", "did you mean 'patient.weight'"),
        ({"cycles": "3"}, "cycles", "did you mean 'blinatumomab.cycles'"),
        ({"resolutio": "3"}, "resolutio", "did you mean 'resolution'"),
    ],
)
def test_what_was_surely_not_meant_is_refused(overrides: dict[str, object], key: str, told: str) -> None:
    with pytest.raises(UserError, match=re.escape(told)) as caught:
        parse_scenario("name: x", overrides)
    assert caught.value.key in (key, None)


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


def test_a_value_beyond_the_table_can_be_allowed() -> None:
    text = GOOD.replace("70 kg", "5 kg")
    with pytest.raises(UserError, match="allow_out_of_range"):
        parse_scenario(text)
    assert parse_scenario(text + "allow_out_of_range: true\n").patient["weight"] == 5.0


@pytest.mark.parametrize("name", ["missing.yaml", "my.yml", "folder/my.yaml", "a\0b.yaml"])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "my.yaml").write_text(GOOD)
    with pytest.raises(UserError, match=r"there is no such file|cannot be read") as caught:
        load_scenario(tmp_path / name)
    assert caught.value.nearest == (str(tmp_path / "my.yaml") if name == "my.yml" else None)


def test_an_empty_file_a_list_and_plain_text(tmp_path: Path) -> None:
    for text, words in (
        ("", "empty"),
        ("# only a comment\n", "empty"),
        ("- a\n", "got a list"),
        ("hello", "got 'hello'"),
    ):
        error = told(tmp_path / "my.yaml", text)
        assert words in str(error)
        assert error.line == 1


def test_a_folder_and_what_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="this is a folder"):
        load_scenario(tmp_path)
    path = tmp_path / "my.yaml"
    for data, words, line in (
        (b"name: a\nx: \xff\xfe\n", "UTF-8", 2),
        (b"name: a\x00b\n", "is not text", 1),
        (b"\x89PNG\r\n\x1a\n\x00", "UTF-8", 1),
        ("name: a\n".encode("utf-16"), "UTF-8", 1),
        (b"name: a\n\nx: \x1b[31mred\n", "is not text", 3),
    ):
        path.write_bytes(data)
        with pytest.raises(UserError, match=words) as caught:
            load_scenario(path)
        assert caught.value.line == line


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_scenario(path) == parse_scenario(GOOD)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(UserError, match="not a regular file"):
        load_scenario(tmp_path / "pipe.yaml")
