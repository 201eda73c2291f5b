"""What a finished trial found, as a part of a page: patients, arms with intervals, the answer, and what it does not show."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from simulation.clinic.outcomes import OUTCOMES
from simulation.fast import is_fast
from simulation.number_words import signed
from simulation.results.words import short_title, survival_words
from simulation.trial.finished import FinishedTrial, reopen
from simulation.trial.pair_words import over_time
from simulation.trial.pair_words import verdict as beyond_chance_or_not
from simulation.trial.report_words import not_the_same
from simulation.trial.schema import Trial

__all__ = ["section"]

_SHARES: Final = (
    "treated", "overt_before_treatment", "relapse", "mrd_negative", "agvhd_2_4", "agvhd_3_4", "in_remission_at_end",
)  # fmt: skip
_TO: Final = " to "


def section(folder: Path, trial: Trial) -> str:
    """Return the part of a page that tells a trial from its finished folder, whatever version of the model ran it."""
    finished = reopen(folder)
    path = folder / "comparison.json"
    comparison = json.loads(path.read_text(encoding="utf-8"))
    date = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    question = trial.file.question.strip()
    lines = [
        f"**{question}**" if question else "", "",
        _how(finished, comparison, date), "",
        *_arms(comparison), "",
        _main(comparison), "",
        *(f"* {line}" for line in _not_shown(finished, comparison, trial)),
    ]  # fmt: skip
    return "\n".join(lines).strip("\n") + "\n"


def _how(finished: FinishedTrial, comparison: Mapping[str, Any], date: str) -> str:
    scenario = next(iter(finished.scenarios.values()))
    marrow, origin = scenario["marrow"], finished.provenance
    digests = f"model `{origin['model_sha256'][:12]}`, parameter table `{origin['parameters_sha256'][:12]}`"
    sets = ", parameter sets" if "uncertainty" in comparison else ", one value of each parameter"
    return (
        f"{comparison['n_patients']} patients in every arm, seed {comparison['seed']}, {comparison['follow_up_days']:g} days; "
        f"{marrow['rows']} x {marrow['columns']} niches, steps of {scenario['time_step']}{sets}. Of {date}; {digests}."
    )


def _arms(comparison: Mapping[str, Any]) -> list[str]:
    primary = comparison["primary_outcome"]
    header = [
        "arm",
        f"mean {survival_words(primary)}",
        *(f"{short_title(OUTCOMES[name])}, %" for name in _SHARES),
    ]
    rows = [
        [name, _mean(arm["rmst"][primary]), *(_share(arm["shares"][share]) for share in _SHARES)]
        for name, arm in comparison["arms"].items()
    ]
    return ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]


def _mean(mean: Mapping[str, Any]) -> str:
    low, high = mean["interval"]
    return f"{mean['value']:.0f}" + ("" if low is None else f" ({low:.0f}{_TO}{high:.0f})")


def _share(share: Mapping[str, Any]) -> str:
    if share["value"] is None:
        return "-"
    number = f"{100 * share['value']:.0f}"
    return (
        number
        if share["low"] is None
        else f"{number} ({100 * share['low']:.0f}{_TO}{100 * share['high']:.0f})"
    )


def _main(comparison: Mapping[str, Any]) -> str:
    pair, primary = comparison["pairs"][0], comparison["primary_outcome"]
    main = pair["differences"][primary]
    text = f"`{pair['arm']}` against `{pair['versus']}`: {signed(main['value'], 1)} {survival_words(primary)} per patient"
    (low, high), unpaired = main["interval_paired"], main["interval_unpaired"]
    if low is not None:
        text += f" (95 % interval of the twins {signed(low, 1)}{_TO}{signed(high, 1)}"
        text += (
            ""
            if unpaired[0] is None
            else f"; as if unpaired {signed(unpaired[0], 1)}{_TO}{signed(unpaired[1], 1)}"
        )
        text += f"): {beyond_chance_or_not(main)}"
    text += f"; {main['win']} patients better, {main['tie']} the same, {main['loss']} worse."
    sure = comparison.get("uncertainty")
    if sure is not None and sure["range"][0] is not None:
        text += f" With parameter sets the range is {signed(sure['range'][0], 1)}{_TO}{signed(sure['range'][1], 1)}."
    ratio = pair["unpaired"].get("relapse_free_days", {}).get("hazard_ratio")
    if ratio is not None and ratio["value"] is not None and ratio["interval"][0] is not None:
        low, high = ratio["interval"]
        text += f" Hazard ratio of relapse or death {ratio['value']:.2f} ({low:.2f}{_TO}{high:.2f})."
    return text


def _not_shown(finished: FinishedTrial, comparison: Mapping[str, Any], trial: Trial) -> list[str]:
    lines = [different] if (different := not_the_same(trial)) else []
    lines += [line for line in over_time(comparison) if line.startswith("Warning")]
    pair = comparison["pairs"][0]
    if "uncertainty" not in comparison:
        lines.append(
            "Intervals tell the chance of having drawn these patients; what parameters leave open is not in them."
        )
    if finished.scenarios[pair["versus"]]["start"]["when"] == "overt_relapse":
        lines.append(
            f"`{pair['versus']}` waits for the first relapse: relapses and the hazard ratio favour any other arm by definition."
        )
    if is_fast(next(iter(finished.scenarios.values()))):
        lines.append("Run with `--fast`, whose bias stands in [performance.md](performance.md).")
    if comparison["patients_left_out"]:
        lines.append(
            f"{comparison['patients_left_out']} patients have no result in some arm and are left out."
        )
    if finished.ends_at_transplant:
        lines.append("Follow-up ends at a second transplant: means are what would have been without one.")
    return lines
