import pickle

import pytest

from simulation.errors import ExitStatus, MissingExtra, UserError, nearest_name


def test_message_names_place_key_expectation_and_nearest() -> None:
    error = UserError("got 'x'", file="a.yaml", line=3, key="dli.cd3", expected="a list", nearest="cd3")
    assert str(error) == "a.yaml:3: dli.cd3: expected a list, got 'x' (did you mean 'cd3'?)"
    assert int(error.exit_status) == int(ExitStatus.USAGE) == 2


def test_an_override_is_not_told_twice() -> None:
    error = UserError("got 'x'", file="--set dli.cd3=x", key="dli.cd3")
    assert str(error) == "--set dli.cd3=x: got 'x'"


def test_several_mistakes_are_told_a_line_each_up_to_a_limit() -> None:
    errors = [UserError(f"mistake {i}", file="a.yaml", line=i) for i in range(1, 8)]
    joined = UserError.several(errors, most=3)
    assert str(joined).splitlines() == [
        "a.yaml:1: mistake 1",
        "a.yaml:2: mistake 2",
        "a.yaml:3: mistake 3",
        "... and 4 more",
    ]
    assert joined.errors == tuple(errors)
    assert (joined.file, joined.line) == ("a.yaml", 1)


def test_errors_survive_the_way_home_from_a_worker() -> None:
    one = UserError("got 'x'", file="a.yaml", line=3, nearest="y")
    joined = UserError.several([one, UserError("other")])
    extra = MissingExtra("dask", "cluster")
    for error in (one, joined, extra):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.exit_status == error.exit_status


def test_missing_extra_tells_how_to_install_it() -> None:
    error = MissingExtra("dask", "cluster")
    assert str(error).endswith("`python run_sim.py doctor --extra cluster` says how to install it")
    assert error.exit_status == 6


@pytest.mark.parametrize(
    ("name", "nearest"), [("wieght", "weight"), ("WEIGHT", "weight"), ("zzz", None), ("", None)]
)
def test_nearest_name(name: str, nearest: str | None) -> None:
    assert nearest_name(name, ["weight", "height_of_niche"]) == nearest
