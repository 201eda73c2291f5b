"""The page of `calibrate --self-check`: rank histograms with their bounds, in words, as JSON and as a picture."""

import math
import textwrap
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

import simulation
from simulation.calibration.problem import Problem
from simulation.calibration.self_check import BINS, Ranks, bounds
from simulation.files.atomic import write_file
from simulation.files.tables import json_text
from simulation.provenance import provenance
from simulation.results.figures import style

__all__ = ["PAGE", "self_check_document", "self_check_markdown", "write_self_check"]

PAGE: Final = "self_check.md"
PICTURE: Final = "self_check.png"
_COLUMNS: Final = 4
_INTRO: Final = """\
Written by `python run_sim.py calibrate {file} --self-check {problems}`; do not edit. Does the calibration find what is known?
Made problems have the parameters, ranges, targets, weights and effort of the fit *{name}*; a truth is drawn from the ranges,
observations are made from it with the errors of the real ones, and the very sampler runs, on smooth functions in place of
patients. Were its weighted sets draws of the posterior, the rank of the truth among them would be uniform (simulation-based
calibration, Talts et al. 2018). More in the middle: the sets are too wide. More at both ends: too narrow, and a range made from
them says too much.

A uniform histogram is no proof: sets that had learned nothing would have one, too. The width beside it says how much was learned.
Two things differ from the method to the letter: sets are weighted, so the rank is the weight below the truth, as of so many sets
as count; and functions stand in for patients, so nothing is said of a simulator with noise, or of a model that is wrong.
"""


def self_check_document(problem: Problem, generated: Ranks, stored: Ranks | None) -> dict[str, Any]:
    """Return the machine-readable page."""
    return {
        "provenance": provenance(fit=problem.name, seed=problem.seed),
        "fit": problem.name,
        "made": _plain(generated),
        "stored": None if stored is None else _plain(stored),
    }


def _plain(ranks: Ranks) -> dict[str, Any]:
    n = len(ranks.places)
    return {
        "problems": n,
        "effective_sets": float(ranks.effective.mean()),
        "bounds": bounds(n),
        "least_p_uniform": dict(zip(("value", "by_chance"), ranks.least(), strict=True)),
        "spread_of_ranks": dict(zip(("value", "low", "high", "p"), ranks.spread(), strict=True)),
        "parameters": [
            {
                "name": name, "counts": ranks.counts(k).tolist(), "p_uniform": ranks.uniform(k),
                "inside_50": ranks.inside(k, 0.5),
                "inside_90": ranks.inside(k, 0.9), "width": float(ranks.widths[:, k].mean()), "told": ranks.verdict(k),
            }
            for k, name in enumerate(ranks.names)
        ],
    }  # fmt: skip


def self_check_markdown(problem: Problem, generated: Ranks, stored: Ranks | None, file: str) -> str:
    """Return the page as Markdown."""
    n = len(generated.places)
    lines = [
        "# Self-check of the calibration", "",
        "After this page you know how well a fit finds values that are known, and how far its ranges may be believed.", "",
        _INTRO.format(file=file, problems=n, name=problem.name),
        f"Version {simulation.__version__}, seed {problem.seed}.", "",
        "## Made problems", "", *_words(generated), "", f"![Rank histograms]({PICTURE})", "", *_table(generated),
    ]  # fmt: skip
    if stored is not None:
        lines += [
            "", "## The stored evaluations of the real fit", "",
            "Each complete candidate of the design is once the truth: its own simulated statistics, with made errors, are what "
            "is observed, and all other stored candidates are kept and weighed as the fit does. Nothing is simulated. Later "
            "rounds looked for the real observations, not for these, so that sets are wider here than in the fit.", "",
            *_words(stored), "", *_table(stored),
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _words(ranks: Ranks) -> list[str]:
    n, k = len(ranks.places), len(ranks.names)
    low, high = bounds(n)
    good = sum(ranks.verdict(i) == "as it should be" for i in range(k))
    (least, by_chance), (spread, below, above, p) = ranks.least(), ranks.spread()
    verdict = (
        "no other than uniform" if p > 0.05 else "sets are too narrow" if spread > 1 else "sets are too wide"
    )
    halves, nineties = (sum(ranks.inside(i, share) for i in range(k)) / k for share in (0.5, 0.9))
    return [
        f"{n} problems, {ranks.effective.mean():.1f} sets that count in each. **{good} of {k} histograms lie within their "
        f"bounds** ({low} to {high} in each of {BINS} bins; one uniform histogram in twenty would not). Central intervals of the "
        f"sets held the truth in {halves:.0%} where they say 50 %, and in {nineties:.0%} where they say 90 %.", "",
        f"All parameters together: the ranks vary {spread:.2f} ({below:.2f} to {above:.2f}) times as much around the middle as "
        f"uniform ones, **{verdict}** (p {p:.2g}; every problem counts once). The least p of the {k} histograms is {least:.2g}: "
        f"so small a one is among {k} uniform ones in {by_chance:.0%}.",
    ]  # fmt: skip


def _table(ranks: Ranks) -> list[str]:
    rows = [
        "| parameter | ranks, lowest to highest | p if uniform | 50 % held | 90 % held | width of the range | |",
        "|---|---|---|---|---|---|---|",
    ]
    for k, name in enumerate(ranks.names):
        counts = " ".join(map(str, ranks.counts(k).tolist()))
        rows.append(
            f"| {name} | {counts} | {ranks.uniform(k):.2g} | {ranks.inside(k, 0.5):.0%} | {ranks.inside(k, 0.9):.0%} "
            f"| {ranks.widths[:, k].mean():.0%} | {ranks.verdict(k)} |"
        )
    return [*rows, "", "Width of the range: standard deviation of the sets over that of the range searched."]


@style.styled
def histograms(ranks: Ranks) -> Figure:
    """Draw a histogram of ranks per parameter, with the bounds between which uniform ones lie."""
    rows = math.ceil(len(ranks.names) / _COLUMNS)
    height = 1.25 * rows + 0.5
    drawn = style.PaperFigure(7.2, height)
    low, high = bounds(len(ranks.places))
    for k, name in enumerate(ranks.names):
        row, column = divmod(k, _COLUMNS)
        place = (0.05 + column * 0.24, 1 - ((row + 1) * 1.25 - 0.1) / height, 0.2, 0.85 / height)
        ax = drawn.add_axes(place)
        ax.axhspan(low, high, color=style.COLOUR["faint"], linewidth=0)
        ax.axhline(len(ranks.places) / BINS, color=style.COLOUR["quiet"], linewidth=0.7)
        good = ranks.verdict(k) == "as it should be"
        counts, colour = ranks.counts(k), style.COLOUR["finding" if good else "blasts"]
        ax.bar(range(BINS), counts, width=0.8, color=colour, alpha=0.55, linewidth=0)
        ax.set_xticks([])
        ax.set_ylim(0, 1.15 * max(high, int(counts.max())))
        ax.tick_params(labelsize=6)
        ax.set_title(
            textwrap.shorten(name, 34, placeholder=" ..."), fontsize=5.8, fontweight="normal", loc="left"
        )
    return drawn


def write_self_check(
    problem: Problem, generated: Ranks, stored: Ranks | None, file: str, folder: Path
) -> None:
    """Write page, JSON and picture; each file is whole or absent."""
    write_file(folder / PAGE, self_check_markdown(problem, generated, stored, file))
    write_file(folder / "self_check.json", json_text(self_check_document(problem, generated, stored)))
    write_file(folder / PICTURE, style.render(histograms(generated))["png"])
