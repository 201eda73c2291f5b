"""A user's own patients from a CSV file: each row is a person, in every command; what is missing is drawn."""

import pickle
from pathlib import Path

import pytest

from simulation.body.virtual_patient import patient_values
from simulation.errors import UserError
from simulation.parameters import ParameterTable
from simulation.parameters.distributions import Distribution
from simulation.posterior import ParameterSet, under
from simulation.scenario.load import load_scenario
from simulation.sweep.load import load_sweep
from simulation.trial.load import load_quick_trial, load_trial
from tests.trial.conftest import TRIAL

ROOT = Path(__file__).resolve().parents[2] / "scenarios"
OWN = ROOT / "cohorts" / "own_patients.csv"
FILE = ROOT / "preemptive.yaml"
ARMS = [str(ROOT / f"{name}.yaml") for name in ("therapeutic", "preemptive")]
GOOD = "id,weight [lb],rate_blast_net_growth [/h]\n1,100,0.01\n2,,0.005\n3,150,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    path.write_text(GOOD.replace("[lb]", "[kg]"))
    return path


def test_each_row_is_a_person_and_the_rest_is_drawn_as_in_the_standard_cohort(file: Path) -> None:
    scenario, standard = load_scenario(FILE, (), str(file)), load_scenario(FILE, (), "standard")
    own, usual = ([patient_values(one, 3, k) for k in range(3)] for one in (scenario, standard))
    assert [person["weight"] for person in own] == [100, usual[1]["weight"], 150]
    assert [person["rate_blast_net_growth"] for person in own] == [
        0.24,
        0.12,
        usual[2]["rate_blast_net_growth"],
    ]
    assert [person["cl_blinatumomab"] for person in own] == [person["cl_blinatumomab"] for person in usual]
    with pytest.raises(UserError, match="there is no patient 3: 3 are listed, from 0 on"):
        patient_values(scenario, 3, 3)


def test_the_list_is_written_read_and_sent_as_it_is(file: Path, tmp_path: Path) -> None:
    scenario = load_scenario(FILE, (), str(file))
    (tmp_path / "again.yaml").write_text(scenario.to_yaml(str))
    assert load_scenario(tmp_path / "again.yaml") == scenario
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    weight = scenario.patient["weight"]
    assert isinstance(weight, Distribution) and weight.varies
    assert weight.share_up_to(100) == pytest.approx(1 / 3 + weight.parts[0].share_up_to(100) / 3, abs=1e-9)
    assert 60 < weight.median <= 150


def test_compare_and_sweep_treat_those_who_are_listed(file: Path, tmp_path: Path) -> None:
    quick = load_quick_trial(ARMS, (), (), str(file))
    assert quick.patients == 3 and "by its rows" in quick.cohort.description
    with pytest.raises(UserError, match="patients: expected at most 3, as so many are listed, got 9"):
        load_quick_trial(ARMS, [("patients", 9, "--patients")], (), str(file))
    start, arms = TRIAL.index("cohort:"), TRIAL.index("patients: 6\n")
    (tmp_path / "trial.yaml").write_text(
        TRIAL[:start] + "cohort: own.csv\n" + TRIAL[arms:].replace("patients: 6\n", "", 1)
    )
    assert load_trial(tmp_path / "trial.yaml").patients == 3
    sweep = f"name: s\nscenario: {FILE}\nparameters: {{phi_bm: [0, 1]}}\ndesign: {{kind: grid}}\n"
    (tmp_path / "sweep.yaml").write_text(sweep + "cohort: {size: 3, file: own.csv}\n")
    (base,) = load_sweep(tmp_path / "sweep.yaml").arms.values()
    assert patient_values(base, 1, 2)["weight"] == 150
    (tmp_path / "sweep.yaml").write_text(sweep + "cohort: {size: 4, file: own.csv}\n")
    with pytest.raises(UserError, match=r"cohort\.size: expected at most 3"):
        load_sweep(tmp_path / "sweep.yaml")


def test_a_parameter_set_does_not_move_what_is_listed(file: Path) -> None:
    scenario = under(
        load_scenario(FILE, (), str(file)), ParameterSet({"weight": 10.0, "rate_contacts": 99.0})
    )
    person = patient_values(scenario, 1, 0)
    assert (person["weight"], person["rate_contacts"]) == (100, 99.0)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("weight [kg]", "wieght [kg]", "own.csv:1: wieght: there is no such parameter (did you mean 'weight'?)"),
    ("weight [kg]", "person", "own.csv:1: person: expected a parameter such as weight [kg], or id"),
    ("weight [kg]", "weight", "own.csv:1: weight: expected weight [kg], or another unit of its kind in brackets"),
    ("weight [kg]", "weight [h]", "own.csv:1: weight [h]: expected weight [kg]"),
    ("weight [kg]", "weight [kg", "own.csv:1: weight: expected weight [kg], the bracket is not closed"),
    (GOOD.replace("[lb]", "[kg]"), GOOD.replace(",", ";"), "own.csv:1: expected commas between fields, and points in numbers"),
    ("1,100", "1,heavy", "own.csv:2: weight"),
    ("1,100", "1,1e9", "own.csv:2: weight: expected "),
    ("0.005\n", "0.005,7\n", "own.csv:3: expected 3, as in the header, got 4 fields"),
    ("rate_blast_net_growth [/h]", "weight [kg]", "own.csv:1: the column 'weight' is written twice"),
    (GOOD.replace("[lb]", "[kg]"), "id\n", "lists no patient"),
])  # fmt: skip
def test_a_mistake_is_told_where_it_stands(file: Path, old: str, new: str, message: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError) as error:
        load_scenario(FILE, (), str(file))
    assert message in str(error.value)


@pytest.mark.parametrize(("written", "message"), [
    ("{distribution: listed, values: [60 kg, null]}", "otherwise: expected what patients without a value are drawn from"),
    ("{distribution: listed, values: []}", "values: expected a list such as [60 kg, null, 81 kg]"),
    ("{distribution: listed, values: [60 kg, 3 h]}", "values.1"),
    ("{distribution: listed, values: [null], otherwise: {distribution: listed, values: [1 kg]}}", "a list cannot stand in"),
])  # fmt: skip
def test_a_list_in_a_scenario_is_read_as_strictly(written: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        load_scenario(FILE, (f"patient.weight={written}",))
    assert message in str(error.value)


def test_the_shipped_list_is_read() -> None:
    table = ParameterTable.load()
    scenario = load_scenario(FILE, (), str(OWN))
    first = patient_values(scenario, 1, 0)
    assert first["cl_blinatumomab"] == pytest.approx(2.1 * 24)
    assert table["cl_blinatumomab"].unit == "L/day"
