"""What a cohort can be asked besides its parameters: the quantities that published series report, in their units."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulation.cohort.draw import COUNTS_PER_UL, DAYS_COUNTED, DrawnCohort, Floats
from simulation.scenario.schema import Scenario

__all__ = ["MEASURES", "Measure", "platform_of"]

_HOURS: Final = 24.0
_PG_PER_UG: Final = 1e6
_ML_PER_L: Final = 1000.0
_DOSE: Final = 28.0  # ug/day: the dose whose steady state the label gives
# CD4 per conventional T cell, to read a share of CD4 from one of all T cells. Assumption: as many CD4 as CD8, which both pass
# 50/uL within ten days (Di Ianni 2011, doi 10.1186/ar3410).
_CD4_OF_TCON: Final = 0.5


@dataclass(frozen=True, slots=True)
class Measure:
    """Hold a quantity of a patient: `of` returns it for all of them, shape (patients,), in `unit`.

    `parameter` names the row of the parameter table that it is another form of. With `early` it needs the patients to have
    been followed; with `match` it has a meaning for such donors only.
    """

    name: str
    label: str
    unit: str
    of: Callable[[DrawnCohort], Floats]
    parameter: str = ""
    early: bool = False
    match: str = ""
    share: bool = False  # of patients: each is 0 or 100

    def known(self, drawn: DrawnCohort) -> bool:
        """Return whether these patients can be asked."""
        return (bool(drawn.early) or not self.early) and self.match in ("", drawn.scenario.donor.match)


def platform_of(scenario: Scenario) -> str:
    """Return which platform a scenario's transplant is: one of `Baseline.platform`, or another."""
    drugs, match = {one.drug for one in scenario.immunosuppression}, scenario.donor.match
    if scenario.ptcy is not None:
        return f"ptcy_{match}"
    if scenario.graft.treg > 0 and not scenario.graft.replete:
        return "treg" if match == "haploidentical" else f"treg_{match}"
    inhibited = drugs & {"ciclosporin", "tacrolimus"}
    return f"{match.removeprefix('matched_')}_cni" if inhibited else match


def _scaled(name: str, factor: float) -> Callable[[DrawnCohort], Floats]:
    return lambda drawn: drawn.values[name] * factor


def _share(name: str) -> Callable[[DrawnCohort], Floats]:
    return lambda drawn: np.where(drawn.values[name] >= 1, 100.0, 0.0)


def _early(name: str) -> Callable[[DrawnCohort], Floats]:
    return lambda drawn: drawn.early[name]


def _steady_state(drawn: DrawnCohort) -> Floats:
    return _DOSE * _PG_PER_UG / (drawn.values["cl_blinatumomab"] * _ML_PER_L)


def _treg_of_cd4(drawn: DrawnCohort) -> Floats:
    treg = drawn.values["treg_share_supported"]
    return 100.0 * treg / (treg + _CD4_OF_TCON)


_ALL: Final = (
    Measure("growth_percent", "net growth of blasts", "%/day", _scaled("rate_blast_net_growth", 100.0),
            "rate_blast_net_growth"),
    Measure("share_residual", "has residual leukaemia", "%", _share("n_residual_blasts"), share=True),
    Measure("share_reservoir", "has a CD19-negative reservoir", "%", _share("n_cd19_negative_reservoir"),
            share=True),
    Measure("graft_treg", "Treg in the graft", "cells/kg", lambda d: np.full(d.patients, d.scenario.graft.treg)),
    Measure("graft_tcon", "Tcon in the graft", "cells/kg", lambda d: np.full(d.patients, d.scenario.graft.tcon)),
    Measure("treg_percent_of_cd4", "Treg, supported share of CD4", "%", _treg_of_cd4, "treg_share_supported"),
    Measure("clearance_l_per_h", "blinatumomab clearance", "L/h", _scaled("cl_blinatumomab", 1 / _HOURS),
            "cl_blinatumomab"),
    Measure("steady_state_28", "blinatumomab at 28 ug/day", "pg/mL", _steady_state),
    Measure("alloreactive_percent", "alloreactive T cells, haploidentical", "%",
            _scaled("fraction_alloreactive_haploidentical", 100.0), "fraction_alloreactive_haploidentical",
            match="haploidentical"),
    Measure("agvhd_2_4", "acute GvHD II-IV by day 100", "%", _early("agvhd_2"), early=True, share=True),
    Measure("agvhd_3_4", "acute GvHD III-IV by day 100", "%", _early("agvhd_3"), early=True, share=True),
    Measure("nrm", "death without relapse by day 100", "%", _early("nrm"), early=True, share=True),
    *(Measure(f"cd3_day_{day:g}", f"CD3 in blood, day {day:g}", "/uL", _early(f"cd3_day_{day:g}"), early=True)
      for day in DAYS_COUNTED),
    *(Measure(f"day_cd3_{n:g}", f"day CD3 reached {n:g} /uL", "d", _early(f"day_cd3_{n:g}"), early=True)
      for n in COUNTS_PER_UL),
)  # fmt: skip
MEASURES: Final[Mapping[str, Measure]] = {measure.name: measure for measure in _ALL}
