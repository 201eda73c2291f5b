"""Published baselines as data, and whether a simulated cohort agrees with one."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from simulation.blocks.fields import Block, Problem, Text, Whole, problems
from simulation.cohort.draw import Floats
from simulation.cohort.measures import MEASURES
from simulation.errors import nearest_name
from simulation.scenario.messages import user_error
from simulation.yaml_source import Node, plain, read_yaml

__all__ = ["PACKAGED_BASELINES", "TOO_FEW", "Baseline", "Verdict", "judged", "load_baselines"]

PACKAGED_BASELINES: Final = Path(__file__).resolve().parent.parent / "data" / "baselines.yaml"
_Z95: Final = 1.959963984540054
_IQR_SD: Final = 1.3489795003921634  # interquartile range of a normal distribution in standard deviations
_MEDIAN_SE: Final = math.sqrt(math.pi / 2)  # of a median relative to a mean, for a normal distribution
_LIKE: Final = 2.0  # spreads within this factor of each other are alike
TOO_FEW: Final = "too few patients"  # the verdict on a number of them below the next
_FEWEST: Final = 10  # simulated patients for whom a typical value and a spread can be judged


class Baseline(Block):
    """Hold one published baseline; numbers are in the unit of its measure."""

    what: Annotated[str, Text(80, 1, "Net growth", one_line=True)]
    measure: Annotated[str, Text(60, 1, "growth_percent", one_line=True)]
    statistic: Literal["mean", "median"]
    value: Annotated[float, Field(allow_inf_nan=False)]
    sd: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    low: Annotated[float, Field(allow_inf_nan=False)] | None = None
    high: Annotated[float, Field(allow_inf_nan=False)] | None = None
    interval: Literal["range", "95 %", "iqr", "limits"] | None = None
    n: Annotated[int, Whole(2, 1_000_000)] | None = None
    platform: Literal["any", "treg", "ptcy_haploidentical", "unrelated_cni", "sibling_cni"] = "any"
    judge: Literal["same", "at_most", "spread", "not"] = "same"
    origin: Literal["used", "independent"]
    source: Annotated[str, Text(400, 1, "Di Ianni 2011, doi 10.1186/ar3410")]
    note: Annotated[str, Text(400)] = ""

    @model_validator(mode="after")
    def _fits(self) -> "Baseline":
        mistakes = []
        if self.measure not in MEASURES:
            near = nearest_name(self.measure, MEASURES)
            mistakes.append(
                Problem(f"got {self.measure!r}", ("measure",), f"one of {', '.join(MEASURES)}", near)
            )
        together = [self.low is None, self.high is None, self.interval is None]
        if any(together) and not all(together):
            mistakes.append(Problem("low, high and interval belong together", ()))
        elif self.low is not None and self.high is not None and not self.low < self.high:
            mistakes.append(Problem("it is not above low", ("high",)))
        if mistakes:
            raise problems(mistakes)
        return self

    @property
    def patient_sd(self) -> float | None:
        """Return the standard deviation between patients, estimated where only an interval is published.

        From a range by the normal scores of the extremes of n (Wan 2014, BMC Med Res Methodol 14:135); None: unknown.
        """
        if self.sd is not None:
            return self.sd
        if self.low is None or self.high is None or self.interval in (None, "limits"):
            return None
        width = self.high - self.low
        if self.interval == "iqr":
            return width / _IQR_SD
        if self.interval == "95 %" or self.n is None:
            return width / (2 * _Z95)
        return width / (2 * NormalDist().inv_cdf((self.n - 0.375) / (self.n + 0.25)))

    @property
    def standard_error(self) -> float | None:
        """Return the standard error of the typical value; None: unknown."""
        sd = self.patient_sd
        if sd is None or self.n is None:
            return None
        return sd / math.sqrt(self.n) * (_MEDIAN_SE if self.statistic == "median" else 1.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Tell how a cohort compares with a baseline, in the measure's unit.

    `low` and `high` hold 95 % of the simulated patients; `inside` is the share of them within the published interval,
    `spread` their standard deviation relative to the published one; NaN where there is nothing to compare.
    `typical` is agrees, lower, higher, or empty where nothing was judged.
    """

    value: float
    low: float
    high: float
    inside: float
    spread: float
    typical: str
    words: str

    @property
    def agrees(self) -> bool | None:
        """Return whether typical value and spread agree; None: not judged."""
        return None if not self.typical else self.words == "agrees"


@lru_cache(maxsize=8)
def load_baselines(path: Path = PACKAGED_BASELINES) -> dict[str, Baseline]:
    """Return every baseline of a file by id; raise `UserError` naming file, line, key and the nearest valid name."""
    shown = f"simulation/data/{path.name}" if path == PACKAGED_BASELINES else str(path)
    root = read_yaml(path, shown)
    if not isinstance(root.value, dict) or not root.value:
        raise root.error("got no baselines", expected="blocks such as net_growth: {what: ..., measure: ...}")
    return {name: _baseline(name, node) for name, node in root.value.items()}


def _baseline(name: str, node: Node) -> Baseline:
    data: Any = plain(node)
    if not isinstance(data, dict):
        raise node.error(
            "got something else", key=name, expected="a block of keys such as value: 6.9", at_key=True
        )
    try:
        return Baseline.model_validate(data)
    except ValidationError as error:
        raise user_error(error, node, Baseline) from None


def judged(baseline: Baseline, values: Floats) -> Verdict:
    """Hold simulated patients, shape (patients,) in the measure's unit, against a baseline.

    The typical value (mean or median) agrees where its difference lies within the 95 % interval of both; where no such interval
    is known, where it lies within the published one. The spread agrees within a factor of two. NaN: patients not known;
    infinite: beyond what was followed.
    """
    values = values[~np.isnan(values)]
    if values.size == 0:
        nan = math.nan
        return Verdict(nan, nan, nan, nan, nan, "", "nobody to compare")
    low, value, high = (float(np.quantile(values, q, method="inverted_cdf")) for q in (0.025, 0.5, 0.975))
    if baseline.statistic == "mean":
        value = float(values.mean())
    inside = math.nan
    if baseline.low is not None and baseline.high is not None:
        inside = float(np.mean((values >= baseline.low) & (values <= baseline.high)))
    own, sd = _spread(values), baseline.patient_sd
    spread = own / sd if sd is not None and math.isfinite(own) and own > 0 else math.nan
    if baseline.judge == "not":
        return Verdict(value, low, high, inside, spread, "", "not judged")
    if values.size < _FEWEST and own > 0:
        return Verdict(value, low, high, inside, spread, "", TOO_FEW)
    typical = _typical(baseline, value, own / math.sqrt(values.size) if math.isfinite(own) else 0.0)
    words = [] if typical == "agrees" else [f"typical value {typical}"]
    if baseline.judge != "at_most" and math.isfinite(spread) and not 1 / _LIKE <= spread <= _LIKE:
        words.append(f"spread {'wider' if spread > 1 else 'narrower'}")
    return Verdict(value, low, high, inside, spread, typical, ", ".join(words) or "agrees")


def _typical(baseline: Baseline, value: float, mean_se: float) -> str:
    own_se = mean_se * (_MEDIAN_SE if baseline.statistic == "median" else 1.0)
    low, high = _limits(baseline, own_se)
    if baseline.judge == "spread":
        return "agrees"
    if value > high:
        return "higher"
    return "lower" if value < low and baseline.judge == "same" else "agrees"


def _limits(baseline: Baseline, own_se: float) -> tuple[float, float]:
    """Return between which values a simulated typical value agrees."""
    se = baseline.standard_error
    if se is not None:
        half = _Z95 * math.hypot(se, own_se)
        return baseline.value - half, baseline.value + half
    if baseline.low is not None and baseline.high is not None:
        return baseline.low, baseline.high
    sd = baseline.patient_sd or 0.0  # n unknown: within one standard deviation of patients
    return baseline.value - sd, baseline.value + sd


def _spread(values: Floats) -> float:
    """Return the standard deviation; where some lie beyond what was followed, from the quartiles, if those are known."""
    if np.isfinite(values).all():
        return float(values.std(ddof=1)) if values.size > 1 else 0.0
    low, high = np.quantile(values, [0.25, 0.75], method="inverted_cdf")
    return float(high - low) / _IQR_SD if math.isfinite(high) else math.inf
