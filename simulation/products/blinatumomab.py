"""Blinatumomab, the engager of CD19.

Usual schedules: 9 then 28 ug/day in overt disease, 28 ug/day (or 15 ug/m2/day) in MRD; 28 days on, 14 off
(TOWER: Kantarjian 2017, doi 10.1056/NEJMoa1609783; BLAST: Goekbuget 2018, Blood 131:1522).
"""

from simulation.clinic.stop_rules import NegativeRelapseRule
from simulation.products.engager import EngagerProduct, InfusionGiven

__all__ = ["PRODUCT", "BlinatumomabGiven"]


class BlinatumomabGiven(InfusionGiven, engager="blinatumomab"):
    """Count time on blinatumomab, and the drug given."""


PRODUCT = EngagerProduct(
    "blinatumomab",
    colour="engager",
    stop_rules=(
        NegativeRelapseRule(
            "cd19_negative_relapse",
            "CD19",
            "Blinatumomab stops when overt relapse is CD19-negative.",
            "blinatumomab stops at a CD19-negative relapse",
        ),
    ),
)
