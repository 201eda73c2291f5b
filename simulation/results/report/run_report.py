"""The report of one run: what was simulated, what came of it, when, the figures, and how to repeat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from simulation.number_words import number_text
from simulation.provenance import provenance_lines
from simulation.results.report.page import Panel, render_page
from simulation.results.scenario_words import scenario_words
from simulation.results.words import outcome_table, timeline, verdict

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["run_report"]


def run_report(
    result: Result, figures: Sequence[Panel], not_drawn: Sequence[str], provenance: Mapping[str, object]
) -> str:
    """Return the report as one HTML page that needs nothing else; `not_drawn` names figures with nothing to show."""
    scenario = result.scenario
    return render_page(
        "run.html.j2",
        name=scenario.name,
        description=scenario.description,
        seed=result.seed,
        patient=result.patient,
        simulated=f"{result.end:g} of {scenario.follow_up:g} days simulated",
        interrupted=result.interrupted,
        verdict=verdict(result),
        outcomes=outcome_table(result),
        scenario=scenario_words(scenario),
        timeline=[(f"{day:.4g}", kind, text) for day, kind, text in timeline(result)],
        n_events=len(result.events),
        figures=figures,
        not_drawn=not_drawn,
        who=[(name, f"{number_text(value)} {unit}") for name, (value, unit) in result.patient_values.items()],
        scenario_yaml=result.resolved.to_yaml(),
        provenance=provenance_lines(provenance),
    )
