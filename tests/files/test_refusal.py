"""What the system refuses is told once, in words, with one exit status per cause, here and on a worker."""

import errno
import os
import pickle
from pathlib import Path

import pytest

from simulation.cli import faults
from simulation.errors import ExitStatus, UserError
from simulation.files.atomic import write_file
from simulation.files.refusal import NotWritten, refusals


@pytest.mark.parametrize(
    ("code", "words", "status"),
    [
        (errno.ENOSPC, "the disk is full", ExitStatus.FAILED_RUNS),
        (errno.EDQUOT, "the disk is full", ExitStatus.FAILED_RUNS),
        (errno.EIO, "cannot be written to", ExitStatus.FAILED_RUNS),
        (errno.EACCES, "permission denied", ExitStatus.USAGE),
        (errno.EROFS, "permission denied", ExitStatus.USAGE),
        (errno.ENAMETOOLONG, "cannot be written to", ExitStatus.USAGE),
    ],
)
def test_one_cause_has_one_message_and_one_status(
    code: int, words: str, status: ExitStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    def call() -> None:
        raise OSError(code, os.strerror(code), "/somewhere")

    assert faults.guarded(call) == status  # at the door
    assert f"Error: /somewhere: {words}" in capsys.readouterr().err
    with pytest.raises(NotWritten, match=words) as caught, refusals("/somewhere", "nothing was written"):
        call()
    assert caught.value.exit_status == status
    assert str(caught.value).endswith("; nothing was written")
    travelled = pickle.loads(pickle.dumps(caught.value))
    assert (str(travelled), travelled.exit_status) == (str(caught.value), status)
    assert travelled.full == (words == "the disk is full")


def test_other_mistakes_pass_through() -> None:
    with pytest.raises(UserError, match="mine"), refusals("/x", "nothing was written"):
        raise UserError("mine")
    with pytest.raises(ZeroDivisionError), refusals("/x"):
        raise ZeroDivisionError


def test_a_file_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file(tmp_path / "a" / "b.txt", "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWritten, match="disk is full"):
        write_file(tmp_path / "a" / "b.txt", "new")
    assert (tmp_path / "a" / "b.txt").read_text() == "old"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]
