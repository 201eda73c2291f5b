"""Write what a design found: tables, JSON, a figure, and where it comes from."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from simulation.design.study import Power, SampleSize, Study
from simulation.design.words import conduct_words, endpoint_words, limits
from simulation.figure_formats import ONE_FORMAT, Formats
from simulation.files.folder import Content, write_folder
from simulation.files.tables import csv_text, json_text
from simulation.provenance import provenance
from simulation.results.figures.report_figure import render_all

__all__ = ["document", "write_design"]


def document(study: Study) -> dict[str, Any]:
    """Return everything as plain values, as `design.json` holds it; what cannot be told is null."""
    finished = study.finished
    return {
        "trial": finished.name,
        "runs_of": finished.provenance.get("model_sha256"),
        "arm": finished.main[0],
        "versus": finished.main[1],
        "stored_patients": study.stored,
        "parameter_sets": study.sets or None,
        "conduct": study.plan.model_dump(mode="python")
        | {"follow_up": study.follow_up, "horizon": study.horizon, "longest_follow_up": finished.follow_up},
        "share_leukaemia_free_at_horizon": {key: asdict(share) for key, share in study.shares.items()},
        "known_share": study.known_share,
        "needed": [
            asdict(row) | {"endpoint_in_words": endpoint_words(study, row.endpoint)} for row in study.needed
        ],
        "power": [asdict(row) for row in study.powers],
        "told": [*conduct_words(study), *limits(study)],
    }


def write_design(study: Study, out: Path, *, formats: Formats = ONE_FORMAT) -> None:
    """Write `design.json`, `power.csv`, `patients_needed.csv` and the figure into a folder, in place of an earlier design."""
    plan = study.plan.model_dump(mode="json")
    origin = provenance(trial=study.finished.name, seed=study.plan.seed, design=plan)

    def contents() -> Mapping[str, Content]:
        files: dict[str, Content] = {
            "design.json": json_text(document(study)),
            "power.csv": _csv(Power, study.powers),
            "patients_needed.csv": _csv(SampleSize, study.needed),
        }
        from simulation.design.figure import FIGURE

        render_all((FIGURE,), study, files, formats)
        return files

    write_folder(out, contents, origin)


def _csv(kind: type[Power] | type[SampleSize], rows: tuple[Power, ...] | tuple[SampleSize, ...]) -> str:
    names = [field.name for field in fields(kind)]
    return csv_text(names, ([getattr(row, name) for name in names] for row in rows))
