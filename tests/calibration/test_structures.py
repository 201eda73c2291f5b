"""Contested mechanisms switched off: laid on arms and studies alike, weighed by the data, and told with the answer."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulation.calibration import structures
from simulation.calibration.abc import tempered
from simulation.calibration.estimate import Statistic
from simulation.calibration.fit_file import load_problem
from simulation.calibration.structures import Key, do, plan_of, under_structures
from simulation.calibration.targets import load_targets
from simulation.errors import OtherScenario, UserError
from simulation.pool import HerePool
from simulation.posterior import AS_SHIPPED, STRUCTURES, ParameterSet, load_posterior, structure_named, under
from simulation.posterior.structures import Structure
from simulation.results.figures.report_figure import figures_in
from simulation.scenario.cohort import STANDARD
from simulation.scenario.load import load_scenario
from simulation.trial import pair_words, sure_words
from simulation.trial.analysis import as_json
from simulation.trial.conduct import conduct
from simulation.trial.load import load_trial
from simulation.trial.schema import Trial
from tests.trial.conftest import TRIAL

ROOT = Path(__file__).resolve().parents[2]
SETS = "potency_resting,p_cd19_loss\n0.05,1e-12\n0.1,1e-12\n0.2,1e-12\n0.3,1e-12\n"


def with_structures(
    folder: Path, block: str = "{of: [no_gvl], sets: 3, study_patients: 2, patients: 4}"
) -> Trial:
    (folder / "sets.csv").write_text(SETS)
    (folder / "trial.yaml").write_text(
        TRIAL + f"parameters: sets.csv\npatients_per_set: 2\nstructures: {block}\n"
    )
    return load_trial(folder / "trial.yaml")


@pytest.mark.parametrize("one", STRUCTURES, ids=lambda one: one.key)
def test_a_structure_changes_the_scenario_and_is_stronger_than_a_set(one: Structure) -> None:
    scenario = load_scenario(ROOT / "scenarios" / "preemptive.yaml", (), STANDARD)
    changed = one.on(scenario)
    assert changed.digest() != scenario.digest() and AS_SHIPPED.on(scenario) is scenario
    chosen = ParameterSet({**dict.fromkeys(one.parameters, 0.5), **dict.fromkeys(one.patient, 1e6)})
    under_set = under(changed, chosen)
    for name, value in (*one.parameters.items(), *one.patient.items()):
        assert (under_set.parameters if name in one.parameters else under_set.patient)[name] == value
    assert all(under_set.processes[name] is False for name in one.off)
    assert pickle.loads(pickle.dumps(one)) is structure_named(one.key)


@pytest.mark.parametrize(("written", "message"), [
    ("{of: [no_gvhl]}", "no_gvl"), ("{of: 3}", "all, or some of"), ("{sets: 1}", "structures.sets"),
    ("{off: all}", "did you mean 'of'"),
    ("[no_gvhl]", "no_gvl"),
])  # fmt: skip
def test_a_mistake_is_told_where_it_stands(tmp_path: Path, written: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        with_structures(tmp_path, written)
    assert message in str(error.value) and "trial.yaml:" in str(error.value)


def test_without_a_word_all_structures_are_asked_for(tmp_path: Path) -> None:
    for written in ("{}", "all", "{of: all}"):
        asked = with_structures(tmp_path, written).file.structures
        assert asked is not None and asked.of == tuple(one.key for one in STRUCTURES)
    asked = with_structures(tmp_path, "[no_treg_in_marrow, no_gvl]").file.structures
    assert asked is not None and asked.of == ("no_gvl", "no_treg_in_marrow") and asked.sets == 8
    changed = load_trial(tmp_path / "trial.yaml", [("structures.of", "no_gvl", "--structures")])
    assert changed.file.structures is not None and changed.file.structures.of == ("no_gvl",)


def fake(
    runs: tuple[tuple[str, ParameterSet, str, int, int, Key], ...],
) -> list[tuple[Key, dict[str, list[float | None]]]]:
    """Say of every study what was observed, moved by the set, the more so without GvL and with less potency."""
    messages = []
    for structure, chosen, study, *_, key in runs:
        bias = 0.5 if structure == "as_shipped" else 6.0 * chosen.values["potency_resting"]
        rows = {}
        for target in load_targets().values():
            if target.use == "fit" and target.experiment == study:
                zero = -target.gap(
                    Statistic(0.0, 0.0, 0.0, 1, target.scale)
                )  # what was observed, on its scale
                rows[target.id] = [0.0, zero + bias * np.hypot(target.se, target.tolerance), 0.1, 20.0]
        messages.append((key, rows))
    return messages


@pytest.fixture
def two_structures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Trial, Path]:
    monkeypatch.setattr(structures, "do", fake)
    return with_structures(tmp_path), tmp_path / "out"


def test_sets_that_fit_a_structure_count_more_and_its_trial_is_run(
    two_structures: tuple[Trial, Path],
) -> None:
    trial, out = two_structures
    plan = plan_of(trial)
    assert plan is not None and trial.posterior is not None
    with HerePool() as pool:
        done = conduct(trial, out, pool)
        study = under_structures(plan, done, out, pool)
        again = under_structures(plan, done, out, pool)
    assert study is not None and as_json(again) == as_json(study)
    shipped, without = study["rows"]
    assert shipped["distance"] == pytest.approx(0.5) and shipped["effective_sets"] == pytest.approx(3)
    potency = [trial.posterior.set(k).values["potency_resting"] for k in plan.numbers if k is not None]
    bias = 6 * np.array(potency)
    weights = tempered(-0.5 * sum(plan.weights.values()) * (bias**2 - 0.25))
    assert without["distance"] == pytest.approx(float(weights @ bias**2) ** 0.5)
    assert without["effective_sets"] == pytest.approx(1 / np.sum(weights**2)) and weights.argmax() == int(
        bias.argmin()
    )
    alone = np.exp(-0.5 * sum(plan.weights.values()) * (bias**2 - bias.min() ** 2))  # untempered
    assert without["effective_by_likelihood"] == pytest.approx(alone.sum() ** 2 / (alone**2).sum())
    assert without["effective_by_likelihood"] < without["effective_sets"]
    assert without["farther"]["value"] == pytest.approx(float((bias - 0.5).mean()))
    low, high = without["farther"]["interval"]
    assert low < without["farther"]["value"] < high and shipped["farther"]["value"] == 0
    assert without["patients"] == 4 and shipped["patients"] == 6
    assert study["values"][0] <= min(shipped["value"], without["value"])
    assert f"({2 * 3 * 2 * 6} courses" in plan.cost()
    # what is kept is only taken for the same question
    other = replace(plan, study_patients=3)
    with HerePool() as pool, pytest.raises(OtherScenario, match="another model"):
        under_structures(other, done, out, pool)
    view = replace(done.view, comparison={**done.view.comparison, "structures": as_json(study)})
    assert "Over 2 structures of the model" in pair_words.answer(view)
    figure = next(one for one in figures_in("simulation.results.trial_figures") if one.name == "structures")
    assert figure.applies(view) and not figure.applies(done.view)
    assert len(figure.draw(view).axes) == 2


def test_a_damaged_file_of_studies_is_told(two_structures: tuple[Trial, Path]) -> None:
    trial, out = two_structures
    plan = plan_of(trial)
    assert plan is not None
    (out / "structures").mkdir(parents=True)
    (out / "structures" / "studies.json").write_text("{}")
    with HerePool() as pool:
        done = conduct(trial, out, pool)
        with pytest.raises(UserError, match=r"studies\.json: is damaged"):
            under_structures(plan, done, out, pool)


def test_stopped_work_is_kept_and_gone_on_with(two_structures: tuple[Trial, Path]) -> None:
    trial, out = two_structures
    plan = plan_of(trial)
    assert plan is not None
    with HerePool() as pool:
        done = conduct(trial, out, pool)
    seen = 0

    def enough() -> bool:
        nonlocal seen
        seen += 1
        return seen > 3

    with HerePool(should_stop=enough) as pool:
        assert under_structures(plan, done, out, pool, should_stop=enough) is None
    kept = json.loads((out / "structures" / "studies.json").read_text())["studies"]
    assert 0 < len(kept) < sum(1 for _ in plan.wanted())
    with HerePool() as pool:
        assert under_structures(plan, done, out, pool) is not None


@pytest.mark.parametrize(("signs", "values", "message"), [
    ((1, -1), (9.0, -4.0), "The structure alone turns the sign: it is below 0 with ‘No GvL’."),
    ((0, -1), (9.0, -4.0), "below 0 with ‘No GvL’; what is uncertain under each structure could explain that."),
    ((1, 0), (9.0, 4.0), ""),
])  # fmt: skip
def test_where_a_structure_turns_the_sign_that_is_said_first(
    signs: tuple[int, int], values: tuple[float, float], message: str
) -> None:
    names = ("As shipped", "No GvL")
    rows = [
        {"name": name, "value": value, "sign": sign, "distance": 1.0, "range": [-5.0, 20.0]}
        for name, value, sign in zip(names, values, signs, strict=True)
    ]
    record = {"rows": rows, "values": [min(values), max(values)], "range": [-5.0, 20.0]}
    text = sure_words.over_structures({"structures": record})
    assert text.endswith(message) and ("sign" in text) == bool(message)


def test_a_study_really_is_another_without_a_mechanism() -> None:
    """The natural course with and without GvL is one and the same where GvL does not exist."""
    posterior = load_posterior("posterior")
    run = (posterior.set(0), "natural", 1, 2)
    ((_, without),) = do((("no_gvl", *run, ("no_gvl", 0, "natural")),))
    assert without["N32"][0] == pytest.approx(1.0)


@pytest.mark.parametrize("structure", [one.key for one in STRUCTURES])
def test_patients_of_every_study_can_be_simulated_under_every_structure(structure: str) -> None:
    """Studies of relapse state the disease of each patient, with what it has left outside the marrow."""
    posterior = load_posterior("posterior")
    ((_, statistics),) = do(((structure, posterior.set(0), "overt", 1, 2, (structure, 0, "overt")),))
    assert set(statistics) == {
        t.id for t in load_targets().values() if t.use == "fit" and t.experiment == "overt"
    }


def test_without_a_place_outside_a_stated_disease_is_in_the_marrow_alone() -> None:
    relapse = load_scenario(ROOT / "scenarios" / "stated_relapse.yaml")
    assert relapse.disease is not None
    stated = relapse.model_copy(update={"disease": relapse.disease.model_copy(update={"outside": 496.0})})
    for one in STRUCTURES:
        disease = one.on(stated).disease
        assert disease is not None and disease.marrow == relapse.disease.marrow
        assert disease.outside == (0 if one.key == "no_place_outside" else 496)


def test_a_fit_may_be_of_a_structure(tmp_path: Path) -> None:
    text = (ROOT / "scenarios" / "calibration" / "cytokines.yaml").read_text().replace(
        "given: ", f"given: {ROOT / 'scenarios' / 'calibration'}/"
    )  # fmt: skip
    for key in ("no_gvl", "as_shipped"):
        (tmp_path / f"{key}.yaml").write_text(f"{text}\nstructure: {key}\n")
    one, shipped = (load_problem(tmp_path / f"{key}.yaml") for key in ("no_gvl", "as_shipped"))
    assert (
        one.identity() == {**shipped.identity(), "structure": "no_gvl"}
        and "structure" not in shipped.identity()
    )
    (tmp_path / "bad.yaml").write_text(f"{text}\nstructure: no_gvll\n")
    with pytest.raises(UserError, match="no_gvl"):
        load_problem(tmp_path / "bad.yaml")
