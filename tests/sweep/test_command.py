"""The commands as a person types them."""

import errno
import json
from pathlib import Path

import pytest

from simulation.cli import main
from simulation.sweep.plan import Plan
from tests.sweep.conftest import SMALL
from tests.sweep.fake import write

TINY = SMALL.replace("[0, 0.5, 1]", "[0, 1]").replace("replicates: 3", "replicates: 1")


def test_a_dry_run_counts_estimates_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, TINY)
    assert main(["sweep", str(path), "--dry-run", "--json", "--workers", "2"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["runs"], document["points"], document["replicates"], document["arms"]) == (
        8,
        4,
        1,
        ["early", "late"],
    )
    assert 0 < document["seconds_per_run"] < 60 and 0 < document["seconds"] < 600
    assert 100 < document["bytes_per_run"] < 2000 and document["bytes"] == pytest.approx(
        8 * document["bytes_per_run"], abs=8
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["sweep.yaml"]
    assert main(["sweep", str(path), "--dry-run"]) == 0
    assert "8 runs" in capsys.readouterr().out


def test_run_resume_expand_analyze(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write(tmp_path, TINY), tmp_path / "out"
    run = ["sweep", str(path), "--out", str(out), "--workers", "0"]
    assert main(run) == 0
    assert "8 runs done" in capsys.readouterr().out
    assert main(run) == 2
    assert "--resume goes on" in capsys.readouterr().err
    assert main([*run, "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["done_now"] == 0
    assert main(["expand", str(out), "--replicates", "2", "--workers", "0", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["runs"], document["done_before"], document["done_now"]) == (16, 8, 8)
    assert (
        main([*run, "--resume", "--json"]) == 0
    )  # the file's own number of replicates does not take any away
    assert json.loads(capsys.readouterr().out)["runs"] == 16
    assert (
        main(["analyze", str(out), "--json", "--threshold", "phi_bm", "--better", "early", "--than", "late"])
        == 0
    )
    answer = json.loads(capsys.readouterr().out)
    assert answer["missing"] == 0 and len(answer["answers"]) == 2
    assert (out / "analysis" / "report.html").is_file()
    assert (out / "analysis" / "responses.csv").read_text(encoding="utf-8").count("\n") == 1 + 4 * 2 * 3


def test_a_folder_of_another_sweep_is_refused_with_status_5(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for text, status in (
        (TINY, 0),
        (TINY.replace("seed: 5", "seed: 6"), 5),
        (TINY.replace("[0, 1]", "[0, 0.9]"), 5),
    ):
        words = ["sweep", str(write(tmp_path, text)), "--out", str(out), "--workers", "0", "--resume", "-q"]
        assert main(words) == status
    assert "holds another sweep" in capsys.readouterr().err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    assert main(["sweep", str(write(tmp_path, TINY)), "--out", str(tmp_path / "full")]) == 2


@pytest.mark.parametrize("shard", ["0/3", "4/3", "a/b", "3", "-1/3"])
def test_shards_that_make_no_sense(tmp_path: Path, shard: str) -> None:
    assert main(["sweep", str(write(tmp_path, TINY)), "--shard", shard, "--out", str(tmp_path / "o")]) == 2
    assert not (tmp_path / "o").exists()


def test_options_that_exclude_each_other(tmp_path: Path) -> None:
    path = str(write(tmp_path, TINY))
    assert main(["sweep", path, "--scheduler", "tcp://x:1", "--workers", "2"]) == 2
    assert main(["analyze", str(tmp_path), "--better", "a"]) == 2
    assert main(["analyze", str(tmp_path)]) == 2
    assert main(["expand", str(tmp_path), "--replicates", "2"]) == 2


@pytest.mark.parametrize(("name", "text"), [
    ("plan.json", "[1]"), ("plan.json", "1"), ("plan.json", '{"format": 1}'), ("plan.json", "[" * 100_000),
    ("plan.json", '{"format": 1, "name": "x", "description": "", "arms": [1], "parameters": 3}'),
    ("design.csv", "point,phi_bm\n0,x\n"), ("design.csv", "point,phi_bm\n0\n"), ("design.csv", ""),
])  # fmt: skip
def test_a_damaged_folder_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    out = tmp_path / "out"
    assert main(["sweep", str(write(tmp_path, TINY)), "--out", str(out), "--workers", "0", "-q"]) == 0
    (out / name).write_text(text)
    capsys.readouterr()
    assert main(["analyze", str(out)]) == 2
    err = capsys.readouterr().err
    assert name in err and ("damaged" in err or "columns are not those" in err)


def test_time_that_is_up_ends_a_sweep_with_status_7_and_resume_completes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write(tmp_path, TINY), tmp_path / "out"
    run = ["sweep", str(path), "--out", str(out), "--workers", "0", "--json"]
    assert main([*run, "--max-minutes", "1e-9"]) == 7
    document = json.loads(capsys.readouterr().out)
    assert (document["done_now"], document["missing"], document["interrupted"]) == (0, 8, True)
    assert main([*run, "--resume", "--max-minutes", "9"]) == 0
    more = ["expand", str(out), "--replicates", "2", "--workers", "0", "--json"]
    capsys.readouterr()
    assert main([*more, "--max-minutes", "1e-9"]) == 7
    assert json.loads(capsys.readouterr().out)["missing"] == 8


def test_a_beginning_that_was_cut_off_is_begun_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = write(tmp_path, TINY), tmp_path / "out"
    run = ["sweep", str(path), "--out", str(out), "--workers", "0", "--quiet"]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Plan, "save", full)
        assert main(run) == 4
    assert f"{out}: the disk is full" in capsys.readouterr().err
    assert (out / "design.csv").exists()
    assert main(run) == 0
    capsys.readouterr()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "design.csv").write_text("a person's own")
    assert main([*run[:2], "--out", str(mine)]) == 2
    assert (mine / "design.csv").read_text() == "a person's own"
