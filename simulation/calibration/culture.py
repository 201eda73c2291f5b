"""The exhaustion co-culture (C9) as an experiment of the calibration: the in vitro protocol with a candidate's parameters."""

from collections.abc import Mapping
from typing import Final

from simulation.blocks.fields import FrozenMap
from simulation.calibration.estimate import Statistic, mean
from simulation.in_vitro.assays.exhaustion_coculture import ExhaustionCoculture, lysis_of_arm
from simulation.in_vitro.load import parse_experiment
from simulation.in_vitro.run import run_experiment
from simulation.scenario.plugins import Plugin

__all__ = ["PROTOCOL", "culture_rows", "culture_statistics"]

DAYS: Final = (7.0, 14.0, 28.0)
# Targets are never used up, as "continuous drug and target" says: at a lower ratio T cells rest until the next feed.
PROTOCOL: Final = """
experiment: exhaustion_coculture
name: Exhaustion co-culture
culture: {t_cells: 50000, et_ratio: "1:10", drug: 5 ng/mL, feed_every: 1 d, targets_divide: true}
arms:
  - {name: continuous, on: 28 d}
  - {name: TFI, on: 7 d, off: 7 d}
days: [7 d, 14 d, 28 d]
assay: {targets: 5000, et_ratio: "1:1", drug: 5 ng/mL, duration: 24 h}
time_step: 2 h
donors: 6
replicates: 1
between_donors: {t_cell_fitness: {distribution: lognormal, sigma: 0.4}}
"""


def culture_rows(
    donors: int, seed: int, values: Mapping[str, float], plugins: tuple[Plugin, ...] = ()
) -> list[dict[str, float]]:
    """Return lysis (percent) per donor: names such as `continuous_7` and `tfi_14`."""
    experiment = parse_experiment(PROTOCOL)
    update = {
        "donors": donors,
        "parameters": FrozenMap(dict(values)),
        "allow_out_of_range": True,
        "plugin": plugins,
    }
    if not isinstance(experiment, ExhaustionCoculture):
        raise TypeError("the protocol is an exhaustion co-culture")
    table = run_experiment(experiment.model_copy(update=update), seed=seed).tables["tests"]
    columns = {f"continuous_{day:g}": lysis_of_arm(table, "continuous", day) for day in DAYS}
    columns["tfi_14"] = lysis_of_arm(table, "TFI", 14.0)
    return [{name: float(column[i]) for name, column in columns.items()} for i in range(donors)]


def culture_statistics(rows: list[dict[str, float]]) -> dict[str, Statistic]:
    """Return the mean lysis of the donors, percent."""
    return {name: mean([row[name] for row in rows]) for name in rows[0]} if rows else {}
