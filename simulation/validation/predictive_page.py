"""The page of `validate --posterior`: predictive.md for people, predictive.json for machines, and its picture."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import simulation
from simulation.files.atomic import write_file
from simulation.files.tables import json_text
from simulation.parameters import ParameterTable
from simulation.posterior import Posterior
from simulation.provenance import provenance
from simulation.results.figures.style import render
from simulation.validation.check import FULL, Effort, Finding, MeasuredNumber
from simulation.validation.figure import predictive_checks
from simulation.validation.predictive import Claim, PredictedTarget, Prediction
from simulation.validation.run import Result

__all__ = ["predictive_document", "predictive_markdown", "write_predictive"]

PAGE: Final = "predictive.md"
PICTURE: Final = "predictive.png"
_USES: Final = {"fit": "fitted", "check": "not fitted"}
_INTRO: Final = """\
Written by `python run_sim.py validate --posterior`; do not edit. Every target and every fact is looked at under several parameter
sets, those that the published data leave ([how sure](uncertainty.md)), where [validation](validation.md) knows one set of values.

A **predictive interval** says what one more study of the same size would find in 95 of 100 cases, whichever set is true: the
spread between sets, without what so few virtual patients add, and the study's own error. Were the model right, the observed value
would lie inside for about 95 of 100 targets that were not fitted, and for more of those that were. A wide interval is easily met:
the last column of the table of targets tells how much of the width comes from the study itself.
"""


def predictive_document(prediction: Prediction, posterior: Posterior, effort: Effort) -> dict[str, Any]:
    """Return the machine-readable page."""
    return {
        "provenance": provenance(effort=effort.factor, seed=effort.seed),
        "parameter_sets": {"name": posterior.name, "sha256": posterior.sha256, "taken": prediction.sets},
        "complete": not prediction.stopped,
        "coverage": {
            use: dict(zip(("inside", "of", "low", "high"), prediction.coverage(None if use == "all" else use), strict=True))
            for use in ("all", "fit", "check")
        },
        "targets": [
            {
                "id": one.target.id, "what": one.target.what, "use": one.target.use, "observed": one.target.observed,
                "predicted": one.median, "low": one.low, "high": one.high, "inside": one.inside, "sets": one.sets,
                "between_sets": one.between, "of_the_study": one.own, "scale": one.target.scale, "source": one.target.source,
            }
            for one in prediction.targets
        ],
        "facts": [asdict(one) for one in prediction.facts],
    }  # fmt: skip


def predictive_markdown(prediction: Prediction, posterior: Posterior, effort: Effort) -> str:
    """Return the page as Markdown."""
    digest = ParameterTable.load().parameter_values().digest()[:12]
    factor = (
        "" if effort.factor >= FULL else f", {effort.factor / FULL:.1%} of the full numbers of patients each"
    )
    lines = [
        "# Predictive intervals", "",
        "After this page you know which published values the model would have predicted, parameters being uncertain.", "",
        _INTRO,
        f"Version {simulation.__version__}, parameter table `{digest}`, seed {effort.seed}, {prediction.sets} of the sets of "
        f"“{posterior.name}”{factor}.", "",
    ]  # fmt: skip
    lines += [f"* {note}" for note in posterior.notes] + ([""] if posterior.notes else [])
    if prediction.stopped:
        lines += ["**Not complete**: it was stopped; `--resume` goes on.", ""]
    if prediction.targets:
        lines += ["## Coverage", "", *_coverage(prediction), ""]
        outside = [one for one in prediction.targets if not one.inside]
        if outside:
            lines += [
                "Outside:",
                "",
                *(f"* **{one.target.id}** {one.target.what}: {_in_words(one)}" for one in outside),
                "",
            ]
        lines += [
            f"![Every target with its predictive interval]({PICTURE})",
            "",
            "## Targets",
            "",
            *_targets(prediction.targets),
            "",
        ]
    if prediction.facts:
        few = max(prediction.sets, 2)
        lines += [
            "## Facts and findings", "",
            f"Lowest and highest value over the sets: a further set's value would lie between them in about "
            f"{(few - 1) / (few + 1):.0%} of cases; Monte-Carlo error is in it.", "", *_facts(prediction.facts),
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _coverage(prediction: Prediction) -> list[str]:
    rows = [
        "| targets | observed inside the 95 % predictive interval | 95 % interval of the share |",
        "|---|---|---|",
    ]
    for use in (None, "fit", "check"):
        inside, n, low, high = prediction.coverage(use)
        if n:
            rows.append(
                f"| {'all' if use is None else _USES[use]} | {inside} of {n} = {inside / n:.0%} | {low:.0%}–{high:.0%} |"
            )
    return [
        *rows,
        "",
        "Targets share patients and settings, so that this interval of the share is too narrow.",
    ]


def _targets(rows: Sequence[PredictedTarget]) -> list[str]:
    head = [
        "| id | observation | use | observed | predicted (95 %) | inside | of the variance from the study |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in rows:
        whole = one.between**2 + one.own**2
        share = "-" if not math.isfinite(whole) else f"{one.own**2 / whole:.0%}"
        head.append(
            f"| {one.target.id} | {one.target.what} | {_USES[one.target.use]} | {one.target.observed:.3g} | {_interval(one)} "
            f"| {'yes' if one.inside else '**no**'} | {share} |"
        )
    return head


def _interval(one: PredictedTarget) -> str:
    if math.isnan(one.median):
        return f"not known under {one.sets} sets"
    return f"{one.median:.3g} ({one.low:.3g}–{one.high:.3g})"


def _in_words(one: PredictedTarget) -> str:
    return f"predicted {_interval(one)}; observed {one.target.observed:.3g}"


def _facts(rows: Sequence[Claim]) -> list[str]:
    head = [
        "| id | claim | expected | holds / unclear / fails | measured: median (lowest–highest) |",
        "|---|---|---|---|---|",
    ]
    for one in rows:
        wrong = f", {one.errors} errors" if one.errors else ""
        measured = "; ".join(
            f"{name} {middle:.3g} ({low:.3g}–{high:.3g}){unit and f' {unit}'}"
            for name, unit, low, middle, high in one.measured
        )
        counts = f"{one.holds} / {one.unclear} / {one.fails}{wrong}"
        head.append(f"| {one.id} | {one.claim} | {one.expected} | {counts} | {measured} |")
    return head


def write_predictive(prediction: Prediction, posterior: Posterior, effort: Effort, folder: Path) -> None:
    """Write page, JSON and, where targets were simulated, the picture; each file is whole or absent."""
    write_file(folder / PAGE, predictive_markdown(prediction, posterior, effort))
    write_file(folder / "predictive.json", json_text(predictive_document(prediction, posterior, effort)))
    drawn = predictive_checks(
        [_as_result(one) for one in prediction.targets],
        "predicted for one more such study, 95 %; green: the observed value inside",
    )
    if drawn is not None:
        write_file(folder / PICTURE, render(drawn)["png"])


def _as_result(one: PredictedTarget) -> Result:
    target = one.target
    seen = MeasuredNumber("predicted", one.median, one.low, one.high, one.sets)
    observed = MeasuredNumber("observed", target.observed, target.low, target.high, target.n)
    finding = Finding("pass" if one.inside else "fail", (seen, observed))
    return Result(target.id, "targets", target.what, "", target.source, finding, 0.0)
