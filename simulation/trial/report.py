"""The trial's report, from the question to the limits, and its figures."""

from collections.abc import Mapping

from simulation.figure_formats import Formats
from simulation.files.folder import Content
from simulation.provenance import provenance_lines
from simulation.results.figures.report_figure import figures_in, not_drawn, render_all
from simulation.results.report.page import render_page
from simulation.results.trial_view import TrialView
from simulation.results.words import survival_words
from simulation.shipped import PROGRAM
from simulation.trial import pair_words, printed_words, sure_words
from simulation.trial import report_words as words
from simulation.trial.conduct import ConductedTrial
from simulation.trial.schema import Trial

__all__ = ["report_files"]


def report_files(
    trial: Trial, done: ConductedTrial, origin: Mapping[str, object], *, formats: Formats
) -> dict[str, Content]:
    """Return `report.html` by name, and the figures in each of `formats`."""
    view, files = done.view, dict[str, Content]()
    declared = figures_in("simulation.results.trial_figures") if formats else ()
    panels = {
        section: render_all(
            (figure for figure in declared if figure.section == section), view, files, formats
        )
        for section in ("results", "twins", "sensitivity", "unknowns", "structures")
    }
    files["report.html"] = render_page(
        "trial.html.j2",
        program=PROGRAM,
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
        estimands=printed_words.estimands(trial, view),
        hazards=printed_words.hazards(view),
        landmarks=printed_words.landmarks(view),
        landmark_days=f"{trial.file.landmark:g}",
        states=printed_words.states(view),
        pairing=pair_words.pairing(view),
        pairs=pair_words.pairs(view),
        chance=pair_words.chance(view),
        sure=_sure(view),
        structures=_structures(view),
        unknown_figures=panels["unknowns"],
        structure_figures=panels["structures"],
        twin_figures=panels["twins"],
        price=pair_words.price(view),
        price_note=pair_words.price_note(view),
        sensitivity_figures=panels["sensitivity"],
        not_drawn=not_drawn(declared, view),
        correlations=words.correlations(view, trial),
        assumptions=words.assumptions(trial),
        limits=words.limits(trial, done),
        provenance=provenance_lines(origin),
    )
    return files


def _sure(view: TrialView) -> dict[str, object] | None:
    """Return the tables of how sure the answer is; None for a trial at one set of parameter values."""
    sure = view.comparison.get("uncertainty")
    return sure and {
        "parts": sure_words.parts(sure),
        "parameters": sure_words.parameters(sure),
        "parameters_note": sure_words.parameters_note(sure),
        "data": sure_words.data(sure),
        "data_note": sure_words.data_note(sure),
    }


def _structures(view: TrialView) -> dict[str, object] | None:
    """Return the table of structures; None where none was asked for."""
    study = view.comparison.get("structures")
    return study and {"rows": sure_words.structures(study), "note": sure_words.structures_note(study)}
