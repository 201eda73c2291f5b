"""Patient number k of a seed is one person: in `run`, in a trial, in a sweep, and in the scenario that a run leaves."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulation.body.virtual_patient import patient_values
from simulation.cli import main
from simulation.errors import ExitStatus, UserError
from simulation.parameters.table import ParameterTable
from simulation.scenario import Scenario, load_scenario
from simulation.scenario.load import parse_scenario
from simulation.scenario.resolve import with_values
from simulation.sweep.load import load_sweep
from simulation.trial.load import load_quick_trial

SCENARIOS = Path(__file__).parents[2] / "scenarios"
EARLY, LATE = str(SCENARIOS / "preemptive.yaml"), str(SCENARIOS / "therapeutic.yaml")
COHORT = str(SCENARIOS / "cohorts" / "high_risk_all.yaml")
BYTES = ("summary.json", "trajectory.csv", "events.csv", "scenario.resolved.yaml")
SMALL = ("--set", "marrow.rows=2", "--set", "marrow.columns=2", "--set", "marrow_maps=[]")


def run(out: Path, file: str | Path, *words: str) -> dict[str, bytes]:
    given = ("run", str(file), "--seed", "5", "--no-figures", "--quiet", "--out", str(out), *words)
    assert main(list(given)) == ExitStatus.DONE
    return {name: (out / name).read_bytes() for name in BYTES}


def numbers(files: Mapping[str, bytes]) -> dict[str, float]:
    document: dict[str, Any] = json.loads(files["summary.json"])["patient_values"]
    return {name: one["value"] for name, one in document.items()}


def rows(out: Path, patient: str, arm: str) -> dict[str, str]:
    with (out / "patients.csv").open(newline="") as file:
        return next(row for row in csv.DictReader(file) if (row["patient"], row["arm"]) == (patient, arm))


@pytest.mark.parametrize("cohort", [COHORT, None])
def test_he_is_the_same_person_in_a_trial(tmp_path: Path, cohort: str | None) -> None:
    who = () if cohort is None else ("--cohort", cohort)
    trial = ("compare", EARLY, LATE, "--patients", "3", "--seed", "5", "--days", "40", *SMALL, *who)
    more = ("--workers", "0", "--no-figures", "--quiet", "--out", str(tmp_path / "trial"))
    assert main([*trial, *more]) == ExitStatus.DONE
    alone = run(tmp_path / "alone", EARLY, "--patient", "2", "--days", "40", *SMALL, *who)
    arm = run(tmp_path / "arm", tmp_path / "trial" / "arms" / "preemptive.yaml", "--patient", "2")
    for name in ("trajectory.csv", "events.csv", "scenario.resolved.yaml"):
        assert alone[name] == arm[name], name
    row, document = rows(tmp_path / "trial", "2", "preemptive"), json.loads(alone["summary.json"])
    assert float(row["final_blasts"]) == document["final_blasts"]
    for name, value in numbers(alone).items():
        assert float(row[name]) == value, name


def test_each_number_is_another_person(tmp_path: Path) -> None:
    each = [numbers(run(tmp_path / k, EARLY, "--patient", k, "--days", "1", *SMALL)) for k in "0127"]
    table = ParameterTable.load()
    typical = load_scenario(EARLY).patient
    varying = {row.name for row in table.rows if row.between_patients is not None}
    assert each[0] == {name: typical.get(name, table[name].value) for name in each[0]}
    assert set(each[0]) == varying
    for name in ("weight", "rate_blast_net_growth", "t_cell_fitness"):
        assert len({one[name] for one in each}) == 4, name


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--patient", "7"),
        ("--patient", "7", "--cohort", "none"),
        ("--patient", "7", "--cohort", str(SCENARIOS / "cohorts" / "fast_growing_all.yaml")),
        ("--cohort", "standard", "--set", "patient.weight=90 kg"),
        ("--patient", "7", "--set", "parameters.t_cell_fitness=0.5"),
        ("--set", "parameters.t_cell_fitness=0.5"),
    ],
)
def test_the_resolved_scenario_gives_the_same_bytes(tmp_path: Path, words: tuple[str, ...]) -> None:
    first = run(tmp_path / "first", EARLY, *words, "--days", "30", *SMALL)
    number = words[1:2] if "--patient" in words else ("0",)
    again = run(tmp_path / "again", tmp_path / "first" / "scenario.resolved.yaml", "--patient", *number)
    assert again == first


def test_what_the_file_writes_and_what_is_set_holds(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"extends: {EARLY}\nname: Mine\npatient: {{weight: 90 kg}}\n")
    words = ("--patient", "7", "--days", "1", *SMALL)
    own = run(tmp_path / "own", mine, *words, "--set", "parameters.t_cell_fitness=0.5")
    free = run(tmp_path / "free", EARLY, *words)
    changed = {name: value for name, value in numbers(own).items() if numbers(free)[name] != value}
    assert changed == {"weight": 90.0, "t_cell_fitness": 0.5}


def test_the_person_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "run",
        EARLY,
        "--patient",
        "7",
        "--days",
        "1",
        "--no-figures",
        "--out",
        str(tmp_path / "out"),
        *SMALL,
    ]
    assert main(words) == ExitStatus.DONE
    assert "Patient 7 is one of the standard cohort" in capsys.readouterr().err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["patient_values"]["weight"]["unit"] == "kg"
    report = (tmp_path / "out" / "report.html").read_text()
    assert f"{summary['patient_values']['weight']['value']:.3g} kg" in report
    assert "--patient 7" in report
    again = [
        "run",
        str(tmp_path / "out" / "scenario.resolved.yaml"),
        "--patient",
        "7",
        "--out",
        str(tmp_path / "b"),
    ]
    assert main([*again, "--no-figures"]) == ExitStatus.DONE
    assert "standard cohort" not in capsys.readouterr().err  # nothing is drawn: all is written


def test_a_cohort_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", EARLY, "--cohort", EARLY]) == ExitStatus.USAGE
    assert "preemptive.yaml" in capsys.readouterr().err
    with pytest.raises(UserError, match="no such file"):
        load_scenario(EARLY, cohort="nobody.yaml")
    wells = str(SCENARIOS / "in_vitro" / "cytotoxicity.yaml")
    assert main(["run", wells, "--cohort", COHORT]) == ExitStatus.USAGE
    assert "--cohort" in capsys.readouterr().err


def test_run_trial_and_sweep_draw_alike(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(
        f"name: Small\nscenario: {EARLY}\nparameters: {{phi_bm: [0, 1]}}\ndesign: {{kind: grid}}\n"
        f"cohort: {{size: 3, file: {COHORT}}}\n"
    )
    in_sweep = next(iter(load_sweep(sweep).arms.values()))
    in_trial = load_quick_trial([EARLY, LATE], cohort=COHORT).arms[0].scenario
    in_run = load_scenario(EARLY, cohort=COHORT)
    for patient in range(20):
        drawn = [dict(patient_values(one, 9, patient)) for one in (in_run, in_trial, in_sweep)]
        assert drawn[0] == drawn[1] == drawn[2]


def test_a_persons_scenario_reads_back_exactly() -> None:
    scenario: Scenario = load_scenario(EARLY, cohort="standard")
    for patient in range(200):
        own = with_values(scenario, patient_values(scenario, 1, patient))
        assert parse_scenario(own.to_yaml(str)) == own
