"""Patients for experiments: a shipped scenario on a small marrow, a burden at the start of treatment, a response."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.calibration.experiments import Fidelity
from simulation.life import Life, simulate
from simulation.parameters import ParameterTable
from simulation.scenario.load import load_scenario
from simulation.scenario.schema import Scenario
from simulation.shipped import SCENARIOS

__all__ = [
    "FIDELITY", "MARROW_CELLS", "SCENARIOS", "SPREAD", "START", "TINY", "Response", "burden_plan", "column_at",
    "follow", "respond", "small", "spread",
]  # fmt: skip

SPREAD = (
    "cl_blinatumomab",
    "t_cell_fitness",
    "n_t_cell_set_point_early",
    "treg_share_supported",
    "fraction_alloreactive_haploidentical",
)
# How finely settings of studies are simulated: fewer niches hold so few sanctuaries that responses go deeper
# (docs/decisions/0013).
FIDELITY: Final = Fidelity()
MARROW_CELLS = 70 * 10.4e9
START = 40.0  # day treatment begins in patients seeded with a given burden
CONTINUOUS = {"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 2}

Plan = Mapping[str, Any]


def spread(*names: str) -> dict[str, Any]:
    """Return the table's own between-patient distributions of some parameters, as scenario overrides."""
    table = ParameterTable.load()
    for name in names:
        if table[name].between_patients is None:
            raise ValueError(f"{name} does not vary between patients")
    return {f"patient.{name}": distribution for name, distribution in table.between_patients(names).items()}


SMALL: Final = 1e-8  # of a patient: seven thousand marrow cells, three hundred T cells
# A patient of whom every cell can be an agent; overrides of the scenario `preemptive`.
TINY: Final[Mapping[str, Any]] = {
    "allow_out_of_range": True,
    "marrow.rows": 2,
    "marrow.columns": 1,
    "marrow_maps": [],
    "monitoring.blood": None,
    "dli": None,
    "follow_up": "24 d",
    "stop.crs_grade": 4,
    "start": {"when": "day", "day": "day 2"},
    "graft.treg": "0.3 cells/kg",
    "graft.tcon": "2 cells/kg",
    "patient.n_residual_blasts": "500 cells",
    "parameters.fraction_sanctuary": 0,
    "parameters.n_marrow_cells_per_kg": f"{10.4e9 * SMALL} cells/kg",
    "parameters.n_blood_cells": f"{1e10 * SMALL} cells",
    "parameters.n_lymphoid_cells": f"{3e11 * SMALL} cells",
    "parameters.n_t_cell_set_point_early": f"{2.5e10 * SMALL} cells",
    "parameters.n_t_cell_set_point_late": f"{2.5e11 * SMALL} cells",
    "parameters.n_effectors_half_damage": f"{1e6 * SMALL} cells/kg",
    "patient.n_extramedullary_cells": f"{1e10 * SMALL} cells",
    "parameters.rate_death_agvhd_3": "0 /day",  # everyone is followed to the end
    "parameters.rate_death_agvhd_4": "0 /day",
    "parameters.rate_death_crs_4": "0 /day",
    "parameters.n_engaged_crs_unit": f"{3e6 * SMALL} cells/kg",
    # Values of its own, so that a new fit does not leave too few blasts for their spread to mean anything.
    "parameters.rate_contacts": "200 contacts/day",
    "parameters.rate_kill_max": "3 kills/day",
    "parameters.potency_resting": 0.24,
    "parameters.rate_division_engaged": "0.35 /day",
    "parameters.rate_exhaustion": "0.29 /day",
    "parameters.rate_exhaustion_recovery": "0.4 /day",
    "parameters.partition_marrow": 0.3,
    "parameters.fraction_alloreactive_haploidentical": 0.1,
    "parameters.rate_peripheral_deletion": "0.1 /day",
    "parameters.rate_apc_decay": "0.08 /day",
    "parameters.rate_apc_tolerisation": "0.06 /day",
}


def small(name: str, plan: Plan | None = None, grid: int = 3) -> Scenario:
    """Return a shipped scenario on a small marrow (0: the grid of the plan), changed as asked."""
    base = {"marrow.rows": grid, "marrow.columns": grid, "marrow_maps": []} if grid else {}
    return load_scenario(SCENARIOS / f"{name}.yaml", base | dict(plan or {}))


def follow(scenario: Scenario, patient: int = 0, seed: int = 0) -> Life:
    """Return a life that is over."""
    return simulate([scenario], seed=seed, patient=patient)[0]


def column_at(life: Life, name: str, days: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return a column of the trajectory on some days."""
    columns = life.columns()
    values = columns[name][np.searchsorted(columns["day"], np.array(days) - 1e-6)]
    return np.asarray(values, float)


def burden_plan(fraction: float, days: float, growth: float = 0.07, **plan: Any) -> dict[str, Any]:
    """Return the plan of a patient whose marrow holds about `fraction` blasts when treatment starts on day 40.

    Follow-up ends `days` after the start. Seeds are drawn back along logistic growth. There is no site outside the
    marrow: what it seeds sets a floor to the kill in the marrow, which is what is asked about; nothing else is forced.
    """
    capacity = 1.37 * MARROW_CELLS
    now = min(fraction * MARROW_CELLS, 0.99 * capacity)
    seed = capacity / (1 + (capacity / now - 1) * np.exp(growth * START))
    return {
        "allow_out_of_range": True,
        "patient.n_residual_blasts": f"{seed:.6g} cells",
        "patient.rate_blast_net_growth": f"{growth} /day",
        "patient.n_extramedullary_cells": "0 cells",
        "start": {"when": "day", "day": f"day {START:g}"},
        "blinatumomab": CONTINUOUS,
        "dli": None,
        "follow_up": f"{START + days:g} d",
        "stop": {"agvhd_grade": 4, "crs_grade": 4, "cd19_negative_relapse": False},
        "parameters.rate_death_crs_4": "0 /day",
        **plan,
    }


@dataclass(frozen=True)
class Response:
    """Hold how one patient did on blinatumomab."""

    fraction_before: float  # true marrow blast fraction on the day treatment began
    nadir_fraction: float  # lowest true fraction within the follow-up
    log10_kill_28: float  # log10 of marrow blasts lost in the first 28 days: what an aspirate can show
    worst_crs_score: float

    @property
    def responded(self) -> bool:
        """Return whether marrow blasts fell below 5 % and below 1e-4."""
        return self.nadir_fraction < 1e-4


def respond(plan: Plan, patient: int = 0, grid: int = 3) -> Response:
    """Treat one patient by `plan` and return his response."""
    life = follow(small("preemptive", plan, grid), patient)
    days = life.columns()["day"]
    fraction = life.columns()["marrow_blast_fraction"]
    blasts = np.log10(np.maximum(column_at(life, "marrow_blasts_cells", [START, START + 28]), 1.0))
    return Response(
        float(fraction[days >= START - 1e-6][0]),
        float(fraction[days > START].min()),
        float(blasts[0] - blasts[1]),
        life.body.state.worst_crs_score,
    )
