"""Part (b): every published target beside what the model gives with the parameters in force."""

from collections.abc import Iterator
from typing import Final

from simulation.calibration.experiments import CULTURE, Simulator
from simulation.calibration.targets import Target, load_targets
from simulation.validation.check import Check, Effort, Finding, MeasuredNumber, verdict
from simulation.validation.facts import measured
from simulation.validation.patients import FIDELITY

__all__ = ["CHECKS", "PATIENTS", "compare"]

# Patients per arm at a factor of 1.
PATIENTS: Final = {
    "overt": 60, "mrd": 40, "kinetics": 8, "graft": 40, "haplo_dli": 20, "dli_at_mrd": 20, "natural": 30, CULTURE: 6,
}  # fmt: skip
_WORDS: Final = {
    "overt": "Overt disease (TOWER)", "mrd": "MRD (BLAST)", "kinetics": "Lymphocytes in blood",
    "graft": "Graft with and without Treg", "haplo_dli": "Prophylactic haploidentical DLI",
    "dli_at_mrd": "DLI at molecular relapse", "natural": "Natural course", CULTURE: "Exhaustion co-culture",
}  # fmt: skip


def compare(experiment: str, effort: Effort) -> Iterator[tuple[Target, Finding]]:
    """Simulate an experiment and compare every target that it serves."""
    targets = [t for t in load_targets().values() if t.experiment == experiment and t.use != "not_used"]
    patients = {experiment: effort.patients(PATIENTS[experiment])}
    statistics = Simulator(effort.seed, patients, FIDELITY).statistics(experiment)
    for target in targets:
        seen = measured("simulated", statistics[target.name])
        observed = MeasuredNumber("observed", target.observed, target.low, target.high, target.n)
        overlaps = seen.low <= target.high and target.low <= seen.high
        inside = target.agrees(statistics[target.name])
        note = f"{target.use}; z {target.z(statistics[target.name]):+.1f}"
        yield target, Finding(verdict(inside, inside or not overlaps), (seen, observed), note)


def _check(experiment: str) -> Check:
    """Return a check that stands for all targets of an experiment; the report shows each of them."""

    def run(effort: Effort) -> Finding:
        rows = list(compare(experiment, effort))
        misses = [t.id for t, f in rows if f.status == "fail"]
        return Finding(verdict(not misses), tuple(f.measured[0] for _, f in rows), ", ".join(misses))

    return Check(f"T-{experiment}", "targets", _WORDS[experiment], "within limits", "docs/evidence.md", run)


CHECKS: Final = tuple(_check(name) for name in PATIENTS)
