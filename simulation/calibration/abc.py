"""Approximate Bayesian computation: a saved design, rejection, then rounds of further candidates.

The design is a Sobol sequence over the ranges, and rounds are sequential Monte Carlo (SMC). Where the fit has a screening, the
design is spread over what that leaves of the ranges, and each round over a tenth (`narrow`) of it, told by surfaces that know all
that was simulated so far: proposals from twice a covariance, in sixteen dimensions, fall beside a bent ridge.

Every evaluation is one line of `evaluations.jsonl`, flushed to the disk in the order of their numbers, and its point is a
function of the seed and of the stages before it: a fit that was killed goes on where it stood, and the number of processes
changes nothing. Each line holds the digest of all lines up to it, `fit.json` its own and that of the design.
Candidates of one block are judged hopeless by what was known when the block began.
Candidates meet the same patients with the same random numbers, so their differences are the candidates'.
Sampler: Toni et al. 2009, J R Soc Interface 6:187 (ABC-SMC); kernel: Beaumont 2009 (twice the weighted covariance).
Particles of all rounds are kept together, the best ones, because a simulation is too dear to be thrown away.
"""

import json
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from simulation.calibration.estimate import Statistic
from simulation.calibration.experiments import Simulator
from simulation.calibration.problem import Problem
from simulation.calibration.region import Region, region_of, smallest_share
from simulation.calibration.settings import Candidate
from simulation.calibration.targets import LARGEST_Z
from simulation.errors import OtherScenario, UserError
from simulation.files.atomic import append_line, write_file
from simulation.files.seals import SEAL, file_digest, sealed_json, sealed_line, unsealed, unsealed_line
from simulation.files.tables import csv_text, plain
from simulation.pool import Pool, Task

__all__ = [
    "IDENTITY",
    "LOG",
    "SCREEN",
    "Evaluation",
    "Fit",
    "SimulatorLike",
    "distance_of",
    "do",
    "evaluate",
    "screening_of",
    "tempered",
]

type Floats = npt.NDArray[np.float64]
_BLOCK: Final = 16  # candidates that are simulated side by side at most
LOG: Final = "evaluations.jsonl"
IDENTITY: Final = "fit.json"
SCREEN: Final = "screen"
_DESIGN: Final = "design.csv"
_BRING_BACK: Final = "bring back a copy of it, or begin the fit in a new folder"


@dataclass(frozen=True)
class Evaluation:
    """Hold one candidate: `stage` 0 is the design, 1.. the rounds of SMC."""

    index: int
    stage: int
    point: tuple[float, ...]  # of the unit cube
    distance: float
    statistics: dict[
        str, dict[str, float | None]
    ]  # target id -> value, point, se, n; of a rejected one not all
    seconds: float = 0.0


class SimulatorLike(Protocol):
    """Give the statistics of an experiment for a candidate: the simulator, or what stands in for it."""

    def statistics(self, experiment: str, candidate: Candidate | None = None) -> Mapping[str, Statistic]:
        """Return an experiment's statistics by name."""
        ...


def evaluate(
    problem: Problem, simulator: SimulatorLike, point: Floats, enough: float = math.inf
) -> tuple[float, dict[str, dict[str, float | None]]]:
    """Return the distance of a candidate, and its statistics by target id.

    When the experiments done so far make the distance larger than `enough`, the others are left out: the
    candidate is rejected whatever they say. Its distance is then a lower bound.
    """
    candidate, reached = problem.candidate(point), dict[str, Statistic]()
    for name in problem.experiments:
        statistics = simulator.statistics(name, candidate)
        reached |= {
            target.id: statistics[target.name] for target in problem.targets if target.experiment == name
        }
        if distance_of(problem, reached) > enough:
            break
    return distance_of(problem, reached), {name: _plain(statistics) for name, statistics in reached.items()}


def distance_of(problem: Problem, statistics: Mapping[str, Statistic]) -> float:
    """Return the weighted distance of statistics, by target id, from the observations; a lower bound where some are missing."""
    total, whole = 0.0, sum(problem.weights.values())
    for target in problem.targets:
        if target.id in statistics:
            z = min(abs(target.misfit(statistics[target.id])), LARGEST_Z)
            total += problem.weights[target.id] * z * z
    return math.sqrt(total / whole)


def do(runs: tuple[tuple[Problem, tuple[float, ...], float], ...]) -> list[tuple[float, Any, float]]:
    """Evaluate candidates of a problem, in a process of its own or in this: (problem, point, enough) each.

    Returns distance, statistics and seconds. Candidates that differ only in what is read from kept rows share their patients.
    """
    global _last
    answers = []
    for problem, point, enough in runs:
        if _last is None or _last[0] != problem:
            _last = (
                problem,
                Simulator(
                    problem.seed,
                    problem.patients,
                    problem.fidelity,
                    first_patient=problem.first_patient,
                    plugins=problem.plugins,
                    structure=problem.structure,
                ),
            )
        started = time.perf_counter()
        distance, statistics = evaluate(problem, _last[1], np.array(point), enough)
        answers.append((distance, statistics, round(time.perf_counter() - started, 2)))
    return answers


_last: tuple[Problem, Simulator] | None = None  # what this process has simulated last


def _plain(statistic: Statistic) -> dict[str, float | None]:
    """Return a statistic for the record; what is not known is null there."""
    numbers = {
        "value": statistic.value,
        "point": statistic.point,
        "se": statistic.se,
        "n": float(statistic.n),
    }
    return {name: number if math.isfinite(number) else None for name, number in numbers.items()}


def screening_of(problem: Problem, folder: Path) -> "Fit":
    """Return the screening that comes before a fit, as a fit in a folder of its own; raises `ValueError` where there is none."""
    return Fit(problem.screening(), folder / SCREEN)


class Fit:
    """Run a fit in a folder; resume what is there.

    Parameters
    ----------
    problem
        The fit file.
    folder
        Where the design and the evaluations are kept; it must hold this fit or nothing.
    screening
        What a screening has left, complete; read from its own folder where it is not given.
    """

    def __init__(self, problem: Problem, folder: Path, screening: "Fit | None" = None) -> None:
        self.problem, self.folder, self._screening = problem, folder, screening
        self._particles: dict[int, tuple[int, tuple[Floats, Floats, Floats]]] = {}
        self._regions: dict[int, Region] = {}
        self._rounds: dict[int, Floats] = {}
        self.done: list[Evaluation] = []
        folder.mkdir(parents=True, exist_ok=True)
        self._claim()
        self.design = self._design()
        self._line = ""  # the last one of the log
        self.done.extend(self._read())

    @classmethod
    def stored(cls, problem: Problem, folder: Path) -> "Fit":
        """Return what a fit of these parameters and targets has left in a folder, by whatever model; nothing is added to it.

        Raises
        ------
        UserError
            Where the folder holds no fit, one of other parameters, ranges or targets, or a damaged one.
        """
        identity, own = _sealed(folder / IDENTITY)["identity"], plain(problem.identity())
        if identity["free"] != own["free"] or list(identity["targets"]) != list(own["targets"]):
            message = "holds a fit of other parameters, ranges or targets"
            raise OtherScenario(message, file=str(folder), expected="the folder of a fit of this file")
        fit = cls.__new__(cls)
        fit.problem, fit.folder, fit._line, fit._screening = problem, folder, "", None
        fit._particles, fit._regions, fit._rounds = {}, {}, {}
        fit.done = list(fit._read())
        return fit

    def region(self, stage: int = 0) -> Region | None:
        """Return what a stage is drawn from: for the design what the screening leaves, for a round what all before it leave.

        None without a screening; raises `ValueError` while that is not complete.
        """
        screen = self.problem.screen
        if screen is not None and stage not in self._regions:
            known = [*self._screened(), *(one for one in self.done if one.stage < stage)]
            leave = max(screen.leave * screen.narrow**stage, smallest_share(self._drawn_in(stage)))
            self._regions[stage] = region_of(
                self.problem.targets, self.problem.weights, np.array([one.point for one in known]),
                [one.statistics for one in known], leave, self.problem.seed + stage,
            )  # fmt: skip
        return self._regions.get(stage)

    def _screened(self) -> "list[Evaluation]":
        if self._screening is None:
            self._screening = Fit.stored(self.problem.screening(), self.folder / SCREEN)
        if len(self._screening.done) < self._screening.total:
            raise ValueError("the screening comes first")
        return self._screening.done

    def _drawn_in(self, stage: int) -> int:
        return self.problem.effort.particles if stage else self.problem.effort.design

    @property
    def total(self) -> int:
        """Return how many evaluations the fit will have made when it is done."""
        effort = self.problem.effort
        return effort.design + effort.rounds * effort.particles

    def run(
        self,
        pool: Pool,
        on_progress: Callable[[Evaluation], None] = lambda evaluation: None,
        work: Callable[[Any], Any] = do,
    ) -> None:
        """Make what is missing; raises `KeyboardInterrupt` when the pool was asked to stop. Every evaluation made is kept."""
        while (first := len(self.done)) < self.total:
            block = range(self._first_of_block(first), self._last_of_block(first))
            enough = self.enough(block.start)
            points = {index: self.proposal(index) for index in range(first, block.stop)}
            tasks = (
                Task(((self.problem.met_by(index), tuple(map(float, point)), enough),))
                for index, (_, point) in points.items()
            )
            numbers = {tuple(map(float, point)): index for index, (_, point) in points.items()}
            evaluations: dict[int, Evaluation] = {}
            for result in pool.run(work, tasks):
                point = result.task.runs[0][1]
                index, ((distance, statistics, seconds),) = numbers[point], result.wanted()
                evaluations[index] = Evaluation(index, points[index][0], point, distance, statistics, seconds)
                while len(self.done) in evaluations:
                    self.append(evaluations[len(self.done)])
                    on_progress(self.done[-1])
            if len(self.done) < block.stop:
                raise KeyboardInterrupt

    def stage_at(self, index: int) -> range:
        """Return the evaluations of the stage to which one belongs."""
        effort, begin = self.problem.effort, self._stage_begin(index)
        return range(begin, effort.design if index < effort.design else begin + effort.particles)

    def _stage_begin(self, index: int) -> int:
        """Return the first evaluation of the stage to which one belongs."""
        effort = self.problem.effort
        if index < effort.design:
            return 0
        return effort.design + (index - effort.design) // effort.particles * effort.particles

    def _first_of_block(self, index: int) -> int:
        begin = self._stage_begin(index)
        return begin + (index - begin) // _BLOCK * _BLOCK

    def _last_of_block(self, index: int) -> int:
        return min(self._first_of_block(index) + _BLOCK, self.stage_at(index).stop)

    def enough(self, before: int) -> float:
        """Return the distance beyond which a candidate will not be kept, from the evaluations before one."""
        best = sorted(e.distance for e in self.done[:before])[: self.problem.effort.keep]
        return best[-1] if len(best) == self.problem.effort.keep else math.inf

    def proposal(self, index: int) -> tuple[int, Floats]:
        """Return the stage and the point of an evaluation; it depends on earlier stages only."""
        effort = self.problem.effort
        if index < effort.design:
            return 0, self.design[index]
        stage, k = divmod(index - effort.design, effort.particles)
        if (region := self.region(stage + 1)) is not None:
            if stage + 1 not in self._rounds:
                self._rounds[stage + 1] = region.draw(effort.particles, self.problem.seed + stage + 1)
            return stage + 1, self._rounds[stage + 1][k]
        points, weights, kernel = self.particles(stage)
        rng = np.random.default_rng([self.problem.seed, stage, k])
        root = np.linalg.cholesky(kernel)
        while True:  # uniform prior: a proposal outside the ranges has no probability
            start = points[rng.choice(len(points), p=weights)]
            point = start + root @ rng.standard_normal(start.size)
            if np.all((point > 0) & (point < 1)):
                return stage + 1, point

    def particles(self, stage: int) -> tuple[Floats, Floats, Floats]:
        """Return the best evaluations up to a stage: points, weights, and the kernel's covariance.

        The tolerance is the distance of the last one kept. The prior is uniform; a particle's weight is the
        inverse of the density of all proposals up to that stage together (deterministic mixture, Owen and Zhou
        2000), tempered until at least half of the particles count (Koblents and Miguez 2015, Stat Comput 25:407):
        in ten dimensions a few dozen particles would otherwise be one.
        """
        seen = [e for e in self.done if e.stage <= stage]
        if self._particles.get(stage, (0,))[0] != len(seen):  # every proposal of the next round asks
            kept = sorted(seen, key=lambda e: (e.distance, e.index))[: self.problem.effort.keep]
            points = np.array([e.point for e in kept])
            weights = self.weights_of(points, stage)
            self._particles[stage] = len(seen), (points, weights, _kernel(points, weights))
        return self._particles[stage][1]

    def weights_of(self, points: Floats, stage: int) -> Floats:
        """Return the weights of points that were proposed up to a stage, shape (n_points,)."""
        return tempered(-np.log(self._density(points, stage)))

    def _density(self, points: Floats, stage: int) -> Floats:
        """Return the density of the proposals of all stages up to one, together, shape (n_points,)."""
        counts = self.evaluations_by_stage()  # the last round may have been cut
        total = np.zeros(len(points))
        for earlier in range(stage + 1):
            region = self.region(earlier)
            if region is not None:
                total += counts[earlier] * region.density(points)
            elif earlier == 0:
                total += counts[0]
            else:
                total += counts[earlier] * self._kernel_density(points, earlier)
        return np.asarray(total / sum(counts[: stage + 1]), float)

    def _kernel_density(self, points: Floats, stage: int) -> Floats:
        """Return the density of a round's proposals without a screening, shape (n_points,)."""
        centres, weights, kernel = self.particles(stage - 1)
        gap = points[:, None, :] - centres[None, :, :]
        exponent = -0.5 * np.einsum("pci,ij,pcj->pc", gap, np.linalg.inv(kernel), gap)
        norm = math.sqrt((2 * math.pi) ** points.shape[1] * float(np.linalg.det(kernel)))
        return np.asarray(np.exp(exponent) @ weights / norm, float)

    def evaluations_by_stage(self) -> list[int]:
        """Return how many evaluations of the design and of every round were made."""
        stages = [evaluation.stage for evaluation in self.done]
        return [stages.count(stage) for stage in range(max(stages, default=0) + 1)]

    def posterior(self) -> tuple[Floats, Floats, list[Evaluation]]:
        """Return points, weights and evaluations of the particles kept in the end, best first."""
        last = max((e.stage for e in self.done), default=0)
        points, weights, _ = self.particles(last)
        kept = sorted(self.done, key=lambda e: (e.distance, e.index))[: len(points)]
        return points, weights, kept

    # The folder -----------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Make the folder this fit's, or see that it is; the design is drawn once (other versions of SciPy may draw another)."""
        identity, free = self.problem.identity(), self.problem.free
        file, design = self.folder / IDENTITY, self.folder / _DESIGN
        if file.exists():
            if _sealed(file)["identity"] != plain(identity):
                message = "it holds another fit (other targets, ranges, patients or model)"
                raise OtherScenario(message, file=str(self.folder), expected="a new folder")
            return
        if (self.folder / LOG).exists():
            raise OtherScenario(f"{IDENTITY} is missing", file=str(self.folder), expected="a new folder")
        points = self._drawn()
        write_file(design, csv_text([one.name for one in free], points))
        write_file(file, sealed_json({"identity": identity, _DESIGN: file_digest(design)[0]}))

    def _drawn(self) -> Floats:
        n, seed = self.problem.effort.design, self.problem.seed
        if (region := self.region()) is not None:
            return region.draw(n, seed)
        with (
            warnings.catch_warnings()
        ):  # a design that is no power of two is less even, which a file may want
            warnings.simplefilter("ignore", UserWarning)
            sampler = qmc.Sobol(len(self.problem.free), scramble=True, rng=np.random.default_rng(seed))
            return np.asarray(sampler.random(n), float)

    def _design(self) -> Floats:
        file = self.folder / _DESIGN
        if file_digest(file)[0] != _sealed(self.folder / IDENTITY)[_DESIGN]:
            raise UserError(f"is damaged; {_BRING_BACK}", file=str(file))
        rows = file.read_text(encoding="utf-8").splitlines()[1:]
        return np.array([[float(u) for u in row.split(",")] for row in rows])

    def _read(self) -> Iterator[Evaluation]:
        """Yield what was done; the half line of a killed process, which nothing follows, is cut off."""
        file = self.folder / LOG
        if not file.exists():
            return
        *lines, half = file.read_bytes().split(b"\n")
        for number, line in enumerate(lines, 1):
            try:
                evaluation = Evaluation(**unsealed_line(line.decode(), self._line))
            except (ValueError, RecursionError):
                message = "is damaged; delete this line and all after it, and give the same command again, which makes them anew"
                raise UserError(message, file=str(file), line=number) from None
            self._line = line.decode()
            yield replace(evaluation, point=tuple(evaluation.point))
        if half:
            with file.open("r+b") as stream:
                stream.truncate(stream.seek(0, os.SEEK_END) - len(half))

    def append(self, evaluation: Evaluation) -> None:
        """Write the next evaluation into the log."""
        self._line = sealed_line(evaluation.__dict__, self._line)
        append_line(self.folder / LOG, self._line)
        self.done.append(evaluation)


def _sealed(file: Path) -> dict[str, Any]:
    """Return what the fit's own description says."""
    try:
        text = file.read_bytes().decode()
        if {"identity", SEAL}.isdisjoint(json.loads(text)):
            message = "holds a fit of an earlier version of the program"
            raise OtherScenario(message, file=str(file.parent), expected="a new folder")
        return unsealed(text)
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", file=str(file)) from None
    except (ValueError, TypeError, RecursionError):
        raise UserError(f"is damaged; {_BRING_BACK}", file=str(file)) from None


def tempered(log_weights: Floats) -> Floats:
    """Return normalised weights, raised to the largest power up to 1 that leaves half of them effective."""
    for power in (*np.linspace(1.0, 0.02, 50), 0.0):
        weights = np.exp(power * (log_weights - log_weights.max()))
        weights /= weights.sum()
        if 1.0 / np.sum(weights**2) >= 0.5 * weights.size:
            break
    return np.asarray(weights, float)


def _kernel(points: Floats, weights: Floats) -> Floats:
    """Return twice the weighted covariance, never singular, shape (n_free, n_free)."""
    centre = weights @ points
    gap = points - centre
    covariance = 2.0 * (gap * weights[:, None]).T @ gap
    return np.asarray(covariance + 1e-4 * np.eye(points.shape[1]), float)
