"""Folders of results without a browser: which may be read, and what is told of those that are damaged."""

import json
import os
import random
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.browser.results.folders import open_folder, result_folders
from simulation.browser.results.repeat import run_again, sweep_again, trial_again
from simulation.browser.results.stored_run import stored_run
from simulation.browser.results.sweep_folder import read_sweep
from simulation.browser.results.trial_folder import read_trial
from simulation.cli import main
from simulation.errors import UserError
from simulation.files import seals
from simulation.files.folder import read_manifest

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
    messages = []
    for text in (name, f"{name}/nothing-there"):
        with pytest.raises(UserError) as refused:
            open_folder(text)
        messages.append(str(refused.value).replace(text, "X"))
    assert messages[0] == messages[1] and "--results" in messages[0]


@pytest.mark.parametrize(
    "text", ["results/" + "x" * 5000, "results/a\0b", "results/no", "results", "", " \n"]
)
def test_names_that_are_none(text: str, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results.parent)
    for path in results.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(UserError) as error:
        open_folder(text)
    assert len(str(error.value)) < 400


def test_folders_are_found_where_they_may_be_read(results: Path) -> None:
    assert {path.name for path in result_folders([results, results / "nowhere"])} == {"run", "trial", "sweep"}


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


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(("kind", "file"), [("run", "summary.json"), ("run", "trajectory.csv"), ("run", "events.csv"),
                                            ("run", "scenario.resolved.yaml"), ("trial", "comparison.json"),
                                            ("trial", "patients.csv"), ("sweep", "plan.json")])  # fmt: skip
def test_a_damaged_file_is_told_with_its_folder(results: Path, kind: str, file: str, damage: str) -> None:
    path = results / kind / file
    path.write_text(DAMAGES[damage](path.read_text()))
    with pytest.raises(UserError) as error:
        READERS[kind](results / kind)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("kind", ["run", "trial"])
def test_every_flipped_bit_is_told_with_its_file_and_what_to_do(results: Path, kind: str) -> None:
    """Also those that leave a file whole, with another number in it."""
    draw = random.Random(11)
    shown = {"run": ("summary.json", "trajectory.csv", "events.csv", "scenario.resolved.yaml", "provenance.json"),
             "trial": ("comparison.json", "patients.csv", "arms/early.yaml", "provenance.json")}[kind]  # fmt: skip
    for name in shown:
        path = results / kind / name
        whole = path.read_bytes()
        for _ in range(12 if name.startswith("arms") else 30):
            flipped = bytearray(whole)
            at = draw.randrange(len(whole) - 1) if name.endswith("json") else _digit(draw, whole)
            flipped[at] ^= 1 << (draw.randrange(8) if name.endswith("json") else 0)
            path.write_bytes(flipped)
            seals._digest.cache_clear()
            with pytest.raises(UserError, match=r"not what was written|damaged|earlier version") as error:
                READERS[kind](results / kind)
            assert str(results / kind) in str(error.value)
        path.write_bytes(whole)
    seals._digest.cache_clear()
    READERS[kind](results / kind)


def _digit(draw: random.Random, text: bytes) -> int:
    """Return the place of a digit in a number: one bit makes another of it."""
    return draw.choice(
        [i for i, byte in enumerate(text) if byte in b"0123456789" and text[i - 1 : i] in b"0123456789."]
    )


def test_values_of_another_kind_are_told_or_shown(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded: every value of the two summaries in turn becomes something else; nothing but a message may come of it.

    Digests would tell each of these before it is read: what is read must bear them without.
    """
    for module in ("stored_run", "trial_folder"):
        monkeypatch.setattr(
            f"simulation.browser.results.{module}.check_files", lambda folder, _: read_manifest(folder)
        )
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
                except UserError as error:
                    assert str(results / kind) in str(error)


def test_the_results_page_says_the_command_with_its_version(stored: Path) -> None:
    manifest = read_manifest(stored / "run")
    assert manifest is not None
    version = manifest["version"]
    run = run_again(stored / "run", stored_run(stored / "run"))
    trial = trial_again(read_trial(stored / "trial"))
    sweep = sweep_again(read_sweep(stored / "sweep"))
    for command in (run, trial, sweep):
        assert command.endswith(f"# transplant-twin {version}")
    assert f"{stored / 'sweep.yaml'} --seed 0 --replicates 1" in sweep


def test_the_command_of_a_comparison_gives_the_same_patients(stored: Path, tmp_path: Path) -> None:
    words = shlex.split(trial_again(read_trial(stored / "trial")), comments=True)
    again = [
        *words[words.index("compare") :],
        "--no-figures",
        "--workers",
        "0",
        "-q",
        "--out",
        str(tmp_path / "again"),
    ]
    assert main(again) == 0
    assert (tmp_path / "again" / "patients.csv").read_bytes() == (
        stored / "trial" / "patients.csv"
    ).read_bytes()
