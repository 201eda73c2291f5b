from pathlib import Path

import pytest

from simulation.cli.plugins import load_rules
from simulation.errors import UserError

RULE = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Mine:
    name: str = "mine"
    source: str = "a test"
    def act(self, body, dt):
        pass
"""


def plugin(tmp_path: Path, text: str, name: str = "mine.py") -> Path:
    file = tmp_path / name
    file.write_text(text)
    return file


def test_the_rules_of_a_file_are_returned(tmp_path: Path) -> None:
    (rule,) = load_rules(plugin(tmp_path, RULE + "RULES = [Mine()]\n"))
    assert rule.name == "mine"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (RULE, "defines no list RULES"),
        (RULE + "RULE = [Mine()]\n", "did you mean 'RULE'"),
        (RULE + "RULES = Mine()\n", "defines no list RULES"),
        (RULE + "RULES = [Mine(), 3]\n", "3 is no rule"),
        ("\n\nimport no_such_module\n", ":3: ModuleNotFoundError"),
        ("x = 1\nclass :\n", ":2: SyntaxError"),
        ("def f():\n    return 1 / 0\nf()\n", ":2: ZeroDivisionError"),
    ],
)
def test_a_file_that_is_wrong_is_a_persons_mistake(tmp_path: Path, text: str, told: str) -> None:
    file = plugin(tmp_path, text)
    with pytest.raises(UserError) as caught:
        load_rules(file)
    assert str(file) in str(caught.value)
    assert told in str(caught.value)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_rules(tmp_path / "none.py")


def test_a_file_that_is_not_python(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="py"):
        load_rules(plugin(tmp_path, "RULES = []", "rules.txt"))
