"""Look at the body: a fresh census, and its sums over the body and over the marrow, for those who read the true state."""

from simulation.biology.census import BLASTS, TCONS, TREGS, count
from simulation.biology.here import SUPPRESSION, whole
from simulation.biology.places import NORMAL, NORMAL_B
from simulation.biology.state import State
from simulation.engine.compiled import Addresses, kernel
from simulation.engine.population import N_STRATA

__all__ = ["AGENTS", "BODY", "CELLS", "FRACTION", "IN_NICHE", "MARROW", "SUPPRESSED", "look"]

BODY, MARROW = range(2)  # rows of `State.totals`
CELLS, SUPPRESSED, AGENTS = range(
    3
)  # of `State.whole`: nucleated marrow cells, mean suppression there, agents
FRACTION, IN_NICHE = range(2)  # rows of `State.niches`: share of blasts, blasts


def look(state: State) -> None:
    """Take a census, and set `State.totals`, `State.whole` and `State.niches`."""
    _look(state.addresses)


@kernel()
def _look(at: Addresses) -> None:
    body = whole(at)
    here, pop = body.here, body.pop
    count(here, pop)
    counts, totals, niches = here.counts, here.totals, here.niches
    n_niches = niches.shape[1]
    for c in range(counts.shape[0]):
        marrow = 0.0
        for i in range(n_niches):
            marrow += counts[c, i]
        body = marrow
        for i in range(n_niches, counts.shape[1]):
            body += counts[c, i]
        totals[MARROW, c], totals[BODY, c] = marrow, body
    cells = suppressed = 0.0
    for i in range(n_niches):
        blasts = counts[BLASTS, i]
        in_niche = (
            blasts + (counts[TCONS, i] + counts[TREGS, i]) + here.place[NORMAL, i] + here.place[NORMAL_B, i]
        )
        niches[FRACTION, i], niches[IN_NICHE, i] = blasts / max(in_niche, 1.0), blasts
        cells += in_niche
        suppressed += here.signal[SUPPRESSION, i]
    agents = 0
    for s in range(pop.meta[N_STRATA]):
        for i in range(pop.first[s], pop.end[s]):
            agents += 1 if pop.cells[s, i] > 0 else 0
    here.whole[CELLS], here.whole[SUPPRESSED] = cells, suppressed / max(n_niches, 1)
    here.whole[AGENTS] = agents
