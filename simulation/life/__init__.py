"""One way to live a life: `simulate` follows one patient under one strategy or several, whoever asks."""

from simulation.life.life import Life
from simulation.life.record import NOTHING, Record
from simulation.life.strategies import attempt, simulate

__all__ = ["NOTHING", "Life", "Record", "attempt", "simulate"]
