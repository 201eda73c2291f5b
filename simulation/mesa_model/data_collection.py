"""The one adapter to Mesa's data collection: what is collected by default, and how to ask for more."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mesa import DataCollector

from simulation.life.trajectory import COLUMNS, line

if TYPE_CHECKING:
    from simulation.clinic.ports import Truth
    from simulation.life import Life
    from simulation.mesa_model.model import TransplantModel

__all__ = ["Recorder", "body_reporters", "data_collector"]

Reporter = str | Callable[..., Any] | list[Any]
Reporters = Mapping[str, Reporter]


class Recorder:
    """Give the columns of the trajectory now, counted once however many of them are asked for."""

    def __init__(self) -> None:
        self._truth: Truth | None = None
        self._line: dict[str, float] = {}

    def line(self, life: "Life") -> dict[str, float]:
        """Return name -> value of one row of the trajectory."""
        truth = life.body.truth()
        if truth is not self._truth:
            row = line(life.body.state, truth, life.clinic)
            # one and the same NaN, so that equal records compare equal
            shown = (math.nan if value != value else value for value in row)
            self._truth, self._line = truth, dict(zip(COLUMNS, shown, strict=True))
        return self._line


def body_reporters() -> dict[str, Reporter]:
    """Return Mesa model reporters of everything in the trajectory, by the names of its columns."""
    return {name: partial(_recorded, name=name) for name in COLUMNS}


def _recorded(model: "TransplantModel", name: str) -> float:
    return model.record()[name]


def data_collector(
    model_reporters: Reporters | None = None,
    agent_reporters: Reporters | None = None,
    agenttype_reporters: Mapping[type, Reporters] | None = None,
    tables: Mapping[str, list[str]] | None = None,
) -> DataCollector:
    """Return a Mesa data collector that also collects the trajectory's columns.

    Parameters
    ----------
    model_reporters
        Besides those of `body_reporters`; the same name replaces one.
    agent_reporters, agenttype_reporters, tables
        As in `mesa.DataCollector`.
    """
    return DataCollector(
        model_reporters=body_reporters() | dict(model_reporters or {}),
        agent_reporters=dict(agent_reporters or {}) or None,
        agenttype_reporters={kind: dict(own) for kind, own in (agenttype_reporters or {}).items()} or None,
        tables={name: list(columns) for name, columns in (tables or {}).items()} or None,
    )
