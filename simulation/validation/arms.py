"""The same virtual patients in several arms, with the table's spread."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simulation.clinic.outcomes import OUTCOMES, of_patient
from simulation.life import NOTHING, Life, simulate
from simulation.scenario.schema import Scenario
from simulation.validation.patients import SPREAD, small, spread

__all__ = ["COURSE", "DAYS", "Row", "twins"]

DAYS: Final = 540.0
COURSE: Final = (
    "rate_blast_net_growth", "n_residual_blasts", "n_extramedullary_cells", "access_extramedullary",
    "n_cd19_negative_reservoir", "n_effectors_half_damage", "fraction_haematopoietic", "rate_homeostatic_division",
    "dur_t_cell_recovery", "n_t_cell_set_point_late",
)  # fmt: skip


class Row:
    """Give every outcome of one patient in one arm as an attribute; None where it did not happen or he does not count.

    `by_day` holds the current leukaemia-free days up to each of the days asked for.
    """

    def __init__(self, outcomes: Mapping[str, Any], by_day: Mapping[float, float]) -> None:
        self._outcomes, self.by_day = outcomes, by_day

    def __getattr__(self, name: str) -> Any:
        if name not in OUTCOMES:
            raise AttributeError(name)
        return of_patient(name, self._outcomes)


def twins(
    arms: Sequence[str], patients: int, seed: int, change: Mapping[str, Any] | None = None, days: float = DAYS,
    marks: Sequence[float] = (),
) -> dict[str, Sequence[Row]]:  # fmt: skip
    """Return outcomes by arm, one row per patient; arms are names of shipped scenarios, `change` holds for all of them.

    Patients vary as the parameter table says in T cells, drug, leukaemia, residual burden and damage by GvHD, where
    `change` does not fix it. `marks` are days up to which leukaemia-free days are told.
    """
    plan: dict[str, Any] = {"follow_up": f"{days:g} d", **spread(*SPREAD, *COURSE)} | dict(change or {})
    plan["allow_out_of_range"] = True  # both ends of a hypothesis may lie beyond the table
    scenarios = [small(name, plan) for name in arms]
    return dict(
        zip(
            arms,
            zip(*(_one(scenarios, seed, patient, marks) for patient in range(patients)), strict=True),
            strict=True,
        )
    )


def _one(scenarios: Sequence[Scenario], seed: int, patient: int, marks: Sequence[float]) -> list[Row]:
    """Return one patient's row in every scenario."""
    free_days: list[dict[float, float]] = [{} for _ in scenarios]

    def note(life: Life) -> None:
        for mark in marks:
            if mark <= life.day < mark + life.scenario.time_step:
                number = next(i for i, scenario in enumerate(scenarios) if scenario is life.scenario)
                free_days[number][mark] = _free_days(life)

    lives = simulate(scenarios, seed=seed, patient=patient, record=NOTHING, on_step=note)
    return [
        Row(
            life.outcomes(), {mark: by_day.get(mark, _free_days(life)) for mark in marks}
        )  # dead before: no more days
        for life, by_day in zip(lives, free_days, strict=True)
    ]


def _free_days(life: Life) -> float:
    return float(str(life.outcomes()["current_leukaemia_free_days"]))
