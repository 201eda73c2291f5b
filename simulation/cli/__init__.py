"""The command line. Only this room knows the terminal; what is heavy is imported when a command needs it."""

from simulation.cli.app import main

__all__ = ["main"]
