"""A sweep small enough for tests: a tiny marrow, steps of a day, three weeks."""

from pathlib import Path

import pytest

from tests.sweep.fake import write

SMALL = """\
name: Small sweep
arms:
  early: SCENARIOS/preemptive.yaml
  late: SCENARIOS/therapeutic.yaml
set:
  follow_up: 20 d
  time_step: 1 d
  marrow: {rows: 2, columns: 2}
  marrow_maps: []
  patient: {n_residual_blasts: 1e7 cells, rate_blast_net_growth: 0.2 /day}
  monitoring.mrd: {first: day 4, every: 4 d, delay: 1 d}
parameters:
  phi_bm: [0, 0.5, 1]
  dli.cd3: {times: [0.1, 10]}
design: {kind: grid}
replicates: 3
seed: 5
outcomes: [relapse_free_days, relapse, {late_agvhd: {of: agvhd_grade_2_day, by: day 15}}]
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write(tmp_path, SMALL)
