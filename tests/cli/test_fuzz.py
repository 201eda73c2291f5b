"""Files of every kind, changed at random: each is valid or told to be wrong with its file and a line or a key; never a bug."""

import copy
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulation.cli import main
from simulation.errors import UserError
from simulation.plugins import rules_of
from simulation.scenario.load import load_scenario
from tests.rules import RULES, write_rules

ROOT = Path(__file__).parents[2]
EACH = 72  # times seven kinds: 504 files
FOLDERS = {"scenario": "", "cohort": "cohorts", "trial": "trials", "sweep": "sweeps", "fit": "calibration",
           "experiment": "in_vitro", "with a plugin": ""}  # fmt: skip
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -5, 1.5, 10**17, 1e299, float("nan"), float("inf"), "", " ", "nan", "-5", "1e400", "28 ug/day",
    "[/red]", "\0", "../..", "/dev/zero", "x" * 5000, "é\u202e", "{}", [], {}, [1], [[]], [None], {"": 1}, {"low": 1},
    {"a": {"b": [1]}}, {"distribution": "lognormal"}, [{}], "*", "1 d", "day -400", "1e-4", "10 %",
)  # fmt: skip


def texts() -> dict[str, str]:
    """Return one file of each kind, as varied as may be while it is checked quickly."""
    scenarios = ROOT / "scenarios"
    scenario = yaml.safe_load((scenarios / "preemptive_again.yaml").read_text())
    cohort = yaml.safe_load((scenarios / "cohorts" / "treg_rich_recovery.yaml").read_text())
    scenario["extends"] = str(scenarios / str(scenario["extends"]))
    cohort["extends"] = str(scenarios / "cohorts" / str(cohort["extends"]))
    trial = {
        "name": "T", "cohort": {"name": "C", "patient": {"weight": "70 kg"}}, "patients": 2, "follow_up": "40 d",
        "common": {"marrow": {"rows": 2, "columns": 2}},
        "arms": {"none": str(scenarios / "no_treatment.yaml"), "early": {"extends": str(scenarios / "preemptive.yaml")}},
        "main_comparison": {"arm": "early", "versus": "none"}, "outcomes": {"secondary": ["relapse"]}, "tie_margin": "7 d",
        "repeats": {"patients": 2, "times": 2}, "subgroups": ["weight"], "precision": "5 d",
    }  # fmt: skip
    sweep = {
        "name": "S", "scenario": str(scenarios / "preemptive.yaml"), "set": {"marrow.rows": 2},
        "parameters": {
            "phi_bm": [0, 1], "start.at_least": {"low": 1e-4, "high": 1e-2, "n": 3, "scale": "log"},
            "rate_blast_net_growth": {"times": [0.5, 2]}, "start.delay": {"plus": ["1 d", "2 d"], "label": "later"},
        },
        "design": {"kind": "grid"}, "replicates": 2, "seed": 1,
        "outcomes": ["relapse", {"late": {"of": "relapse_day", "by": "day 30"}}],
        "analysis": {"thresholds": [{"along": "phi_bm", "outcome": "relapse", "value": 0.5}]},
    }  # fmt: skip
    fit = yaml.safe_load((scenarios / "calibration" / "transplant.yaml").read_text())
    fit["given"] = str(scenarios / "calibration" / fit["given"])
    experiment = yaml.safe_load((scenarios / "in_vitro" / "cytotoxicity.yaml").read_text())
    ruled = {
        "name": "Ruled", "marrow": {"rows": 2}, "plugin": [{"file": "my_rules.py", "my_rate": "1 /day"}, {"file": "other.py"}],
    }  # fmt: skip
    return {
        kind: yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
        for kind, tree in zip(FOLDERS, (scenario, cohort, trial, sweep, fit, experiment, ruled), strict=True)
    }


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a tree with each of its keys or indices."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(entries):
        yield tree, key
        yield from places(value)


def replaced(rng: random.Random, text: str) -> str:
    tree = yaml.safe_load(text)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        box, key = rng.choice(list(places(tree)))
        box[key] = copy.deepcopy(rng.choice(NASTY))
    return yaml.safe_dump(tree, sort_keys=False)


def moved(rng: random.Random, text: str) -> str:
    """Put a part of the file where another part stood."""
    tree = yaml.safe_load(text)
    every = list(places(tree))
    (box, key), (other, name) = rng.choice(every), rng.choice(every)
    part = yaml.safe_load(yaml.safe_dump(other[name]))
    box[key] = part
    return yaml.safe_dump(tree, sort_keys=False)


def misspelt(rng: random.Random, text: str) -> str:
    tree = yaml.safe_load(text)
    box, key = rng.choice([(box, key) for box, key in places(tree) if isinstance(box, dict)])
    value = box.pop(key)
    if rng.random() < 0.7:
        box[rng.choice((key[:-1], key + "s", key.upper(), "", "a.b", "[/red]", "name", "extends", "\0"))] = (
            value
        )
    return yaml.safe_dump(tree, sort_keys=False)


def torn(rng: random.Random, text: str) -> str:
    """Change the text itself: lines and characters lost, doubled, put in."""
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[rng.randrange(len(lines))])
    elif kind == 2:
        lines = lines[:at]
    else:
        whole = "".join(lines)
        place = rng.randrange(len(whole))
        return (
            whole[:place]
            + rng.choice(("\t", ":", "- ", "{", "&a ", "!x ", "\x07", "'", "#", "---\n"))
            + whole[place:]
        )
    return "".join(lines)


WAYS: tuple[Callable[[random.Random, str], str], ...] = (replaced, replaced, moved, misspelt, torn)
# a file that is told, then a line, or a key, or that the whole of it is at fault
_PLACED = re.compile(r"\.yaml(:\d+)?: (\S+: )?\S")


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_changed_file_is_valid_or_told_with_its_place(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng, text = random.Random(f"mutations of a {kind}"), texts()[kind]
    folder = tmp_path / FOLDERS[kind]
    folder.mkdir(exist_ok=True)
    file = folder / "changed.yaml"
    file.write_text(text)
    write_rules(folder / "my_rules.py")
    write_rules(folder / "other.py", "RULES = []\n")
    assert main(["check", str(file)]) == 0, capsys.readouterr().err
    wrong = 0
    for number in range(EACH):
        changed = WAYS[number % len(WAYS)](rng, text)
        file.write_text(changed, encoding="utf-8")
        capsys.readouterr()
        status = main(["check", str(file)])
        out, err = capsys.readouterr()
        assert status in (0, 2), f"{err}\n{changed}"
        assert (status == 0) == out.startswith("valid  ") and (status == 2) == bool(err), (
            f"{out}{err}\n{changed}"
        )
        if status == 2:
            wrong += 1
            lines = [
                line
                for line in err.splitlines()
                if line.strip() and not re.match(r"(\d+ errors:|\.\.\. and)", line)
            ]
            assert any(_PLACED.search(line) for line in lines), f"{err}\n{changed}"
            assert re.search(r"\.yaml:\d+: |: \S+: |empty|arms are followed", lines[0]), f"{err}\n{changed}"
    assert wrong > EACH / 3  # the changes do harm


def test_a_changed_file_of_rules_is_loaded_or_told_with_its_place(tmp_path: Path) -> None:
    rng, wrong = random.Random("mutations of rules"), 0
    file = tmp_path / "ruled.yaml"
    for number in range(60):
        name = f"rules{number}.py"
        write_rules(tmp_path / name, torn(rng, RULES))
        file.write_text(f"name: Ruled\nplugin: {{file: {name}}}\n")
        try:
            rules_of(load_scenario(file).plugin)
        except UserError as error:
            wrong += 1
            assert name in str(error) or str(file) in str(error)
    assert wrong > 20
