"""Put blasts into a patient: residual ones at transplant, or a stated disease on its day (`simulation.scenario.disease`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from simulation.biology.normal_marrow import room_beside
from simulation.biology.places import PlaceKind
from simulation.biology.totals import look
from simulation.biology.traits import BLAST, encode
from simulation.engine.compiled import alone
from simulation.engine.population import Floats
from simulation.errors import UserError

if TYPE_CHECKING:
    from simulation.body.body import Body
    from simulation.scenario.disease import Disease

__all__ = ["GROWN_BY", "grown_outside", "outside_of", "put_in", "refuse_outside"]

type Counts = npt.NDArray[np.int64]
# what decides how many blasts a disease has left outside the marrow
GROWN_BY: Final = (
    "weight", "n_marrow_cells_per_kg", "factor_blast_capacity", "n_extramedullary_cells", "rate_blast_net_growth",
    "rate_blast_death", "rate_blast_to_blood", "rate_blast_blood_to_marrow", "rate_blast_blood_to_extramedullary",
)  # fmt: skip
_PIECES: Final = 400  # of the history, in each of which the rates stay


def refuse_outside(body: "Body", stated: "Disease") -> None:
    """Raise `UserError` where this patient has no room outside the marrow for the stated blasts."""
    places = body.state.places
    site = places.index(PlaceKind.EXTRAMEDULLARY)
    room = places.blast_capacity.item(site) if site >= 0 else 0.0
    if (stated.outside or 0.0) > room:
        raise UserError(
            f"got {stated.outside:.6g} cells, but outside the marrow this patient "
            + (
                f"has room for {room:.6g} (n_extramedullary_cells)"
                if site >= 0
                else "has no place for blasts"
            ),
            key="disease.outside",
        )


def grown_outside(p: Mapping[str, float], fraction: float) -> float:
    """Return the blasts outside the marrow, cells, of a disease that has grown from one cell to a share of the marrow's room.

    The mean of the laws of biology/blast_growth.py and biology/blast_spread.py, without T cells or drug: logistic growth in the
    marrow, as many blasts in blood as are in balance with it, seeds from there, logistic growth of these. A small place is
    overfull while many arrive. `p` holds `GROWN_BY`.
    """
    room, growth = p["n_extramedullary_cells"], p["rate_blast_net_growth"]
    capacity = p["factor_blast_capacity"] * p["n_marrow_cells_per_kg"] * p["weight"]
    share = min(fraction / p["factor_blast_capacity"], 0.99)
    leaving = (
        p["rate_blast_blood_to_marrow"] + p["rate_blast_blood_to_extramedullary"] + p["rate_blast_death"]
    )
    seeds = p["rate_blast_blood_to_extramedullary"] * p["rate_blast_to_blood"] / leaving
    if room < 1.0 or growth <= 0.0 or seeds == 0.0 or share * capacity < 1.0:
        return 0.0
    odds = (1.0 - share) / share
    piece = log(capacity / odds) / growth / _PIECES  # days
    net, crowding, outside = growth - p["rate_blast_to_blood"], growth / room, 0.0
    for i in range(_PIECES):
        there = capacity / (1.0 + odds * exp(growth * piece * (_PIECES - i - 0.5)))
        # exactly, while seeds stay: d outside / dt = seeds * there + net * outside - crowding * outside^2
        far = 0.5 * (abs(net) + sqrt(net * net + 4.0 * crowding * seeds * there))
        near = seeds * there / far
        upper, lower = (far / crowding, -near) if net >= 0.0 else (near, -far / crowding)
        left = (outside - upper) / (outside - lower) * exp(crowding * (lower - upper) * piece)
        outside = (upper - lower * left) / (1.0 - left)
    return outside


def put_in(body: "Body", stated: "Disease") -> None:
    """Put the stated disease into marrow, blood and the site outside; normal cells make room for it.

    The marrow gets the fewest blasts with which their share is reached; reservoirs that are there already count.
    Raises `UserError` where this marrow cannot show what is stated.
    """
    state, n = body.state, body.state.places.n_niches
    look(state)
    marrow, even = _Marrow.of(body), np.zeros(n, np.int64)
    marrow.refuse(stated.fraction)
    drawn = body.draw.scattered("seed blasts", marrow.needed(stated.fraction, even), n)
    fallen = np.array(drawn, np.int64)  # what they displace depends on where they fell: count once more
    blasts = _laid_out(marrow.needed(stated.fraction, fallen), fallen)
    code, blood = encode(BLAST), state.places.index(PlaceKind.BLOOD)
    body.infuse_along(code, blasts.tolist())
    state.places.normal[:n] = marrow.normal_beside(blasts)
    outside = outside_of(body, stated)
    if outside:
        body.infuse(code, outside, place=state.places.index(PlaceKind.EXTRAMEDULLARY))
    body.infuse(code, _circulating(body, int(blasts.sum()) + outside), place=blood)
    body.changed()


def outside_of(body: "Body", stated: "Disease") -> int:
    """Return the blasts outside the marrow that are stated; where nothing is, those that have grown there by then."""
    if stated.outside is not None:
        return round(stated.outside)
    site = body.state.places.index(PlaceKind.EXTRAMEDULLARY) >= 0
    spreads = "blast_spread" in {process.name for process in body.before}
    return int(grown_outside(body.values, stated.fraction)) if site and spreads else 0


@dataclass(frozen=True, slots=True)
class _Marrow:
    """Hold what is in the niches before the disease, cells; arrays are (niches,)."""

    blasts: Floats
    normal: Floats
    room: Floats
    others: float  # T cells and normal B cells, which stay as they are
    spared: float  # share of its room that normal cells keep
    capacity: int  # blasts that the niches hold besides those that are there

    @classmethod
    def of(cls, body: "Body") -> "_Marrow":
        """Read the marrow; the census must be fresh."""
        census, places, niches = body.state.census, body.state.places, body.state.places.marrow
        blasts = np.array(census.blasts[niches], float)
        return cls(
            blasts,
            places.normal[niches].copy(),
            places.room[niches].copy(),
            float((census.t_cells[niches] + places.normal_b[niches]).sum()),
            body.values.fraction_marrow_spared,
            max(int(places.blast_capacity[niches].sum() - blasts.sum()), 0),
        )

    def normal_beside(self, blasts: Counts) -> Floats:
        """Return the normal cells that so many more blasts leave."""
        pairs = zip((self.blasts + blasts).tolist(), self.room.tolist(), strict=True)
        return np.minimum(
            self.normal, [alone(room_beside)(there, room, self.spared) for there, room in pairs]
        )

    def excess(self, fraction: float, new: Counts) -> float:
        """Return the blasts, with so many new ones, beyond a fraction of all marrow cells; it rises with every cell."""
        blasts = float((self.blasts + new).sum())
        return blasts - fraction * (blasts + self.others + float(self.normal_beside(new).sum()))

    def refuse(self, fraction: float) -> None:
        """Raise `UserError` where the reservoirs alone are more than the fraction, or a packed marrow shows less."""
        none = np.zeros(self.room.size, np.int64)
        if self.excess(fraction, none) >= 1.0:
            text = f"{float(self.blasts.sum()):.6g} blasts of the reservoirs alone are more than the stated share of the marrow"
            raise UserError(text, key="disease")
        if self.excess(fraction, _laid_out(self.capacity, none)) < 0.0:
            raise UserError(
                f"the marrow of this patient, packed with {self.capacity:.3g} blasts beside its T cells and normal cells, does "
                f"not show {100.0 * fraction:.4g} %",
                key="disease",
                expected="fewer blasts among the marrow's cells",
            )

    def needed(self, fraction: float, fallen: Counts) -> int:
        """Return the fewest blasts, laid out about those that have `fallen`, with which the marrow shows the fraction."""
        low, high = int(fallen.sum() - fallen.min() * fallen.size), self.capacity
        while low < high:
            middle = (low + high) // 2
            if self.excess(fraction, _laid_out(middle, fallen)) >= 0.0:
                high = middle
            else:
                low = middle + 1
        return low


def _laid_out(cells: int, fallen: Counts) -> Counts:
    """Return so many cells per niche: those that have fallen, more or fewer evenly; one more is one in a single niche."""
    each, rest = divmod(cells - int(fallen.sum()), fallen.size)
    return fallen + each + (np.arange(fallen.size) < rest)


def _circulating(body: "Body", settled: int) -> int:
    """Return the blasts in blood that are in balance with those of marrow and site: as many enter as leave and die.

    Nothing but the exchange of biology/blast_spread.py and the death of biology/blast_growth.py is reckoned with.
    """
    p, at_work = body.values, {process.name for process in body.before}
    if "blast_spread" not in at_work:
        return 0
    there = set(body.state.places.kind.tolist())
    leaving = sum(
        getattr(p, kind.site.blasts[0]) for kind in PlaceKind if kind in there and kind.site.blasts[0]
    )
    leaving += p.rate_blast_death if "blast_growth" in at_work else 0.0
    return round(settled * p.rate_blast_to_blood / leaving) if leaving > 0.0 else 0
