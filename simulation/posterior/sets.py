"""One parameter set: values of the table's parameters, and how patients differ in some of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from simulation.parameters.distributions import Distribution
from simulation.parameters.table import Parameter, ParameterTable

__all__ = ["SHARE", "SPREAD", "ParameterSet", "bare_name", "no_mixture", "no_sigma", "recentred"]

SPREAD: Final = "spread of "
SHARE: Final = "share of "  # the weight of the last part of a mixture


@dataclass(frozen=True)
class ParameterSet:
    """Hold what is in force: parameter values, and how patients differ.

    `values` are in canonical units and move the centre of a parameter that varies between patients.
    `spreads` are standard deviations of logarithms (sigma) of log-normal parameters, `shares` the weights of the last part
    of mixtures.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    spreads: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)


def bare_name(dimension: str) -> str:
    """Return the table's name of what a set or a fit calls `x`, `spread of x` or `share of x`."""
    return dimension.removeprefix(SPREAD).removeprefix(SHARE)


def recentred(name: str, tried: ParameterSet, between: Distribution | None) -> Distribution | float:
    """Return how a parameter varies between patients under a set: its distribution moved, respread, reweighed.

    The spread is that of a log-normal, or of the log-normal parts of a mixture; the share is that of the mixture's last
    part. A parameter of one value for all patients (`between` None) varies only where the set says by how much.
    """
    row = ParameterTable.load()[name]
    centre, sigma = tried.values.get(name, row.value), tried.spreads.get(name)
    if between is None:
        if sigma is None:
            return centre
        between = Distribution("lognormal", row.dimension, centre, sigma, low=row.low, high=row.high)
    elif name in tried.values and row.value:
        between = between.scaled(centre / row.value)
    return _respread(between, sigma, tried.shares.get(name))


def _respread(between: Distribution, sigma: float | None, share: float | None) -> Distribution:
    if between.distribution == "lognormal" and sigma is not None:
        return replace(between, second=sigma)
    if between.distribution != "mixture":
        return between
    weights = between.weights
    if share is not None:
        rest = sum(weights[:-1])
        weights = (*(weight / rest * (1.0 - share) for weight in weights[:-1]), share)
    return replace(
        between, weights=weights, parts=tuple(_respread(part, sigma, None) for part in between.parts)
    )


def no_sigma(row: Parameter) -> str:
    """Return why there is no sigma to move in how a parameter varies between patients; nothing where there is one."""
    between = row.between_patients
    kind = "lognormal" if between is None else between.distribution
    parts = () if between is None else between.parts
    if kind == "lognormal" or any(part.distribution == "lognormal" for part in parts):
        return ""
    return f"{row.name} varies between patients as a {kind} distribution, whose spread is no sigma"


def no_mixture(row: Parameter) -> str:
    """Return why a parameter has no share to move; nothing where it is a mixture."""
    if row.between_patients is not None and row.between_patients.distribution == "mixture":
        return ""
    return f"{row.name} does not vary between patients as a mixture"
