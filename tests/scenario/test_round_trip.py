import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.blocks.fields import Dose
from simulation.clinic.starts import AllOf, AnyOf, OnMrd
from simulation.parameters import Distribution, ParameterTable
from simulation.scenario import Scenario, load_scenario, parse_scenario, resolve_parameters
from simulation.scenario.merge import DEFAULTS
from simulation.scenario.resolve import with_values
from simulation.yaml_source import parse_yaml, plain, read_yaml

SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
FULL = """\
name: "Everything: with # odd {signs} and 'quotes', µ"
description: |
  Two lines.
  The second.
follow_up: 2 y
time_step: 90 min
marrow_maps: [day 30, day 10, day 30]
marrow: {rows: 3, extramedullary_site: true}
resolution: {cells_per_agent: 1}
patient:
  weight: {distribution: normal, mean: 71.3 kg, sd: 9.1 kg, source: "a: paper"}
  rate_blast_net_growth: {distribution: lognormal, low: 0.02 /day, high: 0.25 /day}
  n_residual_blasts: {distribution: choice, values: [1e5 cells, 1e6 cells], weights: [0.9, 0.1]}
  cl_blinatumomab: 2.1 L/h
donor: {match: matched_sibling}
monitoring: {blood: null, mrd: {cells: 2e6}}
start:
  when: any_of
  delay: 5 d
  triggers:
    - {when: mrd, at_least: 0.02 %, confirmed_by: 2, not_before: day 90}
    - when: all_of
      triggers: [{when: day, day: day 100.5}, {when: overt_relapse, delay: 6 h}]
blinatumomab:
  cycles: 3
  first: day 8
  pattern: [{dose: 15 ug/m2/day, for: 14 d}, {dose: 0 ug/day, for: 7.1 d}]
dli:
  cd3: [1e5/kg, 123456/kg]
  first: day 15 of cycle 2
  every: 28 d
  treg_per_tcon: 0.5
  naive_depleted: true
cytoreduction: {log10_kill: 1.5, before: 10 d}
ptcy: {dose: 40 mg/kg, days: [day 3, day 5]}
immunosuppression:
  - {drug: tacrolimus, from: day 5, to: day 90, level: 0.7}
stop: {agvhd_grade: null}
crs_treatment: {at_grade: 2, drug: corticosteroid, for: 3 d}
parameters: {rate_blast_death: 0.05 /day}
processes: {gvl: off, treg: on}
"""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_written_in_full_is_the_same_scenario(path: Path) -> None:
    scenario = load_scenario(path)
    again = parse_scenario(scenario.to_yaml())
    assert again == scenario
    assert hash(again) == hash(scenario)
    assert again.digest() == scenario.digest()
    assert again.to_yaml() == scenario.to_yaml()


def test_a_scenario_with_every_block_written_in_full_is_the_same_scenario() -> None:
    scenario = parse_scenario(FULL)
    again = parse_scenario(scenario.to_yaml())
    assert again == scenario
    assert again.to_yaml() == scenario.to_yaml()
    assert pickle.loads(pickle.dumps(scenario)) == scenario


def test_values_are_canonical() -> None:
    scenario = parse_scenario(FULL)
    assert (scenario.follow_up, scenario.time_step) == (730.5, 0.0625)
    assert scenario.marrow_maps == (10.0, 30.0)
    assert scenario.resolution.cells_per_agent == 1
    assert scenario.patient["cl_blinatumomab"] == 50.4
    assert isinstance(scenario.start, AnyOf)
    first, second = scenario.start.triggers
    assert isinstance(first, OnMrd)
    assert (first.at_least, first.confirmed_by, first.not_before, first.delay) == (2e-4, 2, 90.0, 0.0)
    assert isinstance(second, AllOf)
    assert [inner.delay for inner in second.triggers] == [0.0, 0.25]
    assert scenario.blinatumomab is not None
    assert scenario.blinatumomab.pattern is not None
    assert scenario.blinatumomab.pattern[0].dose == Dose(15.0, True)
    assert scenario.dli is not None
    assert (scenario.dli.first.day, scenario.dli.first.cycle) == (15.0, 2)
    assert scenario.immunosuppression[0].start == 5.0
    assert scenario.ptcy is not None
    assert (scenario.ptcy.dose, scenario.ptcy.days) == (40.0, (3.0, 5.0))
    assert scenario.stop.agvhd_grade is None
    assert dict(scenario.processes) == {"gvl": False, "treg": True}
    assert scenario.description == "Two lines.\nThe second."


def test_scenarios_are_frozen() -> None:
    scenario = parse_scenario(FULL)
    with pytest.raises(ValueError, match="frozen"):
        setattr(scenario, "name", "other")  # noqa: B010 - as a user would try
    with pytest.raises(TypeError):
        scenario.patient["weight"] = 3.0  # type: ignore[index]


def test_every_difference_changes_the_digest() -> None:
    base = parse_scenario(FULL).digest()
    changes = (
        "follow_up=729 d",
        "graft.treg=1e6/kg",
        "processes.gvl=on",
        "patient.weight=70 kg",
        "name=b",
        "start.delay=4 d",
    )
    digests = {parse_scenario(FULL, [change]).digest() for change in changes}
    assert len(digests | {base}) == len(changes) + 1


@settings(deadline=None, max_examples=60)
@given(
    name=st.text(
        st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=60
    ).filter(lambda text: text.strip() != "" and text.isprintable()),
    description=st.text("ab: #-{}[]'\"\\\n|>%@`&*!?,=~0", max_size=60),
    treg=st.floats(0, 1e10),
    day=st.floats(0, 300),
    share=st.floats(1e-5, 1),
)
def test_any_text_and_number_survives(
    name: str, description: str, treg: float, day: float, share: float
) -> None:
    scenario = parse_scenario(
        "name: x\nstart: {when: all_of, triggers: []}\n",
        {
            "name": repr_yaml(name),
            "description": repr_yaml(description),
            "graft.treg": f"{treg!r}/kg",
            "start.triggers": [{"when": "day", "day": f"day {day!r}"}, {"when": "mrd", "at_least": share}],
        },
    )
    assert scenario.name == name.strip()
    assert scenario.description == description.strip()
    assert scenario.graft.treg == treg
    assert parse_scenario(scenario.to_yaml()) == scenario


def repr_yaml(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def test_defaults_name_every_key_of_the_schema() -> None:
    defaults = plain(read_yaml(DEFAULTS))
    assert set(defaults) | {"allow_out_of_range"} == set(Scenario.model_fields)
    resolved: dict[str, Any] = plain(parse_yaml(parse_scenario("name: x").to_yaml(), "f"))
    for block in ("marrow", "resolution", "donor", "graft", "definitions", "stop", "agvhd_treatment"):
        assert set(defaults[block]) == set(resolved[block]), block


def test_parameters_of_a_patient() -> None:
    scenario = parse_scenario(FULL)
    table = ParameterTable.load()
    asked: list[str] = []

    def uniform(name: str) -> float:
        asked.append(name)
        return 0.975

    values = resolve_parameters(scenario, uniform)
    assert sorted(asked) == ["n_residual_blasts", "rate_blast_net_growth", "weight"]
    assert values.rate_blast_net_growth == pytest.approx(0.25)
    assert values.n_residual_blasts == 1e6
    assert values.cl_blinatumomab == 50.4
    assert values.rate_blast_death == 0.05
    growth = scenario.patient["rate_blast_net_growth"]
    assert isinstance(growth, Distribution)
    assert resolve_parameters(scenario).rate_blast_net_growth == growth.median
    assert resolve_parameters(parse_scenario("name: x")) == table.parameter_values()


def quantities(low: float, high: float, unit: str) -> st.SearchStrategy[str]:
    return st.floats(low, high).map(lambda value: f"{value!r} {unit}")


TRIGGERS = st.one_of(
    st.fixed_dictionaries({"when": st.just("day"), "day": st.floats(0, 300).map(lambda day: f"day {day!r}")}),
    st.fixed_dictionaries(
        {
            "when": st.just("mrd"),
            "at_least": st.floats(1e-5, 0.5),
            "confirmed_by": st.integers(1, 3),
            "delay": quantities(0, 40, "d"),
        }
    ),
    st.fixed_dictionaries({"when": st.just("overt_relapse"), "delay": quantities(0, 900, "h")}),
)
STARTS = st.recursive(
    TRIGGERS,
    lambda inner: st.fixed_dictionaries(
        {"when": st.sampled_from(["any_of", "all_of"]), "triggers": st.lists(inner, min_size=1, max_size=3)}
    ),
    max_leaves=5,
)
PATIENTS = st.fixed_dictionaries(
    {},
    optional={
        "weight": st.floats(45, 110).map(
            lambda kg: {"distribution": "normal", "mean": f"{kg!r} kg", "sd": "9 kg"}
        ),
        "rate_blast_net_growth": st.one_of(
            quantities(0.02, 0.2, "/day"),
            st.floats(0.03, 0.1).map(
                lambda low: {
                    "distribution": "lognormal",
                    "low": f"{low!r} /day",
                    "high": f"{2.5 * low!r} /day",
                }
            ),
        ),
        "n_residual_blasts": st.lists(st.integers(0, 10**7), min_size=1, max_size=4, unique=True).map(
            lambda cells: {"distribution": "choice", "values": [f"{n} cells" for n in cells]}
        ),
        "cl_blinatumomab": quantities(1.2, 4.0, "L/h"),
    },
)
SCENARIOS = st.fixed_dictionaries(
    {"start": STARTS, "patient": PATIENTS},
    optional={
        "follow_up": st.integers(301, 1500).map(lambda days: f"{days} d"),
        "time_step": st.sampled_from(["90 min", "4 h", "6 h", "1 d"]),
        "marrow_maps": st.lists(st.integers(0, 300).map(lambda day: f"day {day}"), max_size=4),
        "dli": st.fixed_dictionaries(
            {
                "cd3": st.lists(quantities(1e4, 1e7, "/kg"), min_size=1, max_size=4),
                "first": st.integers(1, 28).map(lambda day: f"day {day}"),
                "every": quantities(7, 60, "d"),
            }
        ),
        "processes": st.dictionaries(st.sampled_from(["gvl", "treg", "trafficking"]), st.booleans()),
        "parameters": st.fixed_dictionaries({"rate_blast_death": quantities(0.02, 0.08, "/day")}),
    },
)


@settings(deadline=None, max_examples=40)
@given(changes=SCENARIOS, uniforms=st.lists(st.floats(0.001, 0.999), min_size=3, max_size=3))
def test_a_scenario_and_the_one_patient_it_resolves_to_survive_their_files(
    changes: dict[str, Any], uniforms: list[float]
) -> None:
    scenario = parse_scenario("name: x\n", changes)
    assert parse_scenario(scenario.to_yaml()) == scenario

    drawn = iter(uniforms)
    values = resolve_parameters(scenario, lambda name: next(drawn))
    resolved = with_values(scenario, values)
    again = parse_scenario(resolved.to_yaml())
    assert again == resolved and again.digest() == resolved.digest()
    assert again.to_yaml() == resolved.to_yaml()
    assert resolve_parameters(again) == values, "nothing of him is left to chance"
    assert with_values(again, values) == again
