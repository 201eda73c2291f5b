"""The block `plugin`: where its file is looked for, what its parameters may be, and that nothing of it is executed."""

import pickle
from pathlib import Path

import pytest

from simulation.errors import UserError
from simulation.scenario import load_scenario, parse_scenario, resolve_parameters
from tests.rules import RULES, write_rules


def scenario(tmp_path: Path, plugin: str, name: str = "mine.yaml") -> Path:
    path = tmp_path / name
    path.write_text(f"name: Mine\nplugin: {plugin}\n")
    return path


def mistake(path: Path, *changes: str) -> str:
    with pytest.raises(UserError) as caught:
        load_scenario(path, changes)
    return str(caught.value)


def test_a_file_is_found_beside_the_yaml_file_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep").mkdir()
    rules = write_rules(tmp_path / "deep" / "mine.py")
    base = scenario(tmp_path / "deep", "{file: mine.py, my_rate: 0.25 /day}")
    heir = tmp_path / "heir.yaml"
    heir.write_text("name: Heir\nextends: deep/mine.yaml\n")
    monkeypatch.chdir(tmp_path / "deep")
    for path in (base, heir):
        (plugin,) = load_scenario(path).plugin
        assert plugin.path == str(rules)
        assert dict(plugin.values) == {"my_rate": 0.25}
    (plugin,) = parse_scenario("name: x", ["plugin.file=mine.py"]).plugin
    assert plugin.path == str(rules)


def test_a_parameter_is_in_the_patients_values_in_canonical_units(tmp_path: Path) -> None:
    write_rules(tmp_path / "mine.py")
    assert resolve_parameters(load_scenario(scenario(tmp_path, "{file: mine.py}"))).my_rate == 0.5
    hourly = load_scenario(scenario(tmp_path, "{file: mine.py, my_rate: 0.01 /h}"))
    assert resolve_parameters(hourly).my_rate == pytest.approx(0.24)
    drawn = "{file: mine.py, my_rate: {distribution: uniform, low: 0 /day, high: 2 /day}}"
    assert resolve_parameters(load_scenario(scenario(tmp_path, drawn)), lambda name: 0.75).my_rate == 1.5


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        ("{file: mine.py, my_rat: 1 /day}", ":2: plugin.my_rat: mine.py has no such parameter (did you mean 'my_rate'?)"),
        ("{file: mine.py, my_rate: 3 /day}", "in the range of mine.py, 0 /day to 2 /day, got 3 /day"),
        ("{file: mine.py, my_rate: 3 d}", "expected a rate such as"),
        ("{file: mine.py, my_rate: {distribution: uniform, low: 0 /day, high: 3 /day}}", "to 2 /day, got 3 /day"),
        ("{file: mint.py}", ":2: plugin.file: mint.py: there is no such file (did you mean 'mine.py'?)"),
        ("{file: mine.yaml}", "whose name ends in .py, got 'mine.yaml'"),
        ("{my_rate: 1 /day}", ":2: plugin.file: expected a Python file such as my_rules.py, this key is missing"),
        ("[{file: mine.py}, {file: mine.py}]", ":2: plugin.1.file: two plugins have a file mine.py"),
        ("[{file: mine.py}, {file: same.py}]", "mine.py and same.py both have a parameter 'my_rate'"),
        ("mine.py", "expected a block such as {file: my_rules.py"),
        ("{file: mine.py, sha256: 0123456789abcdef}", ":2: plugin.sha256: expected 0123456789ab..., mine.py is not the file"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_block_is_told_at_its_line(tmp_path: Path, plugin: str, words: str) -> None:
    write_rules(tmp_path / "mine.py")
    write_rules(tmp_path / "same.py", RULES + "# the same\n")
    path = scenario(tmp_path, plugin)
    assert words in mistake(path)
    assert mistake(path).startswith(str(path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\nclass :\n", "mine.py:2: SyntaxError: invalid syntax"),
        ("RULE = []\n", "mine.py: expected a line such as RULES = [MyRule()], the file defines no list RULES (did"),
        ('RULES = []\nPARAMETERS = {"my_rate": rate()}\n', "mine.py:2: expected a text with its unit, or a number"),
        ("RULES = []\nPARAMETERS = dict(a=1)\n", "mine.py:2: expected a literal such as PARAMETERS"),
        ('RULES = []\nPARAMETERS = {\n  "weight": "3 kg"}\n', "mine.py:3: PARAMETERS.weight: the parameter table has this name"),
        ('RULES = []\nPARAMETERS = {"file": 1}\n', "mine.py:2: PARAMETERS: expected a name such as my_rate, got 'file'"),
        ('RULES = []\nPARAMETERS = {"a": "3 parsecs"}\n', "mine.py:2: PARAMETERS.a.value: expected a unit known here"),
        ('RULES = []\nPARAMETERS = {"a": {"value": 3, "height": 4}}\n', "there is no such key (did you mean 'high'?)"),
        ('RULES = []\nPARAMETERS = {"a": {"value": 3, "high": 2}}\n', "lies outside its own range"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_told_at_its_line(tmp_path: Path, text: str, words: str) -> None:
    write_rules(tmp_path / "mine.py", text)
    assert words in mistake(scenario(tmp_path, "{file: mine.py}"))


def test_reading_executes_nothing(tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    write_rules(tmp_path / "mine.py", f"open({str(trace)!r}, 'w')\nimport helper\n" + RULES)
    write_rules(tmp_path / "helper.py", f"open({str(trace)!r}, 'w')\n")
    loaded = load_scenario(scenario(tmp_path, "{file: mine.py, my_rate: 1 /day}"))
    assert "my_rate: 1 /day" in loaded.to_yaml()
    assert not trace.exists()


def test_a_resolved_text_names_no_place_and_reads_back(tmp_path: Path) -> None:
    write_rules(tmp_path / "mine.py")
    loaded = load_scenario(scenario(tmp_path, "{file: mine.py}"))
    assert "  file: plugins/mine.py\n" in loaded.to_yaml()
    assert str(tmp_path) not in loaded.to_yaml()
    assert parse_scenario(loaded.to_yaml(str)) == loaded
    assert pickle.loads(pickle.dumps(loaded)) == loaded


def test_the_digest_follows_content_and_parameters_not_the_place(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    plugin = "{file: mine.py}"
    for folder in (tmp_path, tmp_path / "other"):
        write_rules(folder / "mine.py")
    one, same = (load_scenario(scenario(folder, plugin)) for folder in (tmp_path, tmp_path / "other"))
    assert one == same
    assert one.digest() == same.digest()
    assert one.digest() != load_scenario(tmp_path / "mine.yaml", ["plugin.my_rate=1 /day"]).digest()
    write_rules(tmp_path / "other" / "mine.py", RULES + "# edited\n")
    assert load_scenario(tmp_path / "other" / "mine.yaml").digest() != one.digest()


def test_an_edit_of_what_a_file_imports_from_beside_it_is_another_plugin(tmp_path: Path) -> None:
    write_rules(tmp_path / "mine.py", "import os\nimport numpy\nimport helper\nimport simulation\n" + RULES)
    helper = write_rules(tmp_path / "helper.py", "from box.inner import x\n")
    (tmp_path / "box").mkdir()
    for name in ("__init__", "inner"):
        write_rules(tmp_path / "box" / f"{name}.py", "x = 1\n")
    write_rules(tmp_path / "os.py", "not imported: the standard library comes first")
    path = scenario(tmp_path, "{file: mine.py}")
    (before,) = load_scenario(path).plugin
    assert list(before.sources.files) == ["mine.py", "box/__init__.py", "box/inner.py", "helper.py"]
    helper.write_text("from box.inner import x\nx = 2\n")
    (after,) = load_scenario(path).plugin
    assert before.sha256 != after.sha256


def test_another_file_replaces_the_block_and_another_plugin_joins_it(tmp_path: Path) -> None:
    write_rules(tmp_path / "mine.py")
    other = write_rules(tmp_path / "other.py", "RULES = []\n")
    base = scenario(tmp_path, "{file: mine.py, my_rate: 1 /day}")
    heir = tmp_path / "heir.yaml"
    heir.write_text("name: Heir\nextends: mine.yaml\nplugin: {file: other.py}\n")
    assert [plugin.name for plugin in load_scenario(heir).plugin] == ["other.py"]
    heir.write_text("name: Heir\nextends: mine.yaml\nplugin: {my_rate: 2 /day}\n")
    assert load_scenario(heir).plugin[0].values["my_rate"] == 2
    heir.write_text("name: Heir\nextends: mine.yaml\nplugin: {my_rate: null}\n")
    assert load_scenario(heir).plugin[0].values["my_rate"] == 0.5
    heir.write_text("name: Heir\nextends: mine.yaml\nplugin: null\n")
    assert load_scenario(heir).plugin == ()
    both = load_scenario(base, [f"plugin.+={{file: {other}}}"])
    assert [plugin.name for plugin in both.plugin] == ["mine.py", "other.py"]
    assert parse_scenario(both.to_yaml(str)) == both
