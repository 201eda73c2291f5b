"""Loss of antigens (CD19, the mismatched HLA haplotype), by chance at every division."""

from simulation.biology.antigens import ANTIGENS
from simulation.biology.state import State

__all__ = ["AntigenLoss"]


class AntigenLoss:
    """Set the probability that a newborn blast has lost an antigen.

    Heritable and irreversible.

    Rates near 1e-9..1e-7 per division are exact at one cell: the event kernel draws mutants among the births
    of each cohort.
    """

    name = "antigen_loss"
    source = "Braig 2017, Blood 129:100; Zhao 2021, Blood 137:471 (mechanisms); rates are calibrated"
    reads = tuple(antigen.p_loss for antigen in ANTIGENS if antigen.p_loss)

    def act(self, state: State, dt: float) -> None:
        """Set the probability of every antigen; haplotype loss has no meaning with a matched donor."""
        for i, antigen in enumerate(state.antigens):
            may_be_lost = state.haplotype_mismatch or not antigen.mismatched_only
            state.variants.probability[i] = (
                getattr(state.p, antigen.p_loss) if antigen.p_loss and may_be_lost else 0.0
            )
