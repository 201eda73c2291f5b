"""A file is told from its keys, checked as what it is, and started by the command that takes it."""

from pathlib import Path

import pytest

from simulation.cli.kinds import kind_of
from simulation.errors import ExitStatus

from .conftest import Sim

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
FOLDERS = {
    "": "scenario",
    "protocols": "scenario",
    "in_vitro": "experiment in wells",
    "trials": "trial",
    "sweeps": "sweep",
    "cohorts": "cohort",
    "predictions": "registered trial",
    "margins": "list of margins",
    "courses": "measured course",
    "calibration": "fit",
}


@pytest.mark.parametrize("file", sorted(SCENARIOS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_file_is_what_its_folder_says(file: Path, tmp_path: Path) -> None:
    folder = next(iter(file.relative_to(SCENARIOS).parent.parts), "")  # with all that lies below it
    of_fits = {"posterior": "list of fits to join"}
    expected = (
        "parameter set of a fit" if file.stem.endswith(".fitted") else of_fits.get(file.stem, FOLDERS[folder])
    )
    assert kind_of(file).name == expected
    # its keys alone tell as well; but a cohort's may be a scenario's
    if "extends" not in file.read_text(encoding="utf-8") and expected != "cohort":
        copy = tmp_path / file.name
        copy.write_bytes(file.read_bytes())
        assert kind_of(copy).name == expected


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (
            "trials/timing_by_dli.yaml",
            "(trial: Timing of blinatumomab, with and without DLI; 4 arms, 100 patients)",
        ),
        ("sweeps/phi_bm.yaml", "(sweep: Treg in the marrow; 6 points, 4,800 runs)"),
        ("cohorts/high_risk_all.yaml", "(cohort: High-risk CD19+ ALL"),
        (
            "cohorts/matched_sibling.yaml",
            "(cohort: High-risk CD19+ ALL after Treg/Tcon transplant from a matched sibling",
        ),
        ("calibration/transplant.yaml", "(fit: "),
        ("in_vitro/suppression_assay.yaml", "(experiment in wells: Treg suppression assay"),
    ],
)
def test_check_says_what_a_file_is(sim: Sim, file: str, message: str) -> None:
    answer = sim("check", SCENARIOS / file)
    assert answer.status == ExitStatus.DONE
    assert message in answer.out


@pytest.mark.parametrize(
    ("folder", "text", "message"),
    [
        ("trials", "name: x\narmms: {a: b}\n", "did you mean 'arms'?"),
        ("sweeps", "name: x\ndesgn: {kind: grid}\n", "did you mean 'design'?"),
        ("x", "name: x\narms: {a: a.yaml, b: b.yaml}\n", "cohort: this key is missing"),
        ("x", "name: x\nscenario: a.yaml\ndesign: {kind: gird}\n", "did you mean 'grid'?"),
        ("x", "name: x\nbetween_patients: all\n", "between_patients"),
        ("cohorts", "name: x\npatient: {weigth: 70 kg}\n", "did you mean 'weight'?"),
        ("cohorts", "extends: nowhere.yaml\nname: x\n", "nowhere.yaml"),
        ("calibration", "name: x\nparametres: {}\n", "did you mean 'parameters'?"),
    ],
)
def test_a_mistake_is_told_in_the_words_of_its_kind(
    sim: Sim, tmp_path: Path, folder: str, text: str, message: str
) -> None:
    file = tmp_path / folder / "mine.yaml"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    answer = sim("check", file)
    assert answer.status == ExitStatus.USAGE
    assert message in answer.err
    assert str(file) in answer.err


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("trials/timing_by_dli.yaml", "compare"),
        ("sweeps/phi_bm.yaml", "sweep"),
        ("calibration/transplant.yaml", "calibrate"),
        ("cohorts/matched_sibling.yaml", "cohort"),
    ],
)
def test_a_file_alone_is_taken_by_its_command_and_refused_by_others(
    sim: Sim, file: str, command: str
) -> None:
    bare = sim(SCENARIOS / file, "--nonsense")
    assert bare.status == ExitStatus.USAGE
    assert f" {command} --help" in bare.err
    for other in {"run", "show", "compare", "sweep", "calibrate", "cohort", "view"} - {command}:
        answer = sim(other, SCENARIOS / file)
        assert answer.status == ExitStatus.USAGE
        assert f"python run_sim.py {command} " in answer.err
