"""A sweep whose patients live under parameter sets: the same set at every point, what is swept stays swept, and resume."""

from pathlib import Path

import pytest

from simulation.errors import OtherScenario, UserError
from simulation.sweep.load import load_sweep
from simulation.sweep.plan import load_plan
from simulation.sweep.prepare import prepare
from simulation.sweep.work import Job, Work, rows_of, store_design
from tests.sweep.conftest import SMALL
from tests.sweep.fake import write
from tests.trial.conftest import TRIAL

SETS = "weight,rate_contacts,potency_resting\n1,100,0.1\n1,200,0.2\n2,300,0.3\n"
WITH = "parameter_sets: sets.csv\npatients_per_set: 2\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "sets.csv").write_text(SETS)
    text = SMALL.replace("dli.cd3: {times: [0.1, 10]}", "potency_resting: [0.05, 0.4]").replace(
        "replicates: 3", "replicates: 4"
    )
    return write(tmp_path, text + WITH)


def test_a_patient_has_one_set_at_every_point_and_what_is_swept_stays(file: Path, tmp_path: Path) -> None:
    sweep = load_sweep(file)
    plan = prepare(sweep, tmp_path / "out", 6, resume=False)
    work = Work.of(plan, "", store_design(plan))
    jobs = [Job(n, n, 0, 2, 2, values) for n, values in enumerate([(0.0, 0.05), (1.0, 0.4)])]
    result = list(rows_of(work, [*jobs, Job(9, 0, 1, 3, 3, (0.0, 0.05))]))
    assert [row["status"] for row in result] == ["done"] * 3
    assert len({row["parameter_set"] for row in result}) == 1  # replicates 2 and 3 are one block
    assert plan.posterior is not None
    assert result[0]["parameter_set"] == plan.posterior.drawn(5, 1)
    assert [row["potency_resting"] for row in result] == [0.05, 0.4, 0.05]


def test_the_folder_holds_the_sets_and_resume_asks_for_the_same(file: Path, tmp_path: Path) -> None:
    plan = prepare(load_sweep(file), tmp_path / "out", 6, resume=False)
    assert load_plan(tmp_path / "out") == plan
    again = prepare(load_sweep(file), tmp_path / "out", 6, resume=True)
    assert again.identity() == plan.identity()
    (tmp_path / "sets.csv").write_text(SETS.replace("300", "301"))
    with pytest.raises(OtherScenario, match="made with other parameter sets"):
        prepare(load_sweep(file), tmp_path / "out", 6, resume=True)
    (tmp_path / "out" / "parameter_sets.csv").write_text(SETS.replace("0.3", "0.4"))
    with pytest.raises(UserError, match="damaged or changed"):
        load_plan(tmp_path / "out")


def test_a_sweep_of_a_trial_takes_over_its_sets(tmp_path: Path) -> None:
    (tmp_path / "sets.csv").write_text(SETS)
    (tmp_path / "trial.yaml").write_text(TRIAL + "parameters: sets.csv\npatients_per_set: 3\n")
    text = "name: s\ntrial: trial.yaml\nparameters: {phi_bm: [0, 1]}\ndesign: {kind: grid}\n"
    (tmp_path / "sweep.yaml").write_text(text)
    taken = load_sweep(tmp_path / "sweep.yaml")
    assert taken.posterior is not None and len(taken.posterior) == 3 and taken.per_set == 3


@pytest.mark.parametrize(("line", "message"), [
    ("parameter_sets: nowhere.csv\n", "nowhere.csv: cannot be read"),
    ("patients_per_set: 2\n", "patients_per_set: expected parameter_sets beside it"),
    ("parameter_set: posterior\n", "there is no such key (did you mean 'parameter_sets'?)"),
])  # fmt: skip
def test_a_mistake_is_told(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        load_sweep(write(tmp_path, SMALL + line))
    assert message in str(error.value)
