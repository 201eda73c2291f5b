"""Parameter sets: read strictly, drawn evenly, put into force without touching what a person has written."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simulation.body.virtual_patient import patient_values
from simulation.calibration.joint import build, load_joint
from simulation.errors import UserError
from simulation.parameters import ParameterTable
from simulation.parameters.distributions import Distribution
from simulation.posterior import ParameterSet, fixed_by, load_posterior, under
from simulation.posterior.posterior import PACKAGED
from simulation.scenario.cohort import STANDARD
from simulation.scenario.load import load_scenario

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = ROOT / "scenarios" / "preemptive.yaml"
TABLE = ParameterTable.load()
GOOD = "weight,rate_contacts [/hour],spread of n_effectors_half_damage,share of t_cell_fitness\n3,10,1.5,0.2\n1,5,2,0.1\n"


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    path = tmp_path / "sets.csv"
    path.write_text(GOOD)
    return path


def test_a_file_of_ones_own_is_read_with_its_units(sets: Path) -> None:
    read = load_posterior(sets)
    assert read.set(0) == ParameterSet(
        {"rate_contacts": 240.0}, {"n_effectors_half_damage": 1.5}, {"t_cell_fitness": 0.2}
    )
    assert read.weights == (3.0, 1.0) and read.effective == pytest.approx(1.6)
    assert not read.out_of_date


@pytest.mark.parametrize(("old", "new", "message"), [
    ("rate_contacts", "rate_contact", "sets.csv:1: rate_contact: there is no such parameter (did you mean 'rate_contacts'?)"),
    ("[/hour]", "[/hour", "sets.csv:1: rate_contacts: expected rate_contacts [/hour], the bracket is not closed"),
    ("[/hour]", "[kg]", "sets.csv:2: rate_contacts [/hour]"),
    ("3,10", "3,ten", "sets.csv:2: rate_contacts [/hour]: "),
    ("3,10,1.5", "3,10,-1", "spread of n_effectors_half_damage: expected a number from 0 on, got '-1'"),
    ("0.2\n", "1.2\n", "share of t_cell_fitness: expected a number from 0 to 1, got '1.2'"),
    ("0.2\n", "0.2,1\n", "sets.csv:2: expected 4, as in the header, got 5 fields"),
    ("share of t_cell_fitness", "share of weight", "share of weight: weight does not vary between patients as a mixture"),
    ("share of t_cell_fitness", "weight", "the column 'weight' is written twice"),
    ("\n1,5,2,0.1\n", "\n", "expected 2 or more, got 1 parameter sets"),
    ("3,10", "3,-10", "sets.csv:2: rate_contacts [/hour]: expected a number from 0 on, got '-10'"),
    ("share of t_cell_fitness", "rate_contacts", "the column 'rate_contacts' is written twice"),
    ("3,10", "-3,10", "weight: expected a number from 0 on, got '-3'"),
])  # fmt: skip
def test_a_mistake_in_a_file_is_told_where_it_stands(sets: Path, old: str, new: str, message: str) -> None:
    sets.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UserError) as error:
        load_posterior(sets)
    assert message.replace("[/hour]", new if new == "[kg]" else "[/hour]") in str(error.value)


def test_values_outside_the_range_of_the_table_are_noted(sets: Path) -> None:
    row = TABLE["rate_contacts"]
    assert load_posterior(sets).notes == () and load_posterior("posterior").notes == ()
    sets.write_text(GOOD.replace(" [/hour]", "").replace("3,10,", f"3,{2 * row.high!r},"))
    (note,) = load_posterior(sets).notes
    assert "outside the parameter table's range: rate_contacts." in note


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(UserError, match=r"nowhere\.csv: .*cannot be read"):
        load_posterior("nowhere.csv")


def test_blocks_take_sets_by_weight_and_more_blocks_leave_the_first(sets: Path) -> None:
    read = load_posterior(sets)
    drawn = [read.drawn(7, block) for block in range(400)]
    assert abs(Counter(drawn)[0] - 300) <= 2
    assert drawn != [read.drawn(8, block) for block in range(400)]
    shipped = load_posterior("posterior")
    assert (
        len({shipped.drawn(1, block) for block in range(100)}) == 100
    )  # none twice before the others had their turn


def test_a_set_moves_what_varies_and_sets_the_rest() -> None:
    scenario = load_scenario(SCENARIO, (), STANDARD)
    row = TABLE["n_effectors_half_damage"]
    chosen = ParameterSet(
        {"rate_contacts": 99.0, "n_effectors_half_damage": 3 * row.value}, {"n_effectors_half_damage": 1.0},
        {"t_cell_fitness": 0.5},
    )  # fmt: skip
    moved = under(scenario, chosen)
    assert moved.parameters["rate_contacts"] == 99.0
    spread = moved.patient["n_effectors_half_damage"]
    assert isinstance(spread, Distribution) and (spread.first, spread.second) == (3 * row.value, 1.0)
    fitness = moved.patient["t_cell_fitness"]
    assert isinstance(fitness, Distribution) and fitness.weights[-1] == 0.5
    before, after = (patient_values(one, 3, 7) for one in (scenario, moved))
    changed = {name for name in before if before[name] != after[name]}
    assert {"rate_contacts", "n_effectors_half_damage"} <= changed <= {
        "rate_contacts", "n_effectors_half_damage", "t_cell_fitness"
    }  # fmt: skip


def test_what_a_file_writes_is_stronger_than_a_set() -> None:
    written = ("parameters.rate_contacts=150 /day", "patient.n_effectors_half_damage=1e6 cells/kg")
    scenario = load_scenario(SCENARIO, written, STANDARD)
    chosen = ParameterSet({"rate_contacts": 99.0, "n_effectors_half_damage": 5e6, "rate_kill_max": 4.0})
    moved = under(scenario, chosen)
    assert moved.parameters["rate_contacts"] == 150.0 and moved.patient["n_effectors_half_damage"] == 1e6
    assert moved.parameters["rate_kill_max"] == 4.0
    assert set(fixed_by(scenario, chosen.values)) == {"rate_contacts", "n_effectors_half_damage"}


def test_a_scenario_under_a_set_outside_the_tables_range_can_be_written_and_read(tmp_path: Path) -> None:
    row = TABLE["rate_kill_max"]
    moved = under(load_scenario(SCENARIO), ParameterSet({"rate_kill_max": 2 * row.high}))
    (tmp_path / "moved.yaml").write_text(moved.to_yaml(str))
    assert load_scenario(tmp_path / "moved.yaml") == moved


def test_the_shipped_sets_are_those_of_the_shipped_fits_and_of_this_table(tmp_path: Path) -> None:
    """Fails when a fit's record or the parameter table has changed since; docs/uncertainty.md has the command."""
    built = build(load_joint(ROOT / "scenarios" / "calibration" / "posterior.yaml"), tmp_path / PACKAGED.name)
    assert built == load_posterior("posterior")
    assert (tmp_path / PACKAGED.name).read_text() == PACKAGED.read_text(encoding="utf-8")
    assert not built.out_of_date


def test_the_page_tells_how_many_sets_each_fit_left() -> None:
    page = " ".join((ROOT / "docs" / "uncertainty.md").read_text(encoding="utf-8").split())
    _, _, rest = page.partition("recombine what the fits left: ")
    left = [
        f"`{Path(fit['record']).name}` {fit['sets']} ({fit['effective_sets']:.0f}{'' if number else ' effectively'})"
        for number, fit in enumerate(load_posterior("posterior").fits)
    ]
    assert rest.startswith(", ".join(left) + ".")


def test_a_joint_set_holds_one_set_of_each_fit_by_its_weight(tmp_path: Path) -> None:
    joint = load_joint(ROOT / "scenarios" / "calibration" / "posterior.yaml")
    built = build(joint, tmp_path / "sets.csv")
    for record in joint.records:
        places = [built.names.index(name) for name in record.posterior.names]
        known = {tuple(float(f"{v:.4g}") for v in row): w for row, w in
                 zip(record.posterior.rows, record.posterior.weights, strict=True)}  # fmt: skip
        counted = Counter(tuple(row[k] for k in places) for row in built.rows)
        total = sum(known.values())
        for row, weight in known.items():
            assert abs(counted[row] - len(built) * weight / total) <= 1
        assert sum(counted.values()) == len(built) and set(counted) <= set(known)


def test_a_changed_table_and_a_changed_file_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for ending in (".csv", ".json"):
        (tmp_path / PACKAGED.name).with_suffix(ending).write_text(
            PACKAGED.with_suffix(ending).read_text(encoding="utf-8")
        )
    file = tmp_path / PACKAGED.name
    beside = file.with_suffix(".json")
    beside.write_text(beside.read_text().replace(load_posterior(file).table, "0" * 64))
    assert load_posterior(file).out_of_date
    file.write_text(file.read_text() + "\n1")
    with pytest.raises(UserError, match="got 1 fields"):
        load_posterior(file)
    file.write_text(file.read_text().replace("\n1", "\n2", 1).rstrip("1"))
    with pytest.raises(UserError, match=r"does not belong to posterior\.csv as it is now"):
        load_posterior(file)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("records/response", "records/nothing", "records/nothing: record.json cannot be read"),
    ("fraction_sanctuary", "fraction_sanctuar", "there is no such parameter (did you mean 'fraction_sanctuary'?)"),
    ("p_recognition_gvl:", "factor_recall_haematopoietic:",
     "ranges.factor_recall_haematopoietic: the fit 'Graft-versus-leukaemia and DLI' has sets"),
    ("sets: 300", "sets: 1", "sets"),
    ("fits: [", "fits: [[1], ", "fits: expected a list of folders of fits"),
])  # fmt: skip
def test_a_mistake_in_what_is_joined_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (ROOT / "scenarios" / "calibration" / "posterior.yaml").read_text()
    records = ROOT / "scenarios" / "calibration" / "records"
    file = tmp_path / "joint.yaml"
    file.write_text(text.replace(old, new, 1).replace("records/", f"{records}/"))
    with pytest.raises(UserError) as error:
        load_joint(file)
    assert message.replace("records/", f"{records}/") in str(error.value)


def test_joint_sets_know_which_sets_of_each_fit_they_hold() -> None:
    shipped = load_posterior("posterior")
    recombined = shipped.recombined()
    assert len(recombined) == len(shipped.fits) == 5
    for (numbers, effective), fit in zip(recombined, shipped.fits, strict=True):
        assert len(numbers) == len(shipped) and len(set(numbers)) <= fit["sets"]
        assert effective == fit["effective_sets"] < len(set(numbers)) + 0.01
    chosen = shipped.reweighed([5, 7], [1.0, 3.0])
    assert chosen.rows == (shipped.rows[5], shipped.rows[7]) and chosen.weights == (1.0, 3.0)
    assert chosen.statistics["C1"] == (shipped.statistics["C1"][5], shipped.statistics["C1"][7])
    assert shipped.data["C1"].weight == pytest.approx(1.8)


def test_the_pages_python_gives_mesa_a_patient_under_his_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / "uncertainty.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], names)
    chosen = names["sets"].set(names["sets"].drawn(1, 1)).values
    values = names["model"].life.values
    assert values["rate_kill_max"] == chosen["rate_kill_max"] != TABLE["rate_kill_max"].value


def test_a_scenario_that_names_sets_is_told_where_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"name: mine\nextends: {SCENARIO}\nparameters: posterior\n")
    with pytest.raises(UserError, match=r"mine\.yaml:3: parameters: expected values such as .*--posterior"):
        load_scenario(tmp_path / "mine.yaml")
