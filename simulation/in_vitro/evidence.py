"""Published results of the same experiments, drawn beside the simulated ones and told in the report.

Nothing here is read by a rule.
"""

from dataclasses import dataclass
from typing import Final

from simulation.in_vitro.fields import ratio_text

__all__ = ["EXHAUSTION", "EXHAUSTION_SOURCE", "SUPPRESSION", "Published", "loeffler", "roskopf"]

EXHAUSTION_SOURCE: Final = "Philipp 2022, doi 10.1182/blood.2022015956 (AMG 562, n = 6)"
# (continuous or not, day) -> mean percent lysis
EXHAUSTION: Final[dict[tuple[bool, float], float]] = {
    (True, 7.0): 88.4,
    (True, 14.0): 34.9,
    (True, 28.0): 8.6,
    (False, 14.0): 93.4,
}

# Treg per Tcon -> (low, high) percent suppression, source
SUPPRESSION: Final[dict[float, tuple[float, float, str]]] = {
    1.0: (80.0, 90.0, "fresh Treg (recalled)"),
    0.5: (70.0, 70.0, "fresh Treg (recalled)"),
    0.25: (50.0, 50.0, "fresh Treg (recalled)"),
    0.125: (30.0, 30.0, "fresh Treg (recalled)"),
}
EXPANDED_AT_1_4: Final = (86.0, "expanded cord Treg, Brunstein 2011, Blood 117:1061")


@dataclass(frozen=True)
class Published:
    """Hold a published lysis and the conditions (hours, E:T, pg/mL) that come nearest to it."""

    name: str
    conditions: tuple[tuple[float, float, float], ...]
    observed: str
    source: str

    def what(self, hours: float, et_ratio: float, drug: float) -> str:
        """Return the condition in words."""
        return f"{self.name}: % lysis at E:T {ratio_text(et_ratio)}, {drug:g} pg/mL, {hours:g} h"


def loeffler() -> Published:
    """Return: unstimulated T cells lyse within 4 h at 10-100 pg/mL."""
    at = ((4.0, 2.0, 10.0), (4.0, 2.0, 100.0))
    return Published("unstimulated T cells", at, "lysis is measurable", "Loeffler 2000, Blood 95:2098")


def roskopf() -> Published:
    """Return: 70 % of the targets gone at E:T 1:10."""
    at = ((72.0, 0.1, 10_000.0),)
    return Published("serial killing", at, "70", "Roskopf 2014, doi 10.18632/oncotarget.2238 (triplebody)")
