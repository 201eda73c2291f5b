"""Results on an object store: jobs without a common file system bring their parts together, and damage is noticed.

fsspec's store in memory stands for it here. S3_ENDPOINT=http://127.0.0.1:5000 names a server of one's own that speaks
S3, such as moto's, and the same is done there: `.ci/workflows` does so.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fsspec", reason="extra `cluster`")
import fsspec

from simulation.cli import main
from simulation.errors import ExitStatus, OtherScenario, UserError
from simulation.store import Column, Design, Store, write_shard
from simulation.store.remote import OutOfReach, pull, push

ENDPOINT = os.environ.get("S3_ENDPOINT", "")
SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
SWEEP = f"""\
name: Small
scenario: {SCENARIOS / "preemptive.yaml"}
set: {{follow_up: 20 d, time_step: 1 d, marrow: {{rows: 3, columns: 3}}, marrow_maps: []}}
parameters:
  rate_blast_net_growth: {{values: [0.05 /day, 0.1 /day, 0.15 /day, 0.2 /day]}}
design: {{kind: grid}}
replicates: 2
seed: 1
outcomes: [relapse_free_days]
"""
KEY = Column("run", "int")


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    if ENDPOINT:
        for name, value in {"ENDPOINT_URL": ENDPOINT, "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "a"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        store = fsspec.filesystem("s3")
        bucket = f"b{abs(hash(tmp_path)):x}"
        store.mkdir(bucket)
        yield f"s3://{bucket}/study"
        return
    store = fsspec.filesystem("memory")
    yield "memory://bucket/study"
    store.rm("/bucket", recursive=True)


def design(seed: int = 1) -> Design:
    return Design("trial", (KEY,), (Column("days", "float"),), {"seed": seed})


def stored(folder: Path, *runs: int, seed: int = 1) -> Path:
    planned = design(seed)
    with Store(folder, planned):
        rows = [
            {"run": run, "status": "done", "error": None, "seconds": 0.1, "days": run / 3} for run in runs
        ]
        write_shard(folder, planned, rows)
    return folder


def runs_in(folder: Path) -> list[int]:
    return sorted(row["run"] for row in Store(folder, design()).rows())


def test_jobs_that_share_no_folder_bring_their_parts_together(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(SWEEP)

    def typed(*words: str | Path) -> str:
        capsys.readouterr()
        assert main([str(word) for word in words]) == 0
        return capsys.readouterr().out

    run = ("--workers", "0", "--quiet")
    for part in (1, 2):
        place = tmp_path / f"machine{part}"
        typed("sweep", file, "--out", place, "--shard", f"{part}/2", *run)
        first = json.loads(typed("push", place, url, "--json"))
        assert first["files"] > 0 and first["bytes"] > 0
        again = json.loads(typed("push", place, url, "--json"))
        assert (again["files"], again["same"]) == (0, first["files"] + first["same"])
    standing = json.loads(typed("status", url, "--json"))
    assert (standing["folder"], standing["planned"], standing["survey"]["done"]) == (url, 8, 8)

    joined, alone = tmp_path / "joined", tmp_path / "alone"
    assert "copied to" in typed("pull", url, joined)
    assert "0 files" in typed("pull", url, joined)
    typed("sweep", file, "--out", joined, "--resume", *run)
    typed("sweep", file, "--out", alone, *run)
    for place in (joined, alone):
        typed("analyze", place, "--no-figures", "--quiet")
    tables = [(place / "analysis" / "responses.csv").read_bytes() for place in (joined, alone)]
    assert tables[0] == tables[1]
    assert json.loads(typed("status", joined, "--json"))["survey"]["done"] == 8

    typed("push", joined, url, "--quiet")  # a finished folder, over what its parts have left there
    typed("pull", url, tmp_path / "copy")
    assert (tmp_path / "copy" / "analysis" / "responses.csv").read_bytes() == tables[0]


def test_what_is_damaged_is_refused_on_both_ways(url: str, tmp_path: Path) -> None:
    folder = stored(tmp_path / "store", 1, 2)
    (rows,) = (folder / "rows").glob("*.parquet")
    push(folder, url)
    store, root = fsspec.core.url_to_fs(url)
    whole = rows.read_bytes()
    damaged = whole[:50] + bytes([whole[50] ^ 1]) + whole[51:]

    rows.write_bytes(damaged)
    with pytest.raises(UserError, match="is not what was written: it is damaged"):
        push(folder, url)
    store.pipe_file(f"{root}/rows/{rows.name}", damaged)
    with pytest.raises(UserError, match=r"came damaged from .*pull again"):
        pull(url, tmp_path / "copy")
    store.pipe_file(f"{root}/rows/{rows.name}", whole)
    shutil.rmtree(tmp_path / "copy")
    pull(url, tmp_path / "copy")
    assert runs_in(tmp_path / "copy") == [1, 2]

    store.pipe_file(f"{root}/design.json", b"{}")
    with pytest.raises(UserError, match="is damaged"):
        pull(url, tmp_path / "other")


def test_two_designs_never_mix_and_what_is_known_is_not_overwritten(url: str, tmp_path: Path) -> None:
    mine = stored(tmp_path / "mine", 1, 2)
    push(mine, url)
    other = stored(tmp_path / "other", 7, seed=2)
    for attempt in (lambda: push(other, url), lambda: pull(url, other)):
        with pytest.raises(OtherScenario, match="holds other runs than"):
            attempt()
    assert [path.name for path in other.rglob("*.parquet")] == [
        path.name for path in (other / "rows").iterdir()
    ]
    push(stored(tmp_path / "more", 3), url)  # a part of another machine
    pull(url, mine)
    assert runs_in(mine) == [1, 2, 3]

    (mine / "notes.txt").write_text("here")
    push(mine, url)
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"1 files say something else .*notes.txt.*--overwrite"):
        pull(url, mine)
    assert (mine / "notes.txt").read_text() == "mine"
    pull(url, mine, overwrite=True)
    assert (mine / "notes.txt").read_text() == "here"


def test_no_name_leads_out_of_the_folder_and_no_half_file_or_lock_is_copied(url: str, tmp_path: Path) -> None:
    folder = stored(tmp_path / "store", 1)
    (folder / "rows" / ".part-x").write_text("half")
    push(folder, url)
    store, root = fsspec.core.url_to_fs(url)
    names = {path.removeprefix(root).lstrip("/") for path in store.find(root)}
    assert "design.json" in names and not {name for name in names if "lock" in name or ".part" in name}
    store.pipe_file(f"{root}/..\\evil", b"x")
    store.pipe_file(f"{root}/rows/.hidden", b"x")
    pull(url, tmp_path / "a" / "copy")
    results = {path.name for path in tmp_path.rglob("*") if "evil" in path.name or ".hidden" in path.name}
    assert results == set()


@pytest.mark.parametrize(
    ("words", "message", "status"),
    [
        (("push", "FOLDER", "results"), "is no URL", ExitStatus.USAGE),
        (("push", "FOLDER", "nonsense://x"), "cannot be used", ExitStatus.USAGE),
        (("push", "EMPTY", "memory://x/y"), "holds no results", ExitStatus.USAGE),
        (("pull", "memory://bucket/none", "EMPTY"), "holds no results", ExitStatus.USAGE),
        (("status", "memory://bucket/none"), "holds no results", ExitStatus.USAGE),
        (("status", "no_such_folder"), "is no folder", ExitStatus.USAGE),
    ],
)
def test_mistakes_are_told_in_one_message(
    words: tuple[str, ...],
    message: str,
    status: ExitStatus,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stored(tmp_path / "FOLDER", 1)
    (tmp_path / "EMPTY").mkdir()
    assert main([str(tmp_path / word) if word in {"FOLDER", "EMPTY"} else word for word in words]) == status
    err = capsys.readouterr().err
    assert message in err and "Traceback" not in err and len(err.splitlines()) <= 3


def test_a_store_that_fails_in_the_middle_is_told_and_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    folder, url = stored(tmp_path / "store", 1, 2), "memory://bucket/fails"
    put: Callable[..., Any] = MemoryFileSystem.put_file
    calls: list[str] = []

    def fails(self: Any, path: str, target: str, **how: Any) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise ConnectionError("connection reset")
        put(self, path, target, **how)

    monkeypatch.setattr(MemoryFileSystem, "put_file", fails)
    with pytest.raises(
        OutOfReach, match=r"ConnectionError: connection reset.*the same command goes on"
    ) as why:
        push(folder, url)
    assert why.value.exit_status == ExitStatus.FAILED_RUNS
    assert push(folder, url).same == 1
    pull(url, tmp_path / "copy")
    assert runs_in(tmp_path / "copy") == [1, 2]
    MemoryFileSystem().rm("/bucket", recursive=True)
