"""A folder of files: claimed once, whole or not there, what an earlier writing left is gone. See also tests/results."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from simulation.errors import UserError
from simulation.files.crate import CRATE
from simulation.files.folder import MANIFEST, check_files, new_folder, read_manifest, slug, write_folder


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Early, with DLI", "early-with-dli"),
        ("ünï côde", "uni-code"),
        ("///", "unnamed"),
        ("a" * 300, "a" * 80),
    ],
)
def test_a_name_becomes_a_folder(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_taken_names_get_numbers(tmp_path: Path) -> None:
    names = [new_folder(tmp_path / "results", "x").name for _ in range(3)]
    assert names == ["x", "x-2", "x-3"]


def test_the_manifest_names_the_files_and_is_what_removes_them_later(tmp_path: Path) -> None:
    write_folder(tmp_path, lambda: {"a.txt": "1", "figures/b.png": b"2"}, {"seed": 1})
    (tmp_path / "mine.txt").write_text("mine")
    digests = {"a.txt": sha256(b"1").hexdigest(), "figures/b.png": sha256(b"2").hexdigest()}
    digests[CRATE] = sha256((tmp_path / CRATE).read_bytes()).hexdigest()
    assert read_manifest(tmp_path) == {"seed": 1, "files": digests}
    write_folder(tmp_path, lambda: {"a.txt": iter(["3", "4"])}, {"seed": 2})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "mine.txt", MANIFEST, CRATE]
    assert (tmp_path / "a.txt").read_text() == "34"


def test_a_file_that_is_not_what_was_written_is_told(tmp_path: Path) -> None:
    write_folder(tmp_path, lambda: {"a.txt": "1", "b.txt": "2"}, {"seed": 1})
    assert check_files(tmp_path, ["a.txt", "b.txt"])["seed"] == 1
    (tmp_path / "b.txt").write_text("3")
    check_files(tmp_path, ["a.txt"])
    with pytest.raises(UserError, match=r"b\.txt: is not what was written"):
        check_files(tmp_path, ["a.txt", "b.txt"])
    (tmp_path / "b.txt").unlink()
    with pytest.raises(UserError, match=r"b\.txt: cannot be read"):
        check_files(tmp_path, ["b.txt"])
    (tmp_path / MANIFEST).write_text((tmp_path / MANIFEST).read_text().replace('"seed": 1', '"seed": 2'))
    with pytest.raises(UserError, match=f"{MANIFEST}: is damaged"):
        read_manifest(tmp_path)
    write_folder(tmp_path, lambda: {"a.txt": "4"}, {"seed": 3})  # what a damaged manifest names stays
    assert check_files(tmp_path, ["a.txt"])["seed"] == 3
    (tmp_path / MANIFEST).unlink()
    with pytest.raises(UserError, match="is not whole"):
        check_files(tmp_path, [])


def test_a_folder_of_an_earlier_version_can_be_written_again(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps({"files": ["old.txt"]}))
    (tmp_path / "old.txt").write_text("1")
    with pytest.raises(UserError, match="earlier version"):
        check_files(tmp_path, ["old.txt"])
    write_folder(tmp_path, lambda: {"new.txt": "2"}, {})
    assert not (tmp_path / "old.txt").exists()


def test_a_manifest_cannot_name_files_of_others(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / MANIFEST).write_text(json.dumps({"files": ["../outside.txt"]}))
    write_folder(tmp_path / "run", lambda: {"a.txt": "1"}, {})
    assert (tmp_path / "outside.txt").read_text() == "mine"


def test_a_mistake_while_writing_leaves_nothing(tmp_path: Path) -> None:
    def contents() -> dict[str, str]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_folder(tmp_path / "new" / "run", contents, {})
    assert list(tmp_path.iterdir()) == []
