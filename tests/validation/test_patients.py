import pytest

from simulation.validation.patients import SPREAD, burden_plan, respond, spread


@pytest.mark.parametrize("fraction", [1e-4, 1e-2, 0.2])
def test_a_patient_has_the_burden_asked_for_when_treatment_starts(fraction: float) -> None:
    assert respond(burden_plan(fraction, 30.0)).fraction_before == pytest.approx(fraction, rel=0.3)


def test_only_what_varies_between_patients_can_be_spread() -> None:
    assert set(spread(*SPREAD)) == {f"patient.{name}" for name in SPREAD}
    with pytest.raises(ValueError, match="does not vary"):
        spread("rate_kill_max")
