"""A T-cell engager against CD22, of blinatumomab's format: no such drug is marketed; its rows say what is known or assumed."""

from simulation.biology.antigens import Antigen
from simulation.biology.engagers import Engager
from simulation.engine.bit_fields import BitField
from simulation.products.engager import EngagerProduct, InfusionGiven

CD22 = Antigen("cd22", BitField(46, 1, "cd22_lost", "Whether CD22 is lost."), "p_cd22_loss", on_normal_b=True)


class AntiCd22Given(InfusionGiven, engager="anti_cd22", antigen="cd22"):
    """Count time on it, the drug given, and relapses without its target."""


PRODUCT = EngagerProduct(
    Engager(
        name="anti_cd22",
        target=CD22,
        clearance="cl_anti_cd22",
        volume="volume_anti_cd22",
        ec50_activation="ec50_activation_anti_cd22",
        ec50_killing="ec50_killing_anti_cd22",
    ),
    colour="engager",
)
