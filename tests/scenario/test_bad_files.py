"""Every mistake is told once, with file, line, key path, what was expected and the nearest valid name."""

import re
from pathlib import Path

import pytest

from simulation.errors import UserError
from simulation.scenario import parse_scenario
from tests.scenario.mistakes import GOOD, Mistake, check_message_and_place, each_of, error_of

MISTAKES: list[Mistake] = [
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


@each_of(MISTAKES)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, mistake: Mistake) -> None:
    check_message_and_place(tmp_path / "my.yaml", mistake)


def test_the_file_that_the_mistakes_are_put_into_is_good() -> None:
    assert parse_scenario(GOOD).name == "Test"


def test_no_and_yes_are_words_not_booleans() -> None:
    assert parse_scenario(GOOD.replace("Test", "no")).name == "no"


def test_several_mistakes_are_told_together_each_on_its_line(tmp_path: Path) -> None:
    text = GOOD.replace("365 d", "365").replace("cycles: 4", "cycles: 0").replace("weight", "wieght")
    error = error_of(tmp_path / "my.yaml", text)
    assert sorted(one.line or 0 for one in error.errors) == [2, 10, 20]
    assert len(str(error).splitlines()) == 3


def test_a_mistake_in_a_trigger_within_triggers_has_its_own_path(tmp_path: Path) -> None:
    start = "start:\n  when: any_of\n  triggers:\n    - {when: overt_relapse}\n"
    start += "    - when: mrd\n      at_lest: 1e-3\n"
    error = error_of(tmp_path / "my.yaml", "name: x\n" + start)
    by_key = {one.key: one for one in error.errors}
    assert by_key["start.triggers.1.at_lest"].line == 7
    assert by_key["start.triggers.1.at_lest"].nearest == "at_least"
    error = error_of(tmp_path / "my.yaml", "name: x\n" + start.replace("at_lest: 1e-3", "at_least: 1e-7"))
    assert (error.key, error.line) == ("start.triggers.1.at_least", 7)
    error = error_of(
        tmp_path / "my.yaml", "name: x\n" + start.replace("when: mrd\n      at_lest: 1e-3", "when: never")
    )
    assert (error.key, error.line) == ("start.triggers.1.when", 6)


@pytest.mark.parametrize(
    ("overrides", "key", "message"),
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
def test_what_was_surely_not_meant_is_refused(overrides: dict[str, object], key: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        parse_scenario("name: x", overrides)
    assert caught.value.key in (key, None)


def test_a_value_beyond_the_table_can_be_allowed() -> None:
    text = GOOD.replace("70 kg", "5 kg")
    with pytest.raises(UserError, match="allow_out_of_range"):
        parse_scenario(text)
    assert parse_scenario(text + "allow_out_of_range: true\n").patient["weight"] == 5.0
