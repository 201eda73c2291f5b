"""The kinds of experiment: what a file may say beyond the common base; its key `experiment` chooses.

Values are in canonical units, as in a scenario.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from simulation.blocks.fields import Block, Bool, Fraction, Quantity, Text, written
from simulation.in_vitro.experiment import Duration, Experiment
from simulation.in_vitro.fields import Cells, Concentration, Drug, Ratio, TregRatio

__all__ = [
    "EXPERIMENTS",
    "Arm",
    "Cytotoxicity",
    "ExhaustionCoculture",
    "Experiment",
    "MixedLymphocyteReaction",
    "SuppressionAssay",
]

Ratios = Annotated[tuple[Ratio, ...], Field(min_length=1, max_length=40)]


def _sorted[T: float](values: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(sorted(set(values)))


class Cytotoxicity(Experiment):
    """Kill CD19+ targets: E:T ratios x drug concentrations x hours; no-drug controls are added."""

    experiment: Literal["cytotoxicity"] = Field(description="Which experiment this is.")
    targets: Cells = Field(20_000, description="CD19+ target cells per well.")
    targets_divide: Bool = Field(
        False, description="Whether targets divide at the table's rate (primary blasts); false: only death."
    )
    effectors: Literal["resting", "preactivated"] = Field(
        "resting", description="T cells fresh from blood, or activated before the assay."
    )
    et_ratios: Ratios = Field(description="Effector T cells per target.")
    drug: Annotated[tuple[Concentration, ...], Field(min_length=1, max_length=40)] = Field(
        description="Blinatumomab in the medium; wells without drug are added as controls."
    )
    times: Annotated[tuple[Duration, ...], Field(min_length=1, max_length=20)] = Field(
        description="When live targets are counted."
    )

    _order = field_validator("et_ratios", "drug", "times", mode="after")(staticmethod(_sorted))

    def durations(self) -> Mapping[str, tuple[float, ...]]:
        """Return the times of counting."""
        return {"times": self.times}

    def n_wells(self) -> int:
        """Return the number of wells, controls included."""
        return self.donors * self.replicates * len(self.et_ratios) * (len(self.drug) + 1)

    def largest_well(self) -> float:
        """Return the number of cells at the highest E:T ratio."""
        return self.targets * (1 + self.et_ratios[-1])


class Culture(Block):
    """Keep T cells with targets and drug for weeks; fresh targets restore the E:T ratio at every feed."""

    t_cells: Cells = Field(50_000, description="T cells at the start, and at most after every feed (split).")
    et_ratio: Ratio = Field(written("1:1"), description="T cells per live target after every feed.")
    drug: Concentration = Field(written("5 ng/mL"), description="Blinatumomab in the medium while it is on.")
    feed_every: Duration = Field(written("3.5 d"), description="From one feed to the next.")
    targets_divide: Bool = Field(False, description="Whether targets divide between feeds.")


class Arm(Block):
    """Give the drug without end (no `off`), or with treatment-free intervals."""

    name: Annotated[str, Text(40, 1, "continuous", one_line=True)] = Field(description="The arm's name.")
    on: Duration = Field(description="Time with drug, before each interval.")
    off: Annotated[float, Quantity("time", 0, 100)] = Field(
        written("0 d"), description="Time without drug; 0 d: continuous."
    )
    targets_in_interval: Bool = Field(True, description="Whether targets are fed in the interval too.")


class ShortAssay(Block):
    """Test T cells taken from the culture against fresh targets."""

    targets: Cells = Field(5_000, description="Fresh CD19+ targets per well.")
    et_ratio: Ratio = Field(written("1:1"), description="T cells per target.")
    drug: Concentration = Field(written("5 ng/mL"), description="Blinatumomab in the assay.")
    duration: Duration = Field(written("3 d"), description="Length of the assay.")


class ExhaustionCoculture(Experiment):
    """Follow T-cell function over weeks of continuous or interrupted exposure (Philipp 2022)."""

    experiment: Literal["exhaustion_coculture"] = Field(description="Which experiment this is.")
    culture: Culture = Field(
        default_factory=lambda: Culture.model_validate({}), description="The long co-culture."
    )
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, max_length=8)] = Field(
        description="Schedules of drug in the culture."
    )
    days: Annotated[tuple[Duration, ...], Field(min_length=1, max_length=30)] = Field(
        description="When T cells are taken and tested."
    )
    assay: ShortAssay = Field(
        default_factory=lambda: ShortAssay.model_validate({}), description="The test of function."
    )

    _order = field_validator("days", mode="after")(staticmethod(_sorted))

    def durations(self) -> Mapping[str, tuple[float, ...]]:
        """Return days of tests, feeds, arms and the assay."""
        arms = {
            f"arms.{i}.{key}": (value,)
            for i, arm in enumerate(self.arms)
            for key, value in (("on", arm.on), ("off", arm.off))
        }
        fixed = {"culture.feed_every": (self.culture.feed_every,), "assay.duration": (self.assay.duration,)}
        return {"days": self.days, **fixed, **arms}

    @property
    def length(self) -> float:
        """Return the length of the culture and of its last assay, days."""
        return self.days[-1] + self.assay.duration

    def n_wells(self) -> int:
        """Return cultures and assay wells, controls included."""
        return self.donors * self.replicates * len(self.arms) * (1 + 2 * len(self.days))

    def largest_well(self) -> float:
        """Return the number of cells in a culture after a feed."""
        return self.culture.t_cells * (1 + 1 / self.culture.et_ratio)


class MixedLymphocyteReaction(Experiment):
    """Let donor T cells meet irradiated allogeneic stimulators, with and without drug and Treg (S6)."""

    experiment: Literal["mixed_lymphocyte_reaction"] = Field(description="Which experiment this is.")
    responders: Cells = Field(100_000, description="Donor Tcon per well, labelled (CFSE).")
    match: Literal["haploidentical", "matched_sibling"] = Field(
        "haploidentical", description="How the stimulators' HLA differs: sets the alloreactive fraction."
    )
    responders_per_stimulator: Ratio = Field(
        written("1:1"), description="Responders per irradiated stimulator; at 1:1 host APC count as 1."
    )
    cd19_cells: Annotated[
        tuple[Literal["none", "b_cells", "blasts"], ...], Field(min_length=1, max_length=3)
    ] = Field(("none",), description="CD19+ cells among the stimulators: none, B cells, or blasts.")
    cd19_share: Fraction = Field(0.1, description="Their share of the stimulators, where there are any.")
    drug: Annotated[tuple[Drug, ...], Field(min_length=1, max_length=20)] = Field(
        description="Blinatumomab in the medium; 0 ng/mL: none (always added)."
    )
    treg: Annotated[tuple[TregRatio, ...], Field(min_length=1, max_length=20)] = Field(
        (0.0,), description="Treg per responder; none is always added."
    )
    duration: Duration = Field(written("6 d"), description="Length of the culture.")

    @field_validator("drug", "treg", mode="after")
    @classmethod
    def _with_control(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        return _sorted((0.0, *values))

    def durations(self) -> Mapping[str, tuple[float, ...]]:
        """Return the length of the culture."""
        return {"duration": (self.duration,)}

    def n_wells(self) -> int:
        """Return the number of wells, autologous controls included."""
        variants = len(set(self.cd19_cells)) * len(self.drug) * len(self.treg)
        return 2 * self.donors * self.replicates * variants

    def largest_well(self) -> float:
        """Return responders and Treg at the start; stimulators are no agents."""
        return self.responders * (1 + self.treg[-1])


class SuppressionAssay(Experiment):
    """Stimulate Tcon with more and more Treg and count how much less they divide."""

    experiment: Literal["suppression_assay"] = Field(description="Which experiment this is.")
    responders: Cells = Field(50_000, description="Tcon per well, labelled (CFSE).")
    responding: Fraction = Field(
        1.0,
        description="Share of Tcon that the stimulus reaches: 1 for anti-CD3, the alloreactive share in an MLR.",
    )
    stimulus: Annotated[float, Quantity("dimensionless", 0, 100, above_low=True)] = Field(
        1.0, description="Strength at the start relative to host APC on the day of transplant."
    )
    treg: Annotated[tuple[TregRatio, ...], Field(min_length=1, max_length=20)] = Field(
        description="Treg per Tcon; none is always added."
    )
    duration: Duration = Field(written("4 d"), description="Length of the culture.")
    pulse: Duration = Field(
        written("16 h"), description="Last part of the culture, in which newly made DNA is counted."
    )

    @field_validator("treg", mode="after")
    @classmethod
    def _with_control(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        return _sorted((0.0, *values))

    def durations(self) -> Mapping[str, tuple[float, ...]]:
        """Return the length of the culture and of the pulse."""
        return {"duration": (self.duration,), "pulse": (self.pulse,)}

    def n_wells(self) -> int:
        """Return the number of wells."""
        return self.donors * self.replicates * len(self.treg)

    def largest_well(self) -> float:
        """Return Tcon and Treg at the start."""
        return self.responders * (1 + self.treg[-1])


EXPERIMENTS: dict[str, type[Experiment]] = {
    "cytotoxicity": Cytotoxicity,
    "exhaustion_coculture": ExhaustionCoculture,
    "mixed_lymphocyte_reaction": MixedLymphocyteReaction,
    "suppression_assay": SuppressionAssay,
}
