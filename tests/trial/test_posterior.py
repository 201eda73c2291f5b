"""A trial with parameter sets: twins share theirs, the order of work changes nothing, and the answer says of what it consists."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.errors import UserError
from simulation.pool import HerePool, LocalPool
from simulation.provenance import provenance
from simulation.results.figures import style
from simulation.results.figures.report_figure import figures_in
from simulation.results.trial_figures import over_time
from simulation.store import Store
from simulation.trial import pair_words, sure_words
from simulation.trial.conduct import ConductedTrial, conduct
from simulation.trial.execute import runs_of
from simulation.trial.load import load_quick_trial, load_trial
from simulation.trial.origin import design_of
from simulation.trial.report import report_files
from simulation.trial.schema import Trial
from simulation.trial.task import arm_of
from simulation.trial.write import write_outputs
from tests.trial.conftest import TRIAL

UNTOLD = {"share_of_answer": None}
SETS = "potency_resting,rate_exhaustion,spread of n_effectors_half_damage\n" + "".join(
    f"{0.05 + 0.02 * k},{0.05 + 0.03 * (k % 5)},{1 + 0.1 * (7 * k % 12)}\n" for k in range(12)
)


def with_sets(folder: Path, changes: str = "patients: 24\n") -> Trial:
    (folder / "sets.csv").write_text(SETS)
    text = TRIAL.replace("patients: 6\n", changes) + "parameters: sets.csv\npatients_per_set: 2\n"
    (folder / "trial.yaml").write_text(text)
    return load_trial(folder / "trial.yaml")


def run(trial: Trial, out: Path, pool: Any = None) -> ConductedTrial:
    with pool or HerePool() as opened:
        return conduct(trial, out, opened)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return with_sets(tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="module")
def done(trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> ConductedTrial:
    return run(trial, tmp_path_factory.mktemp("done"))


def rows(trial: Trial, out: Path) -> list[dict[str, Any]]:
    with Store(out / "store", design_of(trial)) as store:
        results = [{k: v for k, v in row.items() if k != "seconds"} for row in store.rows()]
    return sorted(results, key=lambda row: (row["patient"], row["repeat"], row["arm"]))


def test_twins_share_a_set_and_so_do_those_of_a_block(trial: Trial, done: ConductedTrial) -> None:
    sets = [arm.number("parameter_set").tolist() for arm in done.view.arms]
    assert sets[0] == sets[1] == sets[2]
    assert sets[0] == [trial.set_of(patient) for patient in range(24)]
    assert all(sets[0][k] == sets[0][k + 1] for k in range(0, 24, 2)) and len(set(sets[0])) > 6
    assert trial.posterior is not None
    values = trial.posterior.set(int(sets[0][5])).values
    assert all(
        arm_of(trial, arm.key, 5).scenario.parameters["rate_exhaustion"] == values["rate_exhaustion"]
        for arm in trial.arms
    )


def test_a_patient_is_the_same_person_as_without_sets(
    trial: Trial, done: ConductedTrial, tmp_path: Path
) -> None:
    point = run(replace(trial, posterior=None), tmp_path)
    for name, _ in trial.cohort.varies:
        assert np.array_equal(point.view.arms[0].number(name), done.view.arms[0].number(name))
    assert "uncertainty" not in point.view.comparison
    days = [one.view.arms[2].number("current_leukaemia_free_days").tolist() for one in (point, done)]
    assert days[0] != days[1]


def test_workers_and_interruption_change_nothing(trial: Trial, tmp_path: Path) -> None:
    small = replace(trial, file=trial.file.model_copy(update={"patients": 6}))
    straight = run(small, tmp_path / "one")
    assert (
        run(small, tmp_path / "two", LocalPool(2, preload=("simulation.trial.task",))).view.comparison
        == straight.view.comparison
    )
    begun = 0

    def stop() -> bool:
        return begun >= 2

    def heard(progress: Any) -> None:
        nonlocal begun
        begun = progress.done

    with HerePool(should_stop=stop) as pool:
        first = conduct(small, tmp_path / "three", pool, on_progress=heard, should_stop=stop)
    assert first.missing
    assert run(small, tmp_path / "three").view.comparison == straight.view.comparison
    assert rows(small, tmp_path / "three") == rows(small, tmp_path / "one")


def test_every_fourth_patient_is_run_again_under_his_own_set(trial: Trial, tmp_path: Path) -> None:
    small = replace(trial, file=trial.file.model_copy(update={"patients": 6}))
    assert [run[:2] for run in runs_of(small, 6) if run[1]] == [(0, 1), (4, 1)]
    run(small, tmp_path)
    by_run = [
        [row for row in rows(small, tmp_path) if row["patient"] == 4 and row["repeat"] == k] for k in (0, 1)
    ]
    assert [{**row, "repeat": 0} for row in by_run[1]] != by_run[0]  # other chance events
    first, again = by_run[0][0], by_run[1][0]
    assert first["parameter_set"] == again["parameter_set"]
    assert all(first[name] == again[name] for name in ("n_residual_blasts", "rate_blast_net_growth"))


def test_other_sets_are_another_trial(trial: Trial, tmp_path: Path) -> None:
    other = with_sets(tmp_path)
    assert design_of(other).digest() == design_of(trial).digest()
    (tmp_path / "sets.csv").write_text(SETS.replace("0.05,", "0.06,", 1))
    assert design_of(load_trial(tmp_path / "trial.yaml")).digest() != design_of(trial).digest()


def test_the_answer_says_of_what_it_consists(trial: Trial, done: ConductedTrial) -> None:
    result = done.view.comparison["uncertainty"]
    assert result["sets"] == len(set(done.view.arms[0].columns["parameter_set"]))
    assert result["patients_run_again"] == 6
    shares = [result["parts"][name]["share_of_answer"] for name in ("parameters", "patients", "chance")]
    assert sum(shares) == pytest.approx(1)
    main = done.view.comparison["pairs"][0]["differences"]["current_leukaemia_free_days"]
    assert result["value"] == pytest.approx(main["value"])
    assert (
        result["range"][0] <= main["interval_paired"][0] and result["range"][1] >= main["interval_paired"][1]
    )
    text = pair_words.answer(done.view)
    assert (
        "95 % range" in text.split(": ")[1] and "of whose variance p" in text
    )  # parameters first, or last where they show nothing
    assert "point estimate" not in text
    over = done.view.comparison["difference_over_time"]
    inner = [
        (low, high)
        for low, high in zip(over["sampled_low"], over["sampled_high"], strict=True)
        if low is not None
    ]
    outer = [(low, high) for low, high in zip(over["low"], over["high"], strict=True) if low is not None]
    assert all(a <= b <= c <= d for (a, d), (b, c) in zip(outer, inner, strict=True))


def test_without_sets_the_answer_is_called_a_point(trial: Trial, tmp_path: Path) -> None:
    point = run(replace(trial, posterior=None, file=trial.file.model_copy(update={"patients": 3})), tmp_path)
    assert (
        "a point estimate: other sets that fit the published data as well may answer otherwise"
        in pair_words.answer(point.view)
    )


@pytest.mark.parametrize(("whole", "inner", "differing", "message"), [
    ((3.0, 40.0), (10.0, 30.0), 40, "that is more, beyond chance and whatever else these parameter sets leave open"),
    ((-40.0, -3.0), (-30.0, -10.0), 40, "that is fewer, beyond chance"),
    ((-3.0, 40.0), (10.0, 30.0), 40, "the parameters alone can turn its sign"),
    ((-3.0, 40.0), (-1.0, 30.0), 40, "do not settle which is better"),
    ((3.0, 40.0), (10.0, 30.0), 19, "only 19 patients differ, and below 20 nothing is said about chance"),
])  # fmt: skip
def test_nothing_is_beyond_chance_where_parameters_can_turn_the_sign(
    whole: tuple[float, float], inner: tuple[float, float], differing: int, message: str
) -> None:
    parts = {"parameters": {"variance": 100.0, **UNTOLD}}
    text = sure_words.verdict(
        {"range": whole, "range_of_patients_and_chance": inner, "parts": parts}, differing
    )
    assert message in text
    known_parts = parts | dict.fromkeys(("patients", "chance"), UNTOLD)
    record = {"range": whole, "range_of_patients_and_chance": inner, "parts": known_parts, "p_better": 0.99}
    probable = sure_words.in_short(record, "early", differing)
    assert ("with a probability" in probable) == (differing >= 20)
    assert ("beyond chance" in text) == (whole[0] * whole[1] > 0 and differing >= 20)


@pytest.mark.parametrize(
    ("most", "hidden"), [(20.3, " (a standard deviation of up to 20 days may hide)"), (0.0, "")]
)
def test_a_negative_variance_is_told_as_what_may_hide(most: float, hidden: str) -> None:
    parts = {
        "parameters": {"variance": -600.0, "sd_at_most": most, "share_of_answer": 0.0},
        "patients": {"share_of_answer": 0.8},
        "chance": {"variance": 9.0, "share_of_answer": 0.2},
    }
    record = {
        "range": (-9.0, 33.0), "range_of_patients_and_chance": (0.4, 25.0), "parts": parts, "p_better": 0.948, "sets": 100,
        "patients": 400,
    }  # fmt: skip
    text = sure_words.in_short(record, "early", 200)
    assert (
        f"of whose variance patients 80 %, chance 20 % and parameters nothing that 100 sets show{hidden};"
        in text
    )
    assert (
        "what parameters may do can turn its sign" in text
        and "alone" not in text
        and sure_words.unseen(record) == ""
    )


@pytest.mark.parametrize(("limits", "message"), [
    ((3.0, 40.0), "for these sets that is more than chance;"),
    ((-40.0, -3.0), "for these sets that is fewer than chance;"),
    ((-3.0, 40.0), "for these sets that is no more than chance explains;"),
])  # fmt: skip
@pytest.mark.parametrize("patients", [30, 1])
def test_of_parameters_that_cannot_be_told_from_patients_nothing_is_claimed(
    limits: tuple[float, float], message: str, patients: int
) -> None:
    unknown = {"variance": None, "share_of_answer": None}
    record = {
        "range": limits, "range_of_patients_and_chance": limits, "p_better": 0.99, "sets": 4, "patients": 4 * patients,
        "parts": dict.fromkeys(("parameters", "patients", "chance"), unknown),
    }  # fmt: skip
    text = sure_words.in_short(record, "early", 40)
    assert message in text and "what parameters leave open cannot be told" in text
    assert "beyond chance" not in text and "probability" not in text
    assert "not told apart" in sure_words.unseen(record)
    assert "not told apart" in sure_words.data_note(record | {"data": []})


def test_the_report_and_the_folder_hold_the_sets(trial: Trial, done: ConductedTrial, tmp_path: Path) -> None:
    files = report_files(trial, done, provenance(), formats=("png",))
    page = str(files["report.html"])
    assert "How sure" in page and "Which datum next" in page and "Which unknown parameter" in page
    assert page.count("<figure") == len(
        [f for f in figures_in("simulation.results.trial_figures") if f.applies(done.view)]
    )
    write_outputs(trial, done, tmp_path, formats=())
    with (tmp_path / "parameter_sets.csv").open() as stream:
        sets = {int(row["parameter_set"]): row for row in csv.DictReader(stream)}
    with (tmp_path / "patients.csv").open() as stream:
        patients = list(csv.DictReader(stream))
    assert {int(row["parameter_set"]) for row in patients} == set(sets)
    assert sum(int(row["patients"]) for row in sets.values()) == 24
    assert trial.posterior is not None
    for number, row in sets.items():
        assert float(row["rate_exhaustion"]) == trial.posterior.set(number).values["rate_exhaustion"]
    json.dumps(done.view.comparison, allow_nan=False)
    assert (
        json.loads((tmp_path / "provenance.json").read_text())["parameter_sets"]["sha256"]
        == trial.posterior.sha256
    )


def test_figures_in_two_shades_and_of_what_is_unknown(done: ConductedTrial) -> None:
    assert len(over_time.figure(done.view).axes[0].collections) == 2
    assert "two pointwise 95 % bands" in over_time.caption(done.view)
    unknowns = next(f for f in figures_in("simulation.results.trial_figures") if f.name == "unknowns")
    assert unknowns.applies(done.view)
    assert style.render(unknowns.draw(done.view)) == style.render(unknowns.draw(done.view))
    result = done.view.comparison["uncertainty"]
    data = [row | {"half_range_then": row["half_range_now"] / 2} for row in result["data"]]
    shrunk = replace(done.view, comparison={**done.view.comparison, "uncertainty": result | {"data": data}})
    assert len(unknowns.draw(shrunk).axes) == 2
    assert "would stand out by chance" in sure_words.data_note(result | {"data": data})


def test_a_parameter_that_decides_is_found_first(trial: Trial, done: ConductedTrial) -> None:
    """In a made table the difference is 200 times the logarithm of one parameter."""
    from simulation.trial.table import TrialTable
    from simulation.trial.uncertainty import uncertainty

    assert trial.posterior is not None
    one, other = done.view.main_arms
    sets = one.number("parameter_set").astype(int)
    place = trial.posterior.names.index("potency_resting")
    gap = np.array([200 * math.log(trial.posterior.rows[k][place]) for k in sets])
    gap = gap + np.random.default_rng(1).normal(0, 5, gap.size)
    shifted = replace(
        one,
        columns={**one.columns, trial.file.outcomes.primary: other.number(trial.file.outcomes.primary) + gap},
    )
    arms = tuple(shifted if arm.key == one.key else arm for arm in done.view.arms)
    sure = uncertainty(trial, TrialTable(arms, 0, {arm.key: {} for arm in arms}))
    assert sure is not None
    first = sure["parameters"][0]
    assert (
        first["name"] == "potency_resting" and first["interval"][0] > 0 and first["share_of_parameters"] > 0.7
    )
    assert math.isnan(sure["parts"]["chance"]["variance"])  # nobody was run again


@pytest.mark.parametrize(("line", "message"), [
    ("parameters: {phi_bm: 1}", "values of parameters stand in `common`, got a block of keys"),
    ("parameters: nowhere.csv", "nowhere.csv: cannot be read"),
    ("parameters: posterior\npatients_per_set: 0", "patients_per_set: expected a whole number from 1 to 10000, got 0"),
])  # fmt: skip
def test_a_mistake_is_told(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "trial.yaml").write_text(TRIAL + line + "\n")
    with pytest.raises(UserError) as error:
        load_trial(tmp_path / "trial.yaml")
    assert message in str(error.value)


def test_the_command_line_names_sets_from_where_the_person_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_sets(tmp_path)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("mine.csv").write_text(SETS)
    loaded = load_trial("../trial.yaml", [("parameters", "mine.csv", "--parameters")])
    assert loaded.posterior is not None and loaded.posterior.name == "mine"
    assert load_trial("../trial.yaml", [("parameters", "table", "--parameters")]).posterior is None
    files = [
        str(Path(__file__).parents[2] / "scenarios" / f"{name}.yaml")
        for name in ("therapeutic", "preemptive")
    ]
    quick = load_quick_trial(files, [("parameters", "posterior", "--parameters")])
    assert quick.posterior is not None and len(quick.posterior) >= 100
