"""Folders of results without a browser: which may be read, and what is told of those that are damaged."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.browser.results.folders import found_folders, open_folder
from simulation.browser.results.stored_run import stored_run
from simulation.browser.results.sweep_folder import read_sweep
from simulation.browser.results.trial_folder import read_trial
from simulation.cli import main
from simulation.errors import UserError

ARM = "follow_up: 20 d\nmarrow: {rows: 2, columns: 2}\npatient: {n_residual_blasts: 1e7 cells}\n"
SWEEP = """name: Small sweep
arms: {early: early.yaml}
parameters: {rate_blast_net_growth: {values: [0.05 /day, 0.1 /day]}}
design: {kind: grid}
cohort: {size: 1}
outcomes: [final_blasts]
"""
READERS: dict[str, Callable[[Path], object]] = {"run": stored_run, "trial": read_trial, "sweep": read_sweep}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Leave a run, a comparison and a sweep in one folder."""
    folder = tmp_path_factory.mktemp("stored")
    for name, start in (("early", "{when: day, day: day 5}"), ("late", "never")):
        block = f"{{when: {start}}}" if start == "never" else start
        (folder / f"{name}.yaml").write_text(f"name: {name}\n{ARM}start: {block}\n")
    (folder / "sweep.yaml").write_text(SWEEP)
    early, late = str(folder / "early.yaml"), str(folder / "late.yaml")
    few = ["--workers", "0", "-q", "--out"]
    assert main(["run", early, "--no-figures", "-q", "--out", str(folder / "run")]) == 0
    assert main(["compare", early, late, "--patients", "2", "--no-figures", *few, str(folder / "trial")]) == 0
    assert main(["sweep", str(folder / "sweep.yaml"), *few, str(folder / "sweep")]) == 0
    return folder


@pytest.fixture
def results(stored: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may damage."""
    return Path(shutil.copytree(stored, tmp_path / "results"))


def test_whole_folders_are_read(stored: Path) -> None:
    for kind, read in READERS.items():
        assert open_folder(str(stored / kind), [stored])[1] == kind
        read(stored / kind)


@pytest.mark.parametrize("name", ["..", "results/..", "/", "/etc", "/root", "~", "~nobody-at-all", "results/../secret", "secret",
                                  "results/link", "results/link/deep"])  # fmt: skip
def test_what_lies_elsewhere_is_refused_before_it_is_looked_at(
    name: str, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a folder exists elsewhere makes no difference to the message."""
    monkeypatch.chdir(results.parent)
    shutil.copytree(results / "run", results.parent / "secret" / "deep")
    os.symlink(results.parent / "secret", results / "link")
    told = []
    for text in (name, f"{name}/nothing-there"):
        with pytest.raises(UserError) as refused:
            open_folder(text)
        told.append(str(refused.value).replace(text, "X"))
    assert told[0] == told[1] and "--results" in told[0]


@pytest.mark.parametrize(
    "text", ["results/" + "x" * 5000, "results/a\0b", "results/no", "results", "", " \n"]
)
def test_names_that_are_none(text: str, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results.parent)
    for path in results.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(UserError) as told:
        open_folder(text)
    assert len(str(told.value)) < 400


def test_folders_are_found_where_they_may_be_read(results: Path) -> None:
    assert {path.name for path in found_folders([results, results / "nowhere"])} == {"run", "trial", "sweep"}


def _short_row(text: str) -> str:
    lines = text.splitlines()
    return "\n".join([*lines[:1], *(line.rpartition(",")[0] for line in lines[1:2]), *lines[2:]])


DAMAGES: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "a list": lambda _: "[]",
    "a number": lambda _: "1",
    "an object of nothing": lambda _: "{}",
    "a header only": lambda text: text.splitlines()[0],
    "a short row": _short_row,
    "half of it": lambda text: text[: len(text) // 2],
    "a NUL": lambda text: text[:50] + "\0" + text[50:],
    "letters for digits": lambda text: text.translate(str.maketrans("0123456789", "abcdefghij")),
    "deep": lambda _: "[" * 100_000,
}


_STILL_WHOLE = {
    ("events.csv", "a header only"), ("scenario.resolved.yaml", "a header only"), ("scenario.resolved.yaml", "a short row"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(("kind", "file"), [("run", "summary.json"), ("run", "trajectory.csv"), ("run", "events.csv"),
                                            ("run", "scenario.resolved.yaml"), ("trial", "comparison.json"),
                                            ("trial", "patients.csv"), ("sweep", "plan.json")])  # fmt: skip
def test_a_damaged_file_is_told_with_its_folder(results: Path, kind: str, file: str, damage: str) -> None:
    path = results / kind / file
    path.write_text(DAMAGES[damage](path.read_text()))
    try:
        READERS[kind](results / kind)
    except UserError as told:
        assert str(results / kind) in str(told)
    else:  # fewer events, or a scenario with fewer keys, is one as well
        assert (file, damage) in _STILL_WHOLE


def test_values_of_another_kind_are_told_or_shown(results: Path) -> None:
    """Seeded: every value of the two summaries in turn becomes something else; nothing but a message may come of it."""
    draw = random.Random(4)
    others: list[object] = [None, [], {}, "x", -1, 1e308, True, [None], {"a": {}}]
    for kind, file in (("run", "summary.json"), ("trial", "comparison.json")):
        path = results / kind / file
        whole = json.loads(path.read_text())
        for name in whole:
            for value in draw.sample(others, 4):
                path.write_text(json.dumps({**whole, name: value}))
                try:
                    READERS[kind](results / kind)
                except UserError as told:
                    assert str(results / kind) in str(told)
