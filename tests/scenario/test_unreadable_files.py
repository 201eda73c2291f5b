"""Files that are missing, empty or no text are told as such."""

import os
from pathlib import Path

import pytest

from simulation.errors import UserError
from simulation.scenario import load_scenario, parse_scenario
from tests.scenario.mistakes import GOOD, error_of


@pytest.mark.parametrize("name", ["missing.yaml", "my.yml", "folder/my.yaml", "a\0b.yaml"])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "my.yaml").write_text(GOOD)
    with pytest.raises(UserError, match=r"there is no such file|cannot be read") as caught:
        load_scenario(tmp_path / name)
    assert caught.value.nearest == (str(tmp_path / "my.yaml") if name == "my.yml" else None)


def test_a_missing_file_that_lies_below_or_comes_with_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        load_scenario("scenarios/preemptive.yaml")  # as pages name it, typed in a folder that has none
    assert "init DIR` copies the one that comes with the program" in str(caught.value)
    with pytest.raises(UserError) as caught:
        load_scenario("mine.yaml")
    assert "init" not in str(caught.value)
    (tmp_path / "scenarios" / "deep").mkdir(parents=True)
    (tmp_path / "scenarios" / "deep" / "preemptive.yaml").write_text(GOOD)
    with pytest.raises(UserError) as caught:
        load_scenario("preemptive.yaml")
    assert caught.value.nearest == os.path.join("scenarios", "deep", "preemptive.yaml")
    assert "init" not in str(caught.value)


def test_an_empty_file_a_list_and_plain_text(tmp_path: Path) -> None:
    for text, words in (
        ("", "empty"),
        ("# only a comment\n", "empty"),
        ("- a\n", "got a list"),
        ("hello", "got 'hello'"),
    ):
        error = error_of(tmp_path / "my.yaml", text)
        assert words in str(error)
        assert error.line == 1


def test_a_folder_and_what_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="this is a folder"):
        load_scenario(tmp_path)
    path = tmp_path / "my.yaml"
    for data, words, line in (
        (b"name: a\nx: \xff\xfe\n", "UTF-8", 2),
        (b"name: a\x00b\n", "is not text", 1),
        (b"\x89PNG\r\n\x1a\n\x00", "UTF-8", 1),
        ("name: a\n".encode("utf-16"), "UTF-8", 1),
        (b"name: a\n\nx: \x1b[31mred\n", "is not text", 3),
    ):
        path.write_bytes(data)
        with pytest.raises(UserError, match=words) as caught:
            load_scenario(path)
        assert caught.value.line == line


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_scenario(path) == parse_scenario(GOOD)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(UserError, match="not a regular file"):
        load_scenario(tmp_path / "pipe.yaml")
