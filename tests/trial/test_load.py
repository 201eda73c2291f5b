"""Trial and cohort files: strict, with file, line and the nearest valid name; and what an arm is made of."""

from pathlib import Path

import pytest

from simulation.errors import UserError
from simulation.parameters.distributions import Distribution
from simulation.parameters.table import ParameterTable
from simulation.trial.load import is_trial_file, load_quick_trial, load_trial
from simulation.trial.schema import Trial
from tests.trial.conftest import TRIAL

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "scenarios" / "trials").glob("*.yaml"))
CALM = [str(ROOT / "scenarios" / f"{name}.yaml") for name in ("no_treatment", "preemptive")]


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert old in TRIAL
    path = tmp_path / "trial.yaml"
    path.write_text(TRIAL.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("patients: 6", "patiens: 6", 11, r"there is no such key \(did you mean 'patients'\?\)"),
        ("patients: 6", "patients: 0", 11, "a whole number from 1 to 1e6"),
        ("follow_up: 42 d", "follow_up: 42", 13, "a time such as"),
        (
            "primary: current_leukaemia_free_days",
            "primary: survival",
            37,
            "one of current_leukaemia_free_days, ",
        ),
        ("    start: {when: never}", "    start: {when: nver}", 26, "did you mean 'never'"),
        ("    start: {when: never}", "    strat: {when: never}", 26, "did you mean 'start'"),
        ("    weight: 70 kg", "    weigth: 70 kg", 7, "did you mean 'weight'"),
        ("    weight: 70 kg", "    weight: 70 days", 7, "weight"),
        (
            "    start: {when: never}",
            "    patient: {weight: 80 kg}",
            26,
            "every arm treats the same patients",
        ),
        ("  none:", "  None of them:", 25, "a short name such as preemptive"),
        ("  name: small cohort\n", "  nam: small cohort\n", 4, "did you mean 'name'"),
        ("  time_step: 1 d", "  time_step: 1 wk", 17, "time_step"),
    ],
)
def test_mistakes_are_told_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(UserError, match=message) as caught:
        load_trial(path)
    assert f"{path}:{line}:" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("versus: late", "versus: lat", "no arm 'lat' .did you mean 'late'"),
        ("versus: late", "versus: early", "held against itself"),
        (
            "subgroups: [rate_blast_net_growth",
            "subgroups: [rate_blast_growth",
            "did you mean 'rate_blast_net_growth'",
        ),
        ("follow_up: 42 d\n", "", "longer than|followed for different times|record"),
        ("arms:\n", "arm:\n", "did you mean 'arms'"),
        ("cohort:\n", "cohorts:\n", "did you mean 'cohort'"),
    ],
)
def test_contradictions_are_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = changed(tmp_path, old, new)
    if old.startswith("follow_up"):
        path.write_text(path.read_text().replace("  none:\n", "  none:\n    follow_up: 50 d\n"))
    with pytest.raises(UserError, match=message):
        load_trial(path)


def test_a_mistake_in_the_cohorts_file_names_that_file(tmp_path: Path) -> None:
    cohort = tmp_path / "cohort.yaml"
    cohort.write_text(
        "name: c\npatient:\n  rate_blast_net_growth: {distribution: lognormal, low: 0.2 /day, hgih: 1 /day}\n"
    )
    text = TRIAL[: TRIAL.index("cohort:")] + "cohort: cohort.yaml\n" + TRIAL[TRIAL.index("patients: 6") :]
    (tmp_path / "trial.yaml").write_text(text)
    with pytest.raises(UserError, match="hgih") as caught:
        load_trial(tmp_path / "trial.yaml")
    assert f"{cohort}:3:" in str(caught.value)


def test_every_arm_has_the_cohorts_patients(trial: Trial) -> None:
    patients = [arm.scenario.patient for arm in trial.arms]
    assert patients[0] == patients[1] == patients[2]
    assert [name for name, _ in trial.cohort.varies] == [
        "n_cd19_negative_reservoir", "n_residual_blasts", "rate_blast_net_growth",
    ]  # fmt: skip
    assert dict(trial.cohort.fixed) == {"weight": 70.0}
    assert {arm.scenario.time_step for arm in trial.arms} == {1.0}


def test_the_parameter_table_varies_what_the_cohort_does_not_name(tmp_path: Path) -> None:
    trial = load_trial(changed(tmp_path, "between_patients: none", "between_patients: table"))
    named = {row.name for row in ParameterTable.load().rows if row.between_patients is not None}
    varies = {name for name, _ in trial.cohort.varies}
    assert named - {"weight"} <= varies
    assert "weight" not in varies  # a plain value stops it


def test_changes_from_the_command_line_are_checked_like_the_file(trial_file: Path) -> None:
    trial = load_trial(trial_file, [("patients", 9, "--patients"), ("follow_up", "30 d", "--days")])
    assert trial.patients == 9
    assert {arm.scenario.follow_up for arm in trial.arms} == {30.0}
    with pytest.raises(UserError, match="--patients"):
        load_trial(trial_file, [("patients", 0, "--patients")])
    halved = load_trial(trial_file, (), [("graft.tcon", "5e5/kg", "--set graft.tcon=5e5/kg")])
    assert {arm.scenario.graft.tcon for arm in halved.arms} == {5e5}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_trials_load(path: Path) -> None:
    trial = load_trial(path)
    assert is_trial_file(path)
    assert len(trial.arms) == {"how_sure": 2, "other_drugs": 3, "protocols": 6, "second_transplant": 2}.get(
        path.stem, 4
    )
    assert len(trial.cohort.varies) >= 8
    assert all(distribution.source for _, distribution in trial.cohort.varies)
    assert all(name in {n for n, _ in trial.cohort.varies} for name in trial.file.subgroups)


def test_the_missions_comparison_has_its_arms() -> None:
    trial = load_trial(ROOT / "scenarios" / "trials" / "therapeutic_vs_preemptive.yaml")
    assert [arm.key for arm in trial.arms] == ["no_treatment", "therapeutic", "preemptive", "prophylactic"]
    assert trial.main == ("preemptive", "therapeutic")
    for key in ("therapeutic", "preemptive", "prophylactic"):
        assert trial.arm(key).scenario.dli is not None
        assert trial.arm(key).scenario.blinatumomab is not None


def test_the_two_by_two_differs_in_timing_and_dli_only() -> None:
    trial = load_trial(ROOT / "scenarios" / "trials" / "timing_by_dli.yaml")
    when = {arm.key: (arm.scenario.start.when, arm.scenario.dli is not None) for arm in trial.arms}
    assert sorted(when.values()) == [
        ("mrd", False),
        ("mrd", True),
        ("overt_relapse", False),
        ("overt_relapse", True),
    ]


# ---- plain scenario files


def test_plain_files_are_arms_that_treat_the_standard_cohort() -> None:
    trial = load_quick_trial(CALM)
    assert [arm.key for arm in trial.arms] == ["no_treatment", "preemptive"]
    assert trial.arms[0].scenario.patient == trial.arms[1].scenario.patient
    assert "rate_blast_net_growth" in {name for name, _ in trial.cohort.varies}  # base.yaml gives it a value
    assert trial.main == ("preemptive", "no_treatment")
    (note,) = trial.notes
    assert "standard cohort" in note
    assert "--cohort none" in note


def test_without_a_cohort_there_is_one_patient_and_the_trial_says_so() -> None:
    trial = load_quick_trial(CALM, cohort="none")
    assert trial.cohort.varies == ()
    (note,) = trial.notes
    assert "differ by chance only" in note


def test_what_a_file_writes_under_patient_holds(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"extends: {CALM[1]}\nname: Mine\npatient: {{weight: 90 kg, cl_blinatumomab: null}}\n")
    changes = [("parameters.t_cell_fitness", "0.5", "--set")]
    mine, other = (arm.scenario for arm in load_quick_trial([str(file), CALM[0]], (), changes).arms)
    assert mine.patient["weight"] == 90
    assert isinstance(other.patient["weight"], Distribution)
    assert isinstance(mine.patient["cl_blinatumomab"], Distribution)
    assert "t_cell_fitness" not in mine.patient  # else the draw would undo the change


def test_with_a_cohort_its_patients_replace_the_files() -> None:
    cohort = str(ROOT / "scenarios" / "cohorts" / "high_risk_all.yaml")
    trial = load_quick_trial(CALM, (), (), cohort)
    assert isinstance(trial.arms[0].scenario.patient["rate_blast_net_growth"], Distribution)
    assert trial.cohort.name.startswith("High-risk")
    assert not trial.notes


def test_files_with_different_patients_are_compared_with_a_warning() -> None:
    trial = load_quick_trial([CALM[0], str(ROOT / "scenarios" / "perugia_high_risk.yaml")])
    assert "different patients" in trial.notes[-1]


def test_files_of_the_same_name_get_keys_of_their_own(tmp_path: Path) -> None:
    twin = tmp_path / "preemptive.yaml"
    twin.write_text(f"extends: {CALM[1]}\nname: Another\n")
    trial = load_quick_trial([CALM[1], str(twin)])
    assert [arm.key for arm in trial.arms] == ["preemptive", "preemptive_2"]


def test_quick_trials_name_file_and_line_of_a_mistake(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(f"extends: {CALM[1]}\nname: Bad\nstart:\n  at_lest: 1e-4\n")
    with pytest.raises(UserError, match="at_least") as caught:
        load_quick_trial([CALM[0], str(bad)])
    assert f"{bad}:4:" in str(caught.value)
