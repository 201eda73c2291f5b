"""Loss of CD19 and of the mismatched HLA haplotype, by chance at every division."""

from simulation.biology.state import State

__all__ = ["AntigenLoss"]


class AntigenLoss:
    """Set the probability that a newborn blast has lost CD19, or the mismatched haplotype.

    Heritable and irreversible.

    Rates near 1e-9..1e-7 per division are exact at one cell: the event kernel draws mutants among the births
    of each cohort.
    """

    name = "antigen_loss"
    source = "Braig 2017, Blood 129:100; Zhao 2021, Blood 137:471 (mechanisms); rates are calibrated"

    def act(self, state: State, dt: float) -> None:
        """Set both probabilities; haplotype loss has no meaning with a matched donor."""
        p = state.p
        state.variants.probability[0] = p.p_cd19_loss
        state.variants.probability[1] = p.p_hla_loss if state.haplotype_mismatch else 0.0
