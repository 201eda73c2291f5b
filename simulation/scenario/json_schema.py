"""The JSON Schema of a scenario file, for completion and checks while typing in an editor."""

from typing import Any, Final

from simulation.blocks.fields import quantity_json_schema
from simulation.clinic.starts import TRIGGERS
from simulation.parameters.table import ParameterTable
from simulation.scenario.messages import keys_of_start
from simulation.scenario.named_values import distribution_json_schema

__all__ = ["DIALECT", "json_schema", "tidy"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema of a scenario file; as it holds only what differs, only `name` is required."""
    from simulation.scenario.schema import Scenario

    schema = Scenario.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema["$defs"]
    definitions["Distribution"] = distribution_json_schema()
    definitions["Trigger"] = _any_trigger(
        [definitions.pop(trigger.__name__) for trigger in TRIGGERS], keys_of_start(Scenario)
    )
    properties = schema["properties"]
    blocks = [properties, *(block.get("properties", {}) for block in definitions.values())]
    for block in (block for block in blocks if "start" in block):
        block["start"] = {"description": block["start"].get("description", ""), "$ref": "#/$defs/Trigger"}
    definitions |= {
        kind: quantity_json_schema(kind) for kind in {row.dimension for row in ParameterTable.load().rows}
    }
    file_name = {"type": "string", "examples": ["base.yaml"]}
    extends = {
        "description": "The file (or files; the later wins) this one differs from, relative to this file.",
        "anyOf": [file_name, {"type": "array", "items": file_name}],
    }
    return {
        "$schema": DIALECT,
        "title": "Scenario of treatment after transplant",
        "description": "One simulated patient and the treatment given. Every number carries its unit.",
        "type": "object",
        "properties": {"extends": extends} | tidy(properties, "properties"),
        "required": ["name"],
        "additionalProperties": False,
        "$defs": {name: tidy(definitions[name], "") for name in sorted(definitions)},
    }


def _any_trigger(blocks: list[dict[str, Any]], words: list[str]) -> dict[str, Any]:
    """Join the triggers into one block: a file may hold one of its keys, its base the rest."""
    properties: dict[str, Any] = {}
    for block in blocks:
        for key, value in block["properties"].items():
            properties[key] = value if key not in properties else _either(properties[key], value)
    properties["when"] = {"enum": words, "description": "What starts treatment."}
    properties["triggers"] = {
        "description": properties["triggers"]["description"],
        "type": "array",
        "items": {"$ref": "#/$defs/Trigger"},
        "minItems": 1,
        "maxItems": 10,
    }
    properties["delay"].pop("default", None)  # it differs between triggers
    return {
        "type": "object",
        "description": "When treatment starts.",
        "properties": properties,
        "additionalProperties": False,
    }


def _either(known: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Join what two triggers say of a key of one name: either may be meant."""
    mine, others = _kinds(known), _kinds(other)
    more = [kind for kind in others if kind not in mine]
    if not more:
        return known
    return {"description": f"{known['description']} {other['description']}", "anyOf": mine + more}


def _kinds(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a key may hold, besides null."""
    bare = {key: item for key, item in value.items() if key not in ("description", "default")}
    return [kind for kind in value.get("anyOf", [bare]) if kind != {"type": "null"}]


def tidy(value: Any, inside: str, *, required: bool = False) -> Any:
    """Drop pydantic's titles, and unless `required` the required keys of blocks that a base may already give."""
    if isinstance(value, list):
        return [tidy(item, "", required=required) for item in value]
    if not isinstance(value, dict):
        return value
    if "x-use" in value:  # pydantic would look for a $ref among its own definitions
        return {"$ref": f"#/$defs/{value['x-use']}"}
    drop = () if inside == "properties" else ("title", "required", "x-write")
    how_to_write = value.get("x-write")
    if isinstance(how_to_write, str):
        described = value.get("description")
        value = value | {"description": f"{described} Write {how_to_write}." if described else how_to_write}
    needed = required or not {"distribution", "correlation"}.isdisjoint(value.get("properties", {}))
    return {
        key: tidy(item, key, required=required)
        for key, item in value.items()
        if (key not in drop or (key == "required" and needed)) and not (key == "default" and item is None)
    }
