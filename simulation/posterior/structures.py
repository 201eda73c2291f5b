"""Contested mechanisms, each a structure of the model of its own: what is switched off, and who contests it.

A structure is laid on any scenario, of a trial's arm or of a published study's setting, so that both are simulated alike.
What it says is stronger than a parameter set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from simulation.blocks.fields import FrozenMap

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["AS_SHIPPED", "STRUCTURES", "Structure", "structure_named"]

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Structure:
    """Hold one structure: `off` are processes, `parameters` and `patient` values in canonical units, the same for all.

    `disease` is what it makes of a stated disease, as of published studies of relapse, where a scenario states one.
    """

    key: str
    name: str
    contested: str
    off: tuple[str, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    patient: Mapping[str, float] = field(default_factory=dict)
    disease: Mapping[str, float] = field(default_factory=dict)

    def on(self, scenario: "Scenario") -> "Scenario":
        """Return the scenario with this structure in force; the very same one where nothing is switched off."""
        if not (self.off or self.parameters or self.patient):
            return scenario
        return scenario.model_copy(
            update={
                "processes": FrozenMap({**scenario.processes, **dict.fromkeys(self.off, False)}),
                "parameters": FrozenMap(dict(sorted({**scenario.parameters, **self.parameters}.items()))),
                "patient": scenario.patient.fixing(self.patient),
                "allow_out_of_range": True,
                "disease": scenario.disease and scenario.disease.model_copy(update=dict(self.disease)),
            }
        )

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return structure_named, (self.key,)


AS_SHIPPED: Final = Structure("as_shipped", "As shipped", "")
STRUCTURES: Final = (
    Structure(
        "no_place_outside",
        "No place outside the marrow",
        "an assumption that relapses outside and without CD19 ask for (decisions 7 and 13)",
        patient={"n_extramedullary_cells": 0.0},
        disease={"outside": 0.0},
    ),
    Structure(
        "no_gvl",
        "No graft-versus-leukaemia",
        "known from one hazard ratio and from DLI of matched donors (N32, N26)",
        off=("gvl", "marrow_priming"),
    ),
    Structure(
        "no_exhaustion_by_blasts",
        "Blasts do not tire T cells",
        "T cells of a leukaemic marrow are tired before treatment: by blasts, or by what came before (decision 11)",
        parameters={"rate_exhaustion_by_blasts": 0.0},
    ),
    Structure(
        "no_terminal_exhaustion",
        "All exhaustion is reversible",
        "that some cells stay tired is inferred from weeks in a dish (C9)",
        parameters={"rate_exhaustion_terminal": 0.0},
    ),
    Structure(
        "no_cd19_loss_by_division",
        "CD19 is lost before therapy only",
        "Bueno 2022: a clone that is there before therapy, not a loss at divisions",
        parameters={"p_cd19_loss": 0.0},
    ),
    Structure(
        "no_treg_in_marrow",
        "Treg do not reach the marrow (phi_BM 0)",
        "the older view; about 1 in mice",
        parameters={"phi_bm": 0.0},
    ),
)
_BY_KEY: Final = {one.key: one for one in (AS_SHIPPED, *STRUCTURES)}


def structure_named(key: str) -> Structure:
    """Return the shipped structure or another by its key; raises `KeyError` for any other."""
    return _BY_KEY[key]
