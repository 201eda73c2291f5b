"""Agents of like cells, keyed random numbers, exact draws and the event kernel; no biology and no Mesa."""
