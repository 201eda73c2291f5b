"""The schemas of trial and sweep files accept what is shipped, and see what is misspelt."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simulation.yaml_source import plain, read_yaml

from .conftest import Sim

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
SHIPPED = [
    (kind, path) for kind in ("trial", "sweep") for path in sorted((SCENARIOS / f"{kind}s").glob("*.yaml"))
]
WRONG = [
    ("trial", "timing_by_dli", ("armms", {}), ""),
    ("trial", "timing_by_dli", ("patients", "many"), "patients"),
    ("trial", "timing_by_dli", ("arms", {"a": {"dli": {"cd4": ["1e5/kg"]}}, "b": "b.yaml"}), "arms/a"),
    ("trial", "timing_by_dli", ("arms", {"a": "a.yaml"}), "arms"),
    ("trial", "timing_by_dli", ("cohort", {"name": "x", "patient": {"weigth": "70 kg"}}), "cohort"),
    ("sweep", "phi_bm", ("desgn", {}), ""),
    ("sweep", "phi_bm", ("design", {"kind": "gird"}), "design"),
    ("sweep", "phi_bm", ("design", {"kind": "sobol"}), "design"),
    ("sweep", "phi_bm", ("scenario", "x.yaml"), ""),
]


def errors(sim: Sim, kind: str, data: Any) -> list[str]:
    schema = json.loads(sim("schema", kind).out)
    jsonschema.Draft202012Validator.check_schema(schema)
    result = jsonschema.Draft202012Validator(schema).iter_errors(data)
    return ["/".join(map(str, error.absolute_path)) for error in result]


@pytest.mark.parametrize(("kind", "path"), SHIPPED, ids=[path.stem for _, path in SHIPPED])
def test_shipped_files_fit_their_schema(sim: Sim, kind: str, path: Path) -> None:
    assert errors(sim, kind, plain(read_yaml(path))) == []


@pytest.mark.parametrize(("kind", "name", "change", "where"), WRONG)
def test_a_mistake_is_seen_where_it_stands(
    sim: Sim, kind: str, name: str, change: tuple[str, Any], where: str
) -> None:
    data = plain(read_yaml(SCENARIOS / f"{kind}s" / f"{name}.yaml")) | {change[0]: change[1]}
    assert errors(sim, kind, data) == [where]
