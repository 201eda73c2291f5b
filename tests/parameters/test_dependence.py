"""Parameters that depend on one another: a Gaussian copula in the table's order, and what is refused of it."""

import math
import pickle
from pathlib import Path
from statistics import NormalDist
from typing import Any, cast

import numpy as np
import pytest

from simulation.errors import UserError
from simulation.parameters import ParameterTable, render_parameter_table
from simulation.parameters.dependence import INDEPENDENT, Dependence, parse_dependence
from simulation.parameters.document import parameter_page
from simulation.parameters.read_distribution import DistributionError

ORDER = ("a", "b", "c", "d", "e")
NORMAL = NormalDist()


def pair(of: str, other: str, correlation: Any = 0.5, **more: Any) -> dict[str, Any]:
    return {"of": of, "with": other, "correlation": correlation} | more


def read(*pairs: Any, varies: tuple[str, ...] = ORDER) -> Dependence:
    return parse_dependence(list(pairs), ORDER, varies)


def own_of(person: int) -> dict[str, float]:
    """Return one person's independent numbers."""
    return dict(zip(ORDER, np.random.default_rng([3, person]).random(len(ORDER)).tolist(), strict=True))


def person_of(dependence: Dependence, person: int) -> dict[str, float]:
    number = dependence.numbers(own_of(person).__getitem__)
    return {name: number(name) for name in ORDER}


def test_the_correlations_of_scores_are_those_written() -> None:
    """Each within four standard errors of 4,000 draws (one fixed seed; false alarm below 1e-3 over all ten)."""
    written = {("a", "c"): 0.5, ("c", "b"): -0.7, ("e", "a"): 0.3}
    dependence = read(*(pair(*names, rho) for names, rho in written.items()))
    people = [person_of(dependence, person) for person in range(4000)]
    scores = np.array([[NORMAL.inv_cdf(person[name]) for name in ORDER] for person in people])
    result = np.corrcoef(scores.T)
    for i, one in enumerate(ORDER):
        for j, other in enumerate(ORDER[:i]):
            rho = written.get((one, other), written.get((other, one), 0.0))
            assert abs(result[i, j] - rho) < 4 * (1 - rho**2) / math.sqrt(4000), (one, other)
        numbers = np.sort([person[one] for person in people])
        even = (np.arange(4000) + 0.5) / 4000
        assert np.abs(numbers - even).max() < 1.95 / math.sqrt(4000), "each is as before by itself"


def test_the_first_of_the_table_keeps_its_number_and_later_ones_are_mixed() -> None:
    own = own_of(0)
    for written in (pair("b", "d", 0.6), pair("d", "b", 0.6)):
        person = person_of(read(written), 0)
        assert {name: person[name] for name in "abce"} == {name: own[name] for name in "abce"}
        mixed = 0.6 * NORMAL.inv_cdf(own["b"]) + 0.8 * NORMAL.inv_cdf(own["d"])
        assert person["d"] == pytest.approx(NORMAL.cdf(mixed), rel=1e-12)


def test_who_depends_on_no_earlier_one_keeps_his_number() -> None:
    """Of a with c and b with c, b is independent of a."""
    own, person = own_of(1), person_of(read(pair("a", "c", 0.6), pair("b", "c", 0.6)), 1)
    assert (person["a"], person["b"]) == (own["a"], own["b"])
    assert person["c"] != own["c"]


def test_what_has_nothing_to_do_with_a_pair_does_not_change_it() -> None:
    alone = person_of(read(pair("b", "d", 0.6)), 2)
    for more in ([pair("a", "c", -0.9)], [pair("e", "d", 0.3)], [pair("a", "e", 0.3), pair("c", "a", 0.1)]):
        assert {name: person_of(read(pair("b", "d", 0.6), *more), 2)[name] for name in "bd"} == {
            name: alone[name] for name in "bd"
        }


def test_without_pairs_every_number_is_its_own() -> None:
    for nothing in (INDEPENDENT, read(), parse_dependence(None, ORDER, ORDER), read(pair("a", "b", 0))):
        assert person_of(nothing, 3) == own_of(3)


@pytest.mark.parametrize("correlation", [0.999999, -0.999999])
def test_numbers_at_the_ends_stay_between_them(correlation: float) -> None:
    dependence = read(pair("a", "b", correlation))
    for u in (0.0, 2.0**-60, 0.5, 1 - 2.0**-53):
        assert 0 <= dependence.numbers(lambda name, u=u: u)("b") <= 1  # type: ignore[misc]


def test_what_was_read_is_written_compared_and_cut_down() -> None:
    written = [pair("d", "b", 0.25, source="a paper"), pair("a", "d", -0.5)]
    dependence = read(*written)
    assert dependence.to_plain() == written
    assert dependence.order == ("a", "b", "d")
    assert pickle.loads(pickle.dumps(dependence)) == dependence == read(*written)
    assert hash(dependence) == hash(read(*written))
    assert dependence != read(*written[:1])
    assert dependence.among({"a", "d", "c"}) == read(written[1])
    assert dependence.among({"a"}) == INDEPENDENT
    assert not dependence.among({"a"})
    assert [name for name, _ in dependence.partners("d")] == ["b", "a"]


@pytest.mark.parametrize(
    ("written", "path", "message", "nearest"),
    [
        ({"of": "a"}, (), "got {'of': 'a'}", None),
        ([3], (0,), "got 3", None),
        ([pair("a", "b", form="linear")], (0, "form"), "no such key", None),
        ([{"of": "a", "wiht": "b", "correlation": 0.1}], (0, "wiht"), "no such key", "with"),
        ([{"of": "a", "with": "b"}], (0,), "the key 'correlation' is missing", None),
        ([{"of": "a", "correlation": 0.1}], (0,), "the key 'with' is missing", None),
        ([pair("a", "f")], (0, "with"), "no parameter 'f'", None),
        ([pair("a", "b"), pair(cast(str, ["a"]), "b")], (1, "of"), "no parameter ['a']", None),
        ([pair("a", "e")], (0, "with"), "e does not vary", None),
        ([pair("b", "b")], (0, "with"), "paired with itself", None),
        ([pair("a", "b"), pair("c", "d"), pair("b", "a", 0.1)], (2,), "b and a is written twice", None),
        ([pair("a", "b", 1)], (0, "correlation"), "got 1", None),
        ([pair("a", "b", -1.5)], (0, "correlation"), "got -1.5", None),
        ([pair("a", "b", "half")], (0, "correlation"), "got 'half'", None),
        ([pair("a", "b", True)], (0, "correlation"), "got true", None),
        ([pair("a", "b", source=3)], (0, "source"), "got 3", None),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_a_pair(
    written: Any, path: tuple[str | int, ...], message: str, nearest: str | None
) -> None:
    with pytest.raises(DistributionError) as caught:
        parse_dependence(written, ORDER, ORDER[:4])
    assert message in caught.value.message
    assert (caught.value.path, caught.value.nearest) == (path, nearest)


@pytest.mark.parametrize(
    ("written", "named", "not_named"),
    [
        ([pair("a", "b", 0.9), pair("b", "c", 0.9), pair("d", "e", 0.1)], ["a with b 0.9", "b with c 0.9"], "d with e"),
        ([pair("a", "b", -0.5), pair("c", "b", -0.5), pair("a", "c", -0.5)], ["c with b -0.5"], "d with"),
        ([pair("d", "e", 0.9), pair("d", "c", -0.9), pair("a", "b", 0.9)], ["d with e 0.9", "d with c -0.9"], "a with"),
    ],
    ids=["left out means 0", "singular", "another component"],
)  # fmt: skip
def test_correlations_that_nobody_can_have_are_named(
    written: list[Any], named: list[str], not_named: str
) -> None:
    with pytest.raises(DistributionError, match="contradict one another") as caught:
        read(*written)
    assert all(words in caught.value.message for words in named)
    assert not_named not in caught.value.message
    assert read(*written[1:]), "each by itself is possible"


TABLE = """\
blasts:
  rate_growth: {{value: 0.06 /day, low: 0.005 /day, high: 0.3 /day, kind: measured, confidence: H, source: a paper,
    between_patients: {{distribution: lognormal, sigma: 0.5}}}}
  n_left: {{value: 1e5 cells, low: 0 cells, high: 1e9 cells, kind: measured, confidence: H, source: a paper,
    between_patients: {spread}}}
  phi: {{value: 0.5, low: 0, high: 1, kind: measured, confidence: H, source: a paper}}
dependence:
  - {pair}
"""
SPREAD = "{distribution: lognormal, sigma: 1}"
PAIR = "{of: n_left, with: rate_growth, correlation: -0.4, source: a paper}"


def table(folder: Path, pair: str = PAIR, spread: str = SPREAD) -> ParameterTable:
    (folder / "table.yaml").write_text(TABLE.format(pair=pair, spread=spread))
    return ParameterTable.read(folder / "table.yaml", "table.yaml")


def test_a_table_says_what_depends_on_what(tmp_path: Path) -> None:
    result = table(tmp_path)
    assert result.names == ("rate_growth", "n_left", "phi")
    assert result.groups == ("blasts",)
    assert result.dependence.order == ("rate_growth", "n_left")
    assert list(result.between_patients()) == ["dependence", "rate_growth", "n_left"]
    assert list(result.between_patients(["n_left", "phi"])) == ["n_left"]
    by_name = {row["name"]: row["between_patients"] for row in render_parameter_table(result)}
    assert by_name["rate_growth"] == "lognormal median 0.06 /day sigma 0.5; correlation -0.4 with n_left"
    assert by_name["n_left"].endswith("; correlation -0.4 with rate_growth")
    assert by_name["phi"] == ""
    assert "| `n_left` | `rate_growth` | -0.4 | a paper |" in parameter_page(result)


def test_a_table_may_hold_a_mixture_and_tells_it_in_words(tmp_path: Path) -> None:
    parts = "{weight: 3, distribution: lognormal, sigma: 1}, {weight: 1, distribution: fixed, value: 0 cells}"
    spread = f"{{distribution: mixture, parts: [{parts}]}}"
    result = table(tmp_path, spread=spread)
    assert result["n_left"].between_patients is not None
    by_name = {row["name"]: row["between_patients"] for row in render_parameter_table(result)}
    assert by_name["n_left"].startswith(
        "mixture of 75% lognormal median 1e5 cells sigma 1, 25% fixed value 0 cells;"
    )


@pytest.mark.parametrize(
    ("pair", "spread", "line", "key", "message"),
    [
        (PAIR.replace("n_left", "phi"), SPREAD, 8, "dependence.0.of", "phi does not vary"),
        (PAIR.replace("rate_growth", "rate_growht"), SPREAD, 8, "dependence.0.with", "did you mean 'rate_growth'"),
        (PAIR.replace(", source: a paper", ""), SPREAD, 8, "dependence.0", "the key 'source' is missing"),
        (PAIR, "{distribution: fixed}", 8, "dependence.0.of", "n_left does not vary"),
        (PAIR, "{distribution: choice, values: [1 cells, 2 cells], weights: [1, 0]}",
         8, "dependence.0.of", "n_left does not vary"),
        (PAIR, "{distribution: mixture,\n      parts: [\n        {weight: 1, distribution: fixed},\n"
         "        {weight: 1, distribution: fixed, value: 3 kg}]}",
         8, "blasts.n_left.between_patients.parts.1.value", "which is a weight"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_table_is_told_with_its_place(
    tmp_path: Path, pair: str, spread: str, line: int, key: str, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        table(tmp_path, pair, spread)
    assert (caught.value.line, caught.value.key) == (line, key)
    assert message in str(caught.value)
