"""Virtual patients small enough for tests: a tiny marrow, steps of a day, six weeks, leukaemia that an assay sees."""

from collections.abc import Sequence

import pytest

from simulation.forecast import FollowedPatient, Question, Series, follow_all
from simulation.forecast.prepare import from_today
from simulation.pool import HerePool
from simulation.scenario.load import parse_scenario
from simulation.trial.schema import Arm

COMMON = """\
name: {name}
time_step: 1 d
follow_up: 42 d
marrow: {{rows: 2, columns: 2}}
monitoring:
  mrd: {{first: day 4, every: 4 d, delay: 1 d}}
  morphology: {{first: day 4, every: 4 d}}
patient:
  rate_blast_net_growth: {{distribution: uniform, low: 0.05 /day, high: 0.27 /day}}
  n_residual_blasts: {{distribution: loguniform, low: 1e5 cells, high: 1e7 cells}}
  n_t_cell_set_point_early: {{distribution: lognormal, median: 2.5e10 cells, cv: 53 %}}
"""
UNTREATED = COMMON.format(name="Untreated") + "start: {when: never}\n"
EARLY = COMMON.format(name="Early") + (
    "start: {when: mrd, at_least: 1e-5, delay: 1 d}\n"
    "blinatumomab: {dose: 28 ug/day, on: 14 d, off: 7 d, cycles: 2}\n"
)


def arms_of(*texts: str) -> tuple[Arm, ...]:
    return tuple(Arm(f"arm_{index}", parse_scenario(text)) for index, text in enumerate(texts))


def question_about(series: Series, *texts: str, prune: bool = True) -> Question:
    arms, _ = from_today(arms_of(*texts), series)
    return Question(arms, seed=5, series=series, prune=prune)


def followed(question: Question, patients: Sequence[int]) -> list[FollowedPatient]:
    with HerePool() as pool:
        return list(follow_all(question, patients, pool))


@pytest.fixture(scope="session")
def population() -> tuple[Question, list[FollowedPatient]]:
    """Eighty untreated patients, nothing measured."""
    question = Question(arms_of(UNTREATED), seed=5)
    return question, followed(question, range(80))
