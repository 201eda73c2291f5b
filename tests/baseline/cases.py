"""The cases of the baseline, each run by the program's own command line; what a case leaves is read from its files."""

import csv
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from simulation.cli import main

__all__ = ["BASELINE", "CASES", "observe"]

ROOT: Final = Path(__file__).resolve().parents[2]
BASELINE: Final = Path(__file__).with_name("baseline.yaml")
_DIGITS: Final = (
    9  # a different draw shows in the first few; the last bits of exp and log are the processor's
)
_DAYS: Final = (30.0, 100.0, 200.0)

ORDERED = """
name: Ordered by hand
extends: {scenarios}/no_treatment.yaml
follow_up: 150 d
marrow: {{rows: 5, columns: 4}}
cytoreduction: {{log10_kill: 1.5, before: 7 d}}
start: {{when: any_of, triggers: [{{when: overt_relapse}}, {{when: day, day: day 70}}]}}
dli: {{cd3: [1e6/kg, 5e7/kg], first: day 2, every: 21 d, treg_per_tcon: 0.5, naive_depleted: true}}
retreatment: {{start: {{when: mrd, at_least: 1e-4}}, courses: 1}}
orders:
  - {{day: day 30, give: blinatumomab, dose: 15 ug/m2/day, for: 10 d}}
  - {{day: day 35, give: dli, cd3: 1e6/kg}}
  - {{day: day 40, test: marrow}}
  - {{day: day 38, stop: blinatumomab}}
"""
OUTCOMES_OF_A_SWEEP = """
name: Small sweep
arms: {{early: {scenarios}/preemptive.yaml, late: {scenarios}/therapeutic.yaml}}
set:
  follow_up: 90 d
  time_step: 12 h
  marrow: {{rows: 3, columns: 3}}
  marrow_maps: []
  patient: {{n_residual_blasts: 1e7 cells, rate_blast_net_growth: 0.2 /day}}
parameters: {{phi_bm: [0, 1], dli.cd3: {{times: [0.1, 10]}}}}
design: {{kind: grid}}
replicates: 2
seed: 5
outcomes: [relapse_free_days, agvhd_grade, blinatumomab_days, {{late_agvhd: {{of: agvhd_grade_2_day, by: day 15}}}}]
"""
TRIAL = """
name: Small trial
cohort: {scenarios}/cohorts/high_risk_all.yaml
patients: 4
seed: 3
follow_up: 200 d
common: {{marrow: {{rows: 4, columns: 4}}, marrow_maps: []}}
arms:
  none: {scenarios}/no_treatment.yaml
  late: {scenarios}/therapeutic.yaml
  early: {scenarios}/preemptive.yaml
"""


def _run(file: str, *words: str) -> Callable[[Path], dict[str, Any]]:
    def observed(folder: Path) -> dict[str, Any]:
        source = _written(folder, file) if "\n" in file else str(ROOT / "scenarios" / file)
        _main("run", source, "--seed", "3", *words, "--no-figures", "--quiet", "--out", str(folder / "out"))
        return _run_folder(folder / "out")

    return observed


def _experiment(file: str) -> Callable[[Path], dict[str, Any]]:
    def observed(folder: Path) -> dict[str, Any]:
        out = folder / "out"
        _main("run", f"{ROOT}/scenarios/in_vitro/{file}", "--no-figures", "--quiet", "--out", str(out))
        summary = json.loads((out / "summary.json").read_text())
        return {name: summary[name] for name in ("wells", "comparison_with_evidence")}

    return observed


def _trial(folder: Path) -> dict[str, Any]:
    out = folder / "out"
    _main("compare", _written(folder, TRIAL), "--workers", "0", "--no-figures", "--quiet", "--out", str(out))
    rows = _rows(out / "patients.csv")
    arms = json.loads((out / "comparison.json").read_text())["arms"]
    shares = {arm: {k: v["value"] for k, v in message["shares"].items()} for arm, message in arms.items()}
    patients = {f"{row['patient']} {row['arm']}": _happened(row) for row in rows}
    return {"shares": shares, "patients": patients}


def _sweep(folder: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    out = folder / "out"
    _main("sweep", _written(folder, OUTCOMES_OF_A_SWEEP), "--workers", "0", "--quiet", "--out", str(out))
    rows = [row for file in sorted(out.rglob("rows/*.parquet")) for row in pq.read_table(file).to_pylist()]
    rows.sort(key=lambda row: row["run"])
    return {str(row["run"]): _happened(row) for row in rows}


def _run_folder(out: Path) -> dict[str, Any]:
    rows = _rows(out / "trajectory.csv")
    days = [float(row["day"]) for row in rows]
    points = {
        f"day {day:g}": next(row for row in rows if float(row["day"]) >= day)
        for day in (*_DAYS, days[-1])
        if day <= days[-1]
    }
    events = [f"{float(row['day'])} {row['kind']} {row['what']}" for row in _rows(out / "events.csv")]
    texts = [event for event in events if event.split()[1] not in ("test", "result")]
    outcomes = json.loads((out / "summary.json").read_text())
    del outcomes["patient_values"]  # what went in, not what came out
    return {
        "outcomes": outcomes,
        "n_events": len(events),
        "events": texts,
        "trajectory": points,
    }


def _happened(row: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is the clock's, the history, which the outcomes tell, and what did not happen."""
    return {
        name: value
        for name, value in row.items()
        if name not in ("seconds", "history", "status", "error") and value not in ("", None, math.nan)
    }


def _written(folder: Path, text: str) -> str:
    path = folder / "file.yaml"
    path.write_text(text.format(scenarios=ROOT / "scenarios"))
    return str(path)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _main(*words: str) -> None:
    status = main([*words])
    if status != 0:
        raise RuntimeError(f"{' '.join(words)} ended with {status}")


CASES: Final[Mapping[str, Callable[[Path], dict[str, Any]]]] = {
    "no treatment": _run("no_treatment.yaml", "--days", "200"),
    "therapeutic": _run("therapeutic.yaml"),
    "pre-emptive": _run("preemptive.yaml"),
    "pre-emptive again": _run("preemptive_again.yaml", "--patient", "2", "--cohort", "none"),
    "immunosuppressed": _run("immunosuppressed.yaml", "--days", "200"),
    "no Treg": _run("tcon_without_treg.yaml", "--days", "150"),
    "sibling": _run(
        "prophylactic.yaml",
        "--set",
        "donor.match=matched_sibling",
        "--patient",
        "1",
        "--cohort",
        "none",
        "--days",
        "200",
    ),
    "ordered by hand": _run(ORDERED),
    "cytotoxicity": _experiment("cytotoxicity.yaml"),
    "exhaustion": _experiment("exhaustion_coculture.yaml"),
    "mixed lymphocytes": _experiment("mixed_lymphocyte_reaction.yaml"),
    "suppression": _experiment("suppression_assay.yaml"),
    "trial": _trial,
    "sweep": _sweep,
}


def observe(name: str, folder: Path) -> Any:
    """Return what a case gives now, numbers to nine digits, as plain lists and mappings of text."""
    return _plain(CASES[name](folder))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    try:
        return f"{float(value):.{_DIGITS}g}"
    except ValueError:
        return str(value)
