"""Rules of a user's own in wells: they act, they are reproduced, and a mistake in them is told at its line."""

import json
from pathlib import Path

import numpy as np
import pytest

from simulation.cli import main
from simulation.errors import ExitStatus, UserError
from simulation.in_vitro.load import load_experiment, parse_experiment
from simulation.in_vitro.run import run_experiment
from simulation.in_vitro.words import plan_rows
from tests.in_vitro.plates import CYTOTOXICITY
from tests.rules import acting, write_rules

TINY = {"et_ratios": ["1:1"], "drug": ["1 pg/mL"], "times": ["4 h"], "replicates": 1}


def test_a_rule_acts_in_every_well_with_its_own_parameter(tmp_path: Path) -> None:
    """Dead blasts count as lysed: at two a day a share of 1 - exp(-1/3) of them is after four hours."""
    file = str(write_rules(tmp_path / "mine.py"))
    lysis = []
    for rate in ("0 /day", "2 /day"):
        plugin = {"plugin": {"file": file, "my_rate": rate}, "parameters.rate_kill_max": "0 kills/day"}
        experiment = parse_experiment(CYTOTOXICITY, TINY | plugin | {"allow_out_of_range": True})
        table = run_experiment(experiment).tables["wells"]
        lysis.append(1 - table["targets_live_cells"][0] / table["targets_seeded_cells"][0])
    assert lysis[0] < 0.1 and lysis[1] - lysis[0] == pytest.approx(1 - np.exp(-1 / 3), abs=0.05)


def test_donors_draw_a_parameter_of_a_rule(tmp_path: Path) -> None:
    file = str(write_rules(tmp_path / "mine.py"))
    spread = {"distribution": "uniform", "low": "0.1 /day", "high": "2 /day"}
    experiment = parse_experiment(CYTOTOXICITY, {"plugin": {"file": file, "my_rate": spread}})
    from simulation.in_vitro.plate import Donor

    drawn = {Donor(experiment, 1, index).values.my_rate for index in range(4)}
    assert len(drawn) == 4 and all(0.1 <= rate <= 2 for rate in drawn)


def test_the_folder_holds_the_rules_and_runs_again(tmp_path: Path) -> None:
    write_rules(tmp_path / "mine.py")
    (tmp_path / "wells.yaml").write_text(CYTOTOXICITY)
    few = [f"--set={key}={json.dumps(value)}" for key, value in TINY.items()]
    words = ["run", str(tmp_path / "wells.yaml"), "--plugin", str(tmp_path / "mine.py"), *few]
    words += ["--set=plugin.my_rate=1 /day", "--no-figures", "-q"]
    assert main([*words, "--out", str(tmp_path / "a")]) == ExitStatus.DONE
    again = ["run", str(tmp_path / "a" / "experiment.resolved.yaml"), "--no-figures", "-q"]
    assert main([*again, "--out", str(tmp_path / "b")]) == ExitStatus.DONE
    assert (tmp_path / "a/wells.csv").read_bytes() == (tmp_path / "b/wells.csv").read_bytes()
    for folder in ("a", "b"):
        (named,) = json.loads((tmp_path / folder / "provenance.json").read_text())["plugins"]
        assert (named["file"], named["rules"], named["parameters"]) == (
            "mine.py", {"poison": "a test"}, {"my_rate": "1 /day"},
        )  # fmt: skip
        assert str(tmp_path) not in (tmp_path / folder / "report.html").read_text()
    write_rules(tmp_path / "mine.py", "RULES = []\nPARAMETERS = {'my_rate': '1 /day'}\n")
    assert main([*words, "--out", str(tmp_path / "a"), "--overwrite"]) == ExitStatus.OTHER_SCENARIO


def test_the_report_names_the_copy_of_the_rules(tmp_path: Path) -> None:
    file = str(write_rules(tmp_path / "mine.py"))
    text = dict(plan_rows(parse_experiment(CYTOTOXICITY, {"plugin.file": file})))["plugin"]
    assert "plugins/mine.py" in text and str(tmp_path) not in text


def test_a_mistake_in_a_rule_is_told_at_its_line(tmp_path: Path) -> None:
    write_rules(tmp_path / "mine.py", acting("state.places.index(3)[7]", day=0))
    (tmp_path / "wells.yaml").write_text(f"{CYTOTOXICITY}plugin: {{file: mine.py}}\n")
    with pytest.raises(UserError, match=r"mine\.py:8: "):
        run_experiment(load_experiment(tmp_path / "wells.yaml"))
    with pytest.raises(UserError, match=r"nothing\.py: there is no such file"):
        load_experiment(tmp_path / "wells.yaml", {"plugin.file": "nothing.py"})
