"""The same virtual patients in several arms, with the table's spread."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simulation.clinic.outcomes import OUTCOMES, of_patient
from simulation.life import NOTHING, simulate
from simulation.validation.patients import SPREAD, small, spread

__all__ = ["COURSE", "DAYS", "Row", "twins"]

DAYS: Final = 540.0
COURSE: Final = (
    "rate_blast_net_growth", "n_residual_blasts", "n_extramedullary_cells", "access_extramedullary",
    "n_cd19_negative_reservoir", "n_effectors_half_damage",
)  # fmt: skip


class Row:
    """Give every outcome of one patient in one arm as an attribute; None where it did not happen or he does not count."""

    def __init__(self, outcomes: Mapping[str, Any]) -> None:
        self._outcomes = outcomes

    def __getattr__(self, name: str) -> Any:
        if name not in OUTCOMES:
            raise AttributeError(name)
        return of_patient(name, self._outcomes)


def twins(
    arms: Sequence[str], patients: int, seed: int, change: Mapping[str, Any] | None = None, days: float = DAYS
) -> dict[str, list[Row]]:
    """Return outcomes by arm, one row per patient; arms are names of shipped scenarios, `change` holds for all of them.

    Patients vary as the parameter table says in T cells, drug, leukaemia, residual burden and damage by GvHD, where
    `change` does not fix it.
    """
    plan: dict[str, Any] = {"follow_up": f"{days:g} d", **spread(*SPREAD, *COURSE)} | dict(change or {})
    plan["allow_out_of_range"] = True  # both ends of a hypothesis may lie beyond the table
    scenarios = [small(name, plan) for name in arms]
    rows = [
        [Row(life.outcomes()) for life in simulate(scenarios, seed=seed, patient=patient, record=NOTHING)]
        for patient in range(patients)
    ]
    return {name: [row[i] for row in rows] for i, name in enumerate(arms)}
