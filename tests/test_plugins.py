"""A user's own rules in a simulated patient: loaded once, fresh for everybody, and their mistakes told as the user's."""

from pathlib import Path

import pytest

from simulation import UserError, run
from simulation.life import Life
from simulation.plugins import rules_of
from simulation.scenario import Scenario, parse_scenario
from tests.rules import RULES, acting, write_rules

SMALL = (
    "name: Small\nmarrow: {rows: 2, columns: 2}\ntime_step: 1 d\nfollow_up: 6 d\nmarrow_maps: []\nplugin: "
)


def with_rules(folder: Path, text: str = RULES, block: str = "") -> Scenario:
    write_rules(folder / "mine.py", text)
    return parse_scenario(f"{SMALL}{{file: {folder / 'mine.py'}{block}}}\n")


def mistake(scenario: Scenario) -> str:
    with pytest.raises(UserError) as caught:
        run(scenario)
    return str(caught.value)


def test_a_rule_acts_with_its_parameter(tmp_path: Path) -> None:
    def blasts(rate: str) -> float:
        return float(run(with_rules(tmp_path, block=f", my_rate: {rate}")).column("blasts_cells")[-1])

    without = float(run(parse_scenario(f"{SMALL}null\n")).column("blasts_cells")[-1])
    assert blasts("0 /day") == without
    assert 0 < blasts("1 /day") < 0.01 * without


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RULES = 3\n", "mine.py: RULES: expected a line such as RULES = [MyRule()], RULES is no list"),
        ("RULES = [3]\n", "mine.py: RULES: expected objects with a name, a source and a method act(state, dt), 3 is no rule"),
        ("RULES = []\n\nimport no_such_module\n", "mine.py:3: ModuleNotFoundError"),
        ("def f():\n    return 1 / 0\nRULES = f()\n", "mine.py:2: ZeroDivisionError"),
        ("import sys\nRULES = sys.exit(3)\n", "mine.py:2: ends the program; a rule may not"),
        (acting("pass").replace('"mine"', '"gvl"'), "mine.py: RULES: the rule 'gvl' is there already, in the program"),
        (acting("pass").replace("[Mine()]", "[Mine(), Mine()]"), "the rule 'mine' is there already, in mine.py"),
        (acting("pass").replace("kept = 0", "kept = 0; __reduce_ex__ = 0"), "cannot be copied, and every patient needs his own"),
        (acting("raise ValueError('no')"), "mine.py:8: ValueError: no"),
        (acting("raise SystemExit"), "mine.py:8: ends the program"),
        (acting("state.pop.hazard[0, 0] = float('nan')"), "the rule 'mine' left a hazard that is no number, on day 2"),
        (acting("state.pop.hazard[0, 0] = -1"), "left a negative hazard"),
        (acting("state.pop.cells[0] += 1"), "changed the number of cells"),
        (acting("state.pop.cells[0] = -5; state.deaths = 0"), "left a negative number of cells"),
    ],
)  # fmt: skip
def test_what_goes_wrong_in_a_rule_is_its_authors_mistake(tmp_path: Path, text: str, words: str) -> None:
    assert words in mistake(with_rules(tmp_path, text))


def test_the_line_may_be_in_a_second_file(tmp_path: Path) -> None:
    write_rules(tmp_path / "helper.py", "def fail():\n    raise KeyError('x')\n")
    assert "helper.py:2: KeyError: 'x'" in mistake(
        with_rules(tmp_path, "import helper\n" + acting("helper.fail()"))
    )


def test_rules_that_add_and_remove_cells_and_count_them_are_let_be(tmp_path: Path) -> None:
    text = acting("state.pop.add(0, 0, 5); state.infused += 5", day=5)
    assert run(with_rules(tmp_path, text)).outcomes["days_simulated"] == 6


def test_what_a_rule_keeps_is_kept_for_one_course(tmp_path: Path) -> None:
    text = acting("self.kept += 1; state.signals.lymphopenia = self.kept", day=0)
    scenario = with_rules(tmp_path, text)
    kept = []
    for _ in range(2):
        life = Life(scenario)
        for _ in range(6):
            life.step()
        twin = life.copy()
        life.step()
        twin.step()
        kept.append([vars(one.body.plugin_rules[0].rule)["kept"] for one in (life, twin)])
    assert kept[0] == kept[1]
    assert kept[0][0] == kept[0][1] > 0


def test_a_file_that_changes_after_it_was_read_is_not_run(tmp_path: Path) -> None:
    scenario = with_rules(tmp_path)
    write_rules(tmp_path / "mine.py", RULES + "# edited\n")
    assert "mine.py: has changed since the scenario was read" in mistake(scenario)
    (tmp_path / "mine.py").unlink()
    scenario = with_rules(tmp_path, RULES + "# gone\n")
    (tmp_path / "mine.py").unlink()
    assert "every machine that simulates must be able to read it" in mistake(scenario)


def test_a_compiled_function_of_an_edited_second_file_is_new(tmp_path: Path) -> None:
    helper = "from numba import njit\n@njit(cache=True)\ndef extra():\n    return {}\n"
    text = (
        "from numba import njit\nfrom helper import extra\n@njit(cache=True)\ndef twice():\n    return 2 * extra()\n"
        + acting("state.crs_score = twice()", day=0)
    )
    scores = []
    for value in ("1.5", "0.5"):  # of one length, within one second
        write_rules(tmp_path / "helper.py", helper.format(value))
        (rule,) = rules_of(with_rules(tmp_path, text).plugin)
        life = Life(parse_scenario(f"{SMALL}null\n"))
        life.body.state.day = 1.0
        rule.act(life.body.state, 1.0)
        scores.append(life.body.state.crs_score)
    assert scores == [3.0, 1.0]


def test_two_plugins_may_have_helpers_of_one_name_at_different_times(tmp_path: Path) -> None:
    import sys

    names = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_rules(tmp_path / folder / "helper.py", f"word = {folder!r}\n")
        text = "from helper import word\n" + acting("pass").replace('"mine"', "word")
        names += [rule.name for rule in rules_of(with_rules(tmp_path / folder, text).plugin)]
    assert names == ["a", "b"]
    assert "helper" not in sys.modules
