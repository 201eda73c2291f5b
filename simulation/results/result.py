"""The result of one run: a trajectory, events, outcomes and maps of the marrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simulation.marrow_map import MarrowMap

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulation.clinic.events import Event
    from simulation.figure_formats import Formats
    from simulation.files.folder import Content
    from simulation.results.figures.report_figure import ReportFigure
    from simulation.scenario.schema import Scenario

__all__ = ["MarrowMap", "Result"]

EVENT_FIELDS = ("day", "kind", "what", "value", "unit", "detail")


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """Hold everything one run of one patient left behind.

    `columns` maps each name of the trajectory to an array of shape (n_records,); the unit is in the name.
    Days count from the transplant. `interrupted` is true where the run was stopped before its end.
    """

    scenario: Scenario
    seed: int
    patient: int
    columns: Mapping[str, npt.NDArray[Any]]
    events: tuple[Event, ...]
    outcomes: Mapping[str, object]
    maps: tuple[MarrowMap, ...] = ()
    interrupted: bool = False
    values: Mapping[str, float] = field(default_factory=dict)  # the patient's parameters, canonical units
    provenance: Mapping[str, object] = field(default_factory=dict)  # what the runner adds: start, duration

    @property
    def days(self) -> npt.NDArray[np.float64]:
        """Return the recording times, days, shape (n_records,)."""
        return self.column("day")

    @property
    def end(self) -> float:
        """Return the last simulated day; at least one day, so that an axis has a width."""
        simulated = self.outcomes.get("days_simulated")
        last = float(simulated) if isinstance(simulated, int | float | np.number) else 0.0
        days = self.days
        finite = days[np.isfinite(days)]
        return max(last, float(finite.max()) if finite.size else 0.0, 1.0)

    def column(self, name: str) -> npt.NDArray[np.float64]:
        """Return one column as floats, shape (n_records,); NaN throughout where it was not recorded."""
        values = self.columns.get(name)
        if values is None:
            days = self.columns.get("day")
            return np.full(0 if days is None else len(days), np.nan)
        return np.asarray(values, dtype=np.float64)

    @cached_property
    def trajectory(self) -> pd.DataFrame:
        """Return the trajectory as a table, one row per recording time, units in the column names."""
        import pandas as pd

        return pd.DataFrame({name: np.asarray(values) for name, values in self.columns.items()})

    @cached_property
    def event_table(self) -> pd.DataFrame:
        """Return the events as a table: day, kind, what, value, unit, detail."""
        import pandas as pd

        return pd.DataFrame([asdict(event) for event in self.events], columns=list(EVENT_FIELDS))

    @property
    def resolved(self) -> Scenario:
        """Return the scenario of this person: with his values in place of distributions, it gives the same bytes again."""
        from simulation.scenario.resolve import with_values

        return with_values(self.scenario, self.values) if self.values else self.scenario

    @property
    def patient_values(self) -> dict[str, tuple[float, str]]:
        """Return name -> value and unit of all that tells this patient from others."""
        from simulation.parameters.table import ParameterTable
        from simulation.scenario.resolve import names_of_patient

        if not self.values:
            return {}
        table = ParameterTable.load()
        units = {name: table[name].unit for name in names_of_patient(self.scenario)}
        units |= {name: row.unit for plugin in self.scenario.plugin for name, row in plugin.rows.items()}
        return {name: (self.values[name], unit) for name, unit in units.items()}

    @property
    def summary(self) -> dict[str, object]:
        """Return the outcomes and the patient as plain JSON values; what did not happen or is not finite is None."""
        from simulation.files.tables import plain

        patient = {
            name: {"value": plain(value), "unit": unit} for name, (value, unit) in self.patient_values.items()
        }
        plain_outcomes = {name: plain(value) for name, value in self.outcomes.items()}
        return plain_outcomes | {"interrupted": self.interrupted, "patient_values": patient}

    def contents(self, origin: Mapping[str, object], formats: Formats) -> Mapping[str, Content]:
        """Return every file of the results folder by name, in the order of writing."""
        from simulation.files.tables import columns_csv, csv_text, json_text, parquet_bytes
        from simulation.results.figures.report_figure import not_drawn, render_all
        from simulation.results.report.run_report import run_report
        from simulation.scenario.plugins import copies

        rows = ([getattr(event, name) for name in EVENT_FIELDS] for event in self.events)
        files: dict[str, Content] = {
            "summary.json": json_text(self.summary),
            "trajectory.csv": columns_csv(self.columns),
            "trajectory.parquet": parquet_bytes(self.columns),
            "events.csv": csv_text(EVENT_FIELDS, rows),
            "scenario.resolved.yaml": self.resolved.to_yaml(),
            **copies(self.scenario.plugin),
        }
        panels = render_all(_figures(), self, files, formats)
        missing = not_drawn(_figures(), self) if formats else []
        files["report.html"] = run_report(self, panels, missing, origin)
        return files

    def __repr__(self) -> str:
        """Return one line: all that a run left would fill a notebook."""
        scenario, days = self.scenario.name, f"{self.end:g} days"
        return f"<Result of {scenario!r}, seed {self.seed}, patient {self.patient}: {days}, {len(self.events)} events>"

    def _repr_html_(self) -> str:
        """Return the outcomes as a table, for notebooks."""
        from html import escape

        from simulation.results.words import outcome_table, verdict

        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in outcome_table(self)
        )
        head = f"<b>{escape(self.scenario.name)}</b>, seed {self.seed}, patient {self.patient} (simulated)"
        return f"<p>{head}<br>{escape(verdict(self))}</p><table>{rows}</table>"

    def plot(self, name: str, ax: Axes | None = None, **options: Any) -> Figure:
        """Draw a figure of the report by its name, such as `burden`; on `ax`, its main panel alone.

        `options` are the panel's own: `day` chooses one of `marrow_maps`. Raise `ValueError` for another name.
        """
        from simulation.results.figures import strip

        figures = {figure.name: figure for figure in _figures()}
        if name not in figures:
            raise ValueError(f"no figure is named {name!r}; there are {', '.join(figures)}")
        figure = figures[name]
        if ax is None or figure.draw_on is None:
            return figure.draw(self)
        strip.prepare(ax, self)
        return figure.draw_on(ax, self, **options)

    def write(self, out_dir: str | Path | None = None, *, overwrite: bool = False) -> Path:
        """Write the results folder and return its path; see `simulation.results.folder.write_result`."""
        from simulation.results.folder import write_result

        return write_result(self, out_dir, overwrite=overwrite)


def _figures() -> tuple[ReportFigure[Result], ...]:
    from simulation.results.figures.report_figure import figures_in

    return figures_in("simulation.results.figures")
