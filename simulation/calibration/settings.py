"""Settings: a scenario, how its virtual patients differ, and the state in which a study met them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import exp
from pathlib import Path
from typing import Any, Final

import yaml

from simulation.blocks.fields import FrozenMap
from simulation.body.disease import GROWN_BY, grown_outside
from simulation.body.keyed import Keyed
from simulation.clinic.starts import OnDay
from simulation.parameters import ParameterTable
from simulation.parameters.distributions import Distribution
from simulation.parameters.read_distribution import parse_distribution
from simulation.posterior.sets import ParameterSet, recentred
from simulation.scenario.load import parse_scenario
from simulation.scenario.schema import Scenario
from simulation.units import parse_quantity
from simulation.yaml_source import Node, plain, read_yaml

__all__ = ["PACKAGED_EXPERIMENTS", "Baseline", "Candidate", "Setting", "load_settings"]

PACKAGED_EXPERIMENTS: Final = Path(__file__).resolve().parent.parent / "data" / "experiments.yaml"
_LARGEST_FRACTION: Final = 0.97  # of the marrow's room: some normal cells are left
# Results are near those of the shipped grid (docs/performance.md); distributions and burdens leave the table's ranges.
_COMMON: Final[dict[str, Any]] = {
    "allow_out_of_range": True,
    "marrow": {"rows": 6, "columns": 6},
    "marrow_maps": [],
    "record_every": "12 h",
}


Candidate = ParameterSet  # what a fit tries


@dataclass(frozen=True)
class Baseline:
    """Say in which state a study met its patients; drawn per patient.

    `lead` is the time before treatment in which T cells spread over the body, days. `peak` is the share of marrow blasts before
    the chemotherapy of those who come in remission, which is assumed to have spared as large a share outside the marrow; None
    where the disease has only grown.
    """

    lead: float
    fraction: Distribution  # marrow blasts at treatment
    peak: float | None
    t_cells: Distribution  # of the patient himself, cells


@dataclass(frozen=True)
class Setting:
    """Hold one setting; `scenario_for` gives the scenario of one of its patients."""

    name: str
    title: str
    source: str
    measure: str
    patients: int
    days: float  # from the first day of treatment where there is a baseline, else from transplant
    arms: Mapping[str, Scenario]
    vary: tuple[str, ...]
    differ: Mapping[
        str, Distribution
    ]  # parameters whose spread is not the table's, as the study chose its patients
    baseline: Baseline | None
    tcon_per_kg: Distribution | None

    @property
    def lead(self) -> float:
        """Return the day of treatment in a setting with a baseline, else 0."""
        return 0.0 if self.baseline is None else self.baseline.lead

    def scenario_for(
        self,
        arm: str,
        patient: int,
        seed: int,
        candidate: Candidate | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Scenario:
        """Return one patient's scenario in one arm.

        Numbers are keyed by (seed, patient, name): the same patient whatever candidate is tried. `changes`
        are fields of the scenario to replace, such as a coarser grid.
        """
        draw, tried, scenario = Keyed(seed, patient), candidate or Candidate(), self.arms[arm]
        table = ParameterTable.load()
        between = {name: table[name].between_patients for name in self.vary} | dict(self.differ)
        number = table.dependence.among(tuple(between)).numbers(lambda name: draw.uniform(f"patient {name}"))
        person = {name: _varied(name, tried, number(name), spread) for name, spread in between.items()}
        fixed = {name: value for name, value in tried.values.items() if name not in between}
        update: dict[str, Any] = {"allow_out_of_range": True, "follow_up": self.days}
        if self.tcon_per_kg is not None:
            tcon = self.tcon_per_kg.sample(draw.uniform("graft tcon"))
            update["graft"] = scenario.graft.model_copy(update={"tcon": tcon})
        if self.baseline is not None:
            person |= self._state(scenario, person, fixed, draw, update)
        update["patient"] = scenario.patient.fixing(person)
        update["parameters"] = FrozenMap({**scenario.parameters, **fixed})
        return scenario.model_copy(update=update | dict(changes or {}))

    def _state(
        self,
        scenario: Scenario,
        person: Mapping[str, float],
        fixed: Mapping[str, float],
        draw: Keyed,
        update: dict[str, Any],
    ) -> dict[str, float]:
        """Return the parameters that put the patient into the study's state; write dates and T cells."""
        baseline, table = self.baseline, ParameterTable.load()
        if baseline is None:
            return {}

        def of(name: str) -> float:
            return person.get(name, fixed.get(name, table[name].value))

        t_cells = baseline.t_cells.sample(draw.uniform("baseline t_cells"))
        weight = of("weight")
        share = of("treg_share_supported")
        update["graft"] = scenario.graft.model_copy(
            update={
                "tcon": t_cells / (1.0 + share) / weight,
                "treg": t_cells * share / (1.0 + share) / weight,
            }
        )
        update["follow_up"] = baseline.lead + self.days
        start = scenario.start
        if isinstance(start, OnDay):
            update["start"] = start.model_copy(update={"day": baseline.lead})
        fraction = min(baseline.fraction.sample(draw.uniform("baseline fraction")), _LARGEST_FRACTION)
        before = _before(fraction, baseline.lead, of("rate_blast_net_growth"), of("factor_blast_capacity"))
        peak = max(baseline.peak or 0.0, before)
        outside = grown_outside({name: of(name) for name in GROWN_BY}, peak) * before / peak
        outside = min(
            outside, of("n_extramedullary_cells")
        )  # more than there is room for can come, not be stated
        normal = max(1.0 - fraction, 0.05)
        if scenario.disease is not None:
            disease = {"marrow": before / (before + normal), "outside": float(int(outside))}
            update["disease"] = scenario.disease.model_copy(update=disease)
        return {"n_t_cell_set_point_early": t_cells, "fraction_marrow_after_conditioning": normal}


def _before(fraction: float, lead: float, rate: float, capacity: float) -> float:
    """Return the burden (of the marrow's room) that grows logistically to `fraction` within `lead` days."""
    x = min(fraction / capacity, 0.99)
    return capacity / (1.0 + (1.0 - x) / x * exp(rate * lead))


def _varied(name: str, candidate: Candidate, u: float, between: Distribution | None) -> float:
    """Return a patient's value of a parameter that varies."""
    under = recentred(name, candidate, between)
    return under.sample(u) if isinstance(under, Distribution) else under


@lru_cache(maxsize=4)
def load_settings(path: Path = PACKAGED_EXPERIMENTS) -> dict[str, Setting]:
    """Return every setting of a file by name; raises `UserError` naming file, line and key."""
    root = read_yaml(path, path.name)
    if not isinstance(root.value, dict):
        raise root.error("got no settings", expected="name: {title, source, patients, days, scenario, vary}")
    return {name: _setting(name, node) for name, node in root.value.items()}


def _setting(name: str, node: Node) -> Setting:
    data = plain(node)
    text = yaml.safe_dump({"name": data["title"], **_COMMON, **data["scenario"]})
    arms = {"all": {}} if data.get("arms") is None else data["arms"]
    baseline, tcon = data.get("baseline"), data.get("tcon_per_kg")
    return Setting(
        name=name,
        title=str(data["title"]),
        source=str(data["source"]),
        measure=str(data["measure"]),
        patients=int(data["patients"]),
        days=float(data["days"]),
        arms={
            str(arm): parse_scenario(text, changes, name=f"{name}, {arm}") for arm, changes in arms.items()
        },
        vary=tuple(data["vary"]),
        differ={
            name: parse_distribution(
                difference, ParameterTable.load()[name].dimension, ParameterTable.load()[name].value
            )
            for name, difference in data.get("differ", {}).items()
        },
        baseline=None if baseline is None else _baseline(baseline),
        tcon_per_kg=None if tcon is None else parse_distribution(tcon, "cells_per_kg", 1e6),
    )


def _baseline(data: Mapping[str, Any]) -> Baseline:
    return Baseline(
        lead=parse_quantity(data["lead"], "time"),
        fraction=parse_distribution(data["marrow_blast_fraction"], "fraction", 0.5),
        t_cells=parse_distribution(data["t_cells"], "dimensionless", 1e10),
        peak=data.get("peak"),
    )
