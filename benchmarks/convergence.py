"""Compare resolutions outcome by outcome, as docs/performance.md does.

`python benchmarks/convergence.py [PATIENTS [ROWS:STEP ... ROWS:STEP]] [--keep FOLDER]`: patients of the standard cohort live
in four arms at every resolution, by default 8 x 8 niches at 12 and at 6 h, and each is compared with the last. An outcome
differs where its paired mean, or the share in which it happened, is beyond two standard errors; by chance one comparison in
twenty is. How many agents there are is no outcome. With `--keep`, patients are kept in a folder, a file a resolution: a study
that was stopped goes on there, and resolutions are compared in the patients that both have.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # also where the package is not installed

from simulation.clinic.outcomes import OUTCOMES  # noqa: E402
from simulation.life import simulate  # noqa: E402
from simulation.scenario.load import load_scenario  # noqa: E402

ARMS = ("no_treatment", "preemptive", "therapeutic", "immunosuppressed")
COMPARED = [
    name for name, one in OUTCOMES.items() if one.stored and one.kind != "word" and name != "final_agents"
]
type Lives = list[dict[str, float | None]]  # of one patient: an arm each, outcomes by name


def lives(resolution: str, patient: int) -> Lives:
    """Return the outcomes of a patient in every arm; None where there is none."""
    rows, step = resolution.split(":")
    plan = {"marrow.rows": rows, "marrow.columns": rows, "time_step": step, "marrow_maps": []}
    scenarios = [load_scenario(ROOT / "scenarios" / f"{arm}.yaml", plan, "standard") for arm in ARMS]
    messages = []
    for life in simulate(scenarios, seed=1, patient=patient):
        result = life.outcomes()
        messages.append({name: _number(result.get(name)) for name in COMPARED})
    return messages


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, bool | int | float) and math.isfinite(value) else None


def far(one: Sequence[Lives], other: Sequence[Lives]) -> Iterator[tuple[str, float, float]]:
    """Yield every comparison: what is compared, the difference, and how many standard errors it is."""
    for i, arm in enumerate(ARMS):
        for name in one[0][i]:
            pairs = [(a[i][name], b[i][name]) for a, b in zip(one, other, strict=True)]
            both = [(a, b) for a, b in pairs if a is not None and b is not None]
            if len(both) >= 10:
                yield f"{arm}, {name}", *_paired([a - b for a, b in both])
            there = [float(a is not None) - float(b is not None) for a, b in pairs]
            if any(there) or any(a is None for a, _ in pairs):
                yield f"{arm}, whether there is {name}", *_paired(there)


def _paired(gaps: Sequence[float]) -> tuple[float, float]:
    n, mean = len(gaps), sum(gaps) / len(gaps)
    spread = sum((gap - mean) ** 2 for gap in gaps)
    if spread == 0.0:
        return mean, 0.0 if mean == 0.0 else math.inf
    return mean, abs(mean) / math.sqrt(spread / (n - 1) / n)


def all_lives(pool: ProcessPoolExecutor, resolution: str, patients: int, kept: Path | None) -> list[Lives]:
    """Return the lives of all patients at a resolution; those that a file holds are read from it."""
    results: list[Lives] = []
    if kept is not None and kept.exists():
        results = [json.loads(line) for line in kept.read_text().splitlines()][:patients]
    for new in pool.map(
        partial(lives, resolution), range(len(results), patients), chunksize=1 if kept else 4
    ):
        results.append(new)
        if kept is not None:
            with kept.open("a") as file:
                file.write(json.dumps(new) + "\n")
    return results


def compare(name: str, one: Sequence[Lives], reference: str, other: Sequence[Lives]) -> None:
    """Print how many comparisons lie beyond two standard errors, and the largest."""
    n = min(len(one), len(other))
    result = sorted(far(one[:n], other[:n]), key=lambda row: -row[2])
    beyond = [row for row in result if row[2] > 2.0]
    share = len(beyond) / max(len(result), 1)
    print(
        f"{name} against {reference}, {n} patients: {len(beyond)} of {len(result)} comparisons beyond 2 SE ({share:.1%})"
    )
    for what, gap, errors in result[:8]:
        print(f"  {what}: {gap:+.3g} ({errors:.1f} SE)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("patients", type=int, nargs="?", default=300)
    parser.add_argument("resolutions", nargs="*", metavar="ROWS:STEP")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    resolutions = given.resolutions or ["8:12 h", "8:6 h"]
    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
    record = {}
    with ProcessPoolExecutor() as pool:
        for resolution in resolutions:
            name = resolution.replace(":", "_").replace(" ", "").removesuffix("h")
            kept = None if given.keep is None else given.keep / f"{name}.jsonl"
            record[resolution] = all_lives(pool, resolution, given.patients, kept)
    *others, reference = resolutions
    for resolution in others:
        compare(resolution, record[resolution], reference, record[reference])


if __name__ == "__main__":
    main()
