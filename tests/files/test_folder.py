"""A folder of files: claimed once, whole or not there, what an earlier writing left is gone. See also tests/results."""

import json
from pathlib import Path

import pytest

from simulation.files.folder import MANIFEST, new_folder, read_manifest, slug, write_folder


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
    assert read_manifest(tmp_path) == {"seed": 1, "files": ["a.txt", "figures/b.png"]}
    write_folder(tmp_path, lambda: {"a.txt": iter(["3", "4"])}, {"seed": 2})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "mine.txt", MANIFEST]
    assert (tmp_path / "a.txt").read_text() == "34"


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
