"""What a run leaves behind: `Result`, the results folder, figures and the report.

Importing this room loads neither pandas nor matplotlib; they are loaded by the first table or figure.
"""

from simulation.results.folder import prepare_folder, release_folder, write_result
from simulation.results.result import MarrowMap, Result
from simulation.results.words import outcome_rows, outcome_table

__all__ = [
    "MarrowMap",
    "Result",
    "outcome_rows",
    "outcome_table",
    "prepare_folder",
    "release_folder",
    "write_result",
]
