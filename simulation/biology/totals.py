"""Look at the body: a fresh census, and what those who ask for the true state read of it in every step."""

from simulation.biology.census import BLASTS, CARRIERS, ENGAGED, EXHAUSTION, TCONS, TREGS, count
from simulation.biology.here import SUPPRESSION, whole
from simulation.biology.places import NORMAL, NORMAL_B
from simulation.biology.state import State
from simulation.engine.compiled import Addresses, kernel
from simulation.engine.population import N_STRATA

__all__ = ["BODY", "FRACTION", "IN_NICHE", "MARROW", "look"]

BODY, MARROW = range(2)  # rows of `State.totals`
FRACTION, IN_NICHE = range(2)  # rows of `State.niches`: share of blasts, blasts
_UL_PER_LITRE = 1e6


def look(state: State) -> None:
    """Take a census, and set `State.totals`, `State.seen`, `State.without` and `State.niches`."""
    _look(state.addresses)


@kernel()
def _look(at: Addresses) -> None:
    body = whole(at)
    here, pop = body.here, body.pop
    count(here, pop)
    counts, totals, niches = here.counts, here.totals, here.niches
    p, x, seen = here.p[0], here.x[0], here.seen[0]
    n_niches = niches.shape[1]
    for c in range(counts.shape[0]):
        marrow = 0.0
        for i in range(n_niches):
            marrow += counts[c, i]
        body = marrow
        for i in range(n_niches, counts.shape[1]):
            body += counts[c, i]
        totals[MARROW, c], totals[BODY, c] = marrow, body
    blasts, t_cells = totals[MARROW, BLASTS], totals[MARROW, TCONS] + totals[MARROW, TREGS]
    seen.blasts, seen.marrow_blasts = totals[BODY, BLASTS], blasts
    for a in range(here.lost.size):
        here.without[a] = totals[BODY, BLASTS] - totals[BODY, CARRIERS + a]
    seen.marrow_t_cells, seen.marrow_engaged = t_cells, totals[MARROW, ENGAGED]
    seen.marrow_treg_share = totals[MARROW, TREGS] / t_cells if t_cells > 0.0 else 0.0
    seen.marrow_exhaustion = totals[MARROW, EXHAUSTION] / t_cells if t_cells > 0.0 else 0.0
    seen.marrow_et_ratio = t_cells / blasts if blasts > 0.0 else float("inf")
    cells = suppressed = 0.0
    for i in range(n_niches):
        blasts = counts[BLASTS, i]
        in_niche = (
            blasts + (counts[TCONS, i] + counts[TREGS, i]) + here.place[NORMAL, i] + here.place[NORMAL_B, i]
        )
        niches[FRACTION, i], niches[IN_NICHE, i] = blasts / max(in_niche, 1.0), blasts
        cells += in_niche
        suppressed += here.signal[SUPPRESSION, i]
    seen.marrow_cells, seen.marrow_suppression = cells, suppressed / max(n_niches, 1)
    blood, site = x.blood, x.extramedullary
    per_ul = 1.0 / (p.volume_blood_per_kg * x.weight_kg * _UL_PER_LITRE)
    flowing = per_ul * (1.0 - x.marginated)
    seen.blood_blasts_per_ul = counts[BLASTS, blood] * per_ul
    seen.cd3_per_ul = (counts[TCONS, blood] + counts[TREGS, blood]) * flowing
    seen.treg_per_ul = counts[TREGS, blood] * flowing
    seen.b_cells_per_ul = here.place[NORMAL_B, blood] * per_ul
    seen.extramedullary_blasts = counts[BLASTS, site] if site >= 0 else 0.0
    agents = 0
    for s in range(pop.meta[N_STRATA]):
        cells_here = pop.cells[s, pop.first[s] : pop.end[s]]
        for i in range(cells_here.size):
            agents += 1 if cells_here[i] > 0 else 0
    seen.agents = agents
