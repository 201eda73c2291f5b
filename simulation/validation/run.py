"""Run checks, here or in worker processes, and keep what they found."""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from simulation.pool import Task, few_workers
from simulation.validation import facts, facts_transplant, observed, source, theory
from simulation.validation.check import Check, Effort, Finding

__all__ = ["PARTS", "QUICK", "Result", "checks", "one_check", "run_checks"]

PARTS = {
    "theory": "(a) Verification against theory",
    "targets": "(b) Calibration targets side by side",
    "facts": "(c) Stylised facts",
    "source": "(d) Findings of the source paper",
}
QUICK = 0.35  # times the numbers of patients at the checks


@dataclass(frozen=True)
class Result:
    """Hold one line of the report."""

    id: str
    part: str
    claim: str
    expected: str
    source: str
    finding: Finding
    seconds: float

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "id": self.id, "part": self.part, "claim": self.claim, "expected": self.expected, "source": self.source,
            "status": self.finding.status, "measured": [asdict(m) for m in self.finding.measured],
            "note": self.finding.note, "seconds": self.seconds,
        }  # fmt: skip


def checks(parts: Sequence[str] = tuple(PARTS)) -> tuple[Check, ...]:
    """Return the checks of some parts, in the order of the report."""
    known = (*theory.CHECKS, *observed.CHECKS, *facts.CHECKS, *facts_transplant.CHECKS, *source.CHECKS)
    return tuple(check for check in known if check.part in parts)


def do(runs: tuple[tuple[str, Effort], ...]) -> list[Result]:
    """Do some checks by id; an error of one is its result, not the end of the others."""
    known = {check.id: check for check in checks()}
    return [result for key, effort in runs for result in one_check(known[key], effort)]


def one_check(check: Check, effort: Effort) -> Iterator[Result]:
    """Do a check; yield its results, of which targets have several."""
    started = time.perf_counter()
    try:
        rows = (
            [
                (t.id, t.what, _limits(t.low, t.high), t.source, f)
                for t, f in observed.compare(check.id[2:], effort)
            ]
            if check.part == "targets"
            else [(check.id, check.claim, check.expected, check.source, check.run(effort))]
        )
    except Exception as error:
        message = traceback.format_exception_only(error)[-1].strip()
        rows = [(check.id, check.claim, check.expected, check.source, Finding("error", note=message))]
    seconds = round((time.perf_counter() - started) / len(rows), 1)
    for key, claim, expected, origin, finding in rows:
        yield Result(key, check.part, claim, expected, origin, finding, seconds)


def _limits(low: float, high: float) -> str:
    return f"{low:.3g}–{high:.3g}"


def run_checks(
    effort: Effort,
    parts: Sequence[str] = tuple(PARTS),
    workers: int = 1,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
    known: Mapping[str, Sequence[Result]] = MappingProxyType({}),
    chosen: Callable[[str], bool] = lambda key: True,
    keep: Callable[[str, Sequence[Result]], None] = lambda key, results: None,
) -> list[Result]:
    """Run the checks of some parts that are `chosen` by their ids, and return their results in the order of the report.

    `tell` gets the number of checks done and their total, `keep` each check's results as they come; what is `known` is not
    done again. When `should_stop` says yes, what is done is returned.
    """
    wanted = tuple(check for check in checks(parts) if chosen(check.id))
    order = {check.id: i for i, check in enumerate(wanted)}
    slow_first = sorted(
        (check for check in wanted if check.id not in known), key=lambda c: c.part == "theory"
    )
    tasks = (Task(((check.id, effort),)) for check in slow_first)
    placed = [(order[key], result) for key, results in known.items() if key in order for result in results]
    with few_workers(workers, __name__, should_stop) as pool:
        for n, done in enumerate(pool.run(do, tasks), 1 + len(wanted) - len(slow_first)):
            place = order[done.task.runs[0][0]]
            if done.ok:
                placed.extend((place, result) for result in done.value)
                keep(wanted[place].id, done.value)
            else:
                check, why = wanted[place], done.died or repr(done.error)
                lost = Finding("error", note=why)
                placed.append(
                    (
                        place,
                        Result(check.id, check.part, check.claim, check.expected, check.source, lost, 0.0),
                    )
                )
            on_progress(n, len(wanted))
    return [result for _, result in sorted(placed, key=lambda pair: pair[0])]
