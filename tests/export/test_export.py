"""Exports hold what the results hold, in the form that they promise; every variable is explained."""

import csv
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from simulation.cli import main
from simulation.clinic.outcomes import selected
from simulation.errors import ExitStatus, UserError
from simulation.export.adam import adam_tables, code_of
from simulation.export.nonmem import nonmem_tables
from simulation.export.subjects import Source, read_results
from simulation.export.tidy import tidy_tables
from simulation.parameters.table import ParameterTable
from tests.trial.conftest import TRIAL

SCENARIO = """\
name: Tiny patient
extends: SCENARIOS/preemptive.yaml
follow_up: 60 d
time_step: 1 d
marrow: {rows: 3, columns: 3}
patient: {rate_blast_net_growth: 0.25 /day, n_residual_blasts: 1e6 cells}
monitoring:
  mrd: {first: day 4, every: 4 d, delay: 1 d}
start: {when: mrd, at_least: 1e-5, delay: 1 d}
"""
SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("export")
    (root / "trial.yaml").write_text(TRIAL)
    (root / "one.yaml").write_text(SCENARIO.replace("SCENARIOS", str(SCENARIOS)))
    quiet = ["--no-figures", "-q", "--out"]
    assert main(["compare", str(root / "trial.yaml"), "--workers", "0", *quiet, str(root / "trial")]) == 0
    for patient in ("0", "1"):
        assert (
            main(["run", str(root / "one.yaml"), "--patient", patient, *quiet, str(root / f"run{patient}")])
            == 0
        )
    yield root


@pytest.fixture(scope="module")
def trial(folder: Path) -> Source:
    return read_results([folder / "trial"])


@pytest.fixture(scope="module")
def runs(folder: Path) -> Source:
    return read_results([folder / "run0", folder / "run1"])


def test_adsl_has_one_row_per_patient_and_arm(trial: Source) -> None:
    adsl, *others = adam_tables(trial)
    names = [row["USUBJID"] for row in adsl.rows]
    assert len(names) == len(set(names)) == 6 * 3
    for table in others:
        assert {row["USUBJID"] for row in table.rows} <= set(names)
    twins = {row["TWINID"] for row in adsl.rows if row["TRT01P"] == "early"}
    assert twins == {row["TWINID"] for row in adsl.rows if row["TRT01P"] == "none"}


def test_adtte_gives_the_days_and_the_censoring_of_the_outcomes(folder: Path, trial: Source) -> None:
    adtte = next(table for table in adam_tables(trial) if table.name == "adtte")
    with (folder / "trial" / "patients.csv").open() as file:
        patients = {(row["arm"], int(row["patient"])): row for row in csv.DictReader(file)}
    seen = set()
    for row in adtte.rows:
        known = patients[row["TRT01P"], row["TWINID"]]
        seen.add(row["SRCVAR"])
        if row["CNSR"] == 0:
            assert float(known[row["SRCVAR"]]) == row["AVAL"]
        elif row["SRCVAR"].endswith("_day"):
            assert known[row["SRCVAR"]] == ""
            assert row["AVAL"] == float(known["days_simulated"])
        else:
            assert known[row["SRCVAR"].replace("_days", "_at_end")] == "true"
    assert {"relapse_day", "relapse_free_days", "nrm_day"} <= seen
    assert "current_leukaemia_free_days" not in seen  # a sum of days ends with no event


def test_codes_are_short_and_distinct() -> None:
    codes = [code_of(one) for one in selected("day", "survival")]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", code) for code in codes)


def test_the_code_of_an_outcome_is_made_of_its_name_alone() -> None:
    """Not of its place: a product that declares an outcome of its own must not give the others another code."""
    declared = next(iter(selected("day")))
    mine = replace(declared, name="day_of_my_own_first_seizure")
    code = code_of(mine)
    assert re.fullmatch(r"DAYO[0-9A-F]{4}", code)
    assert code_of(replace(declared, name="day_of_my_own_second_seizure")) != code
    assert code_of(replace(declared, name="my_day")) == "MYDAY"


def test_the_nonmem_data_set_is_numbers_in_order_of_time(runs: Source) -> None:
    data, subjects = nonmem_tables(runs)
    assert [row["ID"] for row in subjects.rows] == [1, 2]
    for number in (1, 2):
        rows = [row for row in data.rows if row["ID"] == number]
        times = [row["TIME"] for row in rows]
        assert times == sorted(times) and times[0] == 0
    for row in data.whole():
        assert all(isinstance(value, int | float) and np.isfinite(value) for value in row.values())
        assert (row["EVID"] == 1) == (row["MDV"] == 1) == (row["AMT"] > 0)
        assert row["DVID"] > 0 if row["EVID"] == 0 else row["DV"] == 0
        assert len(row) == len(data.variables)
    assert all(len(variable.name) <= 20 for variable in data.variables)  # NONMEM's limit


def test_doses_are_those_that_were_given(runs: Source) -> None:
    data, _ = nonmem_tables(runs)
    infused = {
        number: sum(
            row["AMT"] for row in data.rows if row["ID"] == number and row["EVID"] == 1 and row["RATE"] > 0
        )
        for number in (1, 2)
    }
    for number, subject in enumerate(runs.subjects, 1):
        assert infused[number] == pytest.approx(subject.outcomes["blinatumomab_ug"], rel=1e-6)
        cells = sum(
            row["AMT"] for row in data.rows if row["ID"] == number and row["EVID"] == 1 and row["RATE"] == 0
        )
        assert cells == pytest.approx(subject.outcomes["dli_cells_per_kg"], rel=1e-6)
    assert max(infused.values()) > 0


def test_what_a_test_did_not_find_is_censored_at_its_limit(runs: Source) -> None:
    data, _ = nonmem_tables(runs)
    censored = [row for row in data.rows if row.get("CENS")]
    assert censored
    assert all(row["LLOQ"] > 0 and row["DV"] <= row["LLOQ"] for row in censored)


def test_tidy_tables_hold_outcomes_course_and_events(runs: Source, trial: Source) -> None:
    of_runs = {table.name: table for table in tidy_tables(runs)}
    assert {"outcomes", "observations", "events", "doses", "arms"} <= set(of_runs)
    blasts = [
        row["value"]
        for row in of_runs["observations"].rows
        if row["quantity"] == "blasts_cells" and row["patient"] == 0
    ]
    assert blasts == list((runs.subjects[0].trajectory or {})["blasts_cells"])
    of_trial = {table.name: table for table in tidy_tables(trial)}
    assert {"outcomes", "parameters", "states"} <= set(of_trial) and "observations" not in of_trial
    for subject in trial.subjects:
        stays = [row for row in of_trial["states"].rows if row["subject"] == trial.identifier(subject)]
        assert sum(row["leave_day"] - row["enter_day"] for row in stays) == pytest.approx(42)


@pytest.mark.parametrize(("name", "explained"), [("adam", "define.csv"), ("tidy", "data_dictionary.csv")])
def test_every_variable_is_explained_and_csv_is_parquet(
    folder: Path, name: str, explained: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(folder / "trial"), "--format", name, "--json"]) == ExitStatus.DONE
    document = json.loads(capsys.readouterr().out)
    place = folder / "trial" / "export" / name
    assert document["folder"] == str(place)
    with (place / explained).open() as file:
        known = {(row["table"], row["variable"]): row for row in csv.DictReader(file)}
    for path in place.glob("*.parquet"):
        fields = pq.read_schema(path)
        with path.with_suffix(".csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        assert fields.names == header
        assert len(rows) == document["rows"][path.stem] == pq.read_metadata(path).num_rows
        for field in fields:
            row = known[path.stem, field.name]
            assert row["label"]
            assert field.metadata[b"unit"].decode() == row["unit"]
    if name == "tidy":
        assert known["outcomes", "outcomes[relapse_day]"]["unit"] == "day"
        assert known["parameters", "parameters[weight]"]["unit"] == "kg"
    else:
        assert known["adtte", "PARAMCD=RFS"]["origin"] == "relapse_free_days"
        assert "chronic GvHD" in known["adtte", "PARAMCD=AGRFS"]["label"]


def test_a_trial_has_no_trajectory_for_nonmem(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(folder / "trial"), "--format", "nonmem"]) == ExitStatus.USAGE
    assert "python run_sim.py run" in capsys.readouterr().err
    assert not (folder / "trial" / "export" / "nonmem").exists()


def test_a_folder_without_results_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no results of a trial or of runs"):
        read_results([tmp_path])
    with pytest.raises(UserError, match="the same scenario and patient"):
        read_results([folder / "run0", folder / "run0"])


@pytest.mark.parametrize(("which", "name"), [
    ("trial", "comparison.json"), ("run0", "summary.json"), ("run0", "trajectory.csv"), ("run0", "events.csv"),
    ("run0", "scenario.resolved.yaml"),
])  # fmt: skip
def test_a_flipped_digit_is_told(folder: Path, tmp_path: Path, which: str, name: str) -> None:
    copy = shutil.copytree(folder / which, tmp_path / which)
    before = (copy / name).read_text(encoding="utf-8")
    *_, digit = re.finditer(r"[1-8]", before)
    (copy / name).write_text(f"{before[: digit.start()]}{int(digit[0]) + 1}{before[digit.end() :]}")
    with pytest.raises(UserError, match=f"{re.escape(name)}: is not what was written"):
        read_results([copy])


def test_what_are_no_twins_is_not_exported_as_twins(folder: Path, tmp_path: Path) -> None:
    text = (folder / "one.yaml").read_text()
    (tmp_path / "other.yaml").write_text(text.replace("follow_up: 60 d", "follow_up: 50 d"))
    quiet = ["--patient", "1", "--no-figures", "-q", "--out"]
    assert main(["run", str(folder / "one.yaml"), "--seed", "5", *quiet, str(tmp_path / "seed")]) == 0
    assert main(["run", str(tmp_path / "other.yaml"), *quiet, str(tmp_path / "name")]) == 0
    with pytest.raises(UserError, match=r"has seed 5, and .*run0 seed 0"):
        read_results([folder / "run0", tmp_path / "seed"])
    with pytest.raises(UserError, match=r"another scenario of the same name as .*run0: 'Tiny patient'"):
        read_results([folder / "run0", tmp_path / "name"])
    with pytest.raises(UserError, match="a trial is exported alone"):
        read_results([folder / "trial", folder / "run0"])


def test_a_damaged_folder_is_told(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder / "run0", tmp_path / "run")
    (copy / "events.csv").write_text("day,kind\n1,nonsense\n")
    with pytest.raises(UserError, match="damaged"):
        read_results([copy])
    (copy / "provenance.json").unlink()
    with pytest.raises(UserError, match="is not whole"):
        read_results([copy])


def test_each_product_has_its_own_unit(folder: Path) -> None:
    given = {
        "inotuzumab": "{doses: [{dose: 800 ug, days: [day 1]}], every: 21 d, cycles: 1}",
        "tki": "{for: 10 d}",
        "cytoreduction": "{log10_kill: 1, before: 2 d}",
    }
    text = "".join(f"{name}: {block}\n" for name, block in given.items())
    start = "start: {when: day, day: day 5}"
    written = re.sub(r"(?m)^start: .*$", start, SCENARIO.replace("SCENARIOS", str(SCENARIOS))) + text
    (folder / "others.yaml").write_text(written)
    assert (
        main(["run", str(folder / "others.yaml"), "--no-figures", "-q", "--out", str(folder / "others")]) == 0
    )
    (subject,) = read_results([folder / "others"]).subjects
    by_name = {dose.product: (dose.level, dose.unit) for dose in subject.doses}
    assert by_name["inotuzumab"] == (800.0, "ug")
    assert by_name["tki"] == (1.0, "share of usual exposure")
    assert by_name["cytoreduction"] == (1.0, "log10 kill")


INJECTED = """\
name: Injected, then infused
extends: SCENARIOS/protocols/overt_subcutaneous.yaml
follow_up: 60 d
time_step: 12 h
marrow: {rows: 2, columns: 2}
start: {when: day, day: day 5, delay: 0 d}
blinatumomab:
  injections:
    - {dose: 250 ug, days: [day 1, day 2, day 3]}
    - {dose: 500 ug, days: [day 5, day 8]}
  on: 14 d
  off: 7 d
  cycles: 1
  maintenance: {every: 28 d, cycles: 1, on: 7 d, dose: 28 ug/day, injections: null}
"""

INJECTED_TRIAL = """\
name: Injected
cohort: SCENARIOS/cohorts/high_risk_all.yaml
patients: 2
arms:
  sc: injected.yaml
  chemo:
    extends: injected.yaml
    blinatumomab: null
    inotuzumab: {doses: [{dose: 800 ug/m2, days: [day 1, day 8]}], every: 28 d, cycles: 1}
"""


@pytest.fixture(scope="module")
def injected(folder: Path) -> Path:
    file = folder / "injected.yaml"
    file.write_text(INJECTED.replace("SCENARIOS", str(SCENARIOS)))
    out = ["--no-figures", "-q", "--out"]
    assert main(["run", str(file), *out, str(folder / "injected")]) == 0
    (folder / "injected_trial.yaml").write_text(INJECTED_TRIAL.replace("SCENARIOS", str(SCENARIOS)))
    trial = str(folder / "injected_trial.yaml")
    assert main(["compare", trial, "--workers", "0", *out, str(folder / "injected_trial")]) == 0
    return folder


def test_injections_are_doses_of_their_own_wherever_they_are_exported(injected: Path) -> None:
    """The mean over days, which figures draw, is nothing that anybody was given."""
    for source in (read_results([injected / "injected"]), read_results([injected / "injected_trial"])):
        for subject in (one for one in source.subjects if not one.arm.startswith("chemo")):
            given = [one for one in subject.doses if one.product == "blinatumomab"]
            at_once = [one for one in given if one.kind == "injection"]
            assert [(one.start, one.level, one.unit) for one in at_once] == [
                (day, ug, "ug") for day, ug in ((5, 250), (6, 250), (7, 250), (9, 500), (12, 500))
            ]
            (pump,) = (one for one in given if one.kind == "infusion")
            assert (pump.start, pump.end, pump.level, pump.unit) == (33, 40, 28, "ug/day")
            assert subject.outcomes["blinatumomab_ug"] == pytest.approx(1750 + 7 * 28)
        adex = next(table for table in adam_tables(source) if table.name == "adex")
        assert {row["ADOSU"] for row in adex.rows if row["EXTRT"] == "blinatumomab"} == {"ug", "ug/day"}
    doses = [one for subject in source.subjects for one in subject.doses if one.product == "inotuzumab"]
    assert [(one.start, one.kind, one.unit) for one in doses] == [
        (day, "chemotherapy", "ug") for _ in range(2) for day in (5, 12)
    ]


def test_the_exported_doses_give_the_exported_plasma_level(injected: Path) -> None:
    """One compartment and a depot, solved in closed form, as who fits the data set would write the model."""
    source = read_results([injected / "injected"])
    data, _ = nonmem_tables(source)
    table = ParameterTable.load()
    values = {name: table[name].value for name in table}
    ka, share = values["rate_absorption_blinatumomab"], values["fraction_absorbed_blinatumomab"]
    volume = values["volume_blinatumomab"]
    k = values["cl_blinatumomab"] / volume
    doses = [row for row in data.whole() if row["EVID"] == 1]
    assert {row["CMT"] for row in doses} == {1, 5} and len(doses) == 6

    def level(day: float) -> float:
        total = 0.0
        for dose in doses:
            since, ug, rate = day - dose["DAY"], dose["AMT"], dose["RATE"]
            if since <= 0:
                continue
            if rate:
                ended = max(since - ug / rate, 0.0)
                total += rate / k * (np.exp(-k * ended) - np.exp(-k * since))
            else:
                total += share * ug * ka / (ka - k) * (np.exp(-k * since) - np.exp(-ka * since))
        return total / volume * 1000.0  # ug/L are ng/mL

    seen = [(row["DAY"], row["DV"]) for row in data.whole() if row["DVID"] == 1]
    assert len(seen) > 40 and max(value for _, value in seen) > 100
    for day, value in seen:
        assert value == pytest.approx(level(day), rel=1e-6, abs=1e-6), day
