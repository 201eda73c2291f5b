"""Patients who meet clinical margins together: the margins are met, few are told to be few, what cannot be met is refused."""

from pathlib import Path

import numpy as np
import pytest

from simulation.cohort.margins import MatchedWeights, load_margins, match, patients_csv, table_rows
from simulation.errors import ExitStatus, UserError
from simulation.results.trial_view import ArmView
from simulation.scenario.patient_list import read_patient_list
from simulation.store import Column
from simulation.trial.finished import FinishedTrial
from simulation.trial.real_trial import RealTrial
from simulation.trial.rows import OF_PATIENT
from tests.cli.conftest import Sim
from tests.cli.conftest import sim as sim

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios" / "margins" / "salvage_and_mrd.yaml"
N = 400
BOTH = """\
name: Both
margins:
  - {what: relapse, arm: none, outcome: relapse, share: 60 %}
  - {what: free on day 50, arm: none, outcome: relapse_free_days, by: 50 d, share: 80 %}
  - {what: remission, arm: late, outcome: complete_remission, share: 50 %}
  - {what: recovered, arm: none, outcome: final_cd3_per_ul, at_least: 200, share: 70 %}
"""


def finished() -> FinishedTrial:
    """Patients who relapse the likelier the faster their leukaemia grows, and remit the likelier the slower."""
    rng = np.random.default_rng(1)
    growth = rng.uniform(0.03, 0.2, N)
    relapsed = rng.uniform(size=N) < growth * 4
    day = np.where(relapsed, 100 * rng.uniform(0.2, 1.0, N), np.nan)
    remitted = relapsed & (rng.uniform(size=N) < 1 - growth * 4)

    def arm(key: str, remission: np.ndarray) -> ArmView:
        columns = {
            "patient": np.arange(N), "relapse_day": day, "nrm_day": np.full(N, np.nan), "days_simulated": np.full(N, 100.0),
            "relapse_free_days": np.where(relapsed, day, 100.0), "relapse_free_at_end": ~relapsed,
            "complete_remission_day": np.where(remission, 90.0, np.nan), "final_cd3_per_ul": rng.uniform(50, 600, N),
            "rate_blast_net_growth": growth, "weight": rng.normal(70, 5, N),
        }  # fmt: skip
        return ArmView(key, key, columns, 1e-4)

    own = tuple(Column(name, "float", "", OF_PATIENT) for name in ("rate_blast_net_growth", "weight"))
    arms = (arm("none", np.zeros(N, bool)), arm("late", remitted))
    return FinishedTrial(
        Path(), "t", 1, 100.0, ("late", "none"), "relapse_free_days", arms, own, {}, RealTrial(), False, {}
    )


def matched(tmp_path: Path, text: str = BOTH) -> MatchedWeights:
    path = tmp_path / "margins.yaml"
    path.write_text(text)
    return match(finished(), load_margins(path), str(path))


def test_all_margins_are_met_at_once_and_the_effective_number_is_told(tmp_path: Path) -> None:
    result = matched(tmp_path)
    wanted = [one.share for one in result.margins.margins]
    assert result.after == pytest.approx(wanted, abs=1e-4)
    assert result.before != pytest.approx(wanted, abs=0.02)
    assert result.weights.sum() == pytest.approx(1) and (result.weights > 0).all()
    assert 10 < result.effective < N
    assert [row[1] == row[3] for row in table_rows(result)] == [True] * 4
    nearer = matched(
        tmp_path, BOTH[: BOTH.index("  - {what: free")].replace("60 %", f"{result.before[0]:.4f}")
    )
    assert nearer.effective > 0.99 * N, "who meets them already is left as he is"


def test_weights_are_those_of_least_change() -> None:
    """One margin alone: everyone with it has one weight, everyone without another."""
    runs = finished()
    margins = load_margins(SHIPPED).model_copy(update={"margins": load_margins(SHIPPED).margins[:1]})
    one = margins.margins[0].model_copy(update={"arm": "none", "share": 0.7})
    result = match(runs, margins.model_copy(update={"margins": (one,)}), "margins")
    has = runs.arms[0].happened("relapse_day")
    assert np.allclose(result.weights[has], 0.7 / has.sum(), rtol=1e-4)
    assert np.allclose(result.weights[~has], 0.3 / (~has).sum(), rtol=1e-4)


def test_the_accepted_are_a_cohort_and_nearly_meet_the_margins(tmp_path: Path) -> None:
    result, runs = matched(tmp_path), finished()
    places = result.accepted()
    assert places.size == int(result.effective)
    assert runs.arms[0].happened("relapse_day")[places].mean() == pytest.approx(0.6, abs=0.05)
    path = tmp_path / "patients.csv"
    path.write_text(patients_csv(runs, result))
    n, values = read_patient_list(path)
    assert n == places.size and set(values) == {"rate_blast_net_growth", "weight"}
    assert path.read_text().splitlines()[0] == "id,rate_blast_net_growth [/day],weight [kg]"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "arm: late, outcome: complete_remission",
            "arm: none, outcome: complete_remission",
            "cannot be met, 0 of",
        ),
        ("share: 60 %}", "share: 0 %}", "cannot be met"),
        ("arm: late", "arm: latte", "did you mean 'late'"),
        ("by: 50 d, ", "", "needs `by`"),
        ("at_least: 200, ", "", "needs `at_least`"),
        ("outcome: relapse,", "outcome: relapse, by: 3 d,", "takes no `by`"),
        ("by: 50 d", "by: 500 d", "after the end of the runs"),
        ("by: 50 d, share: 80 %", "by: 99.99 d, share: 80 %", "no weights meet all margins together"),
        ("share: 60 %}", "share: 0.2 %}", "too few for a cohort|no weights meet"),
        ("outcome: relapse,", "outcome: relaps,", "did you mean"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in BOTH
    with pytest.raises(UserError) as caught:
        matched(tmp_path, BOTH.replace(old, new, 1))
    assert any(part in str(caught.value) for part in message.split("|")), str(caught.value)


def test_the_command_takes_a_trials_folder_and_writes_a_cohort(sim: Sim, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(
        "name: t\npatients: 40\nfollow_up: 12 d\ncohort:\n  name: c\n  between_patients: none\n  patient:\n"
        "    n_residual_blasts: {distribution: choice, values: [1e5 cells, 1e7 cells], source: assumption}\n"
        "    rate_blast_net_growth: 0.27 /day\n"
        "common: {time_step: 1 d, marrow: {rows: 2, columns: 2}, marrow_maps: [], start: {when: never},\n"
        "  definitions: {overt_relapse: 1e-4, complete_remission: 1e-4}}\narms: {none: {}, same: {}}\n"
    )
    (tmp_path / "margins.yaml").write_text(
        "name: m\nmargins:\n  - {what: relapse, arm: none, outcome: relapse, share: 30 %}\n"
    )
    out, cohort_file = tmp_path / "out", tmp_path / "patients.csv"
    answer = sim(
        "compare", tmp_path / "trial.yaml", "--workers", "0", "--quiet", "--format", "svg", "--out", out
    )
    assert answer.status == ExitStatus.DONE, answer.err
    answer = sim("match", out, tmp_path / "margins.yaml", "--out", cohort_file)
    assert answer.status == ExitStatus.DONE, answer.err
    assert "30.0 %" in answer.out and "effective number" in answer.out
    assert read_patient_list(cohort_file)[0] > 10
    assert sim("match", out, tmp_path / "margins.yaml", "--out", cohort_file).status == ExitStatus.USAGE
    assert load_margins(SHIPPED).margins
