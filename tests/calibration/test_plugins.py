"""A fit with a user's own rules in force."""

from pathlib import Path

import pytest

from simulation.calibration.experiments import CULTURE, Fidelity, Simulator
from simulation.calibration.fit_file import load_problem
from simulation.errors import UserError
from tests.rules import acting, write_rules

FIT = """\
name: Fit
parameters: {rate_blast_net_growth: {low: 0.05 /day, high: 0.1 /day}}
targets: {TARGET: 1}
plugin: {file: mine.py}
"""


def fit(folder: Path) -> Path:
    from simulation.calibration.targets import load_targets

    path = folder / "fit.yaml"
    path.write_text(FIT.replace("TARGET", next(iter(load_targets()))))
    return path


def test_every_patient_of_a_fit_has_its_rules(tmp_path: Path) -> None:
    write_rules(tmp_path / "mine.py", acting("raise ValueError('no')"))
    problem = load_problem(fit(tmp_path))
    assert problem.identity()["plugins"] == [[problem.plugins[0].sha256, {}]]
    simulator = Simulator(1, {"overt": 1}, Fidelity(2, 0.5), plugins=problem.plugins)
    with pytest.raises(UserError, match=r"mine\.py:8: ValueError: no"):
        simulator.statistics("overt")


def test_a_wrong_block_is_told_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"fit\.yaml:4: plugin.file: mine\.py: there is no such file"):
        load_problem(fit(tmp_path))


def test_every_well_of_a_fit_has_its_rules(tmp_path: Path) -> None:
    write_rules(tmp_path / "mine.py", acting("raise ValueError('no')"))
    simulator = Simulator(1, {CULTURE: 1}, plugins=load_problem(fit(tmp_path)).plugins)
    with pytest.raises(UserError, match=r"mine\.py:8: ValueError: no"):
        simulator.statistics(CULTURE)
