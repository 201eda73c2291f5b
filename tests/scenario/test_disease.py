"""What a scenario may state of a disease, and what is refused: with file, line and key."""

from pathlib import Path

import pytest

from simulation.errors import UserError
from simulation.scenario import load_scenario, parse_scenario
from simulation.scenario.disease import disease_hints

GOOD = """\
name: Stated
follow_up: 300 d
start: {when: overt_relapse}
disease:
  on: day 200
  marrow: 30 %
  outside: 0 cells
patient: {n_extramedullary_cells: 1e9 cells}
dli: {cd3: [1e5/kg]}
"""


def test_what_is_stated_is_read_and_written_back() -> None:
    scenario = parse_scenario(GOOD)
    stated = scenario.disease
    assert stated is not None
    assert (stated.on, stated.fraction, stated.outside) == (200.0, 0.3, 0.0)
    assert parse_scenario(scenario.to_yaml()) == scenario
    assert parse_scenario(GOOD, {"disease": None}).disease is None


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ("30 %", "100 %", 6, "disease.marrow", "less than 96.5 %, got 100 %"),
        ("30 %", "97 %", 6, "disease.marrow", "fraction_marrow_spared"),
        ("30 %", "0 %", 6, "disease.marrow", "above 0, at most 1"),
        ("30 %", "1e-13", 6, "disease.marrow", "less than one blast among 7.3e+11 marrow cells"),
        ("30 %", "30 cells", 6, "disease.marrow", "which is a number of cells"),
        ("  marrow: 30 %\n", "", 4, "disease", "neither is written"),
        ("  marrow: 30 %\n", "  marrow: 30 %\n  mrd: 1e-3\n", 4, "disease", "both are written"),
        ("  on: day 200\n", "", 4, "disease.on", "this key is missing"),
        ("day 200", "day -1", 5, "disease.on", "day 0 to day 7305, got 'day -1'"),
        ("day 200", "day 300", 5, "disease.on", "day 0 to day 299.5 (the last step of follow_up begins)"),
        ("day 200", "day 200.1", 5, "disease.on", "a whole number of steps of 12 h, such as day 200"),
        ("0 cells", "1e10 cells", 7, "disease.outside", "at most n_extramedullary_cells, 1e9 cells"),
        ("0 cells", "1.5 cells", 7, "disease.outside", "a whole number"),
        ("marrow: 30", "marow: 30", 6, "disease.marow", "did you mean 'marrow'?"),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, old: str, new: str, line: int, key: str, words: str
) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        load_scenario(path)
    first = caught.value.errors[0]
    assert (first.line, first.key) == (line, key), str(first)
    assert words in str(first)
    assert len(caught.value.errors) == 1


def test_the_limit_is_that_of_the_patient() -> None:
    bare = {"parameters.fraction_marrow_spared": 0, "disease.marrow": "99 %"}
    assert parse_scenario(GOOD, bare).disease is not None
    with pytest.raises(UserError, match=r"disease\.marrow"):
        parse_scenario(GOOD, bare | {"disease.marrow": "100 %"})


def test_blasts_outside_need_a_place_there() -> None:
    outside = {"disease.outside": "1e8 cells"}
    assert parse_scenario(GOOD, outside).disease is not None
    with pytest.raises(UserError, match=r"marrow\.extramedullary_site is false"):
        parse_scenario(GOOD, outside | {"marrow.extramedullary_site": False})
    with pytest.raises(UserError, match="there is room for 0 cells"):
        parse_scenario(GOOD, outside | {"patient.n_extramedullary_cells": "0 cells"})
    some_have_room = {"distribution": "choice", "values": ["0 cells", "1e9 cells"]}
    assert parse_scenario(GOOD, outside | {"patient.n_extramedullary_cells": some_have_room}).disease


def test_mrd_takes_the_place_of_marrow_and_the_reverse(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD)
    low = tmp_path / "low.yaml"
    low.write_text("extends: base.yaml\nname: Low\ndisease: {mrd: 1e-3}\n")
    stated = load_scenario(low).disease
    assert stated is not None
    assert (stated.on, stated.marrow, stated.mrd, stated.fraction) == (200.0, None, 1e-3, 1e-3)
    back = load_scenario(low, {"disease.marrow": "10 %"}).disease
    assert back is not None
    assert (back.marrow, back.mrd) == (0.1, None)


@pytest.mark.parametrize(
    ("start", "hint"),
    [
        ("{when: day, day: day 60}", "treatment starts on day 60, before the disease of day 200"),
        ("{when: day, day: day 60, not_before: day 200}", ""),
        ("{when: any_of, triggers: [{when: overt_relapse}, {when: day, day: day 60}], delay: 0 d}", "treatment starts on day 60"),
        ("{when: all_of, triggers: [{when: overt_relapse}, {when: day, day: day 60}]}", ""),
        ("{when: day, day: day 200}", ""),
        ("{when: overt_relapse}", ""),
    ],
)  # fmt: skip
def test_treatment_before_the_disease_is_a_hint(start: str, hint: str) -> None:
    hints = disease_hints(parse_scenario(GOOD, {"start": start}))
    assert len(hints) == bool(hint)
    assert hint in "".join(hints)
    assert disease_hints(parse_scenario(GOOD, {"start": start, "disease": None})) == []
