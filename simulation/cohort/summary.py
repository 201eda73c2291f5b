"""A cohort's baseline as rows: what varies between patients, the first weeks, and the published series beside them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simulation.cohort.baselines import Baseline, Verdict, judged
from simulation.cohort.draw import DrawnCohort, Floats
from simulation.cohort.measures import MEASURES, Measure, platform_of
from simulation.files.tables import plain
from simulation.number_words import join
from simulation.parameters.distributions import Distribution
from simulation.parameters.table import ParameterTable
from simulation.products.registry import product

__all__ = ["BaselineComparison", "Row", "Summary", "concerns", "number", "summarise"]

_QUANTILES: Final = (0.025, 0.25, 0.5, 0.75, 0.975)
_NAMES: Final = ("low", "first_quartile", "median", "third_quartile", "high")
_MANY: Final = 0.03  # patients at a limit of the parameter table, of which one is told
_EARLY_SOURCE: Final = "simulated without treatment"


@dataclass(frozen=True, slots=True)
class Row:
    """Hold a line of the baseline table, in `unit`: quantiles of the patients, or their shares where there are few values.

    `low` and `high` hold 95 % of patients. `shares` holds (value, patients). `told` is the distribution in words.
    """

    name: str
    unit: str
    distribution: str
    source: str
    patients: int
    median: float
    first_quartile: float
    third_quartile: float
    low: float
    high: float
    shares: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """Hold a published baseline beside the simulated patients."""

    id: str
    baseline: Baseline
    measure: Measure
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Summary:
    """Hold everything that is told of a cohort; `digest` is that of the parameter table."""

    drawn: DrawnCohort
    rows: tuple[Row, ...]
    early: tuple[Row, ...]
    compared: tuple[BaselineComparison, ...]
    digest: str

    @property
    def fixed(self) -> tuple[tuple[str, str], ...]:
        """Return what the cohort fixes for all of its patients, in words."""
        table = ParameterTable.load()
        scenario = self.drawn.scenario
        graft = scenario.graft
        treg = f"{number(graft.treg)} Treg/kg on day {graft.treg_day:g}" if graft.treg else "no Treg"
        drugs = [f"{one.drug} days {one.start:g} to {one.end:g}" for one in scenario.immunosuppression]
        given = join([*product("ptcy").phrases(scenario), *drugs])
        return (
            ("donor", scenario.donor.match.replace("_", " ")),
            ("graft", f"{treg}, {number(graft.tcon)} Tcon/kg"),
            *((("prophylaxis", given),) if given else ()),
            *((name, table[name].written(value)) for name, value in self.drawn.cohort.fixed),
        )

    def document(self) -> dict[str, Any]:
        """Return everything as JSON takes it; what is unknown or not reached is null."""
        drawn = self.drawn
        whole = {
            "cohort": drawn.cohort.name, "patients": drawn.patients, "seed": drawn.seed, "parameter_table": self.digest,
            "fixed": dict(self.fixed),
            "varies": [_plain_row(row) for row in self.rows],
            "first_weeks": [_plain_row(row) for row in self.early],
            "published": [_plain_compared(one) for one in self.compared],
        }  # fmt: skip
        return {name: plain(value) for name, value in whole.items()}


def summarise(drawn: DrawnCohort, baselines: Mapping[str, Baseline]) -> Summary:
    """Return the summary of drawn patients beside those baselines that concern them."""
    table = ParameterTable.load()
    rows = [
        _row(
            name, table[name].unit,
            _in_words(which, table[name].unit) + _clipped(which, drawn.values[name]) + _partners(drawn, name),
            _sources(which, table[name].source, drawn, name),
            drawn.values[name], not which.continuous and which.distribution != "fixed",
        )
        for name, which in drawn.cohort.varies
        if concerns(name, drawn.scenario.donor.match)
    ]  # fmt: skip
    early = [
        _row(measure.label, measure.unit, "", _EARLY_SOURCE, measure.of(drawn), measure.share)
        for measure in MEASURES.values()
        if measure.early and measure.known(drawn)
    ]
    compared = [
        BaselineComparison(name, baseline, measure, judged(baseline, measure.of(drawn)))
        for name, baseline in baselines.items()
        if (measure := MEASURES[baseline.measure]).known(drawn)
        and baseline.platform in ("any", platform_of(drawn.scenario))
    ]
    digest = table.parameter_values().digest()
    return Summary(drawn, tuple(rows), tuple(early), tuple(compared), digest)


def concerns(name: str, match: str) -> bool:
    """Return whether a parameter plays a part with such a donor."""
    stem = "fraction_alloreactive_"
    return not name.startswith(stem) or name == f"{stem}{match.removeprefix('matched_')}"


def number(value: float) -> str:
    """Return a number for reading: three digits, powers of ten for large counts, a dash for what is unknown."""
    if math.isnan(value):
        return "\N{EN DASH}"
    if math.isinf(value):
        return "not reached"
    if 1000 <= abs(value) < 1e4:
        return f"{value:.0f}"
    text = f"{value:.3g}"
    if "e" in text or abs(value) >= 1e4:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return text


def _row(name: str, unit: str, distribution: str, source: str, values: Floats, few: bool) -> Row:
    known = values[~np.isnan(values)]
    statistics = (
        [float(np.quantile(known, q, method="inverted_cdf")) for q in _QUANTILES]
        if known.size
        else [math.nan] * 5
    )
    numbers = dict(zip(_NAMES, statistics, strict=True))
    shares = tuple((float(v), int(n)) for v, n in zip(*np.unique(known, return_counts=True), strict=True))
    return Row(name, unit, distribution, source, int(known.size), **numbers, shares=shares if few else ())


def _clipped(which: Distribution, values: Floats) -> str:
    """Return how many patients lie at a limit of the parameter's row because they were drawn beyond it, if that is many."""
    if not which.continuous:
        return ""
    meant = np.isin(values, list(which.discrete))  # a limit may be a value of its own
    share = float(np.mean(((values <= which.low) | (values >= which.high)) & ~meant))
    return f"; {share:.0%} at the parameter's limit" if share >= _MANY else ""


def _in_words(which: Distribution, unit: str) -> str:
    """Return a distribution as a table of a paper says it."""
    first, second = number(which.first), number(which.second)
    match which.distribution:
        case "lognormal":
            cv = math.sqrt(math.expm1(which.second**2))
            return f"log-normal, median {first}, CV {cv:.0%}"
        case "normal":
            return f"normal, mean {first}, SD {second}"
        case "beta":
            return f"beta, mean {first}, SD {second}"
        case "uniform":
            return f"even between {first} and {second}"
        case "loguniform":
            return f"even on a log scale between {first} and {second}"
        case "choice":
            total = sum(which.weights)
            shares = zip(which.values, which.weights, strict=True)
            return "one of " + ", ".join(
                f"{number(value)} ({weight / total:.0%})" for value, weight in shares
            )
        case "listed":
            known = sum(1 for value in which.values if math.isfinite(value))
            rest = "" if known == len(which.values) else f"; else {_in_words(which.parts[0], unit)}"
            return f"as listed, of {known} of {len(which.values)}{rest}"
        case "mixture":
            total = sum(which.weights)
            parts = zip(which.weights, which.parts, strict=True)
            return "mixture: " + "; ".join(
                f"{100 * weight / total:.3g}% {_in_words(part, unit)}" for weight, part in parts
            )
        case _:
            return f"{first} {unit}".strip()


def _partners(drawn: DrawnCohort, name: str) -> str:
    """Return what a parameter depends on, and the correlation of normal scores that these patients show."""
    return "".join(
        f"; correlation {pair.correlation:g} with {other} (here {_scores(drawn, name, other):.2f})"
        for other, pair in drawn.cohort.dependence.partners(name)
    )


def _scores(drawn: DrawnCohort, name: str, other: str) -> float:
    """Return the correlation of the normal scores of two parameters' ranks; NaN where patients do not differ."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    one, two = (ndtri((rankdata(drawn.values[which]) - 0.5) / drawn.patients) for which in (name, other))
    return float(np.corrcoef(one, two)[0, 1]) if np.ptp(one) > 0 and np.ptp(two) > 0 else math.nan


def _sources(which: Distribution, table: str, drawn: DrawnCohort, name: str) -> str:
    """Return where a distribution is from, its parts and its dependence on others."""
    parts = [part.source for part in which.parts if part.source]
    partners = drawn.cohort.dependence.partners(name)
    pairs = [f"correlation with {other}: {pair.source}" for other, pair in partners if pair.source]
    own = [which.source, *parts] if which.source else parts or [table]
    return "; ".join([*own, *pairs])


def _plain_row(row: Row) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": row.name, "unit": row.unit, "distribution": row.distribution, "source": row.source, "n": row.patients,
        "median": row.median, "q25": row.first_quartile, "q75": row.third_quartile, "q2_5": row.low, "q97_5": row.high,
    }  # fmt: skip
    if row.shares:
        plain["shares"] = [{"value": value, "n": n, "share": n / row.patients} for value, n in row.shares]
    return plain


def _plain_compared(one: BaselineComparison) -> dict[str, Any]:
    verdict = one.verdict
    return {
        "id": one.id, "what": one.baseline.what, "unit": one.measure.unit,
        "published": one.baseline.model_dump(exclude={"what", "measure"}),
        "simulated": {
            one.baseline.statistic: verdict.value, "q2_5": verdict.low, "q97_5": verdict.high,
            "share_inside_published": verdict.inside, "sd_relative_to_published": verdict.spread,
        },
        "verdict": verdict.words, "agrees": verdict.agrees,
    }  # fmt: skip
