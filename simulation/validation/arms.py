"""The same virtual patients in several arms, with the table's spread, and days alive without overt leukaemia."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulation.trial.schema import Arm
from simulation.trial.twins import ArmCourse, simulate_twins
from simulation.validation.patients import SPREAD, small, spread

__all__ = ["COURSE", "DAYS", "Outcome", "twins"]

DAYS: Final = 540.0
COURSE: Final = (
    "rate_blast_net_growth", "n_residual_blasts", "n_extramedullary_cells", "access_extramedullary",
    "n_cd19_negative_reservoir", "n_effectors_half_damage",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """Hold what one arm did for one patient; days count from transplant."""

    leukaemia_free: float  # days alive without overt leukaemia, in truth
    relapse_free: float
    relapsed: bool
    agvhd: int
    drug_days: float
    treated: bool
    mrd_negative: bool
    remission: bool
    second_relapse: bool
    cd19_negative: bool
    gvhd_death: bool


def _outcome(course: ArmCourse) -> Outcome:
    found: Mapping[str, Any] = course.clinic.outcomes(course.body)
    return Outcome(
        course.leukaemia_free_days, float(found["relapse_free_days"]), found["relapse_day"] is not None,
        int(found["agvhd_grade"]), float(found["blinatumomab_days"]), found["treatment_start_day"] is not None,
        found["mrd_negative_day"] is not None, found["complete_remission_day"] is not None,
        found["second_relapse_day"] is not None, found["relapse_cd19"] == "negative", found["death_cause"] == "aGvHD",
    )  # fmt: skip


def twins(
    arms: Sequence[str], patients: int, seed: int, change: Mapping[str, Any] | None = None, days: float = DAYS
) -> dict[str, list[Outcome]]:
    """Return outcomes by arm, one per patient; arms are names of shipped scenarios, `change` holds for all of them.

    Patients vary as the parameter table says in T cells, drug, leukaemia, residual burden and damage by GvHD, where
    `change` does not fix it.
    """
    plan: dict[str, Any] = {"follow_up": f"{days:g} d", **spread(*SPREAD, *COURSE)} | dict(change or {})
    plan["allow_out_of_range"] = True  # both ends of a hypothesis may lie beyond the table
    made = [Arm(name, small(name, plan)) for name in arms]
    rows = [simulate_twins(made, seed, patient) for patient in range(patients)]
    return {name: [_outcome(row[i]) for row in rows] for i, name in enumerate(arms)}
