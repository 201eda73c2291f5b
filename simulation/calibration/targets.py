"""Published observations as data: the file of targets, and how far a simulated statistic is from one."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

from simulation.calibration.estimate import Z95, Scale, Statistic, transformed
from simulation.errors import nearest_name
from simulation.statistics.proportions import wilson
from simulation.yaml_source import Node, plain, read_yaml

__all__ = ["LARGEST_Z", "PACKAGED_TARGETS", "Target", "load_targets"]

PACKAGED_TARGETS: Final = Path(__file__).resolve().parent.parent / "data" / "targets.yaml"
USES: Final = ("fit", "check", "not_used")
LARGEST_Z: Final = 5.0  # one hopeless target must not hide all others
_KEYS: Final = frozenset(
    {"what", "statistic", "scale", "n", "events", "observed", "low", "high", "interval", "tolerance", "translation", "use",
     "source", "reason"}
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Hold one observation: `low` and `high` are its 95 % (or accepted) limits in the statistic's unit."""

    id: str
    what: str
    use: str
    source: str
    statistic: str = ""
    scale: Scale = "linear"
    n: int = 0
    observed: float = math.nan
    low: float = math.nan
    high: float = math.nan
    interval: str = ""
    tolerance: float = 0.0
    translation: float = 1.0  # how near the study's setting is to ours, 0..1
    reason: str = ""

    @property
    def experiment(self) -> str:
        """Return the experiment that simulates it."""
        return self.statistic.partition(".")[0]

    @property
    def name(self) -> str:
        """Return the statistic's name within its experiment."""
        return self.statistic.partition(".")[2]

    @property
    def se(self) -> float:
        """Return the observation's standard error on the scale; limits are read as 95 %."""
        low, high = transformed(self.low, self.scale), transformed(self.high, self.scale)
        return (high - low) / (2 * Z95)

    def z(self, statistic: Statistic) -> float:
        """Return the distance in standard errors of both and the tolerance; a statistic of nobody is far off."""
        if not statistic.known:
            return _NOBODY_Z
        return self.gap(statistic) / math.sqrt(self.se**2 + statistic.se**2 + self.tolerance**2)

    def misfit(self, statistic: Statistic) -> float:
        """Return the distance in the observation's own standard errors, for a search.

        Candidates meet the same patients, so their differences are not chance; and a candidate with few responders, whose
        statistics are known badly, must not seem near for that.
        """
        if not statistic.known:
            return _NOBODY_Z
        return self.gap(statistic) / math.sqrt(self.se**2 + self.tolerance**2)

    def gap(self, statistic: Statistic) -> float:
        """Return simulated minus observed on the scale."""
        return statistic.point - transformed(self.observed, self.scale)

    def agrees(self, statistic: Statistic) -> bool:
        """Return whether the simulated value lies within the observation's limits."""
        return statistic.known and self.low <= statistic.value <= self.high


_NOBODY_Z: Final = LARGEST_Z  # nobody responded, so there is no share of responders: as bad as a clear miss


@lru_cache(maxsize=4)
def load_targets(path: Path = PACKAGED_TARGETS) -> dict[str, Target]:
    """Return every target of a file by id; raises `UserError` naming file, line and key."""
    root = read_yaml(path, path.name)
    if not isinstance(root.value, dict):
        raise root.error(
            "got no targets", expected="id: {what, statistic, scale, n, observed, low, high, use, source}"
        )
    return {name: _target(name, node) for name, node in root.value.items()}


def _target(name: str, node: Node) -> Target:
    data = cast("dict[str, Any]", plain(node))
    for key in data:
        if key not in _KEYS:
            raise node.error("there is no such key", key=f"{name}.{key}", nearest=nearest_name(key, _KEYS))
    if data.get("use") not in USES:
        raise node.error(f"got {data.get('use')!r}", key=f"{name}.use", expected=f"one of {', '.join(USES)}")
    if "events" in data:
        share = wilson(int(data.pop("events")), int(data["n"]))
        data |= {"observed": share.value, "low": share.low, "high": share.high, "interval": "Wilson 95 %"}
    target = Target(id=name, **data)
    if target.use != "not_used" and not target.low < target.high:
        raise node.error(f"got {target.low} and {target.high}", key=f"{name}.low", expected="low below high")
    if not 0.0 <= target.translation <= 1.0:
        raise node.error(f"got {target.translation}", key=f"{name}.translation", expected="0 to 1")
    return target
