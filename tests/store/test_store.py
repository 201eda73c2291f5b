"""The store keeps what it was given through every kind of death, and says what it holds."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from simulation.errors import ExitStatus, OtherScenario, UserError
from simulation.files.refusal import NotWritten
from simulation.store import Column, Design, Shard, Store, StoreInUse, write_shard
from simulation.store.store import in_use

DESIGN = Design(
    "trial",
    (Column("patient", "int"), Column("arm", "text")),
    (Column("days", "float", "day", "how long"), Column("well", "bool"), Column("words", "text")),
    {"seed": 1},
    {"made": "today"},
)


def row(patient: int, arm: str = "a", **more: Any) -> dict[str, Any]:
    return {
        "patient": patient,
        "arm": arm,
        "status": "done",
        "days": patient / 3,
        "well": patient % 2 == 0,
    } | more


def rows_of(store: Store) -> list[dict[str, Any]]:
    return sorted(store.rows(), key=lambda result: (result["patient"], result["arm"]))


def test_rows_come_back_exactly(tmp_path: Path) -> None:
    text = 'two\nlines, "quoted"; µ'
    with Store(tmp_path, DESIGN) as store:
        write_shard(tmp_path, DESIGN, [row(0, words=text), row(1, days=None), row(2, days=0.1 + 0.2)])
        result = rows_of(store)
    assert result[0]["words"] == text
    assert result[0]["well"] is True
    assert result[1]["days"] is None
    assert result[2]["days"] == 0.1 + 0.2


def test_it_describes_itself(tmp_path: Path) -> None:
    with Store(tmp_path, DESIGN):
        pass
    document = json.loads((tmp_path / "design.json").read_text())
    assert document["identity"] == {"seed": 1}
    names = {column["name"]: column for column in document["columns"]}
    assert names["days"] == {
        "name": "days",
        "kind": "float",
        "unit": "day",
        "meaning": "how long",
        "key": False,
    }
    assert names["patient"]["key"] is True
    assert "status" in names
    assert "error" in names


def test_any_program_can_read_it(tmp_path: Path) -> None:
    with Store(tmp_path, DESIGN) as store:
        write_shard(tmp_path, DESIGN, [row(0), row(1)])
        write_shard(tmp_path, DESIGN, [row(2)])
        table = pd.read_parquet(store.place)
    assert sorted(table["patient"]) == [0, 1, 2]
    assert table["days"].dtype == float and table["well"].dtype == bool


def test_a_file_on_its_own_says_what_its_columns_are(tmp_path: Path) -> None:
    with Store(tmp_path, DESIGN):
        schema = pq.read_schema(write_shard(tmp_path, DESIGN, [row(0)]))
    assert schema.field("days").metadata == {b"unit": b"day", b"meaning": b"how long"}
    assert json.loads(schema.metadata[b"transplant_twin"])["digest"] == DESIGN.digest()


def test_many_batches_stay_few_files(tmp_path: Path) -> None:
    with Store(tmp_path, DESIGN) as store:
        for patient in range(300):
            write_shard(tmp_path, DESIGN, [row(patient)])
            store.merge()
        assert len(store.files()) < 45
        store.merge(everything=True)
        assert len(store.files()) <= 10
        assert [row["patient"] for row in rows_of(store)] == list(range(300))


def test_a_crash_between_merging_and_removing_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path, DESIGN) as store:
        for patient in range(5):
            write_shard(tmp_path, DESIGN, [row(patient)])
        monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)  # killed before anything is removed
        store.merge(everything=True)
        assert len(list(store.all_rows())) == 10
        assert [row["patient"] for row in rows_of(store)] == list(range(5))


def test_a_part_that_was_joined_is_removed_when_nobody_holds_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system keeps a file that is open and removed under another name, and its folder with it."""
    pytest.importorskip("fcntl")
    part, remove, results = tmp_path / Shard(1, 2).named("rows"), shutil.rmtree, []

    def noted(folder: Path, **options: Any) -> None:
        results.append(in_use(folder))
        if len(results) > 1:  # the first time the machine dies
            remove(folder, **options)

    monkeypatch.setattr(shutil, "rmtree", noted)
    for patient in range(2):
        with Store(part, DESIGN):
            write_shard(part, DESIGN, [row(patient)])
        with Store(tmp_path / "rows", DESIGN) as whole:
            assert whole.gather([part]) == 1
            assert [row["patient"] for row in rows_of(whole)] == list(range(patient + 1))
        assert not part.exists()
    assert results == [False] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["rows"], "what the first time left is gone as well"


def test_what_was_done_counts_before_what_failed(tmp_path: Path) -> None:
    failed = row(3) | {"status": "failed", "error": "it rained"}
    with Store(tmp_path, DESIGN) as store:
        for one in (failed, row(3), failed):
            write_shard(tmp_path, DESIGN, [one])
        assert store.done() == {(3, "a")}
        assert [row["status"] for row in rows_of(store)] == ["done"]
        write_shard(tmp_path, DESIGN, [failed | {"patient": 4}])
        assert [row["error"] for row in rows_of(store)] == [None, "it rained"]


def test_another_design_is_refused_with_status_5(tmp_path: Path) -> None:
    with Store(tmp_path, DESIGN):
        pass
    other = Design("trial", DESIGN.keys, DESIGN.columns, {"seed": 2})
    with pytest.raises(OtherScenario, match="other seed") as caught, Store(tmp_path, other):
        pass
    assert caught.value.exit_status == ExitStatus.OTHER_SCENARIO
    with Store(tmp_path, Design("trial", DESIGN.keys, DESIGN.columns, {"seed": 1}, {"made": "tomorrow"})):
        pass  # when it was made is no part of the design


def test_only_what_differs_is_named(tmp_path: Path) -> None:
    def design(model: str) -> Design:
        return Design("trial", DESIGN.keys, DESIGN.columns, {"paths": ("a", "b"), "model": model})

    with Store(tmp_path, design("x")):
        pass
    with pytest.raises(OtherScenario, match=r"\(made with other model\)"), Store(tmp_path, design("y")):
        pass


def test_two_writers_at_once_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with Store(tmp_path, DESIGN), pytest.raises(StoreInUse, match="another program"), Store(tmp_path, DESIGN):
        pass
    with Store(tmp_path, DESIGN):
        pass


@pytest.mark.parametrize("harm", ["cut", "emptied", "written anew", "renamed"])
def test_a_damaged_file_is_named(tmp_path: Path, harm: str) -> None:
    with Store(tmp_path, DESIGN) as store:
        path = write_shard(tmp_path, DESIGN, [row(0), row(1)])
        if harm == "written anew":
            pq.write_table(pq.read_table(path).slice(1), path)
        elif harm == "renamed":
            path = path.rename(path.with_name("mine.parquet"))
        else:
            path.write_bytes(path.read_bytes()[:-12] if harm == "cut" else b"")
        with pytest.raises(UserError, match="move it away and run the same command with --resume") as caught:
            list(store.all_rows())
    assert str(path) in str(caught.value)


def test_a_file_of_another_store_is_refused(tmp_path: Path) -> None:
    """Its columns are the same and its bytes are sound: only the design that it names tells whose rows it holds."""
    other = Design("trial", DESIGN.keys, DESIGN.columns, {"seed": 2})
    with Store(tmp_path, DESIGN) as store:
        path = write_shard(tmp_path, other, [row(0)])
        with pytest.raises(UserError, match="another design") as caught:
            list(store.all_rows())
        assert str(path) in str(caught.value)


def test_a_design_that_was_moved_away_is_written_again(tmp_path: Path) -> None:
    with Store(tmp_path, DESIGN):
        write_shard(tmp_path, DESIGN, [row(0)])
    before = (tmp_path / "design.json").read_text()
    (tmp_path / "design.json").unlink()
    assert Store.exists(tmp_path)
    with Store(tmp_path, DESIGN) as store:
        assert len(rows_of(store)) == 1
    assert (tmp_path / "design.json").read_text() == before
    other = Design("trial", DESIGN.keys, DESIGN.columns, {"seed": 2})
    (tmp_path / "design.json").unlink()
    with Store(tmp_path, other) as store, pytest.raises(UserError, match="another design"):
        rows_of(store)


def test_a_store_of_an_earlier_format_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path, DESIGN):
        pass
    document = json.loads((tmp_path / "design.json").read_text())
    del document["sha256"]
    (tmp_path / "design.json").write_text(json.dumps(document | {"format": 2}))
    with pytest.raises(OtherScenario, match="earlier version"), Store(tmp_path, DESIGN):
        pass


def test_merging_holds_some_rows_in_memory_and_not_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulation.store.rows._ROW_GROUP", 10)
    with Store(tmp_path, DESIGN) as store:
        for patient in range(35):
            write_shard(tmp_path, DESIGN, [row(patient)])
        store.merge(everything=True)
        (segment,) = store.files()
        assert pq.ParquetFile(segment).num_row_groups == 4
        assert [row["patient"] for row in rows_of(store)] == list(range(35))


def test_an_unknown_column_is_a_mistake(tmp_path: Path) -> None:
    with Store(tmp_path, DESIGN), pytest.raises(ValueError, match="no column wrong"):
        write_shard(tmp_path, DESIGN, [row(0, wrong=1)])


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path, DESIGN) as store:
        write_shard(tmp_path, DESIGN, [row(0)])

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(NotWritten, match="disk is full"):
            write_shard(tmp_path, DESIGN, [row(1)])
        monkeypatch.undo()
        assert [row["patient"] for row in rows_of(store)] == [0]
        assert not list(tmp_path.rglob(".part-*"))


WRITER = """
import sys
from pathlib import Path
from simulation.store import write_shard
from tests.store.test_store import DESIGN, row
for patient in range(10**6):
    write_shard(Path(sys.argv[1]), DESIGN, [row(patient, words="x" * 20000)])
    print(patient, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
def test_kill_9_loses_nothing_that_was_told_to_be_done(tmp_path: Path) -> None:
    with Store(tmp_path, DESIGN):
        pass
    root = Path(__file__).resolve().parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    )  # fmt: skip
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(0.3)
    writer.send_signal(signal.SIGKILL)
    output = [0, *(int(line) for line in writer.stdout.read().split())]
    writer.wait()
    with Store(tmp_path, DESIGN) as store:
        assert not list(tmp_path.rglob(".part-*"))  # half a file is cleared away
        results = [one["patient"] for one in rows_of(store)]
    assert set(output) <= set(results)
    assert results == list(range(len(results)))
