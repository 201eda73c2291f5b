"""Figures have as many curves as arms, and the report says what a reader needs, from one file."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text

from simulation.biology.order import AFTER_EVENTS, BEFORE_EVENTS
from simulation.clinic.outcomes import OUTCOMES
from simulation.figure_formats import FORMATS
from simulation.parameters.table import ParameterTable
from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure, figures_in
from simulation.results.trial_figures import (
    current,
    forest,
    incidence,
    leukaemia_free,
    survival,
    twins,
    waterfall,
)
from simulation.results.trial_figures.common import PARAMETERS
from simulation.results.trial_view import ArmView, TrialView
from simulation.trial import pair_words
from simulation.trial.conduct import ConductedTrial
from simulation.trial.failed_checks import failed_checks
from simulation.trial.report import report_files
from simulation.trial.report_words import common, concerns, not_the_same
from simulation.trial.schema import SURVIVAL, Trial

PROCESSES = (*BEFORE_EVENTS, *AFTER_EVENTS)
FIGURES = figures_in("simulation.results.trial_figures")
DRAWN = [  # at one set of parameter values and as shipped
    figure for figure in FIGURES if figure.section not in {"unknowns", "structures"}
]
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("module", (survival, leukaemia_free, incidence), ids=lambda module: module.__name__)
def test_as_many_curves_as_arms(done: ConductedTrial, module: ModuleType) -> None:
    for ax in module.figure(done.view).axes:
        colours = {line.get_color() for line in ax.lines if len(line.get_xdata()) > 1}
        assert colours == set(style.ARM_COLOURS[:3])
        assert len([line for line in ax.lines if len(line.get_xdata()) > 1]) == 3


def test_the_page_lists_every_figure() -> None:
    page = (ROOT / "docs" / "trial.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `figures/(\w+)` \| (.*) \|$", page, re.MULTILINE) == [
        (f.name, f.title) for f in FIGURES
    ]


def test_the_waterfall_shows_the_arms_own_threshold(done: ConductedTrial) -> None:
    waterfall = next(figure for figure in FIGURES if figure.name == "waterfall")
    arms = tuple(
        replace(arm, mrd_negative=limit)
        for arm, limit in zip(done.view.arms, (1e-5, 3e-4, 1e-5), strict=True)
    )
    view = replace(done.view, arms=arms)
    drawn = [np.asarray(line.get_ydata())[0] for ax in waterfall.draw(view).axes for line in ax.lines]
    treated = [arm.mrd_negative for arm in arms if arm.happened("mrd_nadir").any()]
    assert len(treated) >= 2
    assert drawn == treated
    assert "MRD negativity, 1e-5 or 0.0003." in waterfall.caption_of(view)


@pytest.mark.parametrize("declared", DRAWN, ids=lambda figure: figure.name)
def test_every_figure_is_drawn_twice_the_same(
    done: ConductedTrial, declared: ReportFigure[TrialView]
) -> None:
    one, two = (style.render(declared.draw(done.view), FORMATS) for _ in range(2))
    assert one == two
    assert len(declared.caption_of(done.view)) > 60


def test_bands_and_intervals_are_labelled_for_what_they_are(done: ConductedTrial) -> None:
    assert "confidence band" in survival.caption(done.view)
    assert "confidence band" in incidence.caption(done.view)
    assert "Wilson" in leukaemia_free.caption(done.view)
    assert "Monte-Carlo error" in twins.caption(done.view)
    assert "bootstrap" in forest.caption(done.view)


def test_leukaemia_free_share_has_the_area_of_the_mean(done: ConductedTrial) -> None:
    days = np.arange(0, 42, 0.25)
    for arm in done.view.arms:
        area = leukaemia_free.share_free(arm, days).sum() * 0.25 / arm.n
        assert area == pytest.approx(arm.number("current_leukaemia_free_days").mean(), abs=0.3)


def test_subgroups_part_the_cohort(done: ConductedTrial) -> None:
    rows = forest.subgroups(done.view, ("rate_blast_net_growth", "n_cd19_negative_reservoir", "weight"))
    by_name: dict[str, int] = {}
    for row in rows:
        by_name[row.parameter] = by_name.get(row.parameter, 0) + row.n
    assert by_name["rate_blast_net_growth"] == done.view.arms[0].n
    assert "weight" not in by_name  # it does not vary
    assert style.render(forest.figure(done.view))["png"]


def test_a_trial_in_which_nothing_happens_is_drawn_too(done: ConductedTrial) -> None:
    calm = _calm(done.view)
    for declared in DRAWN:
        assert style.render(declared.draw(calm))["png"]
    drawn = {declared.name for declared in FIGURES if declared.applies(calm)}
    assert drawn == {  # not one of zeros alone
        "consort", "leukaemia_free", "survival", "incidence", "states", "current", "swimmer",
    }  # fmt: skip


def test_of_three_arms_only_the_two_in_question_have_bands(done: ConductedTrial) -> None:
    wanted = {style.ARM_COLOURS[done.view.index(key)] for key in done.view.main}
    for module in (survival, leukaemia_free, incidence):
        for ax in module.figure(done.view).axes:
            assert {to_hex(band.get_facecolor()[0]).upper() for band in ax.collections} == wanted
        assert "of the two arms in question" in module.caption(done.view)
    two = replace(done.view, arms=done.view.main_arms)
    assert "in question" not in survival.caption(two)


def test_no_arm_has_the_colour_of_a_drug_or_of_cells() -> None:
    meant = {
        code
        for name, code in style.COLOUR.items()
        if name not in ("ink", "quiet", "faint", "finding", "other")
    }
    assert not meant & set(style.ARM_COLOURS)
    near = [
        (arm, code)
        for arm in style.ARM_COLOURS
        for code in meant - {style.COLOUR["drug"]}  # a grey, drawn as a bar
        if np.linalg.norm(255 * (np.array(to_rgb(arm)) - to_rgb(code))) < 40
    ]
    assert not near


def _calm(view: TrialView) -> TrialView:
    def still(arm: ArmView) -> ArmView:
        empty = {
            name: np.full(arm.n, np.nan)
            for name in arm.columns
            if name.endswith("_day") or name == "mrd_nadir"
        }
        full = {name: np.full(arm.n, 42.0) for name in SURVIVAL}
        flags = {
            OUTCOMES[name].censored: np.full(arm.n, True) for name in SURVIVAL if OUTCOMES[name].censored
        }
        text = {name: np.full(arm.n, "", object) for name in ("history", "cause_of_failure")}
        return replace(arm, columns=dict(arm.columns) | empty | full | flags | text)

    return replace(view, arms=tuple(map(still, view.arms)))


def test_the_report_stands_alone(done: ConductedTrial, trial: Trial) -> None:
    files = report_files(trial, done, {"program": "x"}, formats=("png",))
    page = files["report.html"]
    assert isinstance(page, str)
    assert page.count("<figure") == len(DRAWN)
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page.replace("https://doi.org", "")
    assert "not validated" in page
    assert len([name for name in files if name.endswith(".png")]) == len(DRAWN)
    assert report_files(trial, done, {"program": "x"}, formats=("png",)) == files  # the same bytes twice


@pytest.mark.parametrize("key", ["n", "shares", "rmst"])
def test_comparison_is_strict_json(done: ConductedTrial, key: str) -> None:
    read: Callable[[str], object] = json.loads
    document = read(json.dumps(done.view.comparison, allow_nan=False))
    assert isinstance(document, dict)
    assert all(key in arm for arm in document["arms"].values())


def test_what_the_arms_differ_in_and_what_the_model_fails_is_said(trial: Trial) -> None:
    assert not_the_same(trial) == ""  # late and early differ in when they start, and in nothing else
    longer = trial.arm("early").scenario
    assert longer.blinatumomab is not None
    longer = longer.model_copy(update={"blinatumomab": longer.blinatumomab.model_copy(update={"cycles": 4})})
    arms = tuple(replace(arm, scenario=longer) if arm.key == "early" else arm for arm in trial.arms)
    text = not_the_same(replace(trial, arms=arms))
    assert (
        "differ in more than one thing (treatment starts, blinatumomab)" in text and "Up to 4 cycles" in text
    )
    (line,) = failed_checks(trial)
    assert "F18: " in line and "N11: " in line  # one bears on blinatumomab, one on any arm
    untreated = tuple(replace(arm, scenario=trial.arm("none").scenario) for arm in trial.arms)
    (line,) = failed_checks(replace(trial, arms=untreated))
    assert "N11: " in line and "F18: " not in line


def test_a_stated_disease_is_told_and_residual_blasts_then_play_no_part(
    trial: Trial, trial_file: Path
) -> None:
    from simulation.trial.load import load_trial

    def words(trial: Trial) -> tuple[str, bool]:
        names = [name for name, _ in trial.cohort.varies if concerns(name, trial)]
        return common(trial), "n_residual_blasts" in names

    assert words(trial)[1]
    assert "Disease" not in words(trial)[0]
    plain = trial_file.read_text()
    trial_file.write_text(plain.replace("common:", "common:\n  disease: {on: day 20, marrow: 30 %}"))
    stated = load_trial(trial_file)
    text, residual = words(stated)
    assert "Disease: Stated: 30 % blasts in the marrow on day 20." in text
    assert not residual
    other = stated.arm("early").scenario
    assert other.disease is not None
    other = other.model_copy(update={"disease": other.disease.model_copy(update={"marrow": 0.1})})
    arms = tuple(replace(arm, scenario=other) if arm.key == "early" else arm for arm in stated.arms)
    assert "(treatment starts, disease)" in not_the_same(replace(stated, arms=arms))


@pytest.mark.parametrize(("n", "interval", "words"), [
    (40, (3.0, 50.0), "more, beyond chance"), (40, (-50.0, -3.0), "fewer, beyond chance"),
    (40, (-3.0, 50.0), "do not settle"), (19, (3.0, 50.0), "only 19 patients differ, and below 20"),
])  # fmt: skip
def test_beyond_chance_is_said_of_twenty_who_differ(
    n: int, interval: tuple[float, float], words: str
) -> None:
    assert words in pair_words.verdict({"interval_paired": interval, "differing": n})


def test_a_follow_up_that_decides_is_warned_of() -> None:
    record = {
        "outcome": "current_leukaemia_free_days", "days": [float(d) for d in range(10, 250, 10)], "value": [5.0] * 24,
        "low": [1.0] * 24, "high": [9.0] * 24, "if_it_went_on": {"value": -3.0, "interval": (-9.0, 2.0), "until": 480.0},
    }  # fmt: skip
    (line,) = pair_words.over_time({"difference_over_time": {**record, "follow_up_decides": False}})
    assert "+5 (+1 to +9) by day 240" in line
    _, warning = pair_words.over_time({"difference_over_time": {**record, "follow_up_decides": True}})
    assert warning.startswith("Warning: the end of follow-up decides") and "until day 480" in warning


def test_whatever_differs_between_patients_has_a_title() -> None:
    table = ParameterTable.load()
    varied = [name for name in table if table[name].between_patients is not None]
    assert varied and not set(varied) - set(PARAMETERS)


def test_access_of_treg_is_told_as_what_it_does() -> None:
    read_by = {process.name for process in PROCESSES if "phi_bm" in process.reads}  # type: ignore[attr-defined]
    assert read_by == {"trafficking"}
    assert "Homing" in PARAMETERS["phi_bm"] and "uppress" not in PARAMETERS["phi_bm"]


@pytest.mark.parametrize("arms", [1, 4, 7])
def test_the_waterfall_has_room_for_many_arms(done: ConductedTrial, arms: int) -> None:
    """No text lies over another, however many panels there are."""
    treated = next(arm for arm in done.view.arms if arm.happened("mrd_nadir").any())
    many = [replace(treated, key=f"arm_number_{k}") for k in range(arms)]
    drawn = waterfall.figure(replace(done.view, arms=tuple(many)))
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    assert len(drawn.axes) == arms
    texts: list[Text] = [*drawn.texts, *drawn.legends[0].get_texts()]
    for ax in drawn.axes:
        texts += [
            *(child for child in ax.get_children() if isinstance(child, Text)),
            ax.xaxis.label,
            ax.yaxis.label,
        ]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    assert len(boxes) >= arms + 4
    for index, (one, box) in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= -20, one
        for other, against in boxes[:index]:
            assert not box.overlaps(against), (one, other)


@pytest.mark.parametrize(
    "module", (survival, leukaemia_free, incidence, current), ids=lambda module: module.__name__
)
def test_the_key_lies_above_the_titles(done: ConductedTrial, module: ModuleType) -> None:
    drawn = module.figure(done.view)
    FigureCanvasAgg(drawn).draw()
    below = drawn.legends[0].get_window_extent().y0
    titles = [
        child
        for ax in drawn.axes
        for child in ax.get_children()
        if isinstance(child, Text) and child.get_text()
    ]
    assert all(title.get_window_extent().y1 <= below + 1 for title in titles)
