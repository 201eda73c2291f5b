"""Designs: which points, in which order, and that a drawn one is saved and never drawn again."""

import os
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.errors import UserError
from simulation.sweep import designs
from simulation.sweep.design_files import PointReader, read_shares, write_design
from simulation.sweep.designs import design_points, design_size, from_csv, latin_hypercube
from simulation.sweep.factors import Factor
from simulation.sweep.sweep_file import Grid, LatinHypercube, Morris, OneAtATime, RandomDesign, Sobol, Zip

A = Factor("a", ("a",), dimension="dimensionless", low=1.0, high=100.0, scale="log", base=10.0)
B = Factor("b", ("b",), dimension="dimensionless", low=0.0, high=1.0, base=0.5)
C = Factor("c", ("c",), levels=('"x"', '"y"', '"z"'))
N = Factor("n", ("n",), whole=True, low=1.0, high=4.0, base=2.0)
LEVELS = (Factor("a", ("a",), dimension="dimensionless", levels=(1.0, 2.0)), C)


def points(design: Any, factors: tuple[Factor, ...]) -> list[tuple[Any, ...]]:
    n = design_size(design, factors)
    return [point for point, _ in islice(design_points(design, factors), n)]


def test_a_grid_is_every_combination_once() -> None:
    result = points(Grid(kind="grid"), LEVELS)
    assert len(result) == len(set(result)) == 6
    assert result[:3] == [(1.0, '"x"'), (1.0, '"y"'), (1.0, '"z"')]


def test_a_zip_goes_along_both_lists() -> None:
    with pytest.raises(UserError, match="a has 2, c has 3"):
        points(Zip(kind="zip"), LEVELS)
    pair = (LEVELS[0], Factor("c", ("c",), levels=('"x"', '"y"')))
    assert points(Zip(kind="zip"), pair) == [(1.0, '"x"'), (2.0, '"y"')]


def test_shares_become_values_of_the_range() -> None:
    assert [A.at(u) for u in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 10.0, 100.0])
    assert [N.at(u) for u in (0.0, 0.24, 0.26, 0.99, 1.0)] == [1.0, 1.0, 2.0, 4.0, 4.0]
    assert [C.at(u) for u in (0.0, 0.34, 1.0)] == ['"x"', '"y"', '"z"']


def test_more_random_points_leave_the_first_ones_as_they_are() -> None:
    few = points(RandomDesign(kind="random", points=5, seed=3), (A, B))
    many = points(RandomDesign(kind="random", points=9000, seed=3), (A, B))
    assert many[:5] == few
    assert len(set(many)) == 9000
    assert points(RandomDesign(kind="random", points=5, seed=4), (A, B)) != few


def test_a_latin_hypercube_meets_every_bin_once() -> None:
    shares = latin_hypercube(50, 3, seed=1)
    for column in (shares * 50).astype(int).T:
        assert sorted(column.tolist()) == list(range(50))
    assert len(points(LatinHypercube(kind="latin_hypercube", points=7), (A, B))) == 7


def test_morris_changes_one_parameter_at_a_time() -> None:
    shares = designs.morris_shares(Morris(kind="morris", trajectories=4), 3, 4, seed=1)
    for trajectory in shares.reshape(4, 4, 3):
        steps = np.abs(np.diff(trajectory, axis=0))
        assert ((steps > 0).sum(axis=1) == 1).all()
        assert steps[steps > 0] == pytest.approx(2 / 3)


def test_saltellis_design_has_its_size_and_goes_on_where_it_ended() -> None:
    small, large = (Sobol(kind="sobol", points=n, seed=2) for n in (8, 16))
    assert design_size(small, (A, B)) == 32
    assert design_size(Sobol(kind="sobol", points=8, second_order=True), (A, B)) == 48
    first, second = (designs.sobol_shares(design.points, 2, design) for design in (small, large))
    assert np.array_equal(second[:32], first)


def test_one_at_a_time_starts_from_the_base() -> None:
    result = points(OneAtATime(kind="one_at_a_time"), (A, B))
    assert result[0] == (10.0, 0.5)
    assert result[1:] == [(pytest.approx(1.0), 0.5), (pytest.approx(100.0), 0.5), (10.0, 0.0), (10.0, 1.0)]


def test_a_persons_own_points_with_units(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    rate = Factor("rate", ("rate",), dimension="rate")
    path.write_text("c,rate\nx,0.5 /day\ny,2\n\n", encoding="utf-8")
    assert list(from_csv(path, "p.csv", (rate, C))) == [(0.5, '"x"'), (2.0, '"y"')]
    for text, message in (
        ("c,rat\nx,1\n", "did you mean 'rate'"),
        ("c\nx\n", "'rate' is missing"),
        ("c,rate\nx,1 kg\n", "p.csv:2"),
        ("c,rate\nx,nan\n", "finite"),
        ("c,rate\nx\n", "2 fields"),
        ("c,rate\n", "empty"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=message):
            list(from_csv(path, "p.csv", (rate, C)))


def test_the_saved_design_reads_back_to_the_last_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = list(islice(design_points(RandomDesign(kind="random", points=50), (A, B, C)), 50))
    assert write_design(tmp_path, (A, B, C), pairs) == 50
    more = list(islice(design_points(RandomDesign(kind="random", points=60, seed=9), (A, B, C)), 10))
    assert write_design(tmp_path, (A, B, C), more, add_to=50) == 60
    wanted = [point for point, _ in pairs + more]
    for kept in (100, 1):  # held in memory, and read in order
        monkeypatch.setattr("simulation.sweep.design_files._KEPT", kept)
        reader = PointReader(tmp_path, (A, B, C), 60)
        assert [reader[i] for i in (0, 1, 1, 7, 59, 3)] == [wanted[i] for i in (0, 1, 1, 7, 59, 3)]
    assert np.array_equal(read_shares(tmp_path, 60, 3), np.array([shares for _, shares in pairs + more]))


@pytest.mark.parametrize(("content", "message"), [
    ("a,n\n0,1\n".encode("utf-16"), r"points.csv:1: this is not text in UTF-8"),
    (b"a,n\n0," + b"9" * 200_000 + b"\n", r"points.csv:2: this is no CSV: field larger than field limit"),
    (b"a,n\n0,\0\n", r"points.csv:2: n: "),
    (b"", r"points.csv:1: the column 'a' is missing"),
])  # fmt: skip
def test_a_file_that_is_no_design_is_told_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        list(from_csv(path, "points.csv", (A, N)))


def test_pipes_devices_and_folders_are_no_designs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # reading it would wait for ever
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(UserError, match=r"this is not a regular file|this is a folder"):
            list(from_csv(path, path.name, (A, N)))
