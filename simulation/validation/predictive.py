"""Every target and every fact under the sets of a posterior: what a study would find, whichever set is true.

A target's predictive interval is that of one more study of the same size: on the target's scale, the spread between sets
(without what so few virtual patients add) and the observation's own error; that few sets tell the spread badly is in it. The
observed value should lie inside in 95 of 100 targets. Facts have no observed number: for each it is told under how many sets
it holds, with the lowest and the highest value of what it measures.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr

from simulation.calibration.estimate import back
from simulation.calibration.experiments import Simulator
from simulation.calibration.targets import Target, load_targets
from simulation.errors import OtherScenario, UserError
from simulation.files.atomic import write_file
from simulation.files.seals import sealed_json, unsealed
from simulation.files.tables import plain
from simulation.pool import Task, few_workers
from simulation.posterior import ParameterSet, Posterior, in_force
from simulation.statistics.proportions import wilson
from simulation.validation import facts_transplant, observed
from simulation.validation.check import Effort
from simulation.validation.parts import identity_of
from simulation.validation.patients import FIDELITY
from simulation.validation.run import checks, one_check

__all__ = ["PARTS", "Claim", "PredictedTarget", "Prediction", "do", "predict", "predicted", "sets_of"]

PARTS: Final = ("targets", "facts", "source")  # theory knows no parameter that a set moves
KEPT: Final = "predictive_runs.json"
_FRESH: Final = 10_000  # other patients under every set
_PLACES: Final = (np.arange(400) + 0.5) / 400
type Floats = npt.NDArray[np.float64]
type Run = tuple[str, int, ParameterSet, Effort]
type Answer = dict[str, Any]


@dataclass(frozen=True)
class PredictedTarget:
    """Hold a target's predictive interval in its own unit; NaN where no set lets anybody be measured.

    `between` and `own` are standard deviations on the target's scale: between sets, and of the observation.
    """

    target: Target
    median: float
    low: float
    high: float
    between: float
    own: float
    sets: int

    @property
    def inside(self) -> bool:
        """Return whether the observed value lies in the interval."""
        return self.low <= self.target.observed <= self.high


@dataclass(frozen=True)
class Claim:
    """Hold what came of a fact: under how many sets it holds, is unclear or fails, and what it measured at both ends."""

    id: str
    part: str
    claim: str
    expected: str
    holds: int
    unclear: int
    fails: int
    errors: int
    measured: tuple[tuple[str, str, float, float, float], ...]  # name, unit, lowest, median, highest


@dataclass(frozen=True)
class Prediction:
    """Hold the page: targets and facts, under how many sets; `stopped` where something is missing."""

    targets: tuple[PredictedTarget, ...]
    facts: tuple[Claim, ...]
    sets: int
    stopped: bool = False

    def coverage(self, use: str | None = None) -> tuple[int, int, float, float]:
        """Return how many observed values lie inside, of how many (of one `use`), and Wilson's interval of the share."""
        chosen = [p for p in self.targets if use is None or p.target.use == use]
        inside = sum(p.inside for p in chosen)
        share = wilson(inside, len(chosen))
        nan = math.nan
        return (
            inside,
            len(chosen),
            nan if share.low is None else share.low,
            nan if share.high is None else share.high,
        )


def sets_of(posterior: Posterior, sets: int, seed: int) -> tuple[int, ...]:
    """Return the numbers of the sets that are taken, evenly by weight as for blocks of patients; each once."""
    return tuple(dict.fromkeys(posterior.drawn(seed, block) for block in range(sets)))


def do(runs: tuple[Run, ...]) -> list[Answer]:
    """Do checks under sets: (id of the check, number of the set, the set, effort) each."""
    answers: list[Answer] = []
    for key, k, chosen, effort in runs:
        (check,) = (one for one in checks(PARTS) if one.id == key)
        if check.part == "targets":
            answers.append({"targets": _statistics(key.removeprefix("T-"), k, chosen, effort)})
            continue
        facts_transplant.graft_twins.cache_clear()  # of another set
        with in_force(chosen):
            results = list(one_check(check, effort))
        facts_transplant.graft_twins.cache_clear()
        answers.append({"facts": [result.plain() for result in results]})
    return answers


def _statistics(experiment: str, k: int, chosen: ParameterSet, effort: Effort) -> dict[str, list[float]]:
    patients = {experiment: effort.patients(observed.PATIENTS[experiment])}
    simulator = Simulator(effort.seed, patients, FIDELITY, first_patient=k * _FRESH)
    statistics = simulator.statistics(experiment, chosen)
    targets = [t for t in load_targets().values() if t.experiment == experiment and t.use != "not_used"]
    return {t.id: [statistics[t.name].point, statistics[t.name].se] for t in targets}


def predicted(target: Target, points: Sequence[float], errors: Sequence[float]) -> PredictedTarget:
    """Return the predictive interval of a target from its statistic under every set and the Monte-Carlo errors of these."""
    good = np.array(
        [(p, e) for p, e in zip(points, errors, strict=True) if math.isfinite(p) and math.isfinite(e)]
    )
    own, nan, n = math.hypot(target.se, target.tolerance), math.nan, len(good)
    if n < 2:
        return PredictedTarget(target, nan, nan, nan, nan, own, n)
    noise = float((good[:, 1] ** 2).mean())
    seen = float(good[:, 0].var(ddof=1))
    # What the variance may be, as a normal sample of n leaves it open; the mean over so few sets is itself uncertain.
    may_be = seen * (n - 1) / chdtri(n - 1, _PLACES)
    scales = np.sqrt(np.maximum(may_be - noise, 0.0) + may_be / n + own**2)
    middle, half = float(good[:, 0].mean()), _half(scales)
    low, high = (back(middle + side * half, target.scale) for side in (-1, 1))
    return PredictedTarget(
        target, back(middle, target.scale), low, high, math.sqrt(max(seen - noise, 0.0)), own, n
    )


def _half(scales: Floats) -> float:
    """Return half the central 95 % interval of normal distributions of these scales, each as probable."""
    return float(brentq(lambda x: ndtr(x / scales).mean() - 0.975, 0.0, 40.0 * float(scales.max())))


def predict(
    posterior: Posterior, sets: int, effort: Effort, parts: Sequence[str] = PARTS, workers: int = 1, folder: Path | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None, should_stop: Callable[[], bool] = lambda: False,
    *, resume: bool = False,
) -> Prediction:  # fmt: skip
    """Do every check of some parts under so many sets; what is done is kept in `folder`, and taken from there with `resume`.

    Raises
    ------
    OtherScenario
        Where the folder holds runs of other sets, checks, numbers of patients or another model.
    UserError
        Where what it holds is damaged.
    """
    numbers = sets_of(posterior, sets, effort.seed)
    wanted = [(check.id, k) for check in checks(parts) for k in range(len(numbers))]
    identity = identity_of(effort) | {"posterior": posterior.digest(), "numbers": list(numbers)}
    file = None if folder is None else folder / KEPT
    known = _read(file, identity) if file is not None and resume else {}
    left = [key for key in wanted if key not in known]
    tasks = (Task(((key, k, posterior.set(numbers[k]), effort),)) for key, k in left)
    with few_workers(workers, __name__, should_stop) as pool:
        for done in pool.run(do, tasks):
            key, k, *_ = done.task.runs[0]
            known[key, k] = plain(done.wanted()[0])
            if file is not None:
                kept = {f"{key}|{k}": answer for (key, k), answer in sorted(known.items())}
                write_file(file, sealed_json({"identity": identity, "runs": kept}))
            on_progress(sum(1 for one in wanted if one in known), len(wanted))
    stopped = any(key not in known for key in wanted)
    return Prediction(tuple(_targets(known)), tuple(_facts(known, parts)), len(numbers), stopped)


def _read(file: Path, identity: Mapping[str, Any]) -> dict[tuple[str, int], Answer]:
    try:
        stored = unsealed(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        raise UserError("is damaged; remove it, and its checks are done again", file=str(file)) from None
    if stored["identity"] != json.loads(json.dumps(plain(identity))):
        message = "is of other sets, checks, --seed or --quick, or another model"
        raise OtherScenario(message, file=str(file), expected="a new folder")
    split = ((name.rpartition("|"), message) for name, message in stored["runs"].items())
    return {(key, int(k)): message for (key, _, k), message in split}


def _targets(known: Mapping[tuple[str, int], Answer]) -> Iterator[PredictedTarget]:
    by_target: dict[str, list[Sequence[float | None]]] = {}
    for answer in known.values():
        for name, pair in answer.get("targets", {}).items():
            by_target.setdefault(name, []).append(pair)
    for name, target in load_targets().items():
        if name in by_target:
            points, errors = zip(*by_target[name], strict=True)
            yield predicted(target, [_number(p) for p in points], [_number(e) for e in errors])


def _number(number: float | None) -> float:
    return math.nan if number is None else number


def _facts(known: Mapping[tuple[str, int], Answer], parts: Sequence[str]) -> Iterator[Claim]:
    for check in checks(parts):
        rows = [
            row for (key, _), answer in known.items() if key == check.id for row in answer.get("facts", ())
        ]
        if not rows:
            continue
        counts = [row["status"] for row in rows]
        values: dict[tuple[str, str], list[float]] = {}
        for row in rows:
            for one in row["measured"]:
                if one["value"] is not None:
                    values.setdefault((one["name"], one["unit"]), []).append(float(one["value"]))
        measured = tuple(
            (name, unit, min(some), float(np.median(some)), max(some))
            for (name, unit), some in values.items()
        )
        yield Claim(
            check.id, check.part, check.claim, check.expected, counts.count("pass"), counts.count("unclear"),
            counts.count("fail"), counts.count("error"), measured,
        )  # fmt: skip
