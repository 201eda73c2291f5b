"""Loss of antigens (CD19, the mismatched HLA haplotype), by chance at every division."""

from simulation.biology.antigens import ANTIGENS
from simulation.biology.here import Here
from simulation.biology.state import CompiledProcess
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = ["AntigenLoss", "set_loss"]


@inner()
def set_loss(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Set the probability of every antigen; haplotype loss has no meaning with a matched donor."""
    mismatched = here.x[0].haplotype_mismatch != 0
    for antigen in range(here.loss.shape[0]):
        number, mismatched_only = here.loss[antigen]
        may_be_lost = number >= 0 and (mismatched or mismatched_only == 0)
        here.probability[antigen] = here.values[number] if may_be_lost else 0.0


class AntigenLoss(CompiledProcess):
    """Set the probability that a newborn blast has lost an antigen.

    Heritable and irreversible.

    Rates near 1e-9..1e-7 per division are exact at one cell: the event kernel draws mutants among the births
    of each agent.
    """

    name = "antigen_loss"
    source = "Braig 2017, Blood 129:100; Zhao 2021, Blood 137:471 (mechanisms); rates are calibrated"
    reads = tuple(antigen.p_loss for antigen in ANTIGENS if antigen.p_loss)
    law = set_loss
