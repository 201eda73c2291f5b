"""A plate of wells: the donors of an experiment, its wells, and how many of them are finished."""

from collections.abc import Callable, Iterator
from typing import Any

from simulation.body.keyed import Keyed
from simulation.in_vitro.experiment import Experiment
from simulation.in_vitro.wells import Well, pipetted
from simulation.scenario.resolve import resolved

__all__ = ["Donor", "Plate"]


class Donor:
    """Hold a donor of T cells; the same in every well and every experiment with this seed.

    `number` counts from 1, `values` are the donor's parameters in canonical units.
    """

    def __init__(self, experiment: Experiment, seed: int, index: int) -> None:
        self.number = index + 1
        self._experiment, self._seed, self._index = experiment, seed, index
        draw = Keyed(seed, index)
        self.values = resolved(
            experiment.parameters,
            experiment.between_donors,
            experiment.plugin,
            lambda name: draw.uniform(f"patient {name}"),
        )

    def well(self, label: str, **options: Any) -> Well:
        """Return an empty well for cells of this donor; `label` keys its chance events (see `Well`)."""
        return Well(self._experiment, self.values, self._seed, self._index, label, **options)

    def pipetted(self, well: Well, what: str, cells: float, *ids: int) -> int:
        """Return the cells that a pipette delivers into a well where so many are wanted."""
        return pipetted(well.draw, what, cells, self._experiment.pipetting_cv, *ids)


class Plate:
    """Hold what a protocol works on; `done` gets the number of wells finished so far, and may raise to stop."""

    def __init__(self, experiment: Experiment, seed: int, done: Callable[[int], None]) -> None:
        self.seed = seed
        self._experiment, self._done, self._finished = experiment, done, 0

    def donors(self) -> Iterator[Donor]:
        """Yield the donors, one after the other."""
        return (Donor(self._experiment, self.seed, index) for index in range(self._experiment.donors))

    def finish(self, wells: int = 1) -> None:
        """Count wells as finished."""
        self._finished += wells
        self._done(self._finished)
