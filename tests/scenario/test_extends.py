import os
from pathlib import Path

import pytest

from simulation.clinic.starts import Never, OnMrd, OnOvertRelapse
from simulation.errors import UserError
from simulation.scenario import Scenario, load_scenario

BASE = """\
name: Base
description: The base.
patient: {weight: 80 kg, rate_blast_net_growth: 0.08 /day}
start: {when: mrd, at_least: 1e-4, confirmed_by: 2, delay: 5 d}
blinatumomab: {dose: 28 ug/day, on: 28 d, off: 14 d, cycles: 4}
immunosuppression:
  - {drug: ciclosporin, from: day -1, to: day 100}
"""


def load(tmp_path: Path, text: str, **others: str) -> Scenario:
    (tmp_path / "base.yaml").write_text(BASE)
    for name, content in others.items():
        (tmp_path / f"{name}.yaml").write_text(content)
    (tmp_path / "my.yaml").write_text(text)
    return load_scenario(tmp_path / "my.yaml")


def test_blocks_merge_and_lists_are_replaced(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        "extends: base.yaml\nname: My\npatient: {weight: 90 kg}\nblinatumomab: {cycles: 2}\n"
        "immunosuppression: [{drug: mycophenolate, from: day 1, to: day 30}]\n",
    )
    assert dict(scenario.patient) == {"weight": 90.0, "rate_blast_net_growth": 0.08}
    assert scenario.blinatumomab is not None
    assert (scenario.blinatumomab.cycles, scenario.blinatumomab.on) == (2, 28.0)
    assert [item.drug for item in scenario.immunosuppression] == ["mycophenolate"]


def test_null_takes_away(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        "extends: base.yaml\nname: My\npatient: {weight: null}\nblinatumomab: null\n"
        "monitoring: {morphology: null}\n",
    )
    assert dict(scenario.patient) == {"rate_blast_net_growth": 0.08}
    assert scenario.blinatumomab is None
    assert scenario.monitoring.morphology is None


def test_another_trigger_replaces_the_block_and_the_same_is_merged(tmp_path: Path) -> None:
    other = load(tmp_path, "extends: base.yaml\nname: My\nstart: {when: overt_relapse}\n").start
    assert isinstance(other, OnOvertRelapse)
    assert other.delay == 3.0, "not the 5 days of the base"
    same = load(tmp_path, "extends: base.yaml\nname: My\nstart: {when: mrd, at_least: 1e-3}\n").start
    assert isinstance(same, OnMrd)
    assert (same.at_least, same.confirmed_by, same.delay) == (1e-3, 2, 5.0)
    part = load(tmp_path, "extends: base.yaml\nname: My\nstart: {at_least: 1e-3}\n").start
    assert part == same


def test_a_pattern_replaces_the_duty_cycle_and_the_reverse(tmp_path: Path) -> None:
    pattern = "extends: base.yaml\nname: My\nblinatumomab:\n"
    pattern += "  pattern: [{dose: 9 ug/day, for: 7 d}, {dose: 0 ug/day, for: 7 d}]\n"
    drug = load(tmp_path, pattern).blinatumomab
    assert drug is not None
    assert drug.pattern is not None
    assert (drug.dose, drug.on, drug.cycles, drug.cycle_length) == (None, None, 4, 14.0)
    back = "extends: other.yaml\nname: Back\nblinatumomab: {dose: 15 ug/m2/day, on: 7 d, off: 7 d}\n"
    drug = load(tmp_path, back, other=pattern).blinatumomab
    assert drug is not None
    assert drug.dose is not None
    assert drug.pattern is None
    assert (drug.dose.amount, drug.dose.per_m2) == (15.0, True)


def test_a_distribution_is_replaced_as_a_whole(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        "extends: other.yaml\nname: My\n"
        "patient: {weight: {distribution: uniform, low: 60 kg, high: 80 kg}}\n",
        other="extends: base.yaml\nname: Other\n"
        "patient: {weight: {distribution: normal, mean: 70 kg, sd: 9 kg}}\n",
    )
    weight = scenario.patient["weight"]
    assert not isinstance(weight, float)
    assert weight.distribution == "uniform"


def test_the_later_of_several_files_wins_and_the_file_itself_most(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        "extends: [base.yaml, a.yaml, b.yaml]\nname: My\ngraft: {tcon: 3e6/kg}\n",
        a="name: A\nfollow_up: 100 d\ngraft: {treg: 1e6/kg, tcon: 1e6/kg}\n",
        b="name: B\nfollow_up: 200 d\n",
    )
    assert (scenario.follow_up, scenario.graft.treg, scenario.graft.tcon) == (200.0, 1e6, 3e6)
    assert isinstance(scenario.start, OnMrd)


def test_name_and_description_are_not_inherited(tmp_path: Path) -> None:
    assert load(tmp_path, "extends: base.yaml\nname: My\n").description == ""
    with pytest.raises(UserError, match="every scenario file has its own"):
        load(tmp_path, "extends: base.yaml\n")


def test_paths_are_relative_to_the_file_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "sub" / "middle.yaml").write_text("extends: ../base.yaml\nname: Middle\n")
    (tmp_path / "my.yaml").write_text("extends: sub/middle.yaml\nname: My\n")
    monkeypatch.chdir(tmp_path / "sub")
    assert load_scenario("../my.yaml").patient["weight"] == 80.0


def test_a_circle_is_told_with_its_way(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: A\nextends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: ./a.yaml\nname: B\n")
    with pytest.raises(UserError) as caught:
        load_scenario(tmp_path / "a.yaml")
    error = caught.value
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    assert str(error) == f"{b}:1: extends: the files extend each other in a circle: {a} -> {b} -> {a}"
    (tmp_path / "a.yaml").write_text("name: A\nextends: a.yaml\n")
    with pytest.raises(UserError, match="circle"):
        load_scenario(tmp_path / "a.yaml")


def test_a_circle_through_a_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: A\nextends: link.yaml\n")
    try:
        (tmp_path / "link.yaml").symlink_to(tmp_path / "a.yaml")
    except OSError:
        pytest.skip("this system has no symbolic links for us")
    with pytest.raises(UserError, match="circle"):
        load_scenario(tmp_path / "a.yaml")


def test_a_diamond_is_no_circle(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        "extends: [a.yaml, b.yaml]\nname: My\n",
        a="extends: base.yaml\nname: A\n",
        b="extends: base.yaml\nname: B\nstart: {when: never}\nblinatumomab: null\n",
    )
    assert isinstance(scenario.start, Never)


def test_a_fan_of_fans_ends(tmp_path: Path) -> None:
    for level in range(12):
        fan = ", ".join([f"f{level + 1}.yaml"] * 9)
        (tmp_path / f"f{level}.yaml").write_text(f"name: x\nextends: [{fan}]\n")
    (tmp_path / "f12.yaml").write_text("name: x\n")
    with pytest.raises(UserError, match="files are extended"):
        load_scenario(tmp_path / "f0.yaml")


@pytest.mark.parametrize(
    ("extends", "message", "nearest"),
    [
        ("bse.yaml", "bse.yaml: there is no such file", "base.yaml"),
        ("base", "base: there is no such file", "base.yaml"),
        ("../zzz.yaml", "../zzz.yaml: there is no such file", None),
        ("[base.yaml, 5]", "a file name such as base.yaml", None),
        ("{a: b}", "a file name such as base.yaml", None),
        (".", "this is a folder", None),
    ],
)
def test_what_cannot_be_extended_is_told_where_it_is_named(
    tmp_path: Path, extends: str, message: str, nearest: str | None
) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, f"name: My\nextends: {extends}\n")
    error = caught.value
    assert (error.file, error.line, error.key) == (str(tmp_path / "my.yaml"), 2, "extends"), str(error)
    assert message in str(error)
    assert error.nearest == nearest


def test_a_mistake_in_the_extended_file_names_that_file(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, "extends: other.yaml\nname: My\n", other="name: O\n\nfollow_up: 3\n")
    assert (caught.value.file, caught.value.line) == (os.path.join(tmp_path, "other.yaml"), 3)
    with pytest.raises(UserError) as caught:
        load(tmp_path, "extends: other.yaml\nname: My\n", other="name: O\nname: P\n")
    assert (caught.value.file, caught.value.line) == (os.path.join(tmp_path, "other.yaml"), 2)
