"""What the figures of a sweep share: how one is declared, and the words on whom and what its numbers rest."""

from collections.abc import Callable

from matplotlib.figure import Figure

from simulation.analysis.findings import Findings
from simulation.results.figures.report_figure import ReportFigure
from simulation.sweep.outcomes import NumericOutcome

__all__ = ["Declared", "band", "declared", "title_with_arm", "who"]

type Declared = ReportFigure[Findings]


def declared(
    kind: str, parts: tuple[str, ...], title: str, caption: str, draw: Callable[[], Figure]
) -> Declared:
    """Return a figure, its file named after its kind and parts; it is drawn when it is asked for, one at a time."""
    words = "_".join((kind, *parts))
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in words)
    return ReportFigure(name, title, caption, lambda _: draw())


def who(findings: Findings) -> str:
    """Return on which patients the means rest."""
    n = findings.plan.n_replicates
    same = "the same at every point" if findings.plan.random_numbers == "common" else "others at every point"
    return f"Means over {n:,} virtual patients, {same}."


def band(outcome: NumericOutcome) -> str:
    """Return what a band or bar of the mean is."""
    kind = "Wilson" if outcome.share else "Student"
    return f"95 % interval of the mean ({kind}), that is, how well so many patients fix it, not how patients differ"


def title_with_arm(findings: Findings, title: str, arm: str) -> str:
    """Return a title that names the arm where there are several."""
    return f"{title} ({arm})" if len(findings.plan.arms) > 1 else title
