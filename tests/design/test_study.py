"""From a finished trial's folder to patients needed; effects and assurance against their formulas; the command."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from simulation.cli import main
from simulation.design.draws import ENDPOINTS, Tally
from simulation.design.effects import Effect, contributions, effect_of
from simulation.design.study import HISTORICAL, _power, _single, _single_needed, _sizes, study
from simulation.design.words import power_rows
from simulation.design.write import document
from simulation.errors import ExitStatus, UserError
from simulation.statistics.proportions import wilson
from simulation.trial.finished import FinishedTrial, reopen
from simulation.trial.load import load_real_trial, load_trial
from simulation.trial.real_trial import RealTrial
from tests.design.test_draws import FAST, SLOW, _exponential
from tests.trial.conftest import TRIAL

PLAN = RealTrial().model_copy(
    update={"trials": 200, "patients": (20, 60), "follow_up": 30.0, "accrual": 10.0}
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("design")
    (root / "trial.yaml").write_text(TRIAL)
    assert (
        main(
            [
                "compare",
                str(root / "trial.yaml"),
                "--workers",
                "0",
                "--no-figures",
                "-q",
                "--out",
                str(root / "out"),
            ]
        )
        == 0
    )
    yield root


@pytest.fixture(scope="module")
def finished(folder: Path) -> FinishedTrial:
    return reopen(folder / "out")


def test_a_folder_is_read_back_as_it_was(finished: FinishedTrial) -> None:
    assert [arm.key for arm in finished.arms] == ["none", "late", "early"]
    assert finished.main == ("early", "late")
    assert finished.primary == "current_leukaemia_free_days"
    assert (finished.follow_up, finished.seed) == (42, 3)
    assert all(arm.n == 6 for arm in finished.arms)
    assert {column.name for column in finished.columns} >= {"relapse_day", "history", "weight"}


def test_a_study_tells_every_endpoint_at_every_size(finished: FinishedTrial) -> None:
    planned = study(finished, PLAN)
    names = [*ENDPOINTS, HISTORICAL]
    assert {(one.endpoint, one.patients) for one in planned.powers} == {
        (name, n) for name in names for n in (20, 60)
    }
    assert [one.endpoint for one in planned.needed] == names
    assert all(0 <= one.low <= one.high <= 1 and 0 <= one.power <= 1 for one in planned.powers)
    assert all(
        one.se == pytest.approx(math.sqrt(one.power * (1 - one.power) / 200)) for one in planned.powers[:10]
    )
    assert document(planned) == document(study(finished, PLAN))  # the same seed, the same answer
    json.dumps(document(planned), allow_nan=False)


def test_a_folder_keeps_the_plan_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(
        TRIAL.replace("patients: 6\n", "patients: 2\n")
        + "real_trial: {accrual: 3 months, drop_out: 0.2, historical: {share: 0.4}}\n"
    )
    words = ["compare", str(tmp_path / "trial.yaml"), "--workers", "0", "--no-figures", "-q"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    plan = reopen(tmp_path / "out").real_trial
    assert plan == load_trial(tmp_path / "trial.yaml").file.real_trial
    assert (plan.drop_out, plan.historical.share) == (0.2, 0.4) and plan.accrual == pytest.approx(
        91.3, abs=0.1
    )
    assert load_real_trial(plan, [("drop_out", 0.1, "--set")]).drop_out == 0.1


def test_nobody_followed_to_the_horizon_needs_no_number_of_patients() -> None:
    share = wilson(8, 10)
    needed = _single_needed(0.0, share, 0.3, PLAN, 30.0)
    assert (needed.patients, needed.low, needed.high, needed.power) == (None, None, None, None)
    assert _single(60, 0.0, share, 0.3, PLAN).power == 0
    assert _single(60, 1.0, share, 0.3, PLAN).power > 0.9


def test_a_plan_beyond_the_runs_is_refused(finished: FinishedTrial) -> None:
    with pytest.raises(UserError, match=r"60 d is longer than the runs follow their patients \(42 d\)"):
        study(finished, PLAN.model_copy(update={"follow_up": 60.0}))
    with pytest.raises(UserError, match=r"real_trial.horizon: 35 d is longer than the least follow-up"):
        study(finished, PLAN.model_copy(update={"horizon": 35.0}))


def test_parameter_sets_give_assurance_and_one_set_does_not(finished: FinishedTrial) -> None:
    assert study(finished, PLAN).sets == 0
    sets = np.array([0.0, 0.0, 1.0, 1.0, 2.0, 2.0])
    carried = replace(
        finished,
        arms=tuple(
            replace(arm, columns=dict(arm.columns) | {"parameter_set": sets}) for arm in finished.arms
        ),
    )
    planned = study(carried, PLAN)
    assert planned.sets == 3
    assert any(one.assurance is not None for one in planned.powers if one.endpoint == "log_rank")
    texts = [
        cell for row in power_rows(planned)[1:] for cell in row[1:] if "(" in cell
    ]  # in the terminal, too
    assert len(texts) == sum(one.assurance is not None for one in planned.powers) > 0
    assert all(re.fullmatch(r"\d+ % \(\d+ %\)", cell) for cell in texts)
    assert any(one.assurance is not None for one in planned.needed)
    assert "(" not in "".join(cell for row in power_rows(study(finished, PLAN))[1:] for cell in row)


def test_the_error_of_an_effect_is_that_of_its_mean() -> None:
    each = np.random.default_rng(3).normal(2.0, 5.0, 400)
    result = effect_of(each, None)
    assert result.relative_se == pytest.approx(each.std(ddof=1) / 20 / each.mean())
    assert result.relative_sd is None
    assert math.isinf(effect_of(np.zeros(10), None).relative_se)


def test_the_spread_between_sets_is_found_also_where_sets_are_small() -> None:
    rng = np.random.default_rng(5)
    sets = np.repeat(np.arange(500), 4)
    each = 3.0 + rng.normal(0, 1.5, 500)[sets] + rng.normal(0, 6.0, sets.size)
    result = effect_of(each, sets)
    assert result.relative_sd == pytest.approx(1.5 / 3, rel=0.15)
    assert result.relative_se == pytest.approx(math.sqrt(1.5**2 / 500 + 6**2 / 2000) / 3, rel=0.15)
    alone = effect_of(3.0 + rng.normal(0, 6.0, sets.size), sets)
    assert alone.relative_sd is not None and alone.relative_sd < 0.25


def test_assurance_is_power_averaged_over_the_effects() -> None:
    none = np.zeros(1, np.int64)
    tally = Tally({"log_rank": np.zeros(1)}, none, none, none)
    slope, spread = 0.25, 0.4
    result = _power("log_rank", 80, tally, slope, Effect(0.1, spread), 1.96)
    effects = slope * (1 + spread * np.random.default_rng(1).standard_normal(200_000))
    assert result.assurance == pytest.approx(stats.norm.cdf(effects * math.sqrt(80) - 1.96).mean(), abs=0.003)


def test_the_patients_needed_have_the_power_asked_for() -> None:
    n, low, high = _sizes(0.25, Effect(0.1, None), 1.96, 0.8)
    assert n is not None and low is not None and high is not None
    assert stats.norm.cdf(0.25 * math.sqrt(n) - 1.96) == pytest.approx(0.8, abs=0.01)
    assert low < n < high and n % 2 == 0
    assert _sizes(-0.1, Effect(0.1, None), 1.96, 0.8)[0] is None
    assert _sizes(0.25, Effect(0.6, None), 1.96, 0.8)[2] is None  # the effect may be none at all


def test_small_trials_are_sized_by_trials_of_their_size(finished: FinishedTrial) -> None:
    """Where theta of large trials would ask for too many or too few, as with few events, it is found anew."""
    planned = study(finished, RealTrial(patients=(400, 800), trials=1000))
    sized = [one for one in planned.needed if one.endpoint in ENDPOINTS and one.patients is not None]
    assert sized
    for one in sized:
        assert one.patients is not None
        more = stats.norm.cdf(
            stats.norm.ppf(0.8) + (stats.norm.ppf(0.8) + 1.96) / one.patients
        )  # two patients
        assert one.power == pytest.approx(0.8, abs=3 * 0.0127 + more - 0.8), one


def test_log_rank_contributions_add_up_to_the_tests_effect() -> None:
    one, other = _exponential(SLOW), _exponential(FAST)
    assert contributions("log_rank", one, other, 400).mean() > 0
    assert contributions("log_rank", one, one, 400).mean() == 0
    days = contributions("restricted_mean", one, other, 400)
    assert days.mean() == pytest.approx((np.minimum(one.days, 400) - np.minimum(other.days, 400)).mean())


SHORT = ["--set", "follow_up='30 d'", "--set", "trials=100", "--set", "patients=[20,40]"]


def test_the_command_writes_table_figure_and_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["design", str(folder / "trial.yaml"), "--results", str(folder / "out"), *SHORT]
    assert main([*words, "--json"]) == ExitStatus.DONE
    answer = json.loads(capsys.readouterr().out)
    place = folder / "out" / "design"
    assert answer == json.loads((place / "design.json").read_text())
    assert answer["conduct"]["follow_up"] == 30
    assert (place / "figures" / "power.png").read_bytes()[:4] == b"\x89PNG"
    lines = (place / "power.csv").read_text().splitlines()
    assert len(lines) == 1 + 6 * 2
    assert main(["design", str(folder / "out"), *SHORT, "--no-figures"]) == ExitStatus.DONE
    out = capsys.readouterr().out
    assert "early against late" in out and "log-rank test" in out
    assert not (place / "figures").exists()  # what the second has not drawn is not left


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "acrual='2 years'"], "acrual"),
        (["--set", "drop_out=2"], "drop_out"),
        (["--set", "event=current_leukaemia_free_days"], "event"),
        (["--set", "follow_up='2 years'"], "longer than the runs"),
    ],
)
def test_a_mistake_is_told_in_one_message(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["design", str(folder / "out"), *words]) == ExitStatus.USAGE
    err = capsys.readouterr().err
    assert message in err and "Traceback" not in err


def test_what_was_never_run_is_told_with_the_command_that_runs_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert main(["design", "trial.yaml"]) == ExitStatus.USAGE
    assert "python run_sim.py compare trial.yaml" in capsys.readouterr().err
    (folder / "empty").mkdir(exist_ok=True)
    assert main(["design", "empty"]) == ExitStatus.USAGE
    assert "holds no finished trial" in capsys.readouterr().err
