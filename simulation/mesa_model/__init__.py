"""The Mesa room: `TransplantModel`, and the agent classes as live handles on the engine's rows."""

from simulation.mesa_model.agent_set import CohortSet
from simulation.mesa_model.agents import DonorTcon, DonorTreg, EngagedTCell, LeukemicBlast, TCell
from simulation.mesa_model.cohort import Cohort, CohortGone
from simulation.mesa_model.data_collection import body_reporters, data_collector
from simulation.mesa_model.model import TransplantModel

__all__ = [
    "Cohort",
    "CohortGone",
    "CohortSet",
    "DonorTcon",
    "DonorTreg",
    "EngagedTCell",
    "LeukemicBlast",
    "TCell",
    "TransplantModel",
    "body_reporters",
    "data_collector",
]
