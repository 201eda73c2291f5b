"""Compare two resolutions outcome by outcome, as docs/performance.md does.

`python benchmarks/convergence.py [PATIENTS [ROWS:STEP ROWS:STEP]]`: patients of the standard cohort live in four arms at both
resolutions, by default 8 x 8 and 12 x 12 niches at 6 h. An outcome differs where its paired mean, or the share in which it
happened, is beyond two standard errors; by chance one comparison in twenty is. How many agents there are is no outcome.
"""

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
    told = []
    for life in simulate(scenarios, seed=1, patient=patient):
        found = life.outcomes()
        told.append({name: _number(found.get(name)) for name in COMPARED})
    return told


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


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    resolutions = sys.argv[2:4] if len(sys.argv) > 3 else ["8:6 h", "12:6 h"]
    with ProcessPoolExecutor() as pool:
        one, other = (
            list(pool.map(partial(lives, resolution), range(patients), chunksize=4)) for resolution in resolutions
        )  # fmt: skip
    found = sorted(far(one, other), key=lambda row: -row[2])
    beyond = [row for row in found if row[2] > 2.0]
    print(
        f"{resolutions[0]} against {resolutions[1]}, {patients} patients: {len(beyond)} of {len(found)} comparisons beyond 2 SE"
    )
    for name, gap, errors in found[:8]:
        print(f"  {name}: {gap:+.3g} ({errors:.1f} SE)")


if __name__ == "__main__":
    main()
