"""A registered prediction as a page and as data, and the register that holds both to their digests.

A registered file is never written again. A later model, more patients, a better protocol: each makes new files and new lines.
"""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

from simulation.clinic.outcomes import OUTCOMES
from simulation.errors import UserError
from simulation.files.atomic import write_file
from simulation.files.tables import csv_text, json_text, plain
from simulation.prediction.forecast import Forecast
from simulation.prediction.registration import Prediction
from simulation.provenance import provenance
from simulation.shipped import PROGRAM

__all__ = ["REGISTER", "changed", "register"]

REGISTER: Final = "register.csv"
_COLUMNS: Final = ("file", "registry", "registered", "patients", "model_sha256", "sha256")
NEVER: Final = "a registered prediction is never changed; a later model registers a new file beside it"


def register(
    prediction: Prediction,
    primary: Sequence[Forecast],
    secondary: Sequence[Forecast],
    folder: Path,
    today: date,
) -> Path:
    """Write the page, its data and their lines of the register; return the page. Nothing that is registered is touched.

    Raises `UserError` where the register does not hold any more.
    """
    wrong = changed(folder)
    if wrong:
        raise UserError(f"{wrong[0]}: {NEVER}", file=str(folder / REGISTER))
    entry = prediction.registration
    stem = _free(folder, f"{entry.registry}-{today.isoformat()}")
    posterior = prediction.trial.posterior
    about = provenance(patients=entry.patients, seed=entry.seed)
    origin = {
        name: about[name]
        for name in (
            "program",
            "version",
            "commit",
            "modified_since_commit",
            "model_sha256",
            "parameters_sha256",
        )
    }
    scenario = prediction.trial.arms[0].scenario
    data: dict[str, Any] = {
        "registered": today.isoformat(),
        "made_by": origin,
        "parameter_sets": None if posterior is None else {"name": posterior.name, "sha256": posterior.sha256},
        "registration": entry.model_dump(mode="json"),
        "scenario_sha256": scenario.digest(),
        "scenario": scenario.to_yaml(),
        "primary": [_plain(one) for one in primary],
        "secondary": [_plain(one) for one in secondary],
    }
    page = _page(prediction, data, primary, secondary, stem)
    files = {f"{stem}.json": json_text(data), f"{stem}.md": page}
    rows = _rows(folder)
    for name, text in files.items():
        write_file(folder / name, text)
        rows.append(
            dict(zip(_COLUMNS, (name, entry.registry, today.isoformat(), str(entry.patients), str(origin["model_sha256"]),
                                hashlib.sha256((folder / name).read_bytes()).hexdigest()), strict=True))
        )  # fmt: skip
    write_file(folder / REGISTER, csv_text(_COLUMNS, [tuple(row.values()) for row in rows]))
    return folder / f"{stem}.md"


def changed(folder: Path) -> list[str]:
    """Return what is wrong with the registered files of a folder, in words; nothing where all are as they were."""
    rows = _rows(folder)
    wrong = []
    for row in rows:
        path = folder / row["file"]
        if not path.is_file():
            wrong.append(f"{row['file']} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
            wrong.append(f"{row['file']} is not what was registered on {row['registered']}")
    known = {row["file"] for row in rows} | {REGISTER}
    strays = sorted(path.name for path in folder.glob("*") if path.is_file() and path.name not in known)
    return wrong + [f"{name} is in no line of {REGISTER}" for name in strays]


def _rows(folder: Path) -> list[dict[str, str]]:
    path = folder / REGISTER
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [dict(row) for row in csv.DictReader(file)]


def _free(folder: Path, stem: str) -> str:
    """Return a name that no file has: with a number where the day has one already."""
    number, name = 1, stem
    while (folder / f"{name}.json").exists() or (folder / f"{name}.md").exists():
        number += 1
        name = f"{stem}-{number}"
    return name


def _plain(one: Forecast) -> dict[str, Any]:
    return {name: plain(value) for name, value in asdict(one).items() if name != "endpoint"} | {
        "endpoint": one.endpoint.model_dump(mode="json")
    }


def _page(
    prediction: Prediction, data: Mapping[str, Any], primary: Sequence[Forecast], secondary: Sequence[Forecast], stem: str
) -> str:  # fmt: skip
    entry, origin = prediction.registration, data["made_by"]
    scenario = prediction.trial.arms[0].scenario
    enrolled = f"{entry.enrolment} patients" if entry.enrolment else "an unknown number of patients"
    sets = data["parameter_sets"]
    n_sets = max((one.sets for one in primary), default=0)
    lines = [
        f"# {entry.registry}: {entry.title}",
        "",
        f"**Registered {data['registered']}, and never changed since**: `{REGISTER}` holds this page and `{stem}.json` to their",
        f"digests. {entry.results.rstrip('.')}.",
        "",
        f"{entry.patients} virtual patients under {n_sets} parameter sets stand for a trial of {enrolled}, each followed for",
        f"{entry.follow_up:g} days. Few patients leave wide ranges; they hold what parameters, patients and chance leave open,",
        "not whether the model's mechanisms are right.",
        "",
        "| endpoint | in the model | simulated | share, median (95 % range) | in a trial of so many, median (95 % range) |",
        "|---|---|---|---|---|",
        *(_row(one, "primary") for one in primary),
        *(_row(one, "secondary") for one in secondary),
        "",
        "## The trial",
        "",
        f"* Registry text: {entry.seen}",
        f'* Protocol: `{Path(entry.protocol).name}` ("{scenario.name}"): {scenario.description}',
        f"* Patients: {prediction.trial.cohort.name}.",
        "",
        "## What the registry does not say, and is assumed",
        "",
        *(f"* {one}" for one in entry.assumptions),
        "",
        "## Made by",
        "",
        f"* {origin['program']} {origin['version']}, commit {origin['commit'] or 'unknown'}"
        + (" with changes" if origin["modified_since_commit"] else "")
        + f"; model `{origin['model_sha256']}`; parameter table `{origin['parameters_sha256']}`.",
        f"* Parameter sets: {sets['name']}, `{sets['sha256']}`. Seed {entry.seed}.",
        f"* Scenario `{data['scenario_sha256']}`, whole in the data.",
        f"* `{PROGRAM} predict {Path(prediction.file).as_posix()} --patients {entry.patients}` makes it anew, as another file.",
        "",
    ]
    return "\n".join(lines)


def _row(one: Forecast, kind: str) -> str:
    declared = OUTCOMES[one.endpoint.outcome]
    day = "" if one.endpoint.by is None else f", share without event by day {one.endpoint.by:g}"
    model = f"{declared.label}{day}"
    simulated = f"{one.yes} of {one.counted}"
    share = count = "\N{EN DASH}"
    if one.share is not None:
        low, middle, high = (100 * value for value in one.share)
        share = f"{middle:.0f} % ({low:.0f} to {high:.0f})"
    if one.count is not None:
        first, second, third = one.count
        count = f"{second} ({first} to {third}) of {one.of}"
    return f"| {kind}: {one.endpoint.says} | {model} | {simulated} | {share} | {count} |"
