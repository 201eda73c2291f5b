"""Read a distribution as a file writes it, and say what is wrong with it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from simulation.errors import nearest_name
from simulation.parameters.distributions import DISTRIBUTIONS, PLAIN, WORDS, Distribution
from simulation.units import Dimension, QuantityError, format_number, parse_quantity

__all__ = ["DistributionError", "parse_distribution"]

_Z95: Final = 1.959963984540054  # standard normal quantile of 0.975: low..high hold 95 % of patients
_WIDEST: Final = (
    3.0  # sigma or CV of a log-normal; beyond, nearly everybody would stand on an end of the table's range
)
_WHOLE: Final = frozenset({"mixture", "listed"})  # no part of a mixture
_FEWEST_PARTS: Final = 2
_CENTRES: Final = frozenset({"median", "mean", "value"})
_NOT_KNOWN: Final = math.inf  # of a listed patient; equal to itself, as a scenario's values must be


class DistributionError(ValueError):
    """Say what is wrong with a distribution; `path` leads from the distribution to the place."""

    def __init__(
        self,
        message: str,
        path: tuple[str | int, ...] = (),
        expected: str | None = None,
        nearest: str | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.path = path
        self.expected = expected
        self.nearest = nearest


def parse_distribution(
    data: Mapping[str, object],
    dimension: Dimension,
    default: float,
    low: float = -math.inf,
    high: float = math.inf,
) -> Distribution:
    """Return the distribution written as `{distribution: lognormal, median: ..., sigma: ...}`.

    `default` is the median, mean or value when none is written; `low` and `high` clip the samples. Raises
    `DistributionError`.
    """
    kind = data.get("distribution")
    if kind is None:
        raise DistributionError("got none", ("distribution",), f"one of {', '.join(DISTRIBUTIONS)}")
    if not isinstance(kind, str) or kind not in DISTRIBUTIONS:
        near = nearest_name(str(kind), DISTRIBUTIONS)
        raise DistributionError(
            f"got {kind!r}", ("distribution",), f"one of {', '.join(DISTRIBUTIONS)}", near
        )
    source = data.get("source")
    if source is not None and not isinstance(source, str):
        raise DistributionError(f"got {source!r}", ("source",), "text in quotes")
    written = [key for key in data if key not in {"distribution", "source"}]
    names = _chosen_form(kind, written)
    if kind == "choice":
        values = _list(data["values"], "values", dimension)
        weights = (
            _list(data["weights"], "weights", "dimensionless") if "weights" in data else (1.0,) * len(values)
        )
        if len(weights) != len(values) or min(weights) < 0 or sum(weights) <= 0:
            raise DistributionError(
                f"got {len(weights)}", ("weights",), f"{len(values)} weights, not negative and not all 0"
            )
        return Distribution(
            kind, dimension, values=values, weights=weights, low=low, high=high, source=source
        )
    if kind == "listed":
        listed = _listed(data["values"], dimension)
        rest = data.get("otherwise")
        if rest is None and math.inf in listed:
            raise DistributionError(
                "got none", ("otherwise",), "what patients without a value are drawn from"
            )
        if rest is not None and not isinstance(rest, Mapping):
            raise DistributionError(
                f"got {rest!r}", ("otherwise",), "a distribution such as {distribution: ...}"
            )
        parts = () if rest is None else (_otherwise(rest, dimension, default, low, high),)
        return Distribution(kind, dimension, values=listed, low=low, high=high, source=source, parts=parts)
    if kind == "mixture":
        weighted = _parts(data["parts"], lambda part: parse_distribution(part, dimension, default, low, high))
        weights, parts = zip(*weighted, strict=True)
        return Distribution(kind, dimension, weights=weights, low=low, high=high, source=source, parts=parts)
    numbers = {
        name: _number(data[name], name, "dimensionless" if name in PLAIN else dimension)
        if name in data
        else default
        for name in names
    }
    first, second = _standard_form(kind, numbers)
    return Distribution(kind, dimension, first, second, low=low, high=high, source=source)


def _listed(value: object, dimension: Dimension) -> tuple[float, ...]:
    """Return the values of patients 0, 1, 2 ...; one that is left empty is not known."""
    if not isinstance(value, list | tuple) or not value:
        raise DistributionError(f"got {value!r}", ("values",), "a list such as [60 kg, null, 81 kg]")
    known = [item for item in value if item is not None]
    numbers = iter(_list(known, "values", dimension) if known else ())
    return tuple(_NOT_KNOWN if item is None else next(numbers) for item in value)


def _otherwise(
    data: Mapping[str, object], dimension: Dimension, default: float, low: float, high: float
) -> Distribution:
    if data.get("distribution") == "listed":
        raise DistributionError("a list cannot stand in a list", ("otherwise", "distribution"))
    try:
        return parse_distribution(data, dimension, default, low, high)
    except DistributionError as error:
        path = ("otherwise", *error.path)
        raise DistributionError(error.message, path, error.expected, error.nearest) from None


def _chosen_form(kind: str, written: Sequence[str]) -> tuple[str, ...]:
    forms = DISTRIBUTIONS[kind]
    for form in forms:
        if set(written) <= set(form) and set(form) - set(written) <= _CENTRES:
            return form
    forms_text = " or ".join(" and ".join(form) for form in forms)
    known = {name for form in forms for name in form}
    for name in written:
        if name not in known:
            raise DistributionError(
                f"{name!r} is not part of a {kind} distribution",
                (name,),
                forms_text,
                nearest_name(name, known),
            )
    raise DistributionError(
        f"got {' and '.join(written) or 'nothing'}", (), f"{forms_text} for a {kind} distribution"
    )


def _number(value: object, name: str, dimension: Dimension) -> float:
    try:
        return parse_quantity(value, dimension)
    except QuantityError as error:
        raise DistributionError(error.message, (name,), error.expected, error.nearest) from None


def _list(value: object, name: str, dimension: Dimension) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise DistributionError(f"got {value!r}", (name,), "a list such as [a, b]")
    numbers = []
    for index, item in enumerate(value):
        try:
            numbers.append(parse_quantity(item, dimension))
        except QuantityError as error:
            raise DistributionError(error.message, (name, index), error.expected, error.nearest) from None
    return tuple(numbers)


def _parts(
    written: object, read: Callable[[Mapping[str, object]], Distribution]
) -> list[tuple[float, Distribution]]:
    """Return the parts of a mixture, each with its weight; every weight has to be written."""
    if not isinstance(written, list | tuple) or len(written) < _FEWEST_PARTS:
        got = f"{len(written)} of them" if isinstance(written, list | tuple) else repr(written)
        expected = f"a list of at least {_FEWEST_PARTS} parts such as {{weight: 0.85, distribution: ...}}"
        raise DistributionError(f"got {got}", ("parts",), expected)
    parts = []
    for index, part in enumerate(written):
        try:
            parts.append(_part(part, read))
        except DistributionError as error:
            path = ("parts", index, *error.path)
            raise DistributionError(error.message, path, error.expected, error.nearest) from None
    return parts


def _part(part: object, read: Callable[[Mapping[str, object]], Distribution]) -> tuple[float, Distribution]:
    if not isinstance(part, Mapping):
        raise DistributionError(f"got {part!r}", (), "a part such as {weight: 0.85, distribution: ...}")
    if part.get("distribution") in _WHOLE:
        expected = f"one of {', '.join(name for name in DISTRIBUTIONS if name not in _WHOLE)}"
        kind = part["distribution"]
        raise DistributionError(f"a part of a mixture cannot be a {kind}", ("distribution",), expected)
    if "weight" not in part:
        near = nearest_name("weight", {str(key) for key in part} - {"distribution", *WORDS})
        if near is not None:
            raise DistributionError(f"a part has no key {near!r}", (near,), None, "weight")
        raise DistributionError(
            "the weight of this part is missing", (), "weight: 0.85, its share of patients"
        )
    weight = _number(part["weight"], "weight", "dimensionless")
    if not 0 < weight < math.inf:
        raise DistributionError(f"got {format_number(weight)}", ("weight",), "a number above 0")
    return weight, read({key: value for key, value in part.items() if key != "weight"})


def _standard_form(kind: str, numbers: Mapping[str, float]) -> tuple[float, float]:
    def positive(*names: str) -> None:
        for name in names:
            if not numbers[name] > 0:
                raise DistributionError(f"got {format_number(numbers[name])}", (name,), "a number above 0")

    if "high" in numbers:
        low, high = numbers["low"], numbers["high"]
        if not low < high:
            raise DistributionError("it is not above low", ("high",))
        if kind in {"lognormal", "loguniform"}:
            positive("low")
        if kind == "lognormal":
            return math.sqrt(low * high), math.log(high / low) / (2 * _Z95)
        if kind == "normal":
            return (low + high) / 2, (high - low) / (2 * _Z95)
        return low, high
    if kind == "lognormal":
        positive(*numbers)
        for name in PLAIN & set(numbers):
            if numbers[name] > _WIDEST:
                message = f"got {format_number(numbers[name])}; 30 % is written 0.3"
                raise DistributionError(message, (name,), f"a number above 0, at most {_WIDEST:g}")
        spread = numbers["sigma"] if "sigma" in numbers else math.sqrt(math.log1p(numbers["cv"] ** 2))
        return numbers["median"], spread
    if kind in {"normal", "beta"}:
        positive("sd")
        mean, sd = numbers["mean"], numbers["sd"]
        if kind == "beta" and not (0 < mean < 1 and sd**2 < mean * (1 - mean)):
            raise DistributionError(
                f"no beta distribution has mean {format_number(mean)} and sd {format_number(sd)}",
                ("mean",) if not 0 < mean < 1 else ("sd",),
                "a mean between 0 and 1 and an sd below sqrt(mean (1 - mean))",
            )
        return mean, sd
    return numbers["value"], 0.0
