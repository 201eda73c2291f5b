"""What the clinic sees of a patient, and what it can do to him.

The clinic never touches cohorts, kernels or places: it reads a `Truth`, through assays that blur it, and acts
through `Patient`.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

__all__ = ["Effect", "Patient", "Truth"]


class Truth(NamedTuple):
    """Hold the true state of the patient at one instant; only assays and outcome bookkeeping may read it."""

    day: float
    blasts: int  # all blasts in the body, cells
    lost: "Mapping[str, int]"  # by antigen: blasts that have lost it
    marrow_blasts: int
    marrow_cells: float  # nucleated marrow cells, cells
    niche_blast_fraction: "npt.NDArray[np.float64]"  # (niches,)
    niche_blasts: "npt.NDArray[np.float64]"  # (niches,) cells
    niche_access: "npt.NDArray[np.float64]"  # (niches,) access for T cells and drug; < 1 in a sanctuary
    blood_blasts_per_ul: float
    cd3_per_ul: float
    treg_per_ul: float
    b_cells_per_ul: float
    marrow_t_cells: float  # all T cells in the marrow, cells
    marrow_engaged: float
    marrow_treg_share: float  # Treg among marrow T cells, fraction
    marrow_suppression: float  # mean Treg suppression felt in the marrow, fraction
    marrow_exhaustion: float  # mean exhaustion of marrow T cells, fraction
    marrow_et_ratio: float  # T cells per blast in the marrow; inf without blasts
    agvhd_grade: int  # 0-4 now
    crs_grade: int  # 0-4 now
    agents: int
    extramedullary_blasts: int = 0  # blasts at a site outside marrow and blood
    extramedullary_access: float = 1.0  # access of T cells and drug to that site

    @property
    def marrow_blast_fraction(self) -> float:
        """Return blasts among nucleated marrow cells, fraction."""
        return self.marrow_blasts / self.marrow_cells if self.marrow_cells > 0 else 0.0


class Effect(Protocol):
    """What a product does to the body: frozen, so that two that do the same are equal and count as one key."""

    def act(self, body: Any, /) -> None:
        """Do it to a body."""
        ...


class Patient(Protocol):
    """Accept the clinic's actions; `simulation.body.Body` is the implementation."""

    @property
    def day(self) -> float:
        """Return days since transplant at the start of the current step."""
        ...

    @property
    def time_step(self) -> float:
        """Return the step, days."""
        ...

    @property
    def weight_kg(self) -> float:
        """Return the body weight, kg."""
        ...

    @property
    def body_surface_m2(self) -> float:
        """Return the body surface, m2."""
        ...

    def truth(self) -> Truth:
        """Return the true state now (computed once per step)."""
        ...

    def uniform(self, stream: str, *ids: int) -> float:
        """Return a keyed random number in [0, 1) of the named clinic stream; never depends on call order."""
        ...

    def binomial(self, stream: str, n: int, p: float, *ids: int) -> int:
        """Return an exact keyed binomial draw of the named clinic stream."""
        ...

    def apply(self, effect: Effect) -> None:
        """Do what a product does to the body."""
        ...

    def hazard_of_death(self) -> float:
        """Return the hazard of non-relapse death now, per day (from aGvHD III-IV and severe CRS)."""
        ...
