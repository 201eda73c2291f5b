"""The shipped parameters pass every check of the validation but those listed here, each with what was measured.

With few patients for the plain test command; with the full numbers under `slow`. An entry whose check passes is an error,
too: it is to be taken away.
"""

import pytest

from simulation.validation.check import Check, Effort
from simulation.validation.run import checks, do

# id -> why it does not pass, with the numbers of the full effort
EXPECTED = {
    "C4": "complete MRD response 0.90 (0.79-0.95), observed 0.78 (0.69-0.85), none detectable; here: below 1e-4",
    "C7b": "CRS III or more 0 of 60 (0-0.12), accepted 0.02-0.10: 60 patients cannot tell",
    "C8_6h": "T cells after 6 h 0.06 of before, observed 0.15: the fall is an hour or two too fast",
    "C8_d7": "T cells on day 7 1.04 of before, observed 1.77 (1.06-2.00): no overshoot",
    "C11": "Treg ratio of non-responders 1.28 (1.00-1.65), accepted 1.3-3.0: spread of fitness and clearance hides Treg",
    "C12": "aGvHD II or more with Treg 0.33 (0.20-0.49), observed 0.08 (0.02-0.24)",
    "C12b": "aGvHD II or more without Treg 40 of 40, accepted 0.60-0.97",
    "C14_low": "GvHD after DLI of up to 1e7 CD3/kg 0 of 16, accepted 0.10-0.40",
    "C14_middle": "GvHD after DLI of 1e7-1e8 CD3/kg 0.13 (0.04-0.40), accepted 0.25-0.65",
    "C16": "relapse within 2 years 0.80 (0.61-0.90), accepted 0.40-0.66",
    "F6b": "CRS score of cycle 2 over cycle 1 0.48 (0.13-1.78) in overt disease: 12 patients cannot tell",
    "F8b": "GvL beside Treg 0.005 log10 at phi_BM 0, 0.2 and 1; 0.42 without Treg, which act where cells are primed",
    "S1": "remission in 11 of 11 treated at overt relapse (74-100 %), accepted 0.1-0.9: a monthly marrow finds relapse early",
}  # fmt: skip
FEW = Effort(0.5)
LONG = ("F11", "F16")  # take minutes even so


def compare(check: Check, effort: Effort) -> None:
    for result in do(((check.id, effort),)):
        reason = EXPECTED.get(result.id)
        shown = (
            f"{result.id} {result.claim}: {'; '.join(map(str, result.found.measured))} {result.found.note}"
        )
        if reason is None:
            assert result.found.status == "pass", shown
        else:
            assert result.found.status in ("fail", "unclear"), f"passes now, take it off the list: {shown}"


@pytest.mark.parametrize(
    "check", [c for c in checks(("theory", "facts")) if c.id not in LONG], ids=lambda check: check.id
)
def test_with_few_patients(check: Check) -> None:
    compare(check, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("check", checks(), ids=lambda check: check.id)
def test_with_the_full_numbers_of_patients(check: Check) -> None:
    compare(check, Effort())


def test_what_is_expected_to_fail_is_a_check_or_a_target() -> None:
    from simulation.calibration.targets import load_targets

    assert sorted(EXPECTED) == sorted(
        EXPECTED.keys() & ({check.id for check in checks()} | load_targets().keys())
    )
