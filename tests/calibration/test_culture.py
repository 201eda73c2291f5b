"""The co-culture that is fitted is the one that is shipped."""

from pathlib import Path

from simulation.calibration.culture import PROTOCOL
from simulation.in_vitro.assays.exhaustion_coculture import ExhaustionCoculture
from simulation.in_vitro.load import load_experiment, parse_experiment

SHIPPED = Path(__file__).parents[2] / "scenarios" / "in_vitro" / "exhaustion_coculture.yaml"


def test_the_fitted_protocol_is_that_of_the_shipped_file() -> None:
    fitted, shipped = parse_experiment(PROTOCOL), load_experiment(SHIPPED)
    assert isinstance(fitted, ExhaustionCoculture)
    assert isinstance(shipped, ExhaustionCoculture)
    assert (fitted.culture, fitted.arms, fitted.assay) == (shipped.culture, shipped.arms, shipped.assay)
    assert fitted.between_donors == shipped.between_donors
    assert set(fitted.days) <= set(shipped.days)
