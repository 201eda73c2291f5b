from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.clinic.starts import Never, OnDay
from simulation.errors import UserError
from simulation.scenario import load_scenario, parse_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PREEMPTIVE = SCENARIOS / "preemptive.yaml"


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("start.at_least=1e-3", "start.at_least", 1e-3),
        ("start.at_least = 0.1 %", "start.at_least", 1e-3),
        ("dli.cd3.0=1e4/kg", "dli.cd3", (1e4, 5e5, 1e6)),
        ("dli.cd3=[1e4/kg]", "dli.cd3", (1e4,)),
        ("dli=null", "dli", None),
        ("name=Other: name", "name", None),
        ("blinatumomab.on=14 d", "blinatumomab.on", 14.0),
        ("follow_up=100 d", "follow_up", 100.0),
        ("stop.crs_grade=null", "stop.crs_grade", None),
        ("resolution.cells_per_agent=1", "resolution.cells_per_agent", 1),
    ],
)
def test_a_setting_changes_one_value(setting: str, path: str, value: Any) -> None:
    if setting.startswith("name"):
        with pytest.raises(UserError, match="must stand in quotes"):
            load_scenario(PREEMPTIVE, [setting])
        return
    result: Any = load_scenario(PREEMPTIVE, [setting])
    for segment in path.split("."):
        result = getattr(result, segment)
    assert result == value


def test_only_what_is_set_changes() -> None:
    before, after = load_scenario(PREEMPTIVE), load_scenario(PREEMPTIVE, ["blinatumomab.cycles=2"])
    assert after.blinatumomab is not None
    assert after.blinatumomab.cycles == 2
    unchanged = set(type(before).model_fields) - {"blinatumomab"}
    assert all(getattr(before, name) == getattr(after, name) for name in unchanged)


def test_settings_are_applied_in_order_and_create_blocks() -> None:
    scenario = parse_scenario(
        "name: x",
        [
            "start.when=day",
            "start.day=day 60",
            "blinatumomab.dose=28 ug/day",
            "blinatumomab.on=28 d",
            "blinatumomab.off=14 d",
            "blinatumomab.cycles=1",
            "blinatumomab.cycles=3",
            "patient.weight=80 kg",
            "patient.weight=null",
            "processes.gvl=off",
        ],
    )
    assert isinstance(scenario.start, OnDay)
    assert scenario.start.day == 60
    assert scenario.start.delay == 0.0, "a fixed day needs no waiting"
    assert scenario.blinatumomab is not None
    assert scenario.blinatumomab.cycles == 3
    assert dict(scenario.patient) == {}
    assert dict(scenario.processes) == {"gvl": False}


def test_python_values_and_text_mean_the_same() -> None:
    written = load_scenario(
        PREEMPTIVE, ["dli.cd3=[1e4/kg]", "start.at_least=1e-3", "dli.naive_depleted=true"]
    )
    given = load_scenario(
        PREEMPTIVE,
        {
            "dli.cd3": ["1e4/kg"],
            "start": {"when": "mrd", "at_least": np.float64(1e-3)},
            "dli.naive_depleted": True,
        },
    )
    assert written == given


def test_null_for_the_treatments_and_never() -> None:
    scenario = load_scenario(PREEMPTIVE, ["start.when=never", "blinatumomab=null", "dli=null"])
    assert isinstance(scenario.start, Never)


@pytest.mark.parametrize(
    ("setting", "message", "nearest"),
    [
        ("start.at_least=1e-4 mg", "expected a fraction such as 1e-4 or 0.01 %", None),
        ("strat.at_least=1e-4", "there is no such key", "start"),
        ("start.atleast=1e-4", "there is no such key with when: mrd", "at_least"),
        ("parameters.rate_blast_deth=0.05 /day", "there is no such parameter", "rate_blast_death"),
        ("patient.weight=5", "which has no unit", None),
        ("dli.cd3.7=1e5/kg", "an index from 0 to 2, got '7'", None),
        ("dli.cd3.x=1e5/kg", "an index from 0 to 2, got 'x'", None),
        ("dli.cd3.1=5", "expected cells per kg", None),
        ("immunosuppression.0.level=1", "it is empty", None),
        ("follow_up.x=3", "follow_up is a single value", None),
        ("dli.cd3=[1e5/kg", "not valid YAML", None),
        ("dli={cd3: [1/kg], cd3: [2/kg]}", "written twice", None),
        ("patient.weight=!!python/name:os.system 1", "tags", None),
        ("extends=other.yaml", "only be written in a file", None),
        ("..=3", "an empty key", None),
        ("=3", "an empty key", None),
    ],
)
def test_a_mistake_in_a_setting_is_told_as_that_setting(
    setting: str, message: str, nearest: str | None
) -> None:
    with pytest.raises(UserError) as caught:
        load_scenario(PREEMPTIVE, [setting])
    text = str(caught.value)
    assert text.startswith(f"--set {setting}: "), text
    assert message in text
    assert "None" not in text
    assert caught.value.line is None
    assert caught.value.nearest == nearest


@pytest.mark.parametrize("setting", ["follow_up", "follow_up=", "follow_up= "])
def test_a_setting_without_a_value(setting: str) -> None:
    with pytest.raises(UserError, match="path=value such as"):
        load_scenario(PREEMPTIVE, [setting])


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), float("inf"), 10**400, b"x"])
def test_python_values_that_mean_nothing_are_refused(value: Any) -> None:
    for path in ("start.at_least", "blinatumomab.cycles", "name", "dli"):
        with pytest.raises(UserError, match=r"^override "):
            load_scenario(PREEMPTIVE, {path: value})
