"""Join what several fits leave into one file of parameter sets, from their records alone: nothing is simulated.

Fits that were made in turn, each given the best of those before it, are taken as independent of one another: a joint set is
one set of each, drawn by its weight. What a later fit also names is its own there. Parameters that no fit moved may be given
a range, in which they are drawn evenly; all others stay at the table's value. Draws of every part are stratified, so that a
few hundred joint sets hold every part's sets in proportion to their weights.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from pydantic import ValidationError

from simulation.blocks.fields import Block, Text, Whole
from simulation.calibration.fit_file import read_free
from simulation.calibration.problem import FreeDimension
from simulation.calibration.targets import load_targets
from simulation.files.atomic import write_file
from simulation.files.tables import csv_text, json_text
from simulation.parameters import ParameterTable
from simulation.posterior import Posterior, load_posterior
from simulation.posterior.posterior import TARGET, WEIGHT
from simulation.scenario.messages import user_error
from simulation.statistics.weighted import effective_number, importance_weights
from simulation.yaml_source import Node, plain, read_yaml

__all__ = ["Joint", "build", "load_joint"]

_DIGITS: Final = 4


class _JointFile(Block):
    """The keys of a file that joins fits; `fits` and `ranges` are read apart."""

    name: Annotated[str, Text(120, 1, "Sets that fit the published data", one_line=True)]
    description: Annotated[str, Text(4000)] = ""
    seed: Annotated[int, Whole(0, 2**63 - 1)] = 1
    sets: Annotated[int, Whole(2, 100_000)] = 300
    fits: Any
    ranges: Any = None


@dataclass(frozen=True)
class _Record:
    """Hold what a fit has left: its sets, and by target and set what was simulated, with its error."""

    folder: str
    name: str
    provenance: Mapping[
        str, str
    ]  # the digest of the model, or of the table alone, with which the fit was made
    posterior: Posterior
    statistics: Mapping[str, tuple[tuple[float, float], ...]]
    weights: Mapping[str, float]  # of the targets
    distances: tuple[float, ...]  # of the candidates that were simulated whole, nearest first

    @property
    def by_likelihood(self) -> float:
        """Return how many candidates would count were they weighed by the likelihood of the observations, untempered."""
        squares = np.square(self.distances) * sum(self.weights.values())
        return effective_number(importance_weights(-0.5 * squares))


@dataclass(frozen=True)
class Joint:
    """Hold a file that joins fits, checked and with their records read."""

    name: str
    seed: int
    sets: int
    records: tuple[_Record, ...]
    ranges: tuple[FreeDimension, ...]


def load_joint(path: str | os.PathLike[str]) -> Joint:
    """Read a file that joins fits; raises `UserError` naming file, line, key, what was expected and the nearest name."""
    root = read_yaml(path, os.fspath(path))
    try:
        file = _JointFile.model_validate(plain(root))
    except ValidationError as error:
        raise user_error(error, root, _JointFile) from None
    keys: dict[str, Node] = root.value  # type: ignore[assignment]  # a mapping: read_yaml refuses all else
    listed = keys["fits"].value
    if not isinstance(listed, list) or not listed or not all(isinstance(one.value, str) for one in listed):
        expected = "a list of folders of fits such as [records/response, records/transplant]"
        raise keys["fits"].error("got something else", key="fits", expected=expected)
    records = tuple(_record(Path(path).parent / str(one.value), one) for one in listed)
    ranges = keys.get("ranges")
    block = {} if ranges is None or ranges.value is None else ranges.value
    if not isinstance(block, dict):
        expected = "a block of keys such as fraction_sanctuary: {low: 0.005, high: 0.1}"
        raise keys["ranges"].error("got something else", key="ranges", expected=expected)
    free = tuple(read_free(name, node, "ranges") for name, node in block.items())
    for one in free:
        taken = next((record.name for record in records if one.name in record.posterior.names), None)
        if taken is not None:
            raise block[one.name].error(
                f"the fit {taken!r} has sets of it", key=f"ranges.{one.name}", at_key=True
            )
    return Joint(file.name, file.seed, file.sets, records, free)


def _record(folder: Path, node: Node) -> _Record:
    """Read a fit's folder; the sets of `posterior.csv` are the best evaluations, in their order."""
    try:
        about = json.loads((folder / "record.json").read_text(encoding="utf-8"))
        lines = (folder / "evaluations.jsonl").read_text(encoding="utf-8").splitlines()
        evaluations = sorted(
            (json.loads(line) for line in lines), key=lambda one: (one["distance"], one["index"])
        )
        identity = about["identity"]
        name, targets = str(about["fit"]), identity["targets"].keys()
        weights = {target: float(message[-1]) for target, message in identity["targets"].items()}
        provenance = {key: str(identity[key]) for key in ("model", "table") if key in identity}
        posterior = load_posterior(folder / "posterior.csv")
        if len(posterior) > len(evaluations):
            raise ValueError("more sets than candidates")
        kept = evaluations[: len(posterior)]
        statistics = {target: tuple(_estimate_of(one, target) for one in kept) for target in targets}
        whole = tuple(float(one["distance"]) for one in evaluations if targets <= one["statistics"].keys())
    except OSError as error:
        message = f"{node.value}: {Path(error.filename or folder).name} cannot be read ({error.strerror})"
        raise node.error(
            message, key="fits", expected="the folder of a fit, as `calibrate` leaves it"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise node.error(f"{node.value}: its record is damaged", key="fits") from None
    return _Record(str(node.value), name, provenance, posterior, statistics, weights, whole)


def _estimate_of(one: Mapping[str, Any], target: str) -> tuple[float, float]:
    """Return what a candidate gave for a target, and its error; NaN where nothing is known."""
    statistic = one["statistics"].get(target) or {}
    point, se = (statistic.get(key) for key in ("point", "se"))
    return (math.nan if point is None else float(point), math.nan if se is None else float(se))


def build(joint: Joint, out: Path) -> Posterior:
    """Write the joint sets to `out` (CSV) and where they are from beside it (JSON); return them as they read back."""
    rng = np.random.default_rng(joint.seed)
    drawn = [_stratified(record.posterior.weights, joint.sets, rng) for record in joint.records]
    columns: dict[str, Sequence[float]] = {}
    origin: dict[str, dict[str, Any]] = {}
    for record, chosen in zip(joint.records, drawn, strict=True):
        for index, name in enumerate(record.posterior.names):
            columns[name] = [record.posterior.rows[k][index] for k in chosen]
            origin[name] = {"fit": record.name}
    for free in joint.ranges:
        places = (rng.permutation(joint.sets) + rng.random(joint.sets)) / joint.sets
        columns[free.name] = [free.at(float(place)) for place in places]
        origin[free.name] = {"range": [free.low, free.high], "scale": "log" if free.log else "linear"}
    statistics, targets = _statistics(joint, drawn)
    table = {WEIGHT: [1.0] * joint.sets, **columns, **statistics}
    rows = [[_short(value) for value in row] for row in zip(*table.values(), strict=True)]
    text = csv_text(list(table), rows)
    about = {
        "name": joint.name,
        "sets": out.name,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "table": ParameterTable.load().parameter_values().digest(),
        "fits": [
            {
                "name": record.name, "record": record.folder, "posterior_sha256": record.posterior.sha256,
                "sets": len(record.posterior), "effective_sets": round(record.posterior.effective, 2),
                "effective_by_likelihood": round(record.by_likelihood, 2),
                "distances": [round(record.distances[k], 3) for k in (0, len(record.posterior) - 1)], **record.provenance,
            }
            for record in joint.records
        ],
        "parameters": origin,
        "targets": targets,
    }  # fmt: skip
    write_file(out.with_suffix(".json"), json_text(about))
    write_file(out, text)
    return load_posterior(out)


def _stratified(weights: Sequence[float], n: int, rng: np.random.Generator) -> list[int]:
    """Return `n` numbers of sets, each as often as its weight says to within one, in an order of chance."""
    sums = np.cumsum(weights)
    places = (np.arange(n) + rng.random()) / n * sums[-1]
    return [
        int(k)
        for k in rng.permutation(np.minimum(np.searchsorted(sums, places, side="right"), len(sums) - 1))
    ]


def _statistics(
    joint: Joint, drawn: Sequence[Sequence[int]]
) -> tuple[dict[str, list[float]], dict[str, dict[str, Any]]]:
    """Return the simulated statistic of every target by set, and what is known of each target."""
    known = load_targets()
    columns: dict[str, list[float]] = {}
    about: dict[str, dict[str, Any]] = {}
    for record, chosen in zip(joint.records, drawn, strict=True):
        for name, values in record.statistics.items():
            if name not in known:  # of an earlier list of observations
                continue
            columns[f"{TARGET}{name}"] = [values[k][0] for k in chosen]
            noise = [values[k][1] for k in chosen if math.isfinite(values[k][1])]
            target = known[name]
            about[name] = {
                "what": target.what, "fit": record.name, "n": target.n, "se": math.hypot(target.se, target.tolerance),
                "noise": math.sqrt(sum(one**2 for one in noise) / len(noise)) if noise else 0.0,
                "weight": record.weights[name],
            }  # fmt: skip
    return columns, about


def _short(value: float) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
