"""Predictions: the shipped registrations hold, what is registered stays as it was, and mistakes are told."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from simulation.errors import ExitStatus, UserError
from simulation.prediction.forecast import forecast
from simulation.prediction.page import NEVER, REGISTER, changed
from simulation.prediction.registration import Endpoint, load_prediction
from simulation.results.trial_view import ArmView
from tests.cli.conftest import Sim
from tests.cli.conftest import sim as sim

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "scenarios" / "predictions").glob("*.yaml"))
REGISTERED = ROOT / "docs" / "predictions"
SMALL = """\
registry: NCT00000000
title: A small trial
seen: nowhere
results: none
protocol: protocol.yaml
cohort: cohort.yaml
enrolment: 20
follow_up: 30 d
patients: 8
patients_per_set: 1
primary:
  - {says: relapse, outcome: relapse}
  - {says: free of relapse, outcome: relapse_free_days, by: 25 d}
secondary:
  - {says: response, outcome: mrd_negative}
assumptions: [all of it]
"""
PROTOCOL = """\
name: A protocol
time_step: 1 d
marrow: {rows: 2, columns: 2}
marrow_maps: []
definitions: {overt_relapse: 1e-3, complete_remission: 1e-3}
start: {when: never}
"""
COHORT = """\
name: Six in ten with much leukaemia
between_patients: none
patient:
  n_residual_blasts: {distribution: choice, values: [0 cells, 1e7 cells], weights: [0.4, 0.6], source: assumption}
  rate_blast_net_growth: 0.27 /day
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    for name, text in (("small", SMALL), ("protocol", PROTOCOL), ("cohort", COHORT)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path / "small.yaml"


def test_what_is_registered_is_as_it_was_registered() -> None:
    assert not changed(REGISTERED), NEVER
    rows = (REGISTERED / REGISTER).read_text(encoding="utf-8").splitlines()[1:]
    assert len(rows) >= 2 * len(SHIPPED)
    for file in SHIPPED:
        assert any(row.startswith(f"{file.stem}-") for row in rows)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda path: path.stem)
def test_shipped_registrations_load_and_bear_their_number(file: Path) -> None:
    prediction = load_prediction(file)
    assert (
        prediction.registration.registry == file.stem
        and prediction.registration.registry in (ROOT / "docs" / "predictions.md").read_text()
    )
    assert prediction.trial.posterior is not None and len(prediction.trial.arms) == 1
    assert (
        prediction.trial.patients == prediction.registration.patients
        and prediction.trial.follow_up == prediction.registration.follow_up
    )


def test_a_prediction_is_made_registered_and_never_written_again(sim: Sim, small: Path) -> None:
    out = small.parent / "out"
    words = ("predict", small, "--workers", "0", "--out", out, "--runs", small.parent / "runs", "--quiet")
    assert sim(*words).status == ExitStatus.DONE
    pages = sorted(out.glob("*.md"))
    assert len(pages) == 1 and not changed(out)
    text = pages[0].read_text()
    data = json.loads(pages[0].with_suffix(".json").read_text())
    relapse, free = data["primary"]
    assert relapse["counted"] == free["counted"] == 8 and 0 < relapse["yes"] < 8
    assert (
        f"{relapse['yes']} of 8" in text and data["made_by"]["model_sha256"] in text and "* all of it" in text
    )
    assert data["secondary"][0]["counted"] == 0 and data["secondary"][0]["share"] is None
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.name != REGISTER}
    assert sim(*words).status == ExitStatus.DONE
    after = {path.name: path.read_bytes() for path in out.iterdir()}
    assert len(after) == 5 and all(after[name] == text for name, text in before.items())
    pages[0].write_text(text.replace("of 8", "of 9"))
    assert "is not what was registered" in changed(out)[0]
    answer = sim(*words)
    assert answer.status == ExitStatus.USAGE and NEVER in answer.err
    pages[0].unlink()
    (out / "stray.md").write_text("x")
    assert [one.split()[0] for one in changed(out)] == [pages[0].name, "stray.md"]


def test_the_distribution_holds_patients_and_parameters() -> None:
    registration = load_prediction(SHIPPED[0]).registration.model_copy(update={"enrolment": 30})
    endpoint = Endpoint(says="relapse", outcome="relapse")

    def arm(flags: list[int], sets: list[int]) -> ArmView:
        day = np.array([10.0 if flag else np.nan for flag in flags])
        columns = {
            "patient": np.arange(len(flags)),
            "relapse_day": day,
            "parameter_set": np.array(sets, float),
        }
        return ArmView("arm", "arm", columns, 1e-4)

    sets = [k // 4 for k in range(80)]
    alike = forecast(arm([1, 0, 1, 0] * 20, sets), endpoint, registration)
    apart = forecast(arm([1] * 40 + [0] * 40, sets), endpoint, registration)  # the sets decide
    assert alike.yes == apart.yes == 40 and alike.share is not None and apart.share is not None
    assert alike.share[1] == pytest.approx(0.5, abs=0.02)
    width = alike.share[2] - alike.share[0]
    narrow = float(stats.beta.ppf(0.975, 40.5, 40.5)) - float(stats.beta.ppf(0.025, 40.5, 40.5))
    assert narrow < width < 2 * narrow, "sets that agree leave little more than so many patients leave"
    assert apart.share[2] - apart.share[0] > 3 * width
    assert (
        alike.count is not None and alike.count[0] < 15 == alike.count[1] < alike.count[2] and alike.of == 30
    )
    never = forecast(arm([0] * 80, sets), endpoint, registration)
    assert never.share is not None and never.share[0] < 0.01 and 0.03 < never.share[2] < 0.2


def test_ranges_hold_the_true_share_as_often_as_they_say() -> None:
    """Sets whose probabilities are beta distributed; 60 studies of 40 patients: fewer than 51 within 95 % once in 1000."""
    rng = np.random.default_rng(8)
    registration = load_prediction(SHIPPED[0]).registration.model_copy(update={"enrolment": 30})
    endpoint, inside, counted = Endpoint(says="relapse", outcome="relapse"), 0, 0
    for _ in range(60):
        mean, total = rng.uniform(), 10 ** rng.uniform(0, 3)
        of_sets = rng.beta(mean * total, (1 - mean) * total, 11)
        flags = rng.uniform(size=40) < np.repeat(of_sets[:10], 4)
        columns = {
            "patient": np.arange(40), "relapse_day": np.where(flags, 10.0, np.nan),
            "parameter_set": np.repeat(np.arange(10.0), 4),
        }  # fmt: skip
        result = forecast(ArmView("arm", "arm", columns, 1e-4), endpoint, registration)
        assert result.share is not None and result.count is not None
        inside += result.share[0] <= of_sets[10] <= result.share[2]
        counted += result.count[0] <= rng.binomial(30, of_sets[10]) <= result.count[2]
    assert inside >= 51 and counted >= 51


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("outcome: relapse}", "outcome: relaps}", "did you mean"),
        (", by: 25 d", "", "needs the day by which"),
        (", by: 25 d", ", by: 40 d", "after the end of follow-up"),
        ("outcome: relapse}", "outcome: relapse, by: 9 d}", "takes no day"),
        ("assumptions: [all of it]", "assumptions: []", "assumptions"),
        ("patients: 8\n", "patients: 8\nparameters: table\n", "a point, and no predictive distribution"),
        ("protocol: protocol.yaml", "protocol: nowhere.yaml", "nowhere.yaml"),
        ("registry: NCT00000000", "registri: NCT00000000", "did you mean 'registry'"),
    ],
)
def test_mistakes_are_told(small: Path, old: str, new: str, message: str) -> None:
    assert old in SMALL
    small.write_text(SMALL.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        load_prediction(small)
    assert message in str(caught.value)
