"""A validation on a job array: each job does its part of the checks into a file of its own, and the report joins them."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simulation.errors import OtherScenario, UserError
from simulation.files.atomic import write_file
from simulation.files.seals import sealed_json, unsealed
from simulation.files.tables import plain
from simulation.provenance import model_sha256
from simulation.store import Shard, parts_of
from simulation.validation.check import Effort, Finding, MeasuredNumber
from simulation.validation.run import Result

__all__ = ["identity_of", "read_parts", "write_part"]

_PART: Final = "checks.json"
type ByCheck = Mapping[str, Sequence[Result]]


def write_part(folder: Path, shard: Shard, effort: Effort, by_check: ByCheck) -> None:
    """Write what a job has found so far: the results of its checks, by the checks' ids."""
    name = f"{shard.named(Path(_PART).stem)}{Path(_PART).suffix}"
    results = {key: [plain(result.plain()) for result in some] for key, some in by_check.items()}
    write_file(folder / name, sealed_json({"identity": identity_of(effort), "checks": results}))


def read_parts(folder: Path, effort: Effort) -> dict[str, list[Result]]:
    """Return what jobs have found, by the checks' ids; a check that ended in an error was not made, and is left out.

    Raises
    ------
    OtherScenario
        Where a part was made with another model, other checks or other numbers of patients.
    UserError
        Where a part is damaged.
    """
    results: dict[str, list[Result]] = {}
    for file in parts_of(folder / _PART).values():
        try:
            part = unsealed(file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            raise UserError("is damaged; remove it, and its checks are done again", file=str(file)) from None
        if part["identity"] != identity_of(effort):
            message = "is of another validation (model, checks, --seed or --quick)"
            raise OtherScenario(message, file=str(file), expected="a new folder")
        part_results = {key: [_result(one) for one in some] for key, some in part["checks"].items()}
        results |= {
            key: some
            for key, some in part_results.items()
            if all(one.finding.status != "error" for one in some)
        }
    return results


def identity_of(effort: Effort) -> Any:
    """Return on what results depend: the model's digest, that of the checks themselves, and the effort."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    identity = {
        "model": model_sha256(),
        "checks": digest.hexdigest(),
        "effort": effort.factor,
        "seed": effort.seed,
    }
    return json.loads(json.dumps(identity))


def _result(row: Mapping[str, Any]) -> Result:
    measured = tuple(
        MeasuredNumber(**{**one, **{key: _number(one[key]) for key in ("value", "low", "high")}})
        for one in row["measured"]
    )
    finding = Finding(row["status"], measured, row["note"])
    return Result(
        row["id"], row["part"], row["claim"], row["expected"], row["source"], finding, row["seconds"]
    )


def _number(written: float | None) -> float:
    return math.nan if written is None else float(written)
