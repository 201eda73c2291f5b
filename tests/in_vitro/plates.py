"""Small experiments for tests: few cells, few wells, one usual donor."""

from collections.abc import Mapping
from typing import Any

from simulation.in_vitro.load import parse_experiment
from simulation.in_vitro.result import ExperimentResult
from simulation.in_vitro.run import run_experiment

CYTOTOXICITY = """
experiment: cytotoxicity
name: Small
targets: 5000
et_ratios: ["1:100", "1:10", "1:1", "5:1"]
drug: [1 pg/mL, 10 pg/mL, 100 pg/mL, 10 ng/mL]
times: [4 h, 24 h]
donors: 1
replicates: 2
"""
COCULTURE = """
experiment: exhaustion_coculture
name: Small
culture: {t_cells: 10000, et_ratio: "1:4", drug: 5 ng/mL, targets_divide: true}
arms:
  - {name: continuous, on: 14 d}
  - {name: TFI, on: 7 d, off: 7 d}
days: [7 d, 14 d]
assay: {targets: 1000, duration: 24 h}
time_step: 2 h
donors: 1
replicates: 1
parameters:  # values of its own: what is tested is the mechanism, whatever the defaults are fitted to
  rate_contacts: 200 contacts/day
  rate_kill_max: 3 kills/day
  potency_resting: 0.24
  rate_division_engaged: 0.35 /day
  rate_exhaustion: 0.29 /day
  rate_exhaustion_recovery: 0.4 /day
  rate_exhaustion_terminal: 0.01 /day
"""
MLR = """
experiment: mixed_lymphocyte_reaction
name: Small
responders: 100000
cd19_cells: [none, b_cells]
drug: [10 ng/mL]
treg: ["1:4", "1:1"]
duration: 6 d
time_step: 2 h
donors: 2
replicates: 2
"""
SUPPRESSION = """
experiment: suppression_assay
name: Small
responders: 20000
treg: ["1:8", "1:4", "1:2", "1:1"]
pulse: 16 h
time_step: 2 h
donors: 1
replicates: 2
"""


def run(text: str, overrides: Mapping[str, Any] | None = None, seed: int = 1) -> ExperimentResult:
    return run_experiment(parse_experiment(text, overrides or {}), seed=seed)
