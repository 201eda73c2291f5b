"""Directions that single patients must show, beside the validation's own checks, which ask for means and shares."""

from typing import Any

import pytest

from simulation.validation.experiments import paired_arms
from simulation.validation.patients import START, burden_plan, respond

FAST = {"patient.rate_blast_net_growth": "0.15 /day", "patient.t_cell_fitness": 0.6}


def test_a_patient_with_fast_leukaemia_treated_early_goes_deeper_and_stays_free_longer() -> None:
    """Of slow leukaemia it is not shown: late treatment then meets more T cells (F2 is unclear)."""
    for row in paired_arms(2, 500.0, FAST):
        early, late = row["preemptive"], row["therapeutic"]
        assert early["log10_nadir"] < late["log10_nadir"] - 1.0
        assert early["relapse_free"] > late["relapse_free"] + 60.0
        assert early["remission_days"] > late["remission_days"]


def test_without_antigen_loss_no_relapse_is_cd19_negative() -> None:
    plan = {"processes": {"antigen_loss": "off"}, "patient.n_cd19_negative_reservoir": "0 cells"}
    relapses = [
        arm["outcomes"]["relapse_cd19"] for row in paired_arms(1, 400.0, plan) for arm in row.values()
    ]
    assert set(relapses) <= {None, "positive"} and "positive" in relapses


@pytest.mark.parametrize("cni", ["ciclosporin", "tacrolimus"])
def test_a_calcineurin_inhibitor_lowers_response_and_mycophenolate_less(cni: str) -> None:
    def kill(drug: str | None) -> float:
        course: dict[str, Any] = {
            "drug": drug,
            "from": f"day {START:g}",
            "to": f"day {START + 30:g}",
            "level": 1,
        }
        return respond(burden_plan(0.03, 30.0, immunosuppression=[course] if drug else [])).log10_kill_28

    none, inhibited, mycophenolate = kill(None), kill(cni), kill("mycophenolate")
    assert none > mycophenolate > inhibited
    assert inhibited < none - 0.5
