"""The infusion of donor lymphocytes itself, planned or ordered, and the count of all of them."""

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient

__all__ = ["DonorLymphocytes"]


class DonorLymphocytes:
    """Infuse donor lymphocytes and number the infusions from 1, whoever asks for them."""

    def __init__(self) -> None:
        self.n_given = 0
        self.cells_per_kg = 0.0  # CD3/kg, all infusions together

    def infuse(
        self,
        patient: Patient,
        events: EventLog,
        cd3_per_kg: float,
        treg_per_tcon: float = 0.0,
        memory_enriched: bool = False,
        why: str = "",
    ) -> None:
        """Give one infusion now."""
        tcon = round(cd3_per_kg * patient.weight_kg)
        treg = round(tcon * treg_per_tcon)
        self.n_given += 1
        self.cells_per_kg += cd3_per_kg
        patient.infuse_dli(tcon, treg, self.n_given, memory_enriched)
        extras = f" with {treg:.2e} Treg" if treg > 0 else ""
        product = "memory-enriched donor lymphocytes" if memory_enriched else "donor lymphocytes"
        reason = f" ({why})" if why else ""
        detail = f"DLI {self.n_given}: {product}, {cd3_per_kg:.1e} CD3/kg ({tcon:.2e} cells){extras}{reason}"
        events.add(patient.day, "infusion", "dli", detail, cd3_per_kg, "cells/kg")
