"""From a sweep's folder to answers, tables, figures and a report, on rows from formulas with known answers."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from matplotlib.patches import Rectangle

from simulation.analysis.figures import figures_of
from simulation.analysis.figures.heat import has_contours
from simulation.analysis.findings import Question, find
from simulation.analysis.words import answer_sentence, ranking_sentence, span_sentences
from simulation.analysis.write import write_analysis
from simulation.cli import main
from simulation.errors import UserError
from simulation.statistics.proportions import limits_of_equals
from simulation.sweep.outcomes import NumericOutcome
from tests.sweep.fake import fill, filled, planned

ARMS = "arms: {early: SCENARIOS/preemptive.yaml, late: SCENARIOS/therapeutic.yaml}\n"
ONE = f"""\
name: One <b>parameter</b>
{ARMS}parameters: {{rate_blast_net_growth: {{values: [0.02 /day, 0.04 /day, 0.08 /day, 0.16 /day], label: Growth}}}}
design: {{kind: grid}}
replicates: 12
outcomes: [relapse_free_days, relapse]
analysis: {{thresholds: [{{along: rate_blast_net_growth, outcome: relapse_free_days, better: early, than: late}}]}}
"""
TWO = f"""\
name: Two
{ARMS}parameters:
  phi_bm: [0, 0.5, 1]
  dli.cd3.0: [0/kg, 1e5/kg, 1e6/kg]
design: {{kind: grid}}
replicates: 8
outcomes: [relapse, agvhd_2_4]
analysis: {{pareto: [relapse, agvhd_2_4]}}
"""


def growth(values: Mapping[str, Any], arm: str, rng: np.random.Generator) -> dict[str, Any]:
    patient, rate = float(rng.normal()), float(values["rate_blast_net_growth"])
    gain = 100 * (rate - 0.06) if arm == "early" else 0.0
    return {"relapse_free_days": 200 + 20 * patient + gain, "relapse": float(patient > 0)}


def trade(values: Mapping[str, Any], arm: str, rng: np.random.Generator) -> dict[str, Any]:
    u, dose = float(rng.random()), {0.0: 0, 1e5: 1, 1e6: 2}[float(values["dli.cd3.0"])]
    relapse = u < 0.8 - 0.3 * dose + 0.9 * float(values["phi_bm"])
    return {"relapse": float(relapse), "agvhd_2_4": float(u > 0.9 - 0.3 * dose)}


def test_the_threshold_is_found_and_told(tmp_path: Path) -> None:
    folder, _ = filled(tmp_path, ONE, growth)
    findings = find(folder)
    (answer,) = findings.answers
    assert answer.threshold is not None
    assert answer.threshold.crossings[0].at == pytest.approx(0.06, abs=0.003)
    text = answer_sentence(findings, answer)
    assert "early is better than late" in text and "above 0.06 /day" in text.replace("0.0599", "0.06")
    gap = findings.contrasts[0]
    assert gap.mean[3, 0] == pytest.approx(-10.0)  # late minus early, twins
    n = findings.plan.n_replicates  # all alike: the interval is what so many leave open
    assert (gap.low[3, 0], gap.high[3, 0]) == pytest.approx(limits_of_equals(-10.0, n, -365.0, 365.0))
    assert gap.high[3, 0] > -10.0


def test_means_come_back_under_their_own_point(tmp_path: Path) -> None:
    """Guard against the trap of a sweep that swaps its parameter columns."""
    folder, plan = filled(
        tmp_path,
        TWO,
        lambda v, a, r: {
            "final_blasts": 1000 * v["phi_bm"] + v["dli.cd3.0"] / 1e5,
            "relapse": 0.0,
            "agvhd_2_4": 0.0,
        },
    )
    findings = find(folder, ["final_blasts"])
    write_analysis(findings, tmp_path / "analysis", formats=())
    with (tmp_path / "analysis" / "responses.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"] == "final_blasts"]
    assert len(rows) == plan.n_points * 2
    for row in rows:
        assert float(row["mean"]) == pytest.approx(
            1000 * float(row["phi_bm"]) + float(row["dli.cd3.0"]) / 1e5
        )
    assert findings.grid is not None and findings.grid.points.shape == (3, 3)


def test_what_nothing_changes_is_said_and_extremes_are_named(tmp_path: Path) -> None:
    def values(v: Mapping[str, Any], arm: str, rng: np.random.Generator) -> dict[str, Any]:
        relapse = float(rng.random() < 0.4)  # the same for a patient at every point
        return {"relapse": relapse, "agvhd_2_4": float(v["phi_bm"] == 1.0)}

    folder, _ = filled(tmp_path, TWO, values)
    findings = find(folder, ["relapse", "agvhd_2_4"])
    sentences = span_sentences(findings)
    assert all(
        "what was varied does not change it" in line for line in sentences if line.startswith("Overt relapse")
    )
    gvhd = [line for line in sentences if line.startswith("aGvHD")]
    assert len(sentences) == 4 and all("from 0 % [" in line and "to 100 % [" in line for line in gvhd)
    assert all("phi_bm 0," in line.partition("to 100 %")[0] for line in gvhd)
    # counts over patients are exact: no -2.8e-17 of them
    n = findings.plan.n_replicates
    assert set(np.unique(findings.responses.mean * n)) <= {float(k) for k in range(n + 1)}


def test_intervals_of_days_stay_between_zero_and_the_end_of_follow_up(tmp_path: Path) -> None:
    def days(v: Mapping[str, Any], arm: str, rng: np.random.Generator) -> dict[str, Any]:
        return {"relapse_free_days": 365.0 if rng.random() < 0.85 else 10.0, "relapse": 0.0}

    result = find(filled(tmp_path, ONE, days)[0], ["relapse_free_days"]).responses
    assert (result.sd > 0).any() and result.low.min() >= 0.0
    assert result.high.max() == 365.0 and (result.mean < 365.0).all()


def test_one_patient_per_point_has_means_and_no_intervals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = filled(tmp_path, ONE.replace("replicates: 12", "replicates: 1"), growth)
    assert main(["analyze", str(folder)]) == 0
    assert "no interval: too few patients" in capsys.readouterr().out
    texts = [line for line in span_sentences(find(folder)) if line.startswith("Relapse-free survival")]
    assert texts and all("[" not in line and "nan" not in line for line in texts)


def test_the_front_of_a_trade_off(tmp_path: Path) -> None:
    findings = find(filled(tmp_path, TWO, trade)[0])
    on_front = [findings.points[i] for i in findings.pareto["early"]]
    assert {point[0] for point in on_front} == {0.0}  # Treg in the marrow cost relapse and gain nothing
    assert len(on_front) >= 2


def test_figures_have_a_line_per_arm_and_a_map_per_panel(tmp_path: Path) -> None:
    folder, _ = filled(tmp_path, ONE, growth)
    findings = find(folder)
    drawn = {figure.name: figure for figure in figures_of(findings)}
    assert set(drawn) == {"line_relapse_free_days"}  # as many relapse at every point: nothing to draw
    axes = drawn["line_relapse_free_days"].draw(findings).axes[0]
    curves = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(curves) == 2 and len(axes.collections) == 2  # and each has its band
    assert "95 % interval of the mean" in drawn["line_relapse_free_days"].caption_of(findings)
    (tmp_path / "2").mkdir()
    findings = find(filled(tmp_path / "2", TWO, trade)[0])
    other = {figure.name: figure for figure in figures_of(findings)}
    assert {"heat_relapse", "contour_relapse", "lines_relapse"} <= set(other)
    assert "heat_relapse_difference" not in other  # the arms are the same everywhere
    assert "Bars: 95 %" in other["lines_relapse"].caption_of(findings)
    for ax in (
        other["lines_relapse"].draw(findings).axes
    ):  # three lines: bars beside each other, no bands on one another
        assert [type(one).__name__ for one in ax.collections] == ["LineCollection"] * 3
        assert ax.get_xlim() == pytest.approx((-0.05, 1.05))
    assert {"pareto_relapse_agvhd_2_4_early", "pareto_relapse_agvhd_2_4_late"} <= set(other)
    assert len([ax for ax in other["heat_relapse"].draw(findings).axes if ax.images]) == 2


def early_harms(values: Mapping[str, Any], arm: str, rng: np.random.Generator) -> dict[str, Any]:
    """Return a difference between arms that is sure where phi_bm is 0 and drowned by chance elsewhere."""
    phi = float(values["phi_bm"])
    return {"relapse_free_days": 200 + (arm == "early") * (20 + (1 + 1e3 * phi) * float(rng.normal()))}


def test_a_difference_that_chance_drowns_has_no_colour(tmp_path: Path) -> None:
    text = TWO.replace("outcomes: [relapse, agvhd_2_4]", "outcomes: [relapse_free_days]").partition(
        "analysis:"
    )[0]
    findings = find(filled(tmp_path, text, early_harms)[0])
    drawn = {figure.name: figure for figure in figures_of(findings)}
    heat = drawn["heat_relapse_free_days_difference"]
    assert "Pale and hatched: the interval holds zero" in heat.caption_of(findings)
    (ax,) = [ax for ax in heat.draw(findings).axes if ax.images]
    hatched = {
        (round(one.get_x() + 0.5), round(one.get_y() + 0.5))
        for one in ax.patches
        if isinstance(one, Rectangle) and one.get_hatch()
    }
    assert hatched == {(phi, dose) for phi in (1, 2) for dose in (0, 1, 2)}


def test_contours_of_one_colour_are_not_drawn() -> None:
    outcome = NumericOutcome("relapse", "relapse", share=True, less_is_better=True)
    wide = np.array([[0.1, 0.3], [0.5, 0.9]])
    narrow = np.array([[0.41, 0.42], [0.43, 0.44]])
    for means, lines in ((wide, True), (narrow, False), (np.zeros((2, 2)), False)):
        assert has_contours([("", means, means - 0.01, means + 0.01)], outcome, signed=False) is lines
    gaps = np.array([[-0.3, 0.0], [0.2, 0.4]])
    for half, lines in (
        (0.01, True),
        (1.0, False),
    ):  # nothing is beyond chance: no line of no difference either
        assert has_contours([("", gaps, gaps - half, gaps + half)], outcome, signed=True) is lines


@pytest.mark.parametrize(("design", "names"), [
    ("kind: one_at_a_time", {"tornado_relapse_free_days_base"}),
    ("kind: morris, trajectories: 4", {"indices_relapse_free_days", "morris_relapse_free_days"}),
    ("kind: sobol, points: 8", {"indices_relapse_free_days"}),
    ("kind: latin_hypercube, points: 60", {"indices_relapse_free_days"}),
])  # fmt: skip
def test_figures_of_sensitivity(tmp_path: Path, design: str, names: set[str]) -> None:
    text = (
        "name: S\nscenario: SCENARIOS/preemptive.yaml\nparameters: {phi_bm: {range: table}, p_synapse: {range: table}}\n"
        f"design: {{{design}}}\nreplicates: 2\n"
    )
    folder, _ = filled(
        tmp_path, text, lambda v, a, r: {"relapse_free_days": 100 * v["phi_bm"] + 10 * v["p_synapse"] ** 2}
    )
    findings = find(folder)
    assert {drawing.name for drawing in figures_of(findings)} == names
    for ranking in findings.rankings:
        assert "phi_bm" in ranking_sentence(ranking, {}).partition(", p_synapse")[0]


def test_indices_of_an_unfinished_sweep_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "name: S\nscenario: SCENARIOS/preemptive.yaml\nparameters: {phi_bm: {range: table}, p_synapse: {range: table}}\n"
        "design: {kind: sobol, points: 8}\nreplicates: 2\n"
    )
    folder, plan = planned(tmp_path, text)
    with pytest.raises(UserError, match="no run is done yet"):
        find(folder)
    fill(
        folder,
        plan,
        lambda v, a, r: {"relapse_free_days": v["phi_bm"]},
        leave_out=lambda run: run.number == 5,
    )
    findings = find(folder)
    assert findings.missing == 1 and findings.rankings[0].indices is None
    assert not list(figures_of(findings))
    assert main(["analyze", str(folder), "--indices"]) == 2
    assert "1 of 64 runs are missing" in capsys.readouterr().err
    assert main(["analyze", str(folder), "--no-figures"]) == 0
    assert "finish it with --resume" in (folder / "analysis" / "report.html").read_text(encoding="utf-8")


def test_a_design_that_gives_no_indices_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, _ = filled(tmp_path, ONE, growth)
    assert main(["analyze", str(folder), "--indices", "--no-figures"]) == 2
    assert "grid gives no sensitivity indices" in capsys.readouterr().err


def test_questions_that_do_not_fit_are_told(tmp_path: Path) -> None:
    folder, _ = filled(tmp_path, ONE, growth)
    for question, message in (
        (Question("growth", "relapse", "early", "late"), "not a parameter"),
        (Question("rate_blast_net_growth", "relapst", "early", "late"), "did you mean"),
        (Question("rate_blast_net_growth", "relapse", "first", "late"), "no arm 'first'"),
    ):
        with pytest.raises(UserError, match=message):
            find(folder, questions=[question])


def test_the_report_needs_nothing_else_and_escapes_what_it_is_told(tmp_path: Path) -> None:
    folder, _ = filled(tmp_path, ONE, growth)
    findings = find(folder)
    place = tmp_path / "analysis"
    write_analysis(findings, place, formats=("png",))
    page = (place / "report.html").read_text(encoding="utf-8")
    assert "One &lt;b&gt;parameter" in page and "<b>parameter" not in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert "must not\nbe used for clinical" in page or "must not be used for clinical" in page
    assert "0.06 /day" in page.replace("0.0599", "0.06")
    assert (place / "figures" / "line_relapse_free_days.png").stat().st_size > 5000
    assert re.search("Not drawn, because the mean is the same at every point .*: [^<]*[Rr]elapse", page)
    write_analysis(find(folder), place, formats=("png",))
    assert (place / "report.html").read_text(encoding="utf-8") == page


def test_analyze_draws_in_the_formats_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, _ = filled(tmp_path, ONE, growth)
    for options, endings in (([], {".png"}), (["--format", "pdf", "--format", "svg"], {".pdf", ".svg"})):
        assert main(["analyze", str(folder), *options]) == 0
        assert {path.suffix for path in (folder / "analysis" / "figures").iterdir()} == endings


def test_parquet_holds_what_the_store_holds(tmp_path: Path) -> None:
    folder, plan = filled(tmp_path, ONE, growth)
    findings = find(folder)
    write_analysis(findings, tmp_path / "analysis", formats=())
    table = pq.read_table(tmp_path / "analysis" / "runs.parquet")
    assert table.num_rows == plan.n_runs
    days = dict(zip(table["run"].to_pylist(), table["relapse_free_days"].to_pylist(), strict=True))
    assert days == {row["run"]: row["relapse_free_days"] for row in findings.table.rows()}
    assert b"plan" in table.schema.metadata
