"""What an experiment leaves: tables, a summary, and where it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulation.figure_formats import Formats
from simulation.files.folder import Content
from simulation.in_vitro.experiment import Experiment

__all__ = ["ExperimentResult", "Rows", "Table"]

type Table = dict[str, np.ndarray]


class Rows:
    """Collect the rows of a table; every row has the same columns."""

    def __init__(self) -> None:
        self._columns: dict[str, list[Any]] = {}

    def add(self, **values: Any) -> None:
        """Add one row."""
        for name, value in values.items():
            self._columns.setdefault(name, []).append(value)

    def table(self) -> Table:
        """Return the columns as arrays."""
        return {name: np.array(values) for name, values in self._columns.items()}


@dataclass(frozen=True, repr=False)
class ExperimentResult:
    """Hold everything about one experiment.

    `tables` are written as CSV by their names; units stand in the column names. `summary` goes into summary.json.
    """

    experiment: Experiment
    seed: int
    tables: Mapping[str, Table]
    findings: Mapping[str, Any]
    comparison: Sequence["Comparison"] = ()
    provenance: Mapping[str, object] = field(default_factory=dict)

    # The names by which the results folder and the provenance know a run.
    patient: int = 0
    interrupted: bool = False

    @property
    def scenario(self) -> Experiment:
        """Return the experiment: what the results folder calls the scenario."""
        return self.experiment

    def __repr__(self) -> str:
        """Return one line: all tables would fill a notebook."""
        e = self.experiment
        return f"<ExperimentResult of {e.name!r}, seed {self.seed}: {e.donors} donors, tables {', '.join(self.tables)}>"

    def _repr_html_(self) -> str:
        """Return the findings as a table, for notebooks."""
        from html import escape

        from simulation.in_vitro.words import finding_rows

        header, rows = finding_rows(self)
        cells = "".join(f"<th>{escape(title)}</th>" for title in header)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        return f"<p><b>{escape(self.experiment.name)}</b>, seed {self.seed} (simulated)</p><table><tr>{cells}</tr>{body}</table>"

    def contents(self, origin: Mapping[str, object], formats: Formats) -> Mapping[str, Content]:
        """Return every file of the results folder by name, in the order of writing."""
        from simulation.in_vitro.contents import contents

        return contents(self, origin, formats)

    @property
    def summary(self) -> dict[str, Any]:
        """Return what the experiment found, with its name, seed and size."""
        e = self.experiment
        head = {
            "experiment": e.experiment,
            "name": e.name,
            "seed": self.seed,
            "donors": e.donors,
            "replicates": e.replicates,
            "wells": e.n_wells(),
        }
        compared = [
            {"what": c.what, "simulated": c.simulated, "sd": c.sd, "observed": c.observed, "source": c.source}
            for c in self.comparison
        ]
        return head | dict(self.findings) | {"comparison_with_evidence": compared}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Set one simulated number (mean and standard deviation between donors) beside the observed one."""

    what: str
    simulated: float
    sd: float
    observed: str
    source: str
