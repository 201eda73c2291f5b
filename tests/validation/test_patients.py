import pytest

from simulation.parameters import ParameterTable
from simulation.parameters.dependence import parse_dependence
from simulation.validation.patients import SPREAD, burden_plan, respond, small, spread


@pytest.mark.parametrize("fraction", [1e-4, 1e-2, 0.2])
def test_a_patient_has_the_burden_asked_for_when_treatment_starts(fraction: float) -> None:
    assert respond(burden_plan(fraction, 30.0)).fraction_before == pytest.approx(fraction, rel=0.3)


def test_only_what_varies_between_patients_can_be_spread() -> None:
    assert set(spread(*SPREAD)) == {f"patient.{name}" for name in SPREAD}
    with pytest.raises(ValueError, match="does not vary"):
        spread("rate_kill_max")


def test_what_is_spread_depends_as_the_table_says_until_a_plan_fixes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = ParameterTable.load()
    messages = [{"of": "cl_blinatumomab", "with": "t_cell_fitness", "correlation": 0.3}]
    monkeypatch.setattr(table, "dependence", parse_dependence(messages, table.names, table.names))
    assert "patient.dependence" not in spread("t_cell_fitness", "weight")
    both = spread("cl_blinatumomab", "t_cell_fitness")
    assert len(small("preemptive", both).patient.dependence.pairs) == 1
    assert not small("preemptive", both | {"patient.t_cell_fitness": 1}).patient.dependence
