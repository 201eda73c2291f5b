"""What of an engager in plasma reaches the cells of each place."""

from simulation.biology.contact import at_hand, targets_at
from simulation.biology.here import Here
from simulation.biology.places import ACCESS, DRUG_PARTITION, PlaceKind
from simulation.biology.state import CompiledProcess
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = ["DrugPenetration", "penetrate"]


@inner()
def penetrate(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Set the level of every engager in every place."""
    p, count, place = here.p[0], here.counts, here.place
    for e in range(here.engagers.size):
        mean = here.engagers[e].mean
        for i in range(here.kind.size):
            here.drug[e, i] = mean * place[DRUG_PARTITION, i] * place[ACCESS, i]
            if mean > 0.0 and here.kind[i] != PlaceKind.BLOOD and here.kind[i] != PlaceKind.WELL:
                share = targets_at(count, place, here.engagers[e], i) / at_hand(count, place, i)
                here.drug[e, i] /= 1.0 + p.ratio_antigen_sink * share


class DrugPenetration(CompiledProcess):
    """Set the level of every engager that cells see: plasma level x partition x perfusion of the place / (1 + sink x T/N).

    Where perfusion delivers drug at a rate q (C_in - C) and cells with the target take it up at k C per cell, the level at
    rest is C_in / (1 + (k/q) x targets): a marrow packed with CD19 holds less of it than one in remission, though plasma
    levels know no burden. Blood is mixed too well for that, and a culture well is stirred.
    """

    name = "drug_penetration"
    source = "Hosseini 2020 supplement (partition); sink: docs/evidence.md#p15"
    reads = ("ratio_antigen_sink",)
    law = penetrate
