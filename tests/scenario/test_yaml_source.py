import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.errors import UserError
from simulation.yaml_source import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    Node,
    parse_yaml,
    plain,
    read_yaml,
    resolve_scalar,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E6", 1e6),
        ("-.5", -0.5),
        ("+3", 3),
        ("1.", 1.0),
        ("0", 0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        # the traps of YAML 1.1 are text
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("012", "012"),
        ("0o14", "0o14"),
        ("0x1F", "0x1F"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2024-01-01", "2024-01-01"),
        ("1e999", "1e999"),
        ("9" * 30, "9" * 30),
        (".", "."),
        ("e5", "e5"),
        ("-", "-"),
        ("+", "+"),
    ],
)
def test_plain_scalars(text: str, value: Any) -> None:
    got = resolve_scalar(text)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize("loader", ["C", "Python"])
def test_keys_are_text_and_quotes_keep_text(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if loader == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    node = parse_yaml("on: 28 d\noff: 14 d\n1: one\nno: '5'\nyes: \"true\"\nt: |\n  12\n", "f")
    assert plain(node) == {"on": "28 d", "off": "14 d", "1": "one", "no": "5", "yes": "true", "t": "12\n"}


@pytest.mark.parametrize("loader", ["C", "Python"])
def test_every_value_knows_its_place(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if loader == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    root = parse_yaml("# first\na:\n  b: 5\n  c:\n    - x\n    - {d: y}\n", "f.yaml")
    assert isinstance(root.value, dict)
    a = root.value["a"]
    assert isinstance(a.value, dict)
    b, c = a.value["b"], a.value["c"]
    assert isinstance(c.value, list)
    assert (a.key_line, b.key_line, b.line, b.column, c.key_line, c.value[0].line) == (2, 3, 3, 6, 4, 5)
    inner = c.value[1].value
    assert isinstance(inner, dict)
    assert (inner["d"].line, inner["d"].key_column, inner["d"].column) == (6, 8, 11)


def test_a_whole_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    start = time.perf_counter()
    with pytest.raises(UserError, match="anchors and aliases"):
        parse_yaml("\n".join(lines), "bomb")
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested more than"),
        ("- " * 100_000, "nested more than"),
        ("{a: " * 100_000, "nested more than"),
        ("[" + "x, " * 300_000 + "]", "more than 20,000 values"),
        ("\n".join(f"k{i}: 1" for i in range(60_000)), "more than 20,000 values"),
    ],
)
@pytest.mark.parametrize("loader", ["C", "Python"])
def test_hostile_shapes_end_quickly(
    text: str, message: str, loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if loader == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    start = time.process_time()  # the machine may be busy with something else
    with pytest.raises(UserError, match=message):
        parse_yaml(text, "f")
    assert time.process_time() - start < (1.0 if loader == "C" else 20.0)


def test_limits_are_far_above_any_scenario() -> None:
    depth = MAX_DEPTH
    assert plain(parse_yaml("[" * depth + "1" + "]" * depth, "f"))
    assert len(plain(parse_yaml("[" + "1, " * (MAX_NODES - 1) + "]", "f"))) == MAX_NODES - 1


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(50 * MAX_BYTES)  # a hole: takes no room on the disk
    start = time.perf_counter()
    with pytest.raises(UserError, match="larger than 1,000,000 bytes"):
        read_yaml(path)
    assert time.perf_counter() - start < 1.0


def test_no_tag_builds_an_object(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    for tag in (
        "!!python/object/apply:os.mkdir",
        "!!python/name:os.system",
        "!!binary",
        "!x",
        "!!set",
        "!!timestamp",
    ):
        with pytest.raises(UserError, match="tags"):
            parse_yaml(f"a: {tag} ['{victim}']", "f")
    with pytest.raises(UserError, match="tags"):
        parse_yaml("!!str a: 1", "f")
    assert not victim.exists()


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=200))
def test_any_text_gives_nodes_or_one_clear_error(text: str) -> None:
    try:
        assert isinstance(parse_yaml(text, "f"), Node)
    except UserError as error:
        assert str(error).startswith("f:") or str(error).startswith("f: ")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdefg_", min_size=1), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abcdefg_", min_size=1), values, max_size=5))
def test_agrees_with_json_which_is_yaml(data: dict[str, Any]) -> None:
    import json

    assert plain(parse_yaml(json.dumps(data, ensure_ascii=False), "f")) == data


@pytest.mark.parametrize("text", ['extends: "a\\0.yaml"', '"a\\0": 1', 'name: "\\x07"'])
def test_an_escape_brings_no_character_that_is_no_text(text: str) -> None:
    with pytest.raises(UserError, match=r"x.yaml:1: the character .* is not text"):
        parse_yaml(text, "x.yaml")
