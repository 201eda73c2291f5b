"""The scenarios that come with the program say what their names promise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.blocks.fields import Dose
from simulation.clinic.starts import Never, OnDay, OnMrd, OnOvertRelapse
from simulation.scenario import Scenario, load_scenario
from simulation.yaml_source import plain, read_yaml

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHIPPED = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def load(name: str) -> Scenario:
    return load_scenario(SCENARIOS / f"{name}.yaml")


def differing(a: Scenario, b: Scenario) -> set[str]:
    descriptive = {"name", "description"}
    return {key for key in Scenario.model_fields if getattr(a, key) != getattr(b, key)} - descriptive


def test_all_are_there_with_names_of_their_own() -> None:
    expected = {
        "base",
        "no_treatment",
        "therapeutic",
        "preemptive",
        "prophylactic",
        "blinatumomab_only",
        "dli_only",
        "immunosuppressed",
        "tcon_without_treg",
        "perugia_high_risk",
        "stated_relapse",
    }
    assert expected <= set(SHIPPED)
    assert len({load(name).name for name in SHIPPED}) == len(SHIPPED)
    assert all(load(name).description for name in SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_each_has_a_comment_and_carries_only_what_differs(name: str) -> None:
    path = SCENARIOS / f"{name}.yaml"
    assert path.read_text().startswith("# ")
    own = plain(read_yaml(path))
    base = own.pop("extends", None)
    if base is None:
        assert name == "base"
        return
    parent = plain_resolved(SCENARIOS / base)
    same = {key for key in own if key not in {"name", "description", "start"} and own[key] == parent.get(key)}
    assert same == set()


def plain_resolved(path: Path) -> dict[str, object]:
    from simulation.yaml_source import parse_yaml

    resolved: dict[str, object] = plain(parse_yaml(load_scenario(path).to_yaml(), "f"))
    return resolved


def test_the_arms_differ_in_treatment_only() -> None:
    base = load("base")
    treatment = {"start", "blinatumomab", "dli"}
    for name in (
        "no_treatment",
        "therapeutic",
        "preemptive",
        "prophylactic",
        "blinatumomab_only",
        "dli_only",
    ):
        assert differing(load(name), base) <= treatment, name


def test_when_each_arm_starts() -> None:
    assert isinstance(load("no_treatment").start, Never)
    assert isinstance(load("therapeutic").start, OnOvertRelapse)
    mrd = load("preemptive").start
    assert isinstance(mrd, OnMrd)
    assert mrd.at_least == 1e-4
    day = load("prophylactic").start
    assert isinstance(day, OnDay)
    assert (day.day, day.delay) == (60.0, 0.0)


def test_the_stated_relapse_is_overt_and_treated_as_such() -> None:
    scenario = load("stated_relapse")
    stated = scenario.disease
    assert stated is not None
    assert (stated.on, stated.fraction, stated.outside) == (200.0, 0.3, None)
    assert stated.fraction >= scenario.definitions.overt_relapse
    assert isinstance(scenario.start, OnOvertRelapse)


def test_doses() -> None:
    salvage, early = load("therapeutic"), load("preemptive")
    assert salvage.blinatumomab is not None
    assert salvage.blinatumomab.step_up is not None
    assert salvage.blinatumomab.step_up.dose == Dose(9.0, False)
    assert early.blinatumomab is not None
    assert early.blinatumomab.step_up is None
    assert early.blinatumomab.dose == Dose(28.0, False)
    assert early.dli is not None
    assert early.dli.cd3 == (1e5, 5e5, 1e6)
    assert (early.dli.first.day, early.dli.first.cycle, early.dli.every) == (15.0, 1, 42.0)


def test_variants_change_one_thing() -> None:
    assert differing(load("blinatumomab_only"), load("therapeutic")) == {"dli"}
    assert differing(load("immunosuppressed"), load("preemptive")) == {"immunosuppression"}
    assert differing(load("tcon_without_treg"), load("no_treatment")) == {"graft"}
    assert differing(load("perugia_high_risk"), load("therapeutic")) == {"patient"}
    assert differing(load("stated_relapse"), load("therapeutic")) == {"disease", "follow_up"}
    assert load("tcon_without_treg").graft.treg == 0
    assert load("tcon_without_treg").graft.tcon > 0
    dli_only = load("dli_only")
    assert dli_only.blinatumomab is None
    assert dli_only.dli is not None
    assert dli_only.dli.cd3 == (1e5, 5e5, 1e6)
    fast, usual = load("perugia_high_risk").patient, load("therapeutic").patient
    assert fast["rate_blast_net_growth"] > usual["rate_blast_net_growth"]  # type: ignore[operator]


def test_reading_a_scenario_loads_nothing_heavy() -> None:
    code = (
        "import sys, json\n"
        "import simulation\n"
        "light = 'pydantic' not in sys.modules and 'yaml' not in sys.modules\n"
        "from simulation.scenario import load_scenario\n"
        f"load_scenario({str(SCENARIOS / 'preemptive.yaml')!r}).to_yaml()\n"
        "heavy = ['numpy', 'scipy', 'mesa', 'pandas', 'matplotlib', 'numba', 'click', 'rich']\n"
        "print(json.dumps([light, [name for name in heavy if name in sys.modules]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SCENARIOS.parent
    )
    assert json.loads(done.stdout) == [True, []]
