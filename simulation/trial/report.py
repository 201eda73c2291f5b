"""The trial's report, from the question to the limits, and its figures."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from matplotlib.figure import Figure

from simulation.files.folder import Content
from simulation.provenance import provenance_lines
from simulation.results.figures import style
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
from simulation.results.words import survival_words
from simulation.trial import pair_words
from simulation.trial import report_words as words
from simulation.trial.conduct import Conducted
from simulation.trial.schema import Trial

__all__ = ["draw_figures", "report_files"]

type Drawn = dict[str, list[Panel]]
_SECTIONS: Final = {
    "results": (leukaemia_free, survival, incidence, waterfall, causes),
    "twins": (twins, swimmer),
}


def report_files(
    trial: Trial, done: Conducted, origin: Mapping[str, object], *, figures: bool
) -> dict[str, Content]:
    """Return `report.html` by name, and with `figures` the figures as PNG and SVG."""
    view, files = done.view, dict[str, Content]()
    panels = draw_figures(trial, view, files) if figures else {"results": [], "twins": [], "sensitivity": []}
    files["report.html"] = render_page(
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
        primary_words=survival_words(view.primary),
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
        provenance=provenance_lines(origin),
    )
    return files


def draw_figures(trial: Trial, view: TrialView, files: dict[str, Content]) -> Drawn:
    """Draw every figure into `files`; return them ready for the page by section."""
    panels: Drawn = {
        section: [
            _drawn(files, _name(module), module.TITLE, module.figure, module.caption(view), view)
            for module in modules
        ]
        for section, modules in _SECTIONS.items()
    }
    names = trial.file.subgroups
    panels["sensitivity"] = [
        _drawn(
            files,
            "forest",
            forest.TITLE,
            lambda shown: forest.figure(shown, names),
            forest.caption(view),
            view,
        )
    ]
    return panels


def _name(module: Any) -> str:
    return str(module.__name__).rpartition(".")[2]


def _drawn(
    files: dict[str, Content],
    name: str,
    title: str,
    draw: Callable[[TrialView], Figure],
    caption: str,
    view: TrialView,
) -> Panel:
    rendered = style.render(draw(view))
    files[f"figures/{name}.png"] = rendered.png
    files[f"figures/{name}.svg"] = rendered.svg
    return figure_panel(name, title, caption, rendered)
