"""Write a forecast: JSON, tables, a figure and a report, each of which says that it is for research only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulation.clinic.outcomes import of_patient
from simulation.figure_formats import ONE_FORMAT, Formats
from simulation.files.folder import Content, write_folder
from simulation.files.tables import csv_text, json_text
from simulation.forecast import words
from simulation.forecast.answer import PRIMARY, SHARES, Forecast
from simulation.forecast.follow import QUANTITIES
from simulation.provenance import provenance, provenance_lines
from simulation.results.figures.report_figure import render_all
from simulation.results.report.page import render_page

__all__ = ["document", "fan_rows", "write_forecast"]

_FAN = ("arm", "quantity", "day", "low_5", "median", "high_95", "share_alive", "note")
_QUANTITY_NAMES = {"mrd": "marrow_blast_fraction", "cd3": "cd3_per_ul", "agvhd": "agvhd_grade"}


def document(forecast: Forecast, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return everything but the fan as plain values, as `forecast.json` holds it; what cannot be told is null."""
    question, series = forecast.question, forecast.question.series
    arms = question.arms
    return {
        "research_only": words.RESEARCH_ONLY,
        "course": series.name,
        "course_sha256": series.sha256 or None,
        "today": series.today,
        "until": question.until,
        "seed": question.seed,
        "parameter_sets": None if question.posterior is None else question.posterior.name,
        "patients": len(forecast.followed),
        "effective_patients": forecast.effective,
        "heaviest_weight": forecast.heaviest,
        "errors": asdict(series.errors),
        "measured": [asdict(one) | {"share_of_all_near": near}
                     for one, (_, near) in zip(series.measured, forecast.misfit(), strict=True)],
        "arms": {
            arm.key: {
                "name": arm.scenario.name,
                "shares": {name: asdict(forecast.share(index, name)) for name in SHARES},
                "means": {PRIMARY: asdict(forecast.mean(index, PRIMARY))},
            }
            for index, arm in enumerate(arms)
        },
        "differences": [
            {
                "arm": arms[index].key, "versus": arms[0].key, "outcome": PRIMARY,
                "days": asdict(forecast.difference(index, 0)), "better": asdict(forecast.better(index, 0)),
            }
            for index in range(1, len(arms))
        ],
        "told": [*words.answer(forecast), *words.how_sure(forecast), *notes, *words.limits(forecast)],
    }  # fmt: skip


def fan_rows(forecast: Forecast) -> Iterator[tuple[object, ...]]:
    """Yield the rows of `fan.csv`: every arm, quantity and day."""
    for index, arm in enumerate(forecast.question.arms):
        for what in QUANTITIES:
            fan = forecast.fan(index, what)
            for place, day in enumerate(fan.days):
                low, middle, high = fan.levels[:, place]
                yield (
                    arm.key,
                    _QUANTITY_NAMES[what],
                    day,
                    low,
                    middle,
                    high,
                    fan.alive[place],
                    "research only",
                )


def write_forecast(
    forecast: Forecast,
    out: Path,
    *,
    notes: Sequence[str] = (),
    formats: Formats = ONE_FORMAT,
    seconds: float | None = None,
) -> None:
    """Write a forecast into a folder, in place of an earlier one."""
    question = forecast.question
    origin = provenance(
        forecast=question.series.name, course_sha256=question.series.sha256, seed=question.seed, patients=len(forecast.followed),
        parameter_sets=None if question.posterior is None else question.posterior.digest(),
        strategies={arm.key: arm.scenario.digest() for arm in question.arms}, seconds=seconds,
    )  # fmt: skip

    def contents() -> Mapping[str, Content]:
        from simulation.forecast.figure import FIGURE

        files: dict[str, Content] = {
            "forecast.json": json_text(document(forecast, notes)),
            "fan.csv": csv_text(_FAN, fan_rows(forecast)),
            "patients.csv": csv_text(*_patients(forecast)),
        }
        for arm in question.arms:
            files[f"strategies/{arm.key}.yaml"] = f"# {words.RESEARCH_ONLY}\n{arm.scenario.to_yaml()}"
        panels = render_all((FIGURE,), forecast, files, formats)
        files["report.html"] = render_page(
            "forecast.html.j2",
            research_only=words.RESEARCH_ONLY,
            name=question.series.name,
            today=f"{question.series.today:g}",
            answer=words.answer(forecast),
            sure=words.how_sure(forecast),
            notes=list(notes),
            outcomes=words.outcome_rows(forecast),
            course=words.course_rows(forecast),
            given=[{key: str(value) for key, value in order.items()} for order in question.series.given],
            figures=panels,
            limits=words.limits(forecast),
            provenance=provenance_lines(origin),
        )
        return files

    write_folder(out, contents, origin)


def _patients(forecast: Forecast) -> tuple[list[str], list[list[object]]]:
    """Return one row per virtual patient and arm, with his weight and his outcomes."""
    header = [
        "patient",
        "parameter_set",
        "log_likelihood",
        "weight",
        "followed_to_the_end",
        "arm",
        PRIMARY,
        *SHARES,
        "note",
    ]
    rows: list[list[object]] = []
    for one, weight in zip(forecast.followed, forecast.weights, strict=True):
        start = [one.patient, one.chosen, one.log_likelihood, float(weight), not one.pruned]
        for index, arm in enumerate(forecast.question.arms):
            values = (
                [of_patient(name, one.outcomes[index]) for name in (PRIMARY, *SHARES)] if one.outcomes
                else [None] * (1 + len(SHARES))
            )  # fmt: skip
            rows.append([*start, arm.key, *values, "research only"])
    return header, rows
