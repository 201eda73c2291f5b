from pathlib import Path
from typing import Any

import pytest

from simulation.calibration.experiments import Fidelity, Simulator
from simulation.calibration.fit_file import read_parameter_set
from simulation.calibration.settings import Candidate, load_settings
from simulation.errors import UserError
from simulation.life import simulate
from simulation.parameters import ParameterTable
from simulation.parameters.dependence import parse_dependence
from simulation.runner import run
from simulation.statistics.correlation import rank_correlation

OVERT = load_settings()["overt"]


def test_a_patient_is_the_same_whatever_is_tried() -> None:
    one = OVERT.scenario_for("all", 3, 1)
    other = OVERT.scenario_for("all", 3, 1, Candidate({"rate_contacts": 77.0}))
    assert one.patient == other.patient
    assert other.parameters["rate_contacts"] == 77.0
    assert OVERT.scenario_for("all", 4, 1).patient != one.patient


def test_a_candidate_moves_the_centre_and_the_spread_of_what_varies() -> None:
    table = ParameterTable.load()["treg_share_supported"]
    people: list[Any] = [OVERT.scenario_for("all", i, 1).patient["treg_share_supported"] for i in range(40)]
    twice = Candidate({"treg_share_supported": 2 * table.value})
    moved: list[Any] = [
        OVERT.scenario_for("all", i, 1, twice).patient["treg_share_supported"] for i in range(40)
    ]
    inside = [(a, b) for a, b in zip(people, moved, strict=True) if b < table.high and a > table.low]
    assert all(b == pytest.approx(2 * a) for a, b in inside)
    narrow = Candidate(spreads={"treg_share_supported": 1e-6})
    alike = [OVERT.scenario_for("all", i, 1, narrow).patient["treg_share_supported"] for i in range(5)]
    assert alike == pytest.approx([table.value] * 5, rel=1e-4)


def test_patients_meet_treatment_with_the_burden_and_the_t_cells_of_the_study() -> None:
    changes = Fidelity(2, 0.5).changes(OVERT, "all") | {"follow_up": 7.0}
    fractions = []
    for i in range(8):
        scenario = OVERT.scenario_for("all", i, 1, None, changes)
        columns = run(scenario, seed=1, patient=i).columns
        at = int(columns["day"].searchsorted(OVERT.lead))
        fractions.append(columns["marrow_blast_fraction"][at])
        t_cells = columns["tcon_cells"][at] + columns["treg_cells"][at]
        assert t_cells == pytest.approx(scenario.patient["n_t_cell_set_point_early"], rel=0.2)
    assert 0.5 < sorted(fractions)[4] < 0.95
    assert min(fractions) > 0.05


def test_arms_differ_in_what_their_name_says_and_share_their_patients() -> None:
    setting = load_settings()["graft"]
    with_treg, without = (setting.scenario_for(arm, 2, 1) for arm in ("with_treg", "without_treg"))
    assert without.graft.treg == 0.0 < with_treg.graft.treg
    assert with_treg.graft.tcon == without.graft.tcon
    assert with_treg.patient == without.patient


def test_what_is_read_afterwards_is_not_simulated_again() -> None:
    simulator = Simulator(1, {"overt": 2}, Fidelity(2, 0.5))
    first = simulator.statistics("overt", Candidate({"crs_score_grade_1": 0.1}))
    kept = dict(simulator._kept)
    second = simulator.statistics("overt", Candidate({"crs_score_grade_1": 1e12}))
    assert first["crs_any"].value == 1.0 and second["crs_any"].value == 0.0
    assert all(simulator._kept[key] is row for key, row in kept.items())
    simulator.statistics("overt", Candidate({"rate_kill_max": 2.0}))
    assert not any(simulator._kept[key] is row for key, row in kept.items())


def test_a_candidate_moves_the_centre_of_what_varies_in_another_way_than_log_normally() -> None:
    """Weight is normal: twice the value is twice the person, clipped to the table's range."""
    row = ParameterTable.load()["weight"]
    lighter = Candidate({"weight": 0.9 * row.value})
    for i in range(5):
        before, after = (OVERT.scenario_for("all", i, 1, one).patient["weight"] for one in (None, lighter))
        assert after == pytest.approx(0.9 * before)  # type: ignore[operator]


def test_patients_of_studies_depend_as_the_table_says(monkeypatch: pytest.MonkeyPatch) -> None:
    table = ParameterTable.load()
    before: list[Any] = [OVERT.scenario_for("all", i, 1).patient for i in range(200)]
    messages = [{"of": "weight", "with": "treg_share_supported", "correlation": 0.95}]
    monkeypatch.setattr(table, "dependence", parse_dependence(messages, table.names, table.names))
    after: list[Any] = [OVERT.scenario_for("all", i, 1).patient for i in range(200)]
    weights = [person["weight"] for person in after]
    assert weights == [person["weight"] for person in before], "the first of the table is as before"
    shares = [[person["treg_share_supported"] for person in people] for people in (before, after)]
    results = [rank_correlation(weights, share).value for share in shares]
    assert abs(results[0]) < 4 / 200**0.5
    assert results[1] > 0.9


def test_the_spread_of_what_is_no_log_normal_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "fitted.yaml"
    file.write_text(
        "parameters: {rate_kill_max: 4 /day}\nbetween_patients: {weight: {distribution: lognormal, sigma: 1}}"
    )
    with pytest.raises(
        UserError, match=r"fitted.yaml:2: between_patients.weight: .*weight varies .* as a normal"
    ):
        read_parameter_set(file)


def test_who_dies_before_he_is_staged_again_has_not_responded(monkeypatch: pytest.MonkeyPatch) -> None:
    # a low score is grade 4 while the patients live, not when their rows are read
    monkeypatch.setattr("simulation.calibration.experiments._READ_AFTERWARDS", frozenset())
    deadly = Candidate(
        {"n_engaged_crs_unit": 1.0, "crs_score_grade_1": 1.0, "crs_score_step": 1.5, "rate_death_crs_4": 1e3}
    )
    simulator = Simulator(patients={"overt": 2}, fidelity=Fidelity(side=2, time_step=0.5))
    rows = simulator.rows(OVERT, deadly)["all"]
    assert [row["nadir"] for row in rows] == [1.0, 1.0]
    result = simulator.statistics("overt", deadly)
    assert result["cr"].value == 0.0
    assert not result["cd3_fold"].known


@pytest.mark.parametrize("name", ["overt", "mrd", "kinetics"])
def test_own_t_cells_are_not_alloreactive(name: str) -> None:
    setting = load_settings()[name]
    (life,) = simulate(
        [setting.scenario_for("all", 3, 1, changes=Fidelity(2, 1.0).changes(setting, "all"))],
        seed=1,
        patient=3,
        until=lambda one: one.day > setting.lead + 10,
    )
    state = life.body.state
    assert state.census.t_cells.sum() > 1e9
    assert state.alloreactive_rows.size == 0
    assert state.signals.gvl_rate.max() == 0.0
