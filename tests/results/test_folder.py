"""The results folder: complete, strict, the same bytes twice, never half of it, never over others' files."""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import os
import platform
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from simulation.errors import ExitStatus, OtherScenario, UserError
from simulation.figure_formats import FORMATS
from simulation.results import Result, prepare_folder, release_folder, write_result
from simulation.results.figures.report_figure import figures_in
from tests.results.conftest import cured, relapsing, stub_scenario, untreated

FIGURES = figures_in("simulation.results.figures")

DATA = ("summary.json", "trajectory.csv", "events.csv", "scenario.resolved.yaml")


def _files(place: Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())


def test_folder_holds_every_file(tmp_path: Path, relapse: Result) -> None:
    place = write_result(relapse, tmp_path / "run")
    figures = [f"figures/{spec.name}.png" for spec in FIGURES]
    expected = [
        "events.csv",
        "provenance.json",
        "report.html",
        "ro-crate-metadata.json",
        "scenario.resolved.yaml",
        "summary.json",
        "trajectory.csv",
        "trajectory.parquet",
        *figures,
    ]
    assert _files(place) == sorted(expected)
    assert not [path for path in place.rglob(".*")]


def test_every_odd_result_can_be_written(tmp_path: Path, any_result: Result) -> None:
    place = write_result(any_result, tmp_path / "run", formats=())
    json.loads((place / "summary.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert "</html>" in (place / "report.html").read_text()


def test_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_result(relapsing(), tmp_path / name, formats=FORMATS) for name in ("a", "b"))
    for name in (*DATA, *(f"figures/{spec.name}.{ending}" for spec in FIGURES for ending in FORMATS)):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_figures_are_written_in_the_formats_that_were_asked_for(tmp_path: Path) -> None:
    for formats in (("svg",), ("pdf",), ("svg", "png")):
        place = write_result(relapsing(), tmp_path / "-".join(formats), formats=formats)
        assert {path.suffix[1:] for path in (place / "figures").iterdir()} == set(formats)
        report = (place / "report.html").read_text()
        assert report.count("<figure") == len(FIGURES)
        assert ("<svg" in report) is (
            "svg" in formats
        )  # and a page that can show no PDF has a PNG of its own
    assert (tmp_path / "pdf" / "figures" / "burden.pdf").read_bytes()[:5] == b"%PDF-"


def test_other_run_gives_other_bytes(tmp_path: Path) -> None:
    first = write_result(relapsing(), tmp_path / "a", formats=())
    second = write_result(cured(), tmp_path / "b", formats=())
    for name in DATA:
        assert (first / name).read_bytes() != (second / name).read_bytes(), name


def test_summary_is_strict_json_in_its_order(tmp_path: Path, relapse: Result) -> None:
    outcomes = dict(relapse.outcomes) | {
        "mrd_nadir": math.nan,
        "final_cd3_per_ul": np.float64(3.5),
        "final_agents": np.int64(7),
        "eradicated": np.bool_(True),
        "agvhd_free_relapse_free_days": math.inf,
    }
    changed = replace(relapse, outcomes=outcomes, interrupted=True)
    place = write_result(changed, tmp_path / "run", formats=())
    text = (place / "summary.json").read_text()
    summary = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert list(summary) == [*relapse.outcomes, "interrupted", "patient_values"]
    assert summary["mrd_nadir"] is None
    assert summary["agvhd_free_relapse_free_days"] is None
    assert summary["eradicated"] is True
    assert summary["final_cd3_per_ul"] == 3.5
    assert summary["final_agents"] == 7
    assert summary["interrupted"] is True


def test_trajectory_reads_back_exactly(tmp_path: Path, relapse: Result) -> None:
    place = write_result(relapse, tmp_path / "run", formats=())
    header, *rows = csv.reader(io.StringIO((place / "trajectory.csv").read_text()))
    assert header == list(relapse.columns)
    for name, texts in zip(header, zip(*rows, strict=True), strict=True):
        values = [float(text) if text else math.nan for text in texts]
        np.testing.assert_array_equal(values, np.asarray(relapse.columns[name], dtype=float), name)


def test_undefined_is_an_empty_field(tmp_path: Path, relapse: Result) -> None:
    text = (write_result(relapse, tmp_path / "run", formats=()) / "trajectory.csv").read_text()
    row = next(csv.DictReader(io.StringIO(text)))
    assert row["mrd_measured_fraction"] == ""
    assert "nan" not in text.lower()


def test_parquet_holds_what_the_csv_holds(tmp_path: Path, relapse: Result) -> None:
    place = write_result(relapse, tmp_path / "run", formats=())
    table = pq.read_table(place / "trajectory.parquet")
    assert table.column_names == list(relapse.columns)
    np.testing.assert_array_equal(table["blasts_cells"].to_numpy(), relapse.columns["blasts_cells"])


def test_events_are_all_there(tmp_path: Path, relapse: Result) -> None:
    text = (write_result(relapse, tmp_path / "run", formats=()) / "events.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(relapse.events)
    dli = [row for row in rows if row["what"] == "dli"]
    assert [(row["day"], row["value"], row["unit"]) for row in dli] == [
        ("214", "100000", "cells/kg"),
        ("256", "500000", "cells/kg"),
    ]


def test_provenance_says_where_it_comes_from(tmp_path: Path, relapse: Result) -> None:
    extra = {"started": "2026-01-01T00:00:00+00:00", "duration_s": 1.5}
    place = write_result(relapse, tmp_path / "run", provenance_extra=extra, formats=())
    known = json.loads((place / "provenance.json").read_text())
    assert known["scenario_sha256"] == relapse.scenario.digest()
    assert known["seed"] == 7
    assert known["duration_s"] == 1.5
    assert known["libraries"]["numpy"] == np.__version__
    assert platform.node() not in known.values()


def test_default_folder_is_new_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = untreated(5.0, name="Pre-emptive: blinatumomab + DLI")
    places = [write_result(result, formats=()) for _ in range(3)]
    stem = "results/pre-emptive-blinatumomab-dli-seed7"
    assert [place.as_posix() for place in places] == [stem, f"{stem}-2", f"{stem}-3"]


@pytest.mark.parametrize("name", ["../../etc", "///", "", "ünï côde", "a" * 300, "CON\x00"])
def test_no_name_leads_out_of_the_root(tmp_path: Path, name: str) -> None:
    place = prepare_folder(stub_scenario(name), 1, root=tmp_path / "results")
    assert place.parent == tmp_path / "results"
    assert place.is_dir()


def test_runs_at_once_get_folders_of_their_own(tmp_path: Path) -> None:
    scenario, places = stub_scenario("same"), []
    threads = [
        threading.Thread(target=lambda: places.append(prepare_folder(scenario, 1, root=tmp_path)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(places)) == 12


def test_results_are_not_overwritten_unasked(tmp_path: Path, relapse: Result) -> None:
    place = write_result(relapse, tmp_path / "run", formats=())
    before = (place / "summary.json").read_bytes()
    for attempt in (
        lambda: write_result(relapse, place),
        lambda: prepare_folder(relapse.scenario, 7, out=place),
    ):
        with pytest.raises(UserError, match="--overwrite") as error:
            attempt()
        assert error.value.exit_status == ExitStatus.USAGE
    assert (place / "summary.json").read_bytes() == before


def test_overwrite_replaces_all_and_leaves_no_stale_figure(tmp_path: Path, relapse: Result) -> None:
    place = write_result(relapse, tmp_path / "run")
    (place / "notes.txt").write_text("mine")
    write_result(replace(relapse, interrupted=True), place, overwrite=True, formats=())
    assert json.loads((place / "summary.json").read_text())["interrupted"] is True
    assert not (place / "figures").exists()
    assert (place / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
def test_other_scenario_is_refused_with_its_own_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    place = write_result(relapsing(name="first"), tmp_path / "run", formats=())
    before = _files(place)
    with pytest.raises(OtherScenario, match="first") as error:
        write_result(cured(name="second"), place, overwrite=overwrite)
    assert error.value.exit_status is ExitStatus.OTHER_SCENARIO
    assert _files(place) == before
    same_name = cured(name="first")
    monkeypatch.setattr(type(same_name.scenario), "digest", lambda _: "with other settings")
    with pytest.raises(OtherScenario, match="this scenario with other settings"):
        write_result(same_name, place, overwrite=overwrite)


@pytest.mark.parametrize("overwrite", [False, True])
def test_somebody_elses_folder_is_refused(tmp_path: Path, relapse: Result, overwrite: bool) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="no results of a run"):
        write_result(relapse, tmp_path, overwrite=overwrite)
    assert _files(tmp_path) == ["thesis.tex"]


def test_a_file_is_not_a_folder(tmp_path: Path, relapse: Result) -> None:
    (tmp_path / "run").write_text("x")
    with pytest.raises(UserError, match="is a file"):
        write_result(relapse, tmp_path / "run")
    with pytest.raises(UserError):
        write_result(relapse, tmp_path / "run" / "below")


def test_prepared_folder_is_released_only_when_empty(tmp_path: Path, relapse: Result) -> None:
    empty = prepare_folder(relapse.scenario, 1, root=tmp_path)
    release_folder(empty)
    assert not empty.exists()
    full = write_result(relapse, prepare_folder(relapse.scenario, 1, root=tmp_path), formats=())
    release_folder(full)
    assert (full / "summary.json").exists()


def _full_disk_at(monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """Let the disk be full from the n-th flush on."""
    calls = 0
    real = os.fsync

    def fsync(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls >= call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("call", [1, 3, 6])
def test_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relapse: Result, call: int
) -> None:
    _full_disk_at(monkeypatch, call)
    with pytest.raises(UserError, match="disk is full; nothing was written"):
        write_result(relapse, tmp_path / "new" / "run", formats=())
    assert list(tmp_path.iterdir()) == []


def test_full_disk_leaves_the_old_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relapse: Result
) -> None:
    place = write_result(relapse, tmp_path / "run", formats=())
    before = {name: (place / name).read_bytes() for name in _files(place)}
    _full_disk_at(monkeypatch, 4)
    with pytest.raises(UserError):
        write_result(replace(relapse, interrupted=True), place, overwrite=True, formats=())
    assert {name: (place / name).read_bytes() for name in _files(place)} == before


@pytest.mark.parametrize("failing", [1, 4, 7])
def test_interrupt_while_moving_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relapse: Result, failing: int
) -> None:
    real = os.replace
    moved = 0

    def replace_file(source: Any, target: Any) -> None:
        nonlocal moved
        if Path(source).parent.name.startswith(".writing-") and Path(target).parent == tmp_path / "run":
            moved += 1
            if moved == failing:
                raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", replace_file)
    with pytest.raises(KeyboardInterrupt):
        write_result(relapse, tmp_path / "run", formats=())
    assert moved == failing
    assert list(tmp_path.iterdir()) == []


def test_failing_figure_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relapse: Result
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("broken figure")

    monkeypatch.setattr("simulation.results.figures.style.render", broken)
    with pytest.raises(ValueError, match="broken figure"):
        write_result(relapse, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_refused_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relapse: Result) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(UserError, match="permission denied; nothing was written"):
        write_result(relapse, tmp_path / "run", formats=())
    assert list(tmp_path.iterdir()) == []


def test_files_can_be_read_by_others_as_usual(tmp_path: Path, relapse: Result) -> None:
    usual = tmp_path / "usual"
    usual.write_text("")
    place = write_result(relapse, tmp_path / "run", formats=())
    assert (place / "summary.json").stat().st_mode == usual.stat().st_mode
