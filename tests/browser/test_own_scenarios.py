"""Scenarios of one's own: keys set, files loaded together, rules of the command line; no name of another file is followed."""

from pathlib import Path

import pytest

from simulation.browser.catalogue import Choices, Source, sources, with_rules
from simulation.browser.guide import rule_entries, search
from simulation.browser.many import ForecastRequest
from simulation.browser.own_scenarios import changed, pairs_of, uploaded, uploaded_all
from simulation.browser.references import refer, referred
from simulation.browser.reproduce import command_of, many_command
from simulation.errors import UserError
from simulation.scenario.cohort import NONE
from simulation.scenario.load import parse_scenario

TINY = "name: Tiny\nmarrow: {rows: 2, columns: 2}\ntime_step: 1 d\n"
RULE = """
PARAMETERS = {"my_rate": {"value": "0.1 /day", "low": "0 /day", "high": "1 /day", "source": "an assumption"}}
RULES = []
"""


@pytest.fixture
def rules(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "my_rule.py").write_text(RULE)
    (tmp_path / "tiny.yaml").write_text(TINY)
    return (f'plugin.+={{file: "{tmp_path / "my_rule.py"}"}}',)


def test_keys_are_set_as_on_the_command_line() -> None:
    source = changed(Source(None, text=TINY), ("rate_blast_net_growth", "0.11 /day"))
    assert source.load().patient["rate_blast_net_growth"] == 0.11
    again = changed(source, ("rate_blast_net_growth", "0.12 /day"))
    assert again.settings == ("patient.rate_blast_net_growth=0.12 /day",)
    assert again.label == source.label  # "changed" is said once
    both = changed(
        Source(None, text=TINY), *pairs_of("monitoring.mrd.every: 14 d\n\n# remark\nfollow_up = 90 d\n")
    )
    scenario = both.load()
    assert scenario.monitoring.mrd is not None
    assert (scenario.monitoring.mrd.every, scenario.follow_up) == (14, 90)


def test_keys_that_need_one_another_are_set_at_once() -> None:
    source = Source(None, text=TINY)
    with pytest.raises(UserError):
        changed(source, ("start.when", "day"))
    revised = changed(source, ("start", "{when: day, day: day 20}"), ("dli", "{cd3: [1e6/kg], first: day 1}"))
    assert revised.load().start.when == "day"


@pytest.mark.parametrize(
    "text", ["", "# nothing", "growth 0.1", "a b: 1", "x:", "\n".join(f"k{i}: 1" for i in range(31))]
)
def test_lines_that_are_none_are_told(text: str) -> None:
    with pytest.raises(UserError):
        pairs_of(text)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("plugin", "{file: /etc/passwd}", "names a file"),
        ("plugin.0.file", "x.py", "names a file"),
        ("plugin.file", "x.py", "names a file"),
        ("plugin[0].file", "x.py", "names a file"),
        ("plugin.sha256", "x", "names a file"),
        ("extends", "/etc/passwd", "names a file"),
        ("rate_blast_net_growht", "0.1 /day", "rate_blast_net_growth"),
        ("rate_blast_net_growth", "0.1", "has no unit"),
        ("rate_blast_net_growth", "", "got nothing"),
    ],
)
def test_what_is_wrong_is_told(key: str, value: str, message: str, rules: tuple[str, ...]) -> None:
    for source in (Source(None, text=TINY), with_rules(Source(None, text=TINY), rules)):
        with pytest.raises(UserError) as caught:
            changed(source, (key, value))
        assert message in str(caught.value)


def test_a_scenario_from_a_file_names_no_other_file() -> None:
    assert uploaded(TINY, "mine.yaml").load().name == "Tiny"
    whole = parse_scenario(TINY).to_yaml()  # as `show` prints it and the page downloads it
    assert uploaded(whole, "mine.yaml").load().marrow.rows == 2
    for text in (TINY + "extends: /etc/passwd\n", TINY + "plugin: {file: /tmp/x.py}\n"):
        with pytest.raises(UserError, match=r"mine\.yaml:4.*names a file"):
            uploaded(text, "mine.yaml")
    with pytest.raises(UserError, match="longer than"):
        uploaded("#" * 300_000, "mine.yaml")


def test_files_loaded_together_may_extend_one_another() -> None:
    files = {
        "early.yaml": "extends: mine.yaml\nname: Early\nfollow_up: 50 d\n",
        "mine.yaml": TINY + "patient: {rate_blast_net_growth: 0.2 /day}\n",
        "late.yaml": "extends: [mine.yaml]\nname: Late\n",
    }
    early, late = uploaded_all(files)
    assert (early.label, late.label) == ("early.yaml", "late.yaml")  # what others extend is no choice itself
    assert early.load().follow_up == 50 and late.load().marrow.rows == 2
    assert early.load(patient=3).patient["rate_blast_net_growth"] == 0.2  # written, so not drawn


@pytest.mark.parametrize("base", ["/etc/passwd", "../mine.yaml", "other.yaml", "mine.yaml/../mine.yaml"])
def test_files_extend_only_what_was_loaded_with_them(base: str) -> None:
    with pytest.raises(UserError, match="names a file"):
        uploaded_all({"early.yaml": f"extends: {base}\n{TINY}", "mine.yaml": TINY})


def test_files_in_a_circle_are_told() -> None:
    with pytest.raises(UserError, match="circle"):
        uploaded_all({"a.yaml": "extends: b.yaml\n", "b.yaml": "extends: a.yaml\n"})
    with pytest.raises(UserError, match="circle"):
        uploaded_all(
            {"a.yaml": "extends: b.yaml\n", "b.yaml": "extends: c.yaml\n", "c.yaml": "extends: b.yaml\n"}
        )


def test_every_scenario_is_there_with_and_without_the_rules(rules: tuple[str, ...], tmp_path: Path) -> None:
    first = Source(tmp_path / "tiny.yaml")
    offered = sources(first, rules)
    assert [one.label for one in offered[:2]] == ["Tiny with my_rule.py", "Tiny"]
    assert len(offered) == 2 * len(sources(first)) and len({one.label for one in offered}) == len(offered)
    assert [plugin.name for plugin in offered[0].load().plugin] == ["my_rule.py"] and not offered[
        1
    ].load().plugin


def test_parameters_of_rules_are_found_set_and_kept(rules: tuple[str, ...], tmp_path: Path) -> None:
    offered = sources(Source(tmp_path / "tiny.yaml"), rules)
    entries = rule_entries(offered[0].load().plugin)
    assert search("my_rate", more=entries)[0][0].default == "0.1 /day"
    revised = changed(offered[0], ("plugin.my_rate", "0.3 /day"))
    assert revised.load().plugin[0].values["my_rate"] == 0.3
    again = referred(refer(revised, offered) or "", offered)
    assert again == revised and again.load() == revised.load()
    assert f"--plugin {tmp_path / 'my_rule.py'}" in command_of(revised, revised.load(), 1, 0, 10.0)
    with pytest.raises(UserError, match=r"did you mean 'plugin\.my_rate'"):
        changed(offered[0], ("plugin.my_rat", "0.3 /day"))


def test_references_bring_back_what_is_no_choice(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    choices = [Source(tmp_path / "tiny.yaml")]
    loaded = uploaded(TINY + "follow_up: 30 d\n", "mine.yaml")
    stored = Source(tmp_path / "tiny.yaml", title="A stored run", cohort=NONE)
    for source in (
        choices[0],
        changed(choices[0], ("follow_up", "40 d")),
        loaded,
        changed(loaded, ("time_step", "6 h")),
        stored,
    ):
        text = refer(source, choices)
        assert text is not None
        again = referred(text, choices)
        assert (again.label, again.cohort) == (source.label, source.cohort)
        for patient in (0, 4):
            assert again.load(patient=patient) == source.load(patient=patient)
    (tmp_path / "other.yaml").write_text(TINY)
    assert refer(Source(tmp_path / "other.yaml"), choices) is None


@pytest.mark.parametrize(
    "text",
    ["", "Nobody", "/etc/passwd", "[]", "{}", '{"of": "Nobody"}', '{"of": "Tiny", "set": 3}', '{"yaml": "AAAA"}',
     '{"of": "Tiny", "set": ["extends=x"]}', '{"of": "Tiny", "set": ["plugin.+={file: x.py}"]}', '{"of": {}, "set": []}',
     "[" * 10_000],
)  # fmt: skip
def test_references_that_name_nothing_are_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    with pytest.raises(UserError) as error:
        referred(text, [Source(tmp_path / "tiny.yaml")])
    assert len(str(error.value)) < 600


def test_choices_grow_by_what_is_loaded() -> None:
    messages: list[int] = []
    given = [Source(None)]
    choices = Choices(given, lambda: messages.append(1))
    choices.add([uploaded(TINY, "a.yaml"), uploaded(TINY, "b.yaml")])
    newer = uploaded(TINY + "follow_up: 30 d\n", "a.yaml")
    choices.add([newer])
    assert [one.label for one in choices] == [given[0].label, "b.yaml", "a.yaml"]
    assert choices[-1] is newer and messages == [1, 1]


def test_many_patients_have_a_command_where_one_gives_them_all(
    rules: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "late.yaml").write_text(TINY)
    early, late = Source(tmp_path / "tiny.yaml"), Source(tmp_path / "late.yaml")
    command = many_command(ForecastRequest((early, late), seed="3", number="50", posterior=True))
    assert command.endswith(f"compare {early.path} {late.path} --patients 50 --seed 3 --posterior")
    both = [changed(with_rules(one, rules), ("follow_up", "40 d")) for one in (early, late)]
    command = many_command(ForecastRequest((both[0], both[1]), course="day,mrd\n7,0\n"))
    assert (
        "forecast THIS_COURSE.csv" in command
        and "--plugin" in command
        and command.endswith("'follow_up=40 d'")
    )
    for asked in (
        ForecastRequest((early,)),
        ForecastRequest((early, both[1])),
        ForecastRequest((early, Source(None))),
        ForecastRequest((early, late), kind="chance"),
    ):
        assert many_command(asked) == ""
