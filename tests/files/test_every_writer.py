"""Every file that the program leaves, whoever writes it: one form of number, of truth, of JSON, of provenance."""

import ast
import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from simulation.cli import main
from simulation.errors import ExitStatus
from simulation.files.folder import MANIFEST
from simulation.files.tables import field_text
from simulation.provenance import provenance
from simulation.validation.check import Effort, Finding, MeasuredNumber
from simulation.validation.report import write_report
from simulation.validation.run import Result
from tests.calibration.test_fit_files import GOOD as FIT
from tests.files.test_crate import checked
from tests.in_vitro.test_files import TINY as EXPERIMENT
from tests.sweep.fake import filled
from tests.trial.conftest import TRIAL

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
PACKAGE = ROOT / "simulation"
SMALL = ["--set", "marrow.rows=3", "--set", "marrow.columns=3", "--set", "time_step=1 d"]
SWEEP = """\
name: Small sweep
arms: {early: SCENARIOS/preemptive.yaml, late: SCENARIOS/therapeutic.yaml}
parameters:
  rate_blast_net_growth: {low: 0.02 /day, high: 0.16 /day}
  rate_kill_max: {low: 4 kills/day, high: 5 kills/day}
design: {kind: latin_hypercube, points: 8}
replicates: 4
seed: 1
outcomes: [relapse, relapse_free_days]
"""

# who writes -> the folder of `left` that shows it; what is written there is read by the tests below
WRITERS = {
    "analysis/write.py": "sweep/out/analysis",
    "browser/study.py": "",  # what the page is asked to run: tests/browser/test_many.py
    "browser/own_scenarios.py": "",  # loaded files, for as long as they are read: tests/browser
    "calibration/abc.py": "fit",
    "calibration/joint.py": "",  # the shipped parameter sets, held to the fits by tests/posterior
    "calibration/parts.py": "",  # parts of a fit in a job array: tests/calibration/test_parts.py
    "calibration/progress.py": "fit",
    "calibration/record.py": "fit",
    "calibration/self_check_page.py": "",  # a page of docs/: tests/calibration/test_self_check.py
    "calibration/structures.py": "",  # sets weighed anew, of a trial with structures: tests/calibration, tests/trial
    "cli/bill_of_materials.py": "",  # docs/licences.md, held to the constraints by tests/test_installation.py
    "cli/commands/match.py": "",  # a list of patients: tests/cohort
    "cli/comparing.py": "trial",  # arms/*.yaml, of runs to be repeated
    "cli/copying.py": "",  # init DIR: tests/test_installation.py
    "cli/describing.py": "cohort",
    "cli/reference.py": "",  # docs/commands.md, held to the commands by tests/cli
    "cli/running.py": "runs",
    "design/write.py": "trial/design",
    "export/answer_page.py": "",  # a page that was asked for: tests/export/test_answer_page.py
    "export/write.py": "trial/export/tidy",
    "forecast/write.py": "",  # tests/forecast
    "prediction/page.py": "",  # docs/predictions, held to its register by tests/prediction
    "results/document.py": "",  # docs/results.md, held to the code by tests/results/test_document.py
    "results/folder.py": "runs",
    "scenario/reference.py": "",  # docs/, held to the code by tests/scenario/test_documents.py
    "store/rows.py": "trial",
    "store/remote.py": "",  # what is pulled from an object store: tests/store/test_remote.py
    "store/store.py": "trial",
    "sweep/design_files.py": "sweep/out",
    "sweep/job_script.py": "",  # scripts for Slurm: tests/sweep/test_cluster_jobs.py
    "sweep/plan.py": "sweep/out",
    "trial/conduct.py": "trial",
    "trial/folder.py": "trial",
    "trial/write.py": "trial",
    "validation/early.py": "",  # a page of docs/
    "validation/parts.py": "",  # parts of a validation in a job array: tests/validation
    "validation/predictive.py": "",  # tests/validation/test_predictive.py
    "validation/predictive_page.py": "",
    "validation/report.py": "validation",
}
_OWN_WAYS = {
    "csv.writer", "csv.DictWriter", "json.dump", "os.replace", "os.fsync", "tempfile.mkstemp", "to_csv", "to_parquet",
    "write_table", "write_text", "write_bytes",
}  # fmt: skip
EXPORTS = ("trial/export/adam", "trial/export/tidy", "runs/export/nonmem")
MANIFESTS = (
    "runs/preemptive", "runs/therapeutic", "wells", "trial", "trial/design", *EXPORTS, "sweep/out/analysis", "fit", "cohort",
)  # fmt: skip


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which every command that writes has written."""
    root = tmp_path_factory.mktemp("left")
    for name, text in (("trial", TRIAL), ("fit", FIT), ("wells", EXPERIMENT)):
        (root / f"{name}.yaml").write_text(text)
    scenarios = [str(SCENARIOS / f"{name}.yaml") for name in ("preemptive", "therapeutic")]
    (root / "sweep").mkdir()
    folder, _ = filled(
        root / "sweep",
        SWEEP,
        lambda values, arm, rng: {
            "relapse": bool(rng.random() < 0.5),
            "relapse_free_days": 100.0 + values["rate_kill_max"] * rng.random(),
        },
    )
    for words in (
        ["run", *scenarios, "--days", "40", *SMALL, "--no-figures", "--out", "runs"],
        ["run", "wells.yaml", "--no-figures", "--out", "wells"],
        ["compare", "trial.yaml", "--workers", "0", "--no-figures", "--out", "trial"],
        ["analyze", str(folder), "--no-figures"],
        ["design", "TRIAL", "--set", "follow_up='30 d'", "--set", "trials=100", "--set", "patients=[20]", "--no-figures"],
        *(["export", "TRIAL", "--format", form] for form in ("adam", "tidy")),
        ["export", "RUNS", "--format", "nonmem"],
        ["calibrate", "fit.yaml", "--out", "fit"],
        ["cohort", str(SCENARIOS / "cohorts" / "high_risk_all.yaml"), "--patients", "5", "--draw-only", "--out", "cohort"],
    ):  # fmt: skip
        placed = [
            str(root / word) if (word.endswith(".yaml") and "/" not in word) else word for word in words
        ]
        placed = [
            {"TRIAL": str(root / "trial"), "RUNS": str(root / "runs")}.get(word, word) for word in placed
        ]
        if "--out" in placed:
            placed[-1] = str(root / placed[-1])
        assert main([*placed, "--quiet"]) == ExitStatus.DONE, words
    measured = (MeasuredNumber("share", 1 / 3, math.nan, math.inf, 10),)
    checks = [Result("X1", "facts", "a claim", "half", "a source", Finding("pass", measured), 1.0)]
    write_report(checks, Effort(), root / "validation")
    return root


def _files(left: Path, ending: str) -> Iterator[Path]:
    return (path for path in sorted(left.rglob(f"*{ending}")) if path.is_file())


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith("files/"):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def test_every_writer_is_shown_here() -> None:
    writing = {
        name
        for name, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module in {"simulation.files.atomic", "simulation.files.folder"}
        and any(alias.name.startswith(("write_", "append_")) for alias in node.names)
    }
    assert writing == set(WRITERS)


def test_nobody_writes_files_in_a_way_of_his_own() -> None:
    own = set()
    for name, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = f"{ast.unparse(node.func.value).rpartition('.')[2]}.{node.func.attr}"
                if called in _OWN_WAYS or node.func.attr in _OWN_WAYS:
                    own.add((name, node.func.attr))
    assert own == {("store/rows.py", "write_table")}  # into the file that `write_binary` gives


def test_each_writer_has_written(left: Path) -> None:
    for module, place in WRITERS.items():
        assert not place or any((left / place).iterdir()), module
    assert len(list(_files(left, ".csv"))) >= 13


def test_csv_fields_have_one_form_and_read_back_exactly(left: Path) -> None:
    numbers = 0
    for path in _files(left, ".csv"):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert len(set(header)) == len(header), path
        for row in rows:
            assert len(row) == len(header), path
            for name, text in zip(header, row, strict=True):
                where = (path.name, name, text)
                assert text not in {"nan", "NaN", "None", "null", "NULL"}, where
                assert text in {"true", "false"} or text.lower() not in {"true", "false"}, where
                try:
                    value = float(text)
                except ValueError:
                    continue
                numbers += 1
                assert text == field_text(value), where  # the shortest, and no 5.0
    assert numbers > 3000


def test_csv_and_parquet_hold_the_same_numbers(left: Path) -> None:
    pairs = [(path, path.with_suffix(".csv")) for path in _files(left, ".parquet")]
    pairs = [(parquet, table) for parquet, table in pairs if table.exists()]
    exported = {path.name for folder in EXPORTS[:2] for path in (left / folder).glob("*.parquet")}
    assert {parquet.name for parquet, _ in pairs} == {"trajectory.parquet", "patients.parquet", *exported}
    for parquet, path in pairs:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = pq.read_table(parquet).to_pydict()
        assert list(columns) == list(rows[0])
        for name, values in columns.items():
            assert [field_text(value) for value in values] == [row[name] for row in rows], (path, name)


def test_truth_is_one_word(left: Path) -> None:
    words = set()
    for path in (left / "trial" / "patients.csv", left / "runs" / "comparison.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            words |= {row["relapse_free_at_end"] for row in csv.DictReader(file)}
    assert words <= {"true", "false"} and words


def test_json_is_strict_and_has_one_form(left: Path) -> None:
    seen = 0
    for path in _files(left, ".json"):
        text = path.read_text(encoding="utf-8")
        data = json.loads(text, parse_constant=pytest.fail)
        assert text == json.dumps(data, indent=2, ensure_ascii=False) + "\n", path
        seen += 1
    assert seen >= 12


def test_every_provenance_is_made_by_one_function(left: Path) -> None:
    places: list[Any] = [json.loads((left / folder / MANIFEST).read_text()) for folder in MANIFESTS]
    places.append(json.loads((left / "sweep" / "out" / "plan.json").read_text())["about"])
    places.append(json.loads((left / "trial" / "store" / "design.json").read_text())["about"])
    places.append(json.loads((left / "validation" / "validation.json").read_text())["provenance"])
    for known in places:
        for name, value in provenance().items():
            assert known[name] == value, name


def test_a_manifest_names_the_files_of_its_folder(left: Path) -> None:
    for folder in MANIFESTS:
        named = json.loads((left / folder / MANIFEST).read_text())["files"]
        assert all((left / folder / name).is_file() for name in named)
        assert named


def test_parquet_says_units_and_meanings(left: Path) -> None:
    for path in [left / "trial" / "patients.parquet", left / "sweep" / "out" / "analysis" / "runs.parquet"]:
        fields = {field.name: field.metadata for field in pq.read_schema(path)}
        assert fields["relapse_free_days"][b"unit"] == b"day"
        assert fields["patient"][b"meaning"]


def test_every_folder_of_results_is_an_ro_crate(left: Path) -> None:
    for folder in (*MANIFESTS, "sweep/out"):
        checked(left / folder)
