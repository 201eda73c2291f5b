"""Calibrate on your data.

Your patients answered so often: which parameter values fit that, and how well are they known then?

The data here are invented: 20 patients with measurable residual disease, 14 of whom became negative. The program imitates
such a study (its setting `mrd`), proposes values, keeps those that come near, and says what the data leave open.

Run it from the project's folder:  python examples/calibrate_on_your_data.py
A fit of that size teaches the way only. Shipped fits, settings and what may be fitted: docs/calibration.md.
"""

import tempfile
from pathlib import Path

from simulation.calibration.abc import Fit
from simulation.calibration.experiments import Fidelity
from simulation.calibration.problem import Effort, FreeDimension, Problem
from simulation.calibration.record import identifiability
from simulation.calibration.settings import Candidate
from simulation.calibration.targets import Target
from simulation.pool import HerePool
from simulation.statistics.proportions import wilson

ANSWERED, OF = 14, 20
EFFORT = Effort(design=8, keep=4, rounds=1, particles=4, finalists=1, confirm=1)


def main(folder: str | None = None, effort: Effort = EFFORT, patients: int = 8) -> None:
    """Fit two parameters to the share, and print what the data say of them."""
    share = wilson(ANSWERED, OF)
    mine = Target(
        "MINE", "share of patients with MRD who become negative", "fit", "invented, for this example",
        "mrd.undetected", "linear", OF, ANSWERED / OF, share.low or 0.0, share.high or 1.0,
    )  # fmt: skip
    problem = Problem(
        "My patients", "", 1,
        (FreeDimension("rate_kill_max", 2.0, 16.0, True),
         FreeDimension("fraction_alloreactive_haploidentical", 0.005, 0.1, True)),
        Candidate(), (mine,), {mine.id: 1.0}, {"mrd": patients}, Fidelity(2, 0.5, 0.5), effort,
    )  # fmt: skip
    fit = Fit(problem, Path(folder or tempfile.mkdtemp(prefix="my-fit-")))
    fit.run(HerePool())
    best = min(fit.done, key=lambda evaluation: evaluation.distance)
    print(
        f"observed {ANSWERED / OF:.2f} ({share.low:.2f} to {share.high:.2f}); best candidate of {len(fit.done)}:"
    )
    print(f"  simulated {best.statistics['MINE']['value']:.2f}, {best.distance:.1f} standard errors away")
    for one in identifiability(fit, best):
        print(f"  {one.name:<38} {one.chosen:7.3g}  (kept: {one.q05:.3g} to {one.q95:.3g}; {one.words})")


if __name__ == "__main__":
    main()
