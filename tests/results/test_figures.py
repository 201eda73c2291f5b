"""Figures: what is drawn is what the run left, nothing is hidden, the same figure gives the same bytes."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from simulation.figure_formats import FORMATS
from simulation.products.received import Interval
from simulation.products.registry import product
from simulation.results import MarrowMap, Result, figures
from simulation.results.figures import burden, gvhd, marrow_maps, strip, style
from simulation.results.figures.overview import overview
from simulation.results.figures.report_figure import figures_in
from simulation.results.measurements import measurements
from tests.results.conftest import cured, relapsing, untreated

ROOT = Path(__file__).resolve().parents[2]
FIGURES = figures_in("simulation.results.figures")


def _curves(figure: Figure) -> list[str]:
    """Return the labels of the curves (not of marks) of all axes."""
    return [
        str(line.get_label())
        for ax in figure.axes
        for line in ax.lines
        if not str(line.get_label()).startswith("_") and line.get_linestyle() != "None"
    ]


def _line(figure: Figure, label: str) -> tuple[np.ndarray, np.ndarray]:
    for ax in figure.axes:
        for line in ax.lines:
            if line.get_label() == label:
                return np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)
    raise AssertionError(f"no {label} in the figure")


def _texts(figure: Figure) -> list[str]:
    figure.draw_without_rendering()
    return [text.get_text() for ax in figure.axes for text in ax.texts] + [
        one.get_text() for one in figure.texts
    ]


@pytest.mark.parametrize("spec", FIGURES, ids=lambda spec: spec.name)
def test_every_figure_of_every_odd_result_is_drawn(spec: object, any_result: Result) -> None:
    rendered = style.render(spec.draw(any_result), FORMATS)  # type: ignore[attr-defined]
    with Image.open(io.BytesIO(rendered["png"])) as image:
        colours = image.convert("L").getcolors(image.width * image.height)
        assert image.width > 600
        assert colours is not None and len(colours) > 5  # not an empty sheet
    assert rendered["svg"].rstrip().endswith(b"</svg>")
    assert spec.caption_of(any_result)  # type: ignore[attr-defined]


@pytest.mark.parametrize("spec", FIGURES, ids=lambda spec: spec.name)
def test_same_result_gives_the_same_bytes(spec: object) -> None:
    first, second = (style.render(spec.draw(relapsing()), FORMATS) for _ in range(2))  # type: ignore[attr-defined]
    assert first == second


def test_svg_bytes_survive_another_process_and_the_users_settings() -> None:
    code = (
        "import hashlib, matplotlib\n"
        "matplotlib.rcParams['font.size'] = {size}\n"
        "matplotlib.rcParams['svg.hashsalt'] = 'theirs'\n"
        "from tests.results.conftest import relapsing\n"
        "from simulation.results.figures import burden, style\n"
        "print(hashlib.sha256(style.render(burden.figure(relapsing()), ('svg',))['svg']).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code.format(size=size)], check=True, capture_output=True, text=True
        ).stdout
        for size in (9, 20)
    }
    assert len(digests) == 1


def test_svg_has_no_date_and_no_version() -> None:
    svg = style.render(burden.figure(relapsing()), ("svg",))["svg"].decode()
    assert "matplotlib.org" not in svg
    assert "dc:date" not in svg


def test_a_figure_in_which_nothing_would_be_seen_is_not_drawn_and_the_report_says_so(tmp_path: Path) -> None:
    nothing = untreated()
    flat = dict(nothing.columns) | {"tissue_integrity_fraction": np.ones(nothing.days.size)}
    flat |= {name: np.zeros(nothing.days.size) for name in ("crs_score", "blinatumomab_pg_per_ml")}
    place = replace(nothing, columns=flat, maps=()).write(tmp_path / "run")
    assert {path.stem for path in (place / "figures").iterdir()} == {"burden", "t_cells", "blood"}
    report = (place / "report.html").read_text()
    for figure in FIGURES:
        absent = (
            f"{figure.title}"
            in report.partition("Not drawn, because there is nothing to see")[2].partition("</p>")[0]
        )
        assert absent is (figure.name in {"drug", "gvhd", "marrow_maps"})


def test_a_figure_that_travels_says_that_it_is_simulated(tmp_path: Path) -> None:
    figure = relapsing().plot("burden")
    assert isinstance(figure, style.PaperFigure)
    figure.savefig(tmp_path / "mine.svg")
    for svg in ((tmp_path / "mine.svg").read_text(), style.render(figure, ("svg",))["svg"].decode()):
        assert f"<!-- {style.SIMULATED} -->" in svg
    height = figure.get_size_inches()[1]
    with Image.open(io.BytesIO(style.render(figure)["png"])) as image:
        assert image.height > 220 * height + 20  # a line of its own: it covers nothing
        ink = np.asarray(image.convert("L"))[int(220 * height) + 5 :]
    assert (ink < 160).sum() > 200


def test_the_users_settings_are_left_alone() -> None:
    before = dict(mpl.rcParams)
    relapsing().plot("burden")
    assert dict(mpl.rcParams) == before


def test_burden_draws_the_clones_there_were() -> None:
    assert _curves(relapsing().plot("burden")) == ["all blasts", "CD19\N{MINUS SIGN}", "true share"]
    assert _curves(untreated().plot("burden")) == ["all blasts", "true share"]


def test_burden_shows_the_numbers_of_the_run(relapse: Result) -> None:
    days, blasts = _line(relapse.plot("burden"), "all blasts")
    np.testing.assert_array_equal(days, relapse.columns["day"])
    np.testing.assert_array_equal(blasts, relapse.columns["blasts_cells"])


def test_extinction_is_marked_at_zero_on_its_day(cure: Result) -> None:
    figure = cure.plot("burden")
    days, cells = _line(figure, "eradicated")
    assert (days.tolist(), cells.tolist()) == ([171.0], [0.0])
    assert "last blast dead, day 171" in _texts(figure)
    body = figure.axes[1]
    bottom, top = body.get_ylim()
    assert bottom < 0 < top  # zero lies on the axis
    at_zero, at_one = (body.transData.transform((0, y))[1] for y in (0.0, 1.0))
    assert at_one - at_zero > 5  # and one cell can be told from none


def test_a_patient_with_blasts_has_no_mark_of_extinction(relapse: Result) -> None:
    with pytest.raises(AssertionError, match="no eradicated"):
        _line(relapse.plot("burden"), "eradicated")


def test_tests_stand_at_the_day_of_the_sample(cure: Result) -> None:
    figure = cure.plot("burden")
    tests = measurements(cure, "mrd")
    days_tested, result = _line(figure, "MRD test")
    missed_days, missed = _line(figure, "MRD not detected")
    assert sorted([*days_tested, *missed_days]) == [test.day for test in tests]
    assert all(result >= 1e-5)
    assert set(missed) == {1e-5}  # at the assay's limit, where "nothing found" is to be read
    assert all(day % 30 == 0 for day in days_tested)


def test_limits_are_those_of_the_scenario(relapse: Result) -> None:
    marrow = relapse.plot("burden").axes[2]
    across = {
        float(np.asarray(line.get_ydata())[0])
        for line in marrow.lines
        if len(set(np.asarray(line.get_ydata()).tolist())) == 1
    }
    assert {0.05, 1e-4, 1e-5} <= across


def test_few_cells_analysed_raise_the_limit(relapse: Result) -> None:
    setattr(relapse.scenario.monitoring.mrd, "cells", 1e4)  # noqa: B010 - a stub, which may be changed
    assert burden._sensitivity(relapse) == 1e-4


def test_t_cells_have_three_classes_twice(relapse: Result) -> None:
    assert _curves(relapse.plot("t_cells")) == ["Tcon", "Treg", "engaged"] * 2


def test_blood_has_four_curves(relapse: Result) -> None:
    assert _curves(relapse.plot("blood")) == ["CD3+", "Treg", "B cells", "blasts"]


def test_dli_are_marked_on_their_days(relapse: Result) -> None:
    ax = relapse.plot("drug").axes[1]
    days = [float(np.asarray(line.get_xdata())[0]) for line in ax.lines if line.get_label() == "DLI"]
    assert days == [214.0, 256.0]
    assert {"1e5", "5e5"} <= set(_texts(relapse.plot("drug")))


def test_no_treatment_is_said(untreated_result: Result) -> None:
    assert "no treatment" in _texts(untreated_result.plot("burden"))
    assert "no blinatumomab, no donor lymphocytes" in _texts(untreated_result.plot("drug"))


def infusions(result: Result) -> tuple[Interval, ...]:
    return product("blinatumomab").received(result.events, result.end)[0].bars


def test_infusions_are_read_from_the_pump(relapse: Result) -> None:
    assert [(item.start, item.end, item.level) for item in infusions(relapse)] == [
        (200.0, 207.0, 9.0),
        (207.0, 228.0, 28.0),
        (242.0, 270.0, 28.0),
    ]
    days = sum(item.end - item.start for item in infusions(relapse))
    assert days == relapse.outcomes["blinatumomab_days"]


def test_a_pump_left_running_ends_with_the_run(relapse: Result) -> None:
    running = tuple(event for event in relapse.events if event.day < 260.0)
    last = infusions(replace(relapse, events=running))[-1]
    assert (last.start, last.end) == (242.0, 365.0)


def test_gvhd_bands_are_the_recorded_grades(relapse: Result) -> None:
    spells = gvhd.grade_spells(relapse)
    grades = relapse.columns["agvhd_grade"]
    days = relapse.columns["day"]
    assert [grade for *_, grade in spells] == [1, 2, 1]
    for start, end, grade in spells:
        assert set(grades[(days >= start) & (days < end)]) == {grade}


def test_gvhd_that_lasts_is_drawn_to_the_end(relapse: Result) -> None:
    grades = np.where(relapse.columns["day"] > 300, 3.0, 0.0)
    lasting = replace(relapse, columns=dict(relapse.columns) | {"agvhd_grade": grades})
    assert gvhd.grade_spells(lasting) == [(301.0, 365.0, 3)]


def test_maps_of_a_row_share_one_scale(relapse: Result) -> None:
    figure = relapse.plot("marrow_maps")
    rows = [ax for ax in figure.axes if ax.images]
    assert len(rows) == 3
    for ax in rows:
        assert len(ax.images) == len(relapse.maps) == 7
        assert len({image.get_clim() for image in ax.images}) == 1
    assert rows[0].images[0].get_clim()[1] >= max(one.layers["blasts"].max() for one in relapse.maps)


def test_empty_niches_have_no_colour_of_the_scale(cure: Result) -> None:
    blasts = next(ax for ax in cure.plot("marrow_maps").axes if ax.images)
    assert np.ma.getmaskarray(np.ma.asarray(blasts.images[-1].get_array())).all()  # day 360: extinct


def test_many_maps_are_thinned_and_the_last_is_kept(relapse: Result) -> None:
    one = relapse.maps[0]
    many = tuple(MarrowMap(float(day), one.rows, one.columns, one.layers) for day in range(50))
    chosen = marrow_maps._chosen(replace(relapse, maps=many))
    assert len(chosen) == 8
    assert (chosen[0].day, chosen[-1].day) == (0.0, 49.0)


def test_overview_has_a_curve_and_a_row_per_run() -> None:
    results = [untreated(), relapsing(), cured(), untreated(200.0, name="short")]
    figure = overview(results)
    top, below = figure.axes
    curves = [line for line in top.lines if str(line.get_label()) in "ABCD"]
    assert len(curves) == 4
    assert (
        len({(line.get_color(), str(line.get_linestyle()), line.get_dash_capstyle()) for line in curves}) == 4
    )
    texts = [text.get_text() for text in below.texts]
    assert [text[0] for text in texts[::2]] == list("ABCD")
    assert texts[1::2] == [
        "relapse day 183",
        "2nd relapse day 331",
        "eradicated day 171",
        "no haematological relapse by day 200",
    ]


def test_overview_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        overview([])


def test_a_figure_that_is_none_is_named_with_those_that_are(relapse: Result) -> None:
    with pytest.raises(ValueError, match="no figure is named 'burdn'; there are burden, t_cells"):
        relapse.plot("burdn")


def test_the_page_lists_every_figure() -> None:
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `figures/(\w+)` \| (.*) \|$", page, re.MULTILINE) == [
        (f.name, f.title) for f in FIGURES
    ]


def test_a_plot_can_go_on_the_users_own_axes(relapse: Result) -> None:
    figure = Figure()
    axes = figure.subplots(3, 2).ravel()
    plots = [figure.name for figure in FIGURES]
    for ax, name in zip(axes, plots, strict=True):
        assert relapse.plot(name, ax) is figure
        assert ax.lines or ax.images
        assert ax.get_xlabel() == "Time after transplant (days)" or ax.images


def test_a_notebook_shows_the_figure(relapse: Result) -> None:
    assert relapse.plot("drug")._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


@pytest.mark.parametrize("heights", [(0.0, 0.0, 0.0), (1e11, 1e11, 1.0), (1e12, 9e11, 8e11), (0.0, 1e12)])
def test_labels_at_the_end_keep_apart(heights: tuple[float, ...]) -> None:
    ax = Figure().subplots()
    style.count_axis(ax, [np.array([1e12])])
    style.label_ends(ax, [(height, str(index), "k") for index, height in enumerate(heights)], gap=0.1)
    placed = sorted(text.xy[1] for text in ax.texts)  # type: ignore[attr-defined]
    assert len(placed) == len(heights)
    assert all(after - before >= 0.0999 for before, after in pairwise(placed))
    assert placed[0] >= 0 and placed[-1] <= 1.001


@pytest.mark.parametrize("top", [1.0, 10.0, 5e3, 1e6, 7e11, 1e12, 3e15])
def test_count_axis_has_few_round_ticks_and_its_top(top: float) -> None:
    ax = Figure().subplots()
    style.count_axis(ax, [np.array([0.0, top])])
    ticks = ax.get_yticks()
    assert 0 in ticks
    assert 3 <= len(ticks) <= 7
    assert max(ticks) == pytest.approx(ax.get_ylim()[1])
    assert ax.get_ylim()[1] >= top


@pytest.mark.parametrize("end", [0.25, 1.0, 7.0, 30.0, 90.0, 365.0, 730.0, 7305.0])
def test_day_axis_has_few_round_ticks(end: float) -> None:
    ax = Figure().subplots()
    style.day_axis(ax, end)
    assert 2 <= len(ax.get_xticks()) <= 10
    assert ax.get_xlim() == (0, end)


def test_milestones_that_are_near_get_rows_of_their_own() -> None:
    marks = [(day, "complete remission", "k") for day in (100.0, 102.0, 104.0)]
    assert len(strip._spread(marks, 365.0)) == 3
    assert len(strip._spread([(10.0, "relapse", "k"), (300.0, "death", "k")], 365.0)) == 1


def test_importing_results_loads_neither_pandas_nor_matplotlib() -> None:
    code = (
        "import sys, simulation.results, simulation.results.folder\n"
        "print([name for name in ('pandas', 'matplotlib', 'mesa', 'numba', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_pyplot_is_never_loaded() -> None:
    code = (
        "import sys\nfrom tests.results.conftest import relapsing\n"
        "relapsing().plot('burden')\nprint('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_one_file_is_a_whole_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    example = re.search(r"^```python\n# file: (exhaustion\.py)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert example is not None
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / example[1]).write_text(example[2], encoding="utf-8")
    monkeypatch.setattr(figures, "__path__", [*figures.__path__, str(tmp_path / "mine")])
    figures_in.cache_clear()
    try:
        result = relapsing()
        tired = np.linspace(0.0, 0.8, result.days.size)
        result = replace(result, columns=dict(result.columns) | {"marrow_t_exhaustion_fraction": tired})
        place = result.write(tmp_path / "run")
        drawn = result.plot("exhaustion")
    finally:
        figures_in.cache_clear()
        sys.modules.pop("simulation.results.figures.exhaustion", None)
    assert (place / "figures" / "exhaustion.png").stat().st_size > 5000
    assert "Exhaustion of T cells in the marrow" in (place / "report.html").read_text(encoding="utf-8")
    curves = [np.asarray(line.get_ydata(), float) for ax in drawn.axes for line in ax.lines]
    assert any(np.array_equal(curve, tired) for curve in curves)
