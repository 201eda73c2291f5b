"""`retreatment`: what is refused, and how it is told in words."""

import pytest

from simulation.errors import UserError
from simulation.results.scenario_words import scenario_words
from simulation.scenario.load import parse_scenario

TREATED = """
name: Again
start: {when: mrd, at_least: 1e-4}
blinatumomab: {dose: 28 ug/day, on: 28 d, off: 14 d, cycles: 2}
"""


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{start: {when: never}}", "it would never be given again"),
        ("{start: {when: mrd, at_least: 1e-9}}", "which the assay cannot see"),
        ("{start: {when: mrd, at_least: 1e-4}, courses: 0}", "retreatment.courses"),
        ("{start: {when: mrd, at_least: 1e-4}, course: 2}", "did you mean 'courses'"),
        ("{courses: 2}", "retreatment.start"),
    ],
)
def test_a_retreatment_that_cannot_be_is_refused(written: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_scenario(TREATED + f"retreatment: {written}\n")
    assert message in str(caught.value)


def test_what_is_never_begun_is_not_repeated() -> None:
    text = "name: Never\nstart: {when: never}\nretreatment: {start: {when: overt_relapse}}\n"
    with pytest.raises(UserError, match="retreatment would never be given"):
        parse_scenario(text)


def test_it_is_told_in_words() -> None:
    again = "retreatment: {start: {when: overt_relapse, delay: 0 d}, courses: 3}\n"
    words = dict(scenario_words(parse_scenario(TREATED + again)))
    assert any(
        "the same again, up to 3 times, when overt relapse is found" in text for text in words.values()
    )
    assert not any("again" in text for text in dict(scenario_words(parse_scenario(TREATED))).values())
