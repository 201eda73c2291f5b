"""The JSON Schema of a sweep file, for completion and checks while typing in an editor."""

from typing import Any

from simulation.scenario.json_schema import DIALECT, tidy
from simulation.sweep.sweep_file import SweepFile

__all__ = ["sweep_json_schema"]


def sweep_json_schema() -> dict[str, Any]:
    """Return the schema of a sweep file; paths and values of `parameters` are checked by the program alone."""
    own = SweepFile.model_json_schema(by_alias=True)
    return {
        "$schema": DIALECT,
        "title": "Sweep over a design of parameters",
        "type": "object",
        "properties": tidy(own["properties"], "properties", required=True),
        "required": own["required"],
        "oneOf": [{"required": [key]} for key in ("scenario", "arms", "trial")],
        "additionalProperties": False,
        "$defs": {name: tidy(value, "", required=True) for name, value in own["$defs"].items()},
    }
