"""Each schedule beside the list of days a nurse would write by hand."""

import math
from typing import Any

import pytest

from .fake_patient import FakePatient, days, follow, make_clinic, only

DAY_60 = {"when": "day", "day": "day 60"}
STANDARD = {"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 2}
STEPPED = STANDARD | {"step_up": {"dose": "9 ug/day", "for": "7 d"}}
LADDER_BY_DAY = {"cd3": ["1e5/kg", "5e5/kg", "1e6/kg"], "first": "day 15", "every": "42 d"}
LADDER = {"cd3": ["1e5/kg", "5e5/kg", "1e6/kg"], "first": "day 15 of cycle 1", "every": "42 d"}


def treated(
    until: float = 300.0, step: float = 0.25, **keys: Any
) -> tuple[FakePatient, Any, dict[str, object]]:
    clinic = make_clinic(start=DAY_60, time_step=f"{step} d", record_every=f"{step} d", **keys)
    patient = FakePatient(step=step)
    return patient, clinic, follow(clinic, patient, until)


@pytest.mark.parametrize(
    ("blinatumomab", "rates"),
    [
        (STANDARD, [(60, 28), (88, 0), (102, 28), (130, 0)]),
        (STEPPED, [(60, 9), (67, 28), (88, 0), (102, 28), (130, 0)]),
        (STANDARD | {"first": "day 8"}, [(67, 28), (95, 0), (109, 28), (137, 0)]),
        (STANDARD | {"off": "0 d"}, [(60, 28), (116, 0)]),
        (STANDARD | {"dose": "15 ug/m2/day", "cycles": 1}, [(60, 27), (88, 0)]),
        (
            {
                "pattern": [{"dose": "28 ug/day", "for": "5 d"}, {"dose": "0 ug/day", "for": "2 d"}],
                "cycles": 3,
            },
            [(60, 28), (65, 0), (67, 28), (72, 0), (74, 28), (79, 0)],
        ),
        (
            {
                "pattern": [
                    {"dose": "9 ug/day", "for": "12 h"},
                    {"dose": "28 ug/day", "for": "36 h"},
                    {"dose": "0 ug/day", "for": "1 d"},
                ],
                "cycles": 2,
            },
            [(60, 9), (60.5, 28), (62, 0), (63, 9), (63.5, 28), (65, 0)],
        ),
    ],
)
def test_the_pump_runs_as_written_by_hand(
    blinatumomab: dict[str, Any], rates: list[tuple[float, float]]
) -> None:
    patient, clinic, outcomes = treated(blinatumomab=blinatumomab)
    assert patient.rates == rates
    assert days(clinic, "dose", "blinatumomab") == [day for day, _ in rates]
    given = sum(
        rate * (end - begin)
        for (begin, rate), (end, _) in zip(rates, [*rates[1:], (0, 0)], strict=True)
        if rate
    )
    assert outcomes["blinatumomab_ug"] == pytest.approx(given)


def test_drug_days_are_days_on_the_pump() -> None:
    _, _, outcomes = treated(blinatumomab=STEPPED)
    assert outcomes["blinatumomab_days"] == 56.0
    assert outcomes["blinatumomab_ug"] == 7 * 9 + 49 * 28


def test_dose_events_say_cycle_and_day() -> None:
    _, clinic, _ = treated(blinatumomab=STEPPED)
    assert [event.detail for event in clinic.events.of_kind("dose")] == [
        "blinatumomab 9 ug/day (cycle 1 day 1)",
        "blinatumomab 28 ug/day (cycle 1 day 8)",
        "blinatumomab infusion ends (cycle 1 day 29)",
        "blinatumomab 28 ug/day (cycle 2 day 1)",
        "blinatumomab infusion ends (cycle 2 day 29)",
    ]


def test_the_marrow_is_restaged_at_the_end_of_each_block() -> None:
    _, clinic, _ = treated(blinatumomab=STANDARD)
    assert days(clinic, "test", "mrd") == sorted([*range(30, 300, 30), 88.0, 130.0])
    assert "end of cycle 2" in next(e.detail for e in clinic.events.of_kind("test", "mrd") if e.day == 130.0)


def test_restaging_includes_mrd_where_only_morphology_was_due() -> None:
    keys: dict[str, Any] = {"monitoring.mrd.first": "day 300", "monitoring.morphology.first": "day 88"}
    _, clinic, _ = treated(blinatumomab=STANDARD, **keys)
    assert 88.0 in days(clinic, "test", "mrd") and days(clinic, "test", "morphology").count(88.0) == 1


ODD = {
    "pattern": [{"dose": "9 ug/day", "for": "10 h"}, {"dose": "28 ug/day", "for": "7 h"}, {"dose": "0 ug/day", "for": "90 min"},
                {"dose": "15 ug/m2/day", "for": "1 h"}, {"dose": "0 ug/day", "for": "17 h"}],
    "cycles": 10,
}  # fmt: skip


@pytest.mark.parametrize("step", [1 / 24, 0.25, 0.3, 1.0])
@pytest.mark.parametrize(
    ("blinatumomab", "days_on", "amount", "first_changes"),
    [
        (STEPPED, 56.0, 7 * 9 + 49 * 28, [60, 67, 88]),
        (STANDARD | {"on": "7 h", "off": "17 h", "cycles": 10}, 70 / 24, 28 * 70 / 24, [60, 60 + 7 / 24, 61]),
        (STANDARD | {"step_up": {"dose": "4 ug/day", "for": "10 h"}}, 56.0, 28 * 56 - 24 * 10 / 24, [60, 60 + 10 / 24]),
        (STANDARD | {"on": "1 h", "off": "0 d", "cycles": 1}, 1 / 24, 28 / 24, [60, 60 + 1 / 24]),
        (ODD, 10 * 18 / 24, 10 * (9 * 10 + 28 * 7 + 27) / 24, [60, 60 + 10 / 24, 60 + 17 / 24]),
    ],
)  # fmt: skip
def test_any_step_gives_what_is_written(
    blinatumomab: dict[str, Any], days_on: float, amount: float, first_changes: list[float], step: float
) -> None:
    keys: dict[str, Any] = {"follow_up": "360 d", "graft.treg_day": "day -3", "dli": LADDER_BY_DAY}
    patient, clinic, outcomes = treated(step=step, blinatumomab=blinatumomab, **keys)
    assert outcomes["blinatumomab_days"] == pytest.approx(days_on, abs=1e-9)  # as it is rounded
    assert outcomes["blinatumomab_ug"] == pytest.approx(amount, abs=1e-9)
    # what the body got: the mean rate of each step
    ends = [day for day, _ in patient.rates[1:]]
    got = sum((end - day) * rate for (day, rate), end in zip(patient.rates, ends, strict=False))
    assert patient.rates[-1][1] == 0.0 and got == pytest.approx(amount, rel=1e-9)
    assert days(clinic, "dose")[: len(first_changes)] == pytest.approx(first_changes)
    on_grid = [math.ceil(day / step - 1e-6) * step for day in (74, 116, 158)]
    assert [day for day, *_ in patient.infusions] == pytest.approx(on_grid)


def test_a_start_within_a_step_is_that_start() -> None:
    start = DAY_60 | {"delay": "3 h"}
    clinic, patient = make_clinic(start=start, blinatumomab=STANDARD | {"cycles": 1}), FakePatient()
    outcomes = follow(clinic, patient, 100.0)
    assert outcomes["treatment_start_day"] == 60.125 and outcomes["blinatumomab_ug"] == 28.0 * 28
    assert patient.rates == [(60.0, 14.0), (60.25, 28.0), (88.0, 14.0), (88.25, 0.0)]


def test_no_cells_and_no_rate_are_no_treatment() -> None:
    for keys in ({"dli": {"cd3": ["0/kg"]}}, {"blinatumomab": STANDARD | {"dose": "0 ug/day"}}):
        patient, clinic, outcomes = treated(**keys)
        assert (outcomes["treatment_start_day"], outcomes["dli_count"], outcomes["blinatumomab_days"]) == (
            None,
            0,
            0.0,
        )
        assert patient.rates == [] and patient.infusions == [] and not days(clinic, "infusion")
    _, clinic, outcomes = treated(dli={"cd3": ["0/kg", "1e5/kg"], "every": "10 d"})
    assert (outcomes["treatment_start_day"], outcomes["dli_count"]) == (70.0, 1)
    assert "nothing is infused" in only(clinic, "note", "dli").detail


def test_dli_days_doses_and_numbers() -> None:
    patient, clinic, outcomes = treated(blinatumomab=STANDARD, dli=LADDER)
    assert patient.infusions == [
        (74.0, 7_000_000, 0, 1, False),
        (116.0, 35_000_000, 0, 2, False),
        (158.0, 70_000_000, 0, 3, False),
    ]
    assert (outcomes["dli_count"], outcomes["dli_cells_per_kg"]) == (3, 1.6e6)
    first = clinic.events.of_kind("infusion", "dli")[0]
    assert (first.value, first.unit) == (1e5, "cells/kg")
    assert first.detail == "DLI 1: donor lymphocytes, 1.0e+05 CD3/kg (7.00e+06 cells)"


@pytest.mark.parametrize(
    ("first", "expected"),
    [("day 1", [60.0, 70.0]), ("day 15", [74.0, 84.0]), ("day 3 of cycle 2", [104.0, 114.0])],
)
def test_dli_counts_from_treatment_or_from_a_cycle(first: str, expected: list[float]) -> None:
    dli = {"cd3": ["1e4/kg", "1e4/kg"], "first": first, "every": "10 d"}
    patient, _, _ = treated(blinatumomab=STANDARD, dli=dli)
    assert [day for day, *_ in patient.infusions] == expected


def test_dli_cycles_follow_a_late_first_cycle() -> None:
    patient, _, _ = treated(blinatumomab=STANDARD | {"first": "day 8"}, dli=LADDER)
    assert patient.infusions[0][0] == 60 + 7 + 14


def test_dli_alone_with_treg_and_memory_cells() -> None:
    dli = {"cd3": ["1e6/kg"], "treg_per_tcon": 2, "naive_depleted": True}
    patient, clinic, outcomes = treated(dli=dli)
    assert patient.infusions == [(60.0, 70_000_000, 140_000_000, 1, True)]
    assert outcomes["treatment_start_day"] == 60.0 and outcomes["blinatumomab_days"] == 0.0
    assert (
        "naive-depleted" in only(clinic, "infusion").detail
        and "1.40e+08 Treg" in only(clinic, "infusion").detail
    )


def test_infusions_closer_than_a_step_are_all_given() -> None:
    dli = {"cd3": ["1e4/kg", "2e4/kg", "3e4/kg"], "every": "6 h"}
    patient, _, _ = treated(step=1.0, dli=dli)
    assert [(day, tcon) for day, tcon, *_ in patient.infusions] == [
        (60.0, 700_000),
        (61.0, 1_400_000),
        (61.0, 2_100_000),
    ]


def test_cells_are_whole_numbers() -> None:
    clinic = make_clinic(start=DAY_60, dli={"cd3": ["12345.6/kg"], "treg_per_tcon": 0.3})
    patient = FakePatient()
    patient.weight_kg = 63.7
    follow(clinic, patient, until=61.0)
    assert patient.infusions[0][1:3] == (round(12345.6 * 63.7), round(round(12345.6 * 63.7) * 0.3))


def test_cytoreduction_comes_first_and_immunotherapy_so_many_days_later() -> None:
    patient, clinic, outcomes = treated(
        blinatumomab=STANDARD, dli=LADDER, cytoreduction={"log10_kill": 1.5, "before": "10 d"}
    )
    assert patient.cytoreductions == [(60.0, 1.5)]
    assert patient.rates[0] == (70.0, 28.0)
    assert patient.infusions[0][0] == 84.0
    assert outcomes["treatment_start_day"] == 60.0
    assert [event.what for event in clinic.events.of_kind("dose")][:2] == ["cytoreduction", "blinatumomab"]


def test_nothing_planned_means_nothing_started() -> None:
    patient, clinic, outcomes = treated()
    assert outcomes["trigger_day"] == 60.0 and outcomes["treatment_start_day"] is None
    assert patient.rates == [] and patient.infusions == []
    assert "nothing planned" in only(clinic, "trigger").detail
