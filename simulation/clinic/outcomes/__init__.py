"""What a trial reports of a patient: one file per outcome or family of outcomes, found by being here.

A file declares its outcomes (`Outcome`) and the `Watcher` that works them out. Everything that shows outcomes reads the
declarations in `table`: summaries, tables, stores, sweeps, comparisons, figures, the page, JSON Schema and docs/results.md.
"""

from simulation.clinic.outcomes.book import OutcomeBook
from simulation.clinic.outcomes.outcome import Outcome, Watcher
from simulation.clinic.outcomes.table import EVERYONE, OUTCOMES, of_patient, selected

__all__ = ["EVERYONE", "OUTCOMES", "Outcome", "OutcomeBook", "Watcher", "of_patient", "selected"]
