"""The JSON Schema of a trial file, for completion and checks while typing in an editor."""

from typing import Any

from simulation.scenario.cohort import CohortFile
from simulation.scenario.json_schema import DIALECT, json_schema, tidy
from simulation.trial.schema import TrialFile

__all__ = ["trial_json_schema"]

_FILE = {"type": "string", "examples": ["../therapeutic.yaml"]}


def trial_json_schema() -> dict[str, Any]:
    """Return the schema of a trial file; arms, cohort and common hold the keys of a scenario."""
    scenario = json_schema()
    keys: dict[str, Any] = scenario["properties"]
    own = TrialFile.model_json_schema(by_alias=True)
    cohort = CohortFile.model_json_schema(by_alias=True)["properties"]
    cohort |= {key: keys[key] for key in ("patient", "donor", "graft", "extends")}
    arm = {key: value for key, value in keys.items() if key != "patient"}
    definitions = {name: tidy(value, "", required=True) for name, value in own.get("$defs", {}).items()}
    definitions |= {"Arm": _block(arm), "CohortBlock": _block(tidy(cohort, "properties"))}
    blocks = {
        "cohort": {
            "description": "A cohort file, or its keys written here.",
            "anyOf": [_FILE, {"$ref": "#/$defs/CohortBlock"}],
        },
        "arms": {
            "description": "2 to 12 arms: a scenario file, or a block that extends one.",
            "type": "object",
            "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,39}$"},
            "additionalProperties": {"anyOf": [_FILE, {"$ref": "#/$defs/Arm"}]},
            "minProperties": 2,
            "maxProperties": 12,
        },
        "common": {"description": "Scenario keys that hold for all arms.", "$ref": "#/$defs/Arm"},
    }
    known = tidy(own["properties"], "properties", required=True)
    asked, block = known["structures"], definitions["Structures"]["properties"]
    known["structures"] = {**asked, "anyOf": [block["of"], *asked["anyOf"]]}
    return {
        "$schema": DIALECT,
        "title": "Virtual trial: the same patients in every arm",
        "type": "object",
        "properties": known | blocks,
        "required": ["name", "cohort", "arms"],
        "additionalProperties": False,
        "$defs": scenario["$defs"] | definitions,
    }


def _block(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}
