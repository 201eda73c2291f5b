"""Blinatumomab, the engager of CD19.

Usual schedules: 9 then 28 ug/day in overt disease, 28 ug/day (or 15 ug/m2/day) in MRD; 28 days on, 14 off
(TOWER: Kantarjian 2017, doi 10.1056/NEJMoa1609783; BLAST: Goekbuget 2018, Blood 131:1522). Under the skin 250 ug daily
for a week, then 500 ug three times a week (NCT04521231).
"""

from simulation.biology.antigens import CD19
from simulation.biology.engagers import Engager
from simulation.products.engager import EngagerProduct, InfusionGiven

__all__ = ["BLINATUMOMAB", "PRODUCT", "BlinatumomabGiven"]


class BlinatumomabGiven(InfusionGiven, engager="blinatumomab"):
    """Count time on blinatumomab, and the drug given."""


BLINATUMOMAB = Engager(
    name="blinatumomab",
    target=CD19,
    clearance="cl_blinatumomab",
    volume="volume_blinatumomab",
    ec50_activation="ec50_activation",
    ec50_killing="ec50_killing",
    absorption="rate_absorption_blinatumomab",
    bioavailability="fraction_absorbed_blinatumomab",
)
PRODUCT = EngagerProduct(
    BLINATUMOMAB,
    colour="engager",
)
