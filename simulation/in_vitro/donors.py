"""Donors of T cells: the parameter table, what the experiment changes in it, and each donor's own draws."""

from simulation.body.keyed import Keyed
from simulation.in_vitro.schema import Experiment
from simulation.parameters import Distribution, ParameterTable, ParameterValues

__all__ = ["donor_values"]


def donor_values(experiment: Experiment, seed: int, donor: int) -> ParameterValues:
    """Return one donor's parameters; a donor is the same in every well and every experiment with this seed."""
    draw = Keyed(seed, donor)
    changed = dict(experiment.parameters)
    for name, value in experiment.between_donors.items():
        sampled = value.sample(draw.uniform(f"patient {name}")) if isinstance(value, Distribution) else value
        changed[name] = sampled
    return ParameterTable.load().parameter_values(changed)
