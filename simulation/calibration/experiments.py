"""Run experiments: cohorts of virtual patients through `run`, with rows kept so that nothing is simulated twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulation.calibration.culture import culture_rows, culture_statistics
from simulation.calibration.estimate import Statistic
from simulation.calibration.measures import MEASURES, Row
from simulation.calibration.settings import Candidate, Setting, load_settings
from simulation.life import Record, simulate
from simulation.parameters import ParameterTable
from simulation.posterior import AS_SHIPPED, Structure
from simulation.scenario.plugins import Plugin

__all__ = ["CULTURE", "CULTURE_DONORS", "Fidelity", "Simulator"]

CULTURE: Final = "coculture"
CULTURE_DONORS: Final = 6  # where a fit file says nothing of them
# Grades of CRS change nothing in these settings but the report: they are read from the kept scores.
_READ_AFTERWARDS: Final = frozenset({"crs_score_grade_1", "crs_score_step"})


@dataclass(frozen=True)
class Fidelity:
    """Say how finely is simulated: niches along one side of the marrow, steps in days (kinetics need hours)."""

    side: int = 6
    time_step: float = 0.5
    kinetics_step: float = 1 / 24

    def changes(self, setting: Setting, arm: str) -> dict[str, Any]:
        """Return the scenario's fields at this fidelity."""
        scenario = setting.arms[arm]
        marrow = scenario.marrow.model_copy(update={"rows": self.side, "columns": self.side})
        if setting.measure == "kinetics":
            step = self.kinetics_step
            return {"marrow": marrow, "time_step": step, "record_every": step}
        return {"marrow": marrow, "time_step": self.time_step, "record_every": 0.5}


@dataclass
class Simulator:
    """Simulate experiments for candidates with common random numbers.

    Parameters
    ----------
    seed
        Keys all random numbers; every candidate meets the same patients with the same chance events.
    patients
        Experiment -> how many patients per arm, where it differs from the setting's own number.
    fidelity
        How finely is simulated.
    plugins
        Rules of one's own, in force in every patient and every well.
    structure
        What is switched off in every patient; wells know nothing of it.
    should_stop
        Asked before every patient; raises `KeyboardInterrupt` when it says yes.
    """

    seed: int = 1
    patients: Mapping[str, int] = field(default_factory=dict)
    fidelity: Fidelity = field(default_factory=Fidelity)
    should_stop: Callable[[], bool] = lambda: False
    first_patient: int = 0
    plugins: tuple[Plugin, ...] = ()
    structure: Structure = AS_SHIPPED
    _kept: dict[tuple[str, str, int], Row] = field(default_factory=dict, repr=False)
    _kept_of: Candidate = field(default_factory=Candidate, repr=False)

    def statistics(self, experiment: str, candidate: Candidate | None = None) -> dict[str, Statistic]:
        """Return an experiment's statistics by name."""
        tried = candidate or Candidate()
        if experiment == CULTURE:
            donors = self.patients.get(CULTURE, CULTURE_DONORS)
            return culture_statistics(culture_rows(donors, self.seed, _biology(tried), self.plugins))
        setting = load_settings()[experiment]
        rows = self.rows(setting, tried)
        values = ParameterTable.load().values() | dict(tried.values)
        return MEASURES[setting.measure].statistics(rows, values)

    def rows(self, setting: Setting, candidate: Candidate) -> dict[str, list[Row]]:
        """Return every arm's rows; patients simulated for the last candidate are not simulated again.

        The same holds for a candidate that differs only in what is read from the rows afterwards.
        """
        kind = Candidate(_biology(candidate), candidate.spreads, candidate.shares)
        if kind != self._kept_of:
            self._kept, self._kept_of = {}, kind
        n = self.patients.get(setting.name, setting.patients)
        numbers = range(self.first_patient, self.first_patient + n)
        return {arm: [self._row(setting, arm, i) for i in numbers] for arm in setting.arms}

    def _row(self, setting: Setting, arm: str, patient: int) -> Row:
        key = (setting.name, arm, patient)
        if key not in self._kept:
            if self.should_stop():
                raise KeyboardInterrupt
            changes = self.fidelity.changes(setting, arm) | {"plugin": self.plugins}
            scenario = self.structure.on(
                setting.scenario_for(arm, patient, self.seed, self._kept_of, changes)
            )
            measure = MEASURES[setting.measure]
            (life,) = simulate(
                [scenario],
                seed=self.seed,
                patient=patient,
                record=Record(maps=False, columns=measure.columns),
                until=lambda life: measure.over(setting, life),
            )
            self._kept[key] = measure.row(setting, life)
        return self._kept[key]


def _biology(candidate: Candidate) -> dict[str, float]:
    """Return the values that change a patient's course."""
    return {name: value for name, value in candidate.values.items() if name not in _READ_AFTERWARDS}
