"""What a report says of visits, waits and platforms."""

from typing import Any

import pytest

from simulation.results.scenario_words import scenario_words
from simulation.scenario.load import parse_scenario


def topic_text(topic: str, **keys: Any) -> str:
    return dict(scenario_words(parse_scenario("name: x", keys)))[topic]


def test_visits_waits_and_what_is_missed() -> None:
    tests = topic_text(
        "Tests",
        **{
            "monitoring.mrd.days": ["day 56", "day 100"],
            "monitoring.mrd.delay": "2 d to 9 d",
            "monitoring.missed": "5 %",
            "monitoring.imaging": {"days": ["day 90"], "delay": "2 d", "detects": 1e9, "sensitivity": "90 %"},
        },
    )
    assert "MRD in the marrow on days 56 and 100, reported after 2 to 9 days" in tests
    assert "imaging on day 90, reported after 2 days, which finds 1e9 blasts or more" in tests
    assert tests.endswith("5 % of scheduled visits are missed.")


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ({"when": "blood_count", "at_least": "100 /uL"}, "while CD3+ T cells are at least 100 per µL, 3 days later"),
        ({"when": "free_of_gvhd", "for": "14 d"}, "while there is no acute GvHD, and has not been for 14 days"),
        ({"when": "free_of_immunosuppression"}, "while no immunosuppressant is taken"),
        ({"when": "day", "day": "day 9", "delay": "7 d to 42 d"}, "on day 9, whatever the marrow shows, 7 to 42 days later"),
    ],
)  # fmt: skip
def test_when_treatment_starts(start: dict[str, Any], words: str) -> None:
    assert words.lower() in topic_text("Treatment starts", start=start, dli={"cd3": ["1e6/kg"]}).lower()


def test_a_graft_as_collected_is_not_called_depleted() -> None:
    assert topic_text("Transplant").startswith("T-cell-depleted graft from a haploidentical donor, with ")
    collected = topic_text("Transplant", **{"graft.tcon": "2e8/kg", "graft.treg": "0/kg", "ptcy": {}})
    assert collected.startswith(
        "T-cell-replete graft from a haploidentical donor, cyclophosphamide after transplant"
    )


def test_what_ends_infusions_and_drugs() -> None:
    start = {"when": "mrd", "at_least": "1e-4"}
    dli = {"cd3": ["1e5/kg", "1e6/kg"], "every": "42 d", "until": ["mrd_negative", "agvhd"]}
    assert "until a sample after the first infusion is MRD-negative or there is acute GvHD" in topic_text(
        "Donor lymphocytes", start=start, dli=dli
    )
    drugs = [{"drug": "ciclosporin", "from": "day 0", "to": "day 99"}]
    words = topic_text("Other drugs", immunosuppression=drugs, taper={"start": start, "over": "28 d"})
    assert (
        "all of these planned tapered in steps over 28 days, when measured MRD is 0.0001 or more"
        in words.replace("1e-4", "0.0001")
    )
