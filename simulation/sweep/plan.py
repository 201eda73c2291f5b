"""The plan of a sweep in its folder: what is run, how the runs are numbered, and the design, saved once and kept.

plan.json        factors, outcomes, design, seed, blocks of runs, versions
design.csv       the points: one row each, values in canonical units
shares.csv       the same points as shares (0..1) of each range, for designs that are drawn
parameter_sets.csv  the sets that patients live under, where the sweep has some
scenarios/*.yaml the base scenarios, resolved, with the files of their plugins in scenarios/plugins
runs/            the store
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from simulation.errors import UserError
from simulation.files.atomic import write_file
from simulation.files.crate import CRATE, crate_text
from simulation.files.seals import SEAL, file_digest, sealed_json, unsealed
from simulation.parameters.distributions import Distribution
from simulation.posterior import Posterior, load_posterior
from simulation.scenario.load import parse_scenario
from simulation.scenario.plugins import copies, portable, with_files
from simulation.sweep.factors import Factor
from simulation.sweep.outcomes import NumericOutcome
from simulation.yaml_source import read_text

__all__ = ["DESIGN", "PLAN", "SHARES", "Block", "Plan", "Run", "load_plan"]

PLAN: Final = "plan.json"
DESIGN: Final = "design.csv"
SHARES: Final = "shares.csv"
SCENARIOS: Final = "scenarios"
SETS: Final = "parameter_sets.csv"
_FORMAT: Final = 2
_EARLIER: Final = (1,)  # had no digests
_LARGEST: Final = 100_000_000  # bytes
_PATIENTS_PER_POINT: Final = 2**32  # independent random numbers: every point has patients of its own


@dataclass(frozen=True, slots=True)
class Block:
    """Hold runs of points [first_point, end_point) with replicates [first_replicate, end_replicate)."""

    first_point: int
    end_point: int
    first_replicate: int
    end_replicate: int

    @property
    def cells(self) -> int:
        """Return points times replicates."""
        return (self.end_point - self.first_point) * (self.end_replicate - self.first_replicate)


@dataclass(frozen=True, slots=True)
class Run:
    """Name one run: its number, its point, its arm's index and its replicate."""

    number: int
    point: int
    arm: int
    replicate: int


@dataclass(frozen=True)
class Plan:
    """Hold everything that the runs of a sweep depend on, and their numbers.

    Runs are numbered block by block; within a block by replicate, then point, then arm. So an unfinished sweep has
    whole replicates of all points, and what is added later does not renumber what is there.
    """

    name: str
    description: str
    arms: Mapping[str, str]  # name -> resolved scenario, YAML, which finds its plugins where they are now
    factors: tuple[Factor, ...]
    outcomes: tuple[NumericOutcome, ...]
    design: Mapping[str, Any]
    seed: int
    random_numbers: str
    blocks: tuple[Block, ...]
    analysis: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    posterior: Posterior | None = None
    per_set: int = 0  # patients who share a parameter set; 0: all have the table's values

    @property
    def n_points(self) -> int:
        """Return how many points the design has."""
        return max(block.end_point for block in self.blocks)

    @property
    def n_replicates(self) -> int:
        """Return how many replicates the best covered point has."""
        return max(block.end_replicate for block in self.blocks)

    @property
    def n_runs(self) -> int:
        """Return how many runs there are in all."""
        return sum(block.cells for block in self.blocks) * len(self.arms)

    @property
    def arm_names(self) -> tuple[str, ...]:
        """Return the names of the arms, in order."""
        return tuple(self.arms)

    @property
    def written_arms(self) -> dict[str, str]:
        """Return the resolved scenarios as the folder holds them, wherever it is."""
        return {arm: with_files(text, portable) for arm, text in self.arms.items()}

    def runs(self) -> Iterator[Run]:
        """Yield every run in the order of its number; nothing is held in memory."""
        number, arms = 0, range(len(self.arms))
        for block in self.blocks:
            for replicate in range(block.first_replicate, block.end_replicate):
                for point in range(block.first_point, block.end_point):
                    for arm in arms:
                        yield Run(number, point, arm, replicate)
                        number += 1

    def patient(self, run: Run) -> int:
        """Return the key of the run's patient: the same at every point, unless numbers are independent."""
        if self.random_numbers == "independent":
            return run.point * _PATIENTS_PER_POINT + run.replicate
        return run.replicate

    def identity(self) -> dict[str, Any]:
        """Return what results depend on; points and replicates that are added later leave it as it is."""
        return {
            "scenarios": self.written_arms,
            "parameters": [_identity(factor) for factor in self.factors],
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
            "design": self.design.get("kind"),
            "seed": self.seed,
            "random_numbers": self.random_numbers,
            **({} if self.posterior is None else {"parameter_sets": [self.posterior.digest(), self.per_set]}),
        }

    def extended(self, *blocks: Block) -> "Plan":
        """Return the plan with more runs."""
        return replace(self, blocks=(*self.blocks, *blocks))

    def to_json(self, files: Mapping[str, Any] | None = None) -> str:
        """Return the text of `plan.json`; `files` says of each file beside it how many bytes it has, and their sha256."""
        whole = {
            "format": _FORMAT, "name": self.name, "description": self.description, "arms": self.written_arms,
            "parameters": [asdict(factor) for factor in self.factors],
            "outcomes": [asdict(outcome) for outcome in self.outcomes], "design": dict(self.design),
            "seed": self.seed, "random_numbers": self.random_numbers, "n_points": self.n_points,
            "n_runs": self.n_runs, "blocks": [asdict(block) for block in self.blocks],
            **({} if self.posterior is None else {"patients_per_set": self.per_set}),
            "analysis": dict(self.analysis), "about": dict(self.about), "files": dict(files or {}),
        }  # fmt: skip
        return sealed_json(whole)

    def save(self, folder: Path) -> None:
        """Write the base scenarios and `plan.json` into the folder, which has the design already."""
        names = [name for name in (DESIGN, SHARES) if (folder / name).exists()]
        if self.posterior is not None:
            names.append(SETS)
            write_file(folder / SETS, self.posterior.as_csv())
        for text in self.arms.values():
            for name, content in copies(parse_scenario(text).plugin).items():
                names.append(f"{SCENARIOS}/{name}")
                write_file(folder / SCENARIOS / name, content)
        for arm, text in self.written_arms.items():
            names.append(f"{SCENARIOS}/{_file_name(arm)}.yaml")
            write_file(folder / names[-1], text)
        files = {name: dict(zip((SEAL, "bytes"), file_digest(folder / name), strict=True)) for name in names}
        sizes = {name: (folder / name).stat().st_size for name in names}
        write_file(folder / CRATE, crate_text({"sweep": self.name, **self.about}, {**sizes, PLAN: None}))
        write_file(folder / PLAN, self.to_json(files))


def load_plan(folder: Path) -> Plan:
    """Return the plan that a folder holds.

    Raises
    ------
    UserError
        Where there is none, or where it or a file beside it (design, scenarios, plugins) is not, to the last bit, what
        was written. Points that a killed `expand` added to the design, but not to the plan, are no damage.
    """
    path = folder / PLAN
    if not path.exists():
        raise UserError("holds no sweep", file=str(folder))
    try:
        text = read_text(path, str(path), _LARGEST)
        data = json.loads(text)
        if data.get("format") in _EARLIER and SEAL not in data:
            raise UserError("was written by an earlier version of the program", file=str(path))
        data = unsealed(text)
        plan = _plan(data, folder)
        known = {name: (file[SEAL], file["bytes"]) for name, file in data["files"].items()}
    except UserError as error:
        if isinstance(error.__context__, UnicodeDecodeError):  # a bit flipped in a letter
            raise _damaged(path) from None
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _damaged(path) from None
    for name, was in known.items():
        # what stands behind the design's points of this plan is not read
        size = was[1] if name in (DESIGN, SHARES) else None
        if file_digest(folder / name, size) != was:
            raise _damaged(folder / name)
    return plan


def _damaged(path: Path) -> UserError:
    message = "is not what was written (damaged or changed); bring back a copy of it, or run the sweep into another folder"
    return UserError(message, file=str(path))


def _plan(data: Mapping[str, Any], folder: Path) -> Plan:
    place, per_set = (folder / SCENARIOS).resolve(), int(data.get("patients_per_set", 0))
    return Plan(
        name=data["name"], description=data["description"],
        arms={arm: with_files(text, place.joinpath) for arm, text in data["arms"].items()},
        factors=tuple(_factor(entry) for entry in data["parameters"]),
        outcomes=tuple(NumericOutcome(**entry) for entry in data["outcomes"]), design=data["design"], seed=data["seed"],
        random_numbers=data["random_numbers"], blocks=tuple(Block(**entry) for entry in data["blocks"]),
        analysis=data["analysis"], about=data["about"], per_set=per_set,
        posterior=load_posterior(folder / SETS) if per_set else None,
    )  # fmt: skip


def _factor(entry: Mapping[str, Any]) -> Factor:
    data = dict(entry)
    for name in ("paths", "levels", "arms"):
        data[name] = tuple(data[name])
    for name in ("low", "high"):
        data[name] = data[name] or 0.0
    if data["distribution"] is not None:
        data["distribution"] = _distribution(data["distribution"])
    return Factor(**data)


def _distribution(entry: Mapping[str, Any]) -> Distribution:
    drawn = dict(entry)
    for name in ("values", "weights"):
        drawn[name] = tuple(drawn[name])
    for name, limit in (("low", -math.inf), ("high", math.inf)):
        drawn[name] = limit if drawn[name] is None else drawn[name]
    drawn["parts"] = tuple(_distribution(part) for part in drawn.get("parts", ()))
    return Distribution(**drawn)


def _identity(factor: Factor) -> dict[str, Any]:
    return {"name": factor.name, "paths": factor.paths, "mode": factor.mode, "reference": factor.reference}


def _file_name(arm: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in arm)
