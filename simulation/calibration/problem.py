"""What a fit is: which parameters may move, within which ranges, towards which targets, with which effort."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, cast

import numpy as np

from simulation.blocks.fields import Block, Whole
from simulation.calibration.experiments import Fidelity
from simulation.calibration.settings import Candidate, load_settings
from simulation.calibration.targets import Target
from simulation.posterior import AS_SHIPPED, Structure
from simulation.posterior.sets import SHARE, SPREAD, bare_name
from simulation.provenance import model_sha256
from simulation.scenario.plugins import Plugin

__all__ = ["Effort", "FreeDimension", "Problem", "Screen"]

_SCREENED: Final = 1_000_000  # numbers of patients whom only screened candidates meet


@dataclass(frozen=True)
class FreeDimension:
    """Hold one free dimension: a parameter of the table, its spread (sigma) or share (of a mixture) between patients."""

    name: str
    low: float
    high: float
    log: bool
    reason: str = ""  # why it may leave the table's range

    @property
    def parameter(self) -> str:
        """Return the table's name."""
        return bare_name(self.name)

    @property
    def of_patients(self) -> bool:
        """Return whether it says how patients differ, not where they lie."""
        return self.name.startswith((SPREAD, SHARE))

    def at(self, u: float) -> float:
        """Return the value at a point of the unit interval."""
        if self.log:
            return float(math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low))))
        return float(self.low + u * (self.high - self.low))

    def place(self, value: float) -> float:
        """Return where in the unit interval a value lies."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


class Effort(Block):
    """Say how much is simulated: the Sobol design, the best kept of it, rounds of SMC, particles per round."""

    design: Annotated[int, Whole(1, 1_000_000)] = 128
    keep: Annotated[int, Whole(1, 1_000_000)] = 32
    rounds: Annotated[int, Whole(0, 1_000)] = 3
    particles: Annotated[int, Whole(1, 1_000_000)] = 32
    finalists: Annotated[int, Whole(1, 1_000)] = 5
    # finalists are simulated with so many times the patients, other ones
    confirm: Annotated[int, Whole(1, 1_000)] = 3


@dataclass(frozen=True)
class Screen:
    """Hold how the ranges are screened before the fit: so many candidates with few patients each, and the share that is left."""

    candidates: int
    patients: Mapping[str, int]  # of every candidate its own
    leave: float
    narrow: float = 0.1  # the share of it that each round leaves of what was left before


@dataclass(frozen=True)
class Problem:
    """Hold a fit file, checked."""

    name: str
    description: str
    seed: int
    free: tuple[FreeDimension, ...]
    given: Candidate  # what is in force and the fit does not move
    targets: tuple[Target, ...]
    weights: Mapping[str, float]
    patients: Mapping[str, int]
    fidelity: Fidelity
    effort: Effort
    structure: Structure = AS_SHIPPED
    plugins: tuple[Plugin, ...] = ()  # in force in every patient and well; their parameters are not fitted
    screen: Screen | None = None
    first_patient: int = 0
    own_patients: bool = False  # every candidate meets patients of its own, as in a screening

    @property
    def experiments(self) -> tuple[str, ...]:
        """Return the experiments to simulate, each once."""
        return tuple(dict.fromkeys(target.experiment for target in self.targets))

    def candidate(self, point: np.ndarray) -> Candidate:
        """Return the candidate at a point of the unit cube, shape (n_free,)."""
        tried = Candidate(dict(self.given.values), dict(self.given.spreads), dict(self.given.shares))
        kinds = {SPREAD: tried.spreads, SHARE: tried.shares}
        for free, u in zip(self.free, point, strict=True):
            into = next(
                (kind for prefix, kind in kinds.items() if free.name.startswith(prefix)), tried.values
            )
            cast("dict[str, float]", into)[free.parameter] = free.at(float(u))
        return tried

    def point(self, candidate: Candidate) -> np.ndarray:
        """Return the point of the unit cube at which a candidate lies, shape (n_free,)."""
        kinds = {SPREAD: candidate.spreads, SHARE: candidate.shares}
        return np.array(
            [
                free.place(
                    next(
                        (kind for prefix, kind in kinds.items() if free.name.startswith(prefix)),
                        candidate.values,
                    )[free.parameter]
                )
                for free in self.free
            ]
        )

    def screening(self) -> "Problem":
        """Return the screening as a problem of its own: a design over the whole ranges, few patients, no two candidates the same.

        Raises
        ------
        ValueError
            Where the fit has none.
        """
        if self.screen is None:
            raise ValueError("this fit has no screening")
        effort = self.effort.model_copy(
            update={"design": self.screen.candidates, "keep": self.screen.candidates, "rounds": 0}
        )
        return replace(
            self, patients=self.screen.patients, effort=effort, screen=None, own_patients=True, first_patient=_SCREENED
        )  # fmt: skip

    def met_by(self, index: int) -> "Problem":
        """Return the problem with the patients that a candidate meets: its own in a screening, else those that all meet."""
        if not self.own_patients:
            return self
        most = max([*self.patients.values(), *(setting.patients for setting in load_settings().values())])
        return replace(self, first_patient=self.first_patient + index * most)

    def identity(self) -> dict[str, Any]:
        """Return everything on which an evaluation depends, for the record and for resuming."""
        plugins = [[plugin.sha256, plugin.written] for plugin in self.plugins]
        return {
            **({"plugins": plugins} if plugins else {}),
            **({} if self.structure == AS_SHIPPED else {"structure": self.structure.key}),
            **({"own_patients": True} if self.own_patients else {}),
            **({} if self.screen is None else {"screen": self._screened()}),
            "seed": self.seed,
            "free": [[f.name, f.low, f.high, f.log] for f in self.free],
            "given": [
                dict(sorted(part.items()))
                for part in (self.given.values, self.given.spreads, self.given.shares)
            ],
            "targets": {
                t.id: [t.statistic, t.observed, t.low, t.high, self.weights[t.id]] for t in self.targets
            },
            "patients": dict(sorted(self.patients.items())),
            "fidelity": [self.fidelity.side, self.fidelity.time_step, self.fidelity.kinetics_step],
            "model": model_sha256(),
        }

    def _screened(self) -> list[Any]:
        screen = self.screen
        return (
            []
            if screen is None
            else [screen.candidates, dict(sorted(screen.patients.items())), screen.leave, screen.narrow]
        )
