"""A fit on a job array: within a stage candidates do not depend on each other, so each job evaluates its part of one stage.

A job reads what all parts hold, finds the first stage that is not complete, and evaluates its own candidates of it into a
file of its own. When the array is through, the same array does the next stage; in the end `calibrate` takes up what the
parts hold and writes the record. Jobs judge candidates hopeless by the stages before, not by their neighbours: they may
say more of a candidate that is not kept, and keep the same ones as a fit on one machine.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from simulation.calibration.abc import Evaluation, Fit, do, screening_of
from simulation.calibration.problem import Problem
from simulation.errors import OtherScenario, UserError
from simulation.files.atomic import write_file
from simulation.files.seals import sealed_json, unsealed
from simulation.files.tables import plain
from simulation.pool import Pool, Task
from simulation.store import Shard, parts_of

__all__ = ["PART", "next_fit", "next_fit_of_parts", "run_part", "take_up"]

PART: Final = "part.json"


def next_fit(problem: Problem, folder: Path) -> Fit:
    """Return what comes next, the screening until it is complete and then the fit, with what parts hold taken up."""
    if problem.screen is not None:
        screening = screening_of(problem, folder)
        take_up(screening)
        if len(screening.done) < screening.total:
            return screening
    fit = Fit(problem, folder)
    take_up(fit)
    return fit


def next_fit_of_parts(problem: Problem, folder: Path) -> Fit:
    """Return the same for one part of many: nothing is written into a log that others may be writing, too."""
    if problem.screen is None:
        return Fit(problem, folder)
    screening = screening_of(problem, folder)
    _remember(screening)
    return Fit(problem, folder, screening) if len(screening.done) == screening.total else screening


def take_up(fit: Fit) -> int:
    """Write into the fit's log the evaluations that come next and that parts hold; return how many those were."""
    known, before = _known(fit), len(fit.done)
    while len(fit.done) in known:
        fit.append(known[len(fit.done)])
    return len(fit.done) - before


def run_part(
    fit: Fit,
    pool: Pool,
    shard: Shard,
    on_progress: Callable[[int, int], None] = lambda done, wanted: None,
    work: Callable[[Any], Any] = do,
) -> tuple[int, int, int]:
    """Evaluate this part of the first stage that is not complete; return the stage, and how much of it is done, of how much.

    `tell` gets how many of the part's own candidates are done, and how many they are.

    Raises
    ------
    KeyboardInterrupt
        Where the pool was asked to stop; what was evaluated is kept.
    """
    known = _remember(fit)
    if len(fit.done) == fit.total:
        return fit.problem.effort.rounds, fit.total, fit.total
    stage = fit.stage_at(len(fit.done))
    mine = [
        index for index in stage if index % shard.of == shard.index - 1
    ]  # a stage is small: in equal parts
    left = [index for index in mine if index >= len(fit.done) and index not in known]
    points = {tuple(map(float, fit.proposal(index)[1])): index for index in left}
    number, enough = fit.proposal(stage.start)[0], fit.enough(stage.start)
    own = _read(fit, _file(fit, shard))
    for result in pool.run(
        work, (Task(((fit.problem.met_by(index), point, enough),)) for point, index in points.items())
    ):
        point = result.task.runs[0][1]
        ((distance, statistics, seconds),) = result.wanted()
        evaluation = Evaluation(points[point], number, point, distance, statistics, seconds)
        known[evaluation.index] = own[evaluation.index] = evaluation
        _write(fit, shard, own)
        on_progress(sum(1 for index in mine if index in known), len(mine))
    if any(index not in known for index in left):
        raise KeyboardInterrupt
    return number, sum(1 for index in stage if index < len(fit.done) or index in known), len(stage)


def _remember(fit: Fit) -> dict[int, Evaluation]:
    """Let the fit go on from what parts hold, and return that; the log is written by the one who takes up the parts."""
    known = _known(fit)
    while len(fit.done) in known:
        fit.done.append(known[len(fit.done)])
    return known


def _known(fit: Fit) -> dict[int, Evaluation]:
    """Return what all parts hold, whatever number of parts they were of."""
    known: dict[int, Evaluation] = {}
    for file in parts_of(fit.folder / PART).values():
        known |= _read(fit, file)
    return known


def _file(fit: Fit, shard: Shard) -> Path:
    return fit.folder / f"{shard.named(Path(PART).stem)}{Path(PART).suffix}"


def _read(fit: Fit, file: Path) -> dict[int, Evaluation]:
    try:
        stored = unsealed(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        raise UserError(
            "is damaged; remove it, and its candidates are evaluated again", file=str(file)
        ) from None
    if stored["identity"] != _identity(fit):
        raise OtherScenario("is a part of another fit", file=str(file), expected="a new folder")
    evaluations = (Evaluation(**one | {"point": tuple(one["point"])}) for one in stored["evaluations"])
    return {one.index: one for one in evaluations}


def _write(fit: Fit, shard: Shard, own: dict[int, Evaluation]) -> None:
    evaluations = [plain(asdict(own[index])) for index in sorted(own)]
    write_file(_file(fit, shard), sealed_json({"identity": _identity(fit), "evaluations": evaluations}))


def _identity(fit: Fit) -> Any:
    """Return what evaluations depend on, as JSON gives it back."""
    return json.loads(json.dumps(plain(fit.problem.identity())))
