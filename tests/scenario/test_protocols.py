"""The protocols that come with the program do what their sources say."""

from pathlib import Path
from typing import Any

import pytest

from simulation.clinic.clinic import Clinic
from simulation.life import NOTHING, simulate
from simulation.scenario import Scenario, load_scenario, parse_scenario
from simulation.scenario.json_schema import json_schema
from simulation.trial.load import load_trial
from simulation.yaml_source import plain, read_yaml
from tests.clinic.fake_patient import FakePatient, Values, days, follow, only

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PROTOCOLS = sorted((SCENARIOS / "protocols").glob("*.yaml"))
PAGE = (SCENARIOS.parent / "docs" / "protocols.md").read_text(encoding="utf-8")


def load(name: str) -> Scenario:
    return load_scenario(SCENARIOS / "protocols" / f"{name}.yaml")


def under_care(name: str, until: float = 360.0, **patient: Any) -> tuple[Clinic, FakePatient]:
    """Follow a patient of a written course by a protocol."""
    clinic = Clinic(load(name), Values())
    one = FakePatient(first_day=-4.0, **patient)
    follow(clinic, one, until)
    return clinic, one


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
def test_each_states_its_source_and_what_is_assumed(path: Path) -> None:
    head = path.read_text(encoding="utf-8").partition("\nextends:")[0]
    assert "ssumed here:" in head and f"`{path.name}`" in PAGE
    scenario = load_scenario(path)
    assert scenario.description and parse_scenario(scenario.to_yaml()) == scenario
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(plain(read_yaml(path)), json_schema())


def test_at_least_six_with_names_of_their_own() -> None:
    assert len(PROTOCOLS) >= 6
    assert len({load_scenario(path).name for path in PROTOCOLS}) == len(PROTOCOLS)


def test_all_run() -> None:
    small = {
        "follow_up": "150 d",
        "time_step": "1 d",
        "record_every": "1 d",
        "marrow": {"rows": 2, "columns": 2, "extramedullary_site": True},
        "marrow_maps": [],
        "patient.n_residual_blasts": "1e7 cells",
        "patient.rate_blast_net_growth": "0.15 /day",
    }
    scenarios = [load_scenario(path, small) for path in PROTOCOLS]
    lives = simulate(scenarios, seed=2, record=NOTHING)
    begun = {
        path.stem: life.outcomes()["treatment_start_day"] for path, life in zip(PROTOCOLS, lives, strict=True)
    }
    assert all(life.finished for life in lives)
    assert {name for name, day in begun.items() if day is not None} >= {
        "mrd_after_transplant", "overt_tower", "overt_subcutaneous", "prophylactic_every_3_months",
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(1, 6))
def test_mrd_on_listed_visits_waits_for_result_and_drug(seed: int) -> None:
    clinic, patient = under_care("mrd_after_transplant", fraction=1e-3, seed=seed, agvhd=0)
    tested = [day for day in days(clinic, "test", "mrd") if day in (56.0, 100.0, 180.0, 270.0)]
    triggered = only(clinic, "trigger").day
    assert tested and 2.0 < triggered - tested[0] < 21.0
    assert 7.0 <= patient.rates[0][0] - triggered <= 42.25
    levels = [level for day, drug, level in patient.drugs if day > triggered + 0.1]
    assert levels == sorted(levels, reverse=True) and levels[-1] == 0.0


def test_overt_relapse_is_followed_by_maintenance_every_twelve_weeks() -> None:
    responds, resists = (lambda day: 0.2 if 20 < day < 70 else 0.0), (lambda day: 0.2 if day > 20 else 0.0)
    clinic, _ = under_care("overt_tower", until=725.0, fraction=responds)
    doses = [event for event in clinic.events.of_kind("dose") if event.value]
    assert [event.value for event in doses] == [9.0] + [28.0] * 9
    begun = [event.day - doses[0].day for event in doses]
    assert begun == pytest.approx([0.0, 7.0, 42.0, 84.0, 126.0, 168.0, 252.0, 336.0, 420.0, 504.0])
    clinic, _ = under_care("overt_tower", fraction=resists)
    assert len([event for event in clinic.events.of_kind("dose") if event.value]) == 3, (
        "two cycles of induction"
    )


def test_the_drug_under_the_skin_is_given_daily_then_three_times_a_week() -> None:
    _, patient = under_care("overt_subcutaneous", fraction=lambda day: 0.2 if day > 20 else 0.0)
    first = patient.injected[0][0]
    assert [dose for _, dose in patient.injected[:8]] == [250.0] * 7 + [500.0]
    assert len([day for day, _ in patient.injected if 35.0 <= day - first < 63.0]) == 12
    assert not patient.rates


def test_prophylaxis_begins_in_the_published_range_and_is_not_decided_in_gvhd() -> None:
    begun = [under_care("prophylactic_every_3_months", seed=seed)[1].rates[0][0] for seed in range(1, 9)]
    assert all(44.0 <= day <= 105.25 for day in begun) and len(set(begun)) > 5
    ill: dict[str, Any] = {"agvhd": lambda day: 2 if day < 120 else 0}
    assert under_care("prophylactic_every_3_months", **ill)[1].rates[0][0] >= 120.0


@pytest.mark.parametrize("seed", range(1, 5))
def test_gvhd_that_comes_while_waiting_stops_no_prophylaxis(seed: int) -> None:
    healthy = under_care("prophylactic_every_3_months", seed=seed)[1].rates
    ill: dict[str, Any] = {"agvhd": lambda day: 2 if 44.0 < day < 120 else 0}
    assert healthy[0][0] > 44.0, "there is a wait"
    assert under_care("prophylactic_every_3_months", seed=seed, **ill)[1].rates == healthy


def test_maintenance_waits_for_t_cells_and_pairs_cells_with_drug() -> None:
    _, patient = under_care("maintenance_with_dli", cd3=lambda day: 150.0 if day > 130 else 40.0)
    begin = patient.rates[0][0]
    assert begin == 133.0, "the first weekly count after day 130"
    assert [day - begin for day, *_ in patient.infusions] == [7.0, 98.0, 189.0]


@pytest.mark.parametrize(("gvhd", "given"), [((92, 95), 3), ((95, 200), 1), ((100, 200), 1)])
def test_gvhd_after_the_decision_ends_the_cells_of_maintenance_and_not_its_drug(
    gvhd: tuple[float, float], given: int
) -> None:
    healthy = under_care("maintenance_with_dli", cd3=150.0)[1].rates
    ill = under_care("maintenance_with_dli", cd3=150.0, agvhd=lambda day: gvhd[0] < day < gvhd[1])[1]
    assert ill.rates == healthy and healthy[0][0] == 90.0
    assert len(ill.infusions) == given


def test_cells_are_escalated_until_mrd_is_gone() -> None:
    clinic, patient = under_care("dli_escalated", fraction=lambda day: 1e-3 if day < 140 else 0.0, cd3=200)
    doses = [tcon / patient.weight_kg for _, tcon, *_ in patient.infusions]
    assert doses == [1e4, 1e5] and days(clinic, "stop", "dli")


def test_prophylactic_cells_are_for_those_free_of_drugs_and_gvhd() -> None:
    free, _ = under_care("dli_prophylactic")
    assert days(free, "infusion") == [120.0, 155.0, 190.0]
    late, _ = under_care("dli_prophylactic", agvhd=lambda day: 1 if day < 110 else 0)
    assert days(late, "infusion")[0] == 139.75


def test_leukaemia_outside_the_marrow_triggers_where_it_is_looked_for() -> None:
    clinic, _ = under_care(
        "lumbar_and_imaging", fraction=0.0, outside_cells=lambda day: 5e8 if day > 50 else 0.0
    )
    assert "leukaemia outside the marrow" in only(clinic, "trigger").detail


def test_the_trial_of_protocols_shows_who_was_overt_too_early() -> None:
    trial = load_trial(SCENARIOS / "trials" / "protocols.yaml")
    assert "overt_before_treatment" in trial.file.outcomes.secondary
    assert len(trial.arms) >= 6
