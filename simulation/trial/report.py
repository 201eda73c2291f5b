"""The trial's report, from the question to the limits, and its figures."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from simulation.results.figures import style
from simulation.results.folder import write_file
from simulation.results.report.page import Panel, figure_panel, render_page
from simulation.results.trial_figures import (
    causes,
    forest,
    incidence,
    leukaemia_free,
    survival,
    swimmer,
    twins,
    waterfall,
)
from simulation.results.trial_view import TrialView
from simulation.trial import pair_words
from simulation.trial import report_words as words
from simulation.trial.conduct import Conducted
from simulation.trial.schema import Trial

__all__ = ["draw_figures", "write_report"]

type Drawn = dict[str, list[Panel]]
_SECTIONS: Final = {
    "results": (leukaemia_free, survival, incidence, waterfall, causes),
    "twins": (twins, swimmer),
}


def write_report(
    trial: Trial, done: Conducted, known: Mapping[str, Any], out: Path, *, figures: bool
) -> None:
    """Write `report.html`, and with `figures` the figures as PNG and SVG."""
    view = done.view
    panels = draw_figures(trial, view, out) if figures else {"results": [], "twins": [], "sensitivity": []}
    page = render_page(
        "trial.html.j2",
        name=trial.name,
        question=trial.file.question,
        seed=trial.seed,
        n=view.arms[0].n,
        follow_up=f"{trial.follow_up:g}",
        incomplete=words.incomplete(trial, done),
        notes=trial.notes,
        answer=pair_words.answer(view),
        findings=pair_words.findings(view),
        cohort_name=trial.cohort.name,
        cohort_description=trial.cohort.description,
        cohort_rows=words.cohort_rows(trial, view),
        cohort_fixed=words.fixed(trial),
        common=words.common(trial),
        arms=words.arms(trial, view),
        results=words.results(trial, view),
        results_figures=panels["results"],
        primary_words=words.time_words(view.primary),
        pairing=pair_words.pairing(view),
        pairs=pair_words.pairs(view),
        chance=pair_words.chance(view),
        twin_figures=panels["twins"],
        price=pair_words.price(view),
        price_note=pair_words.price_note(view),
        sensitivity_figures=panels["sensitivity"],
        correlations=words.correlations(view, trial),
        assumptions=words.assumptions(trial),
        limits=words.limits(trial, done),
        provenance=[(name.replace("_", " "), _told(value)) for name, value in known.items()],
    )
    write_file(out / "report.html", page)


def _told(value: Any) -> str:
    return (
        ", ".join(f"{key} {item}" for key, item in value.items())
        if isinstance(value, Mapping)
        else str(value)
    )


def draw_figures(trial: Trial, view: TrialView, out: Path) -> Drawn:
    """Draw and write every figure; return them ready for the page by section."""
    (out / "figures").mkdir(exist_ok=True)
    panels: Drawn = {
        section: [
            _drawn(out, _name(module), module.TITLE, module.figure, module.caption(view), view)
            for module in modules
        ]
        for section, modules in _SECTIONS.items()
    }
    names = trial.file.subgroups
    panels["sensitivity"] = [
        _drawn(
            out, "forest", forest.TITLE, lambda shown: forest.figure(shown, names), forest.caption(view), view
        )
    ]
    return panels


def _name(module: Any) -> str:
    return str(module.__name__).rpartition(".")[2]


def _drawn(
    out: Path, name: str, title: str, draw: Callable[[TrialView], Figure], caption: str, view: TrialView
) -> Panel:
    rendered = style.render(draw(view))
    write_file(out / "figures" / f"{name}.png", rendered.png)
    write_file(out / "figures" / f"{name}.svg", rendered.svg)
    return figure_panel(name, title, caption, rendered)
