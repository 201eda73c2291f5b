"""The Mesa room: `TransplantModel`, and the agent classes as live handles on the engine's rows."""

from simulation.mesa_model.agent_set import CellAgentSet
from simulation.mesa_model.agents import DonorTcon, DonorTreg, EngagedTCell, LeukemicBlast, TCell
from simulation.mesa_model.cell_agent import AgentGone, CellAgent
from simulation.mesa_model.data_collection import body_reporters, data_collector
from simulation.mesa_model.model import TransplantModel

__all__ = [
    "AgentGone",
    "CellAgent",
    "CellAgentSet",
    "DonorTcon",
    "DonorTreg",
    "EngagedTCell",
    "LeukemicBlast",
    "TCell",
    "TransplantModel",
    "body_reporters",
    "data_collector",
]
