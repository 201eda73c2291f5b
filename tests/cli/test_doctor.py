import json
from importlib import metadata

import pytest

from simulation.cli import installation
from simulation.errors import ExitStatus

from .conftest import Sim


def pretend_without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make `doctor` believe that these packages are not installed."""
    real = metadata.version

    def version(name: str) -> str:
        if name in names:
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)


def test_what_the_simulator_needs_is_listed_with_its_version(sim: Sim) -> None:
    answer = sim("doctor")
    assert answer.status == ExitStatus.DONE
    for name in ("python", "processors", "kernel cache", "numba", "mesa", "networkx"):
        assert name in answer.out


def test_json_is_one_document(sim: Sim) -> None:
    document = json.loads(sim("doctor", "--json").out)
    assert document["ok"] is True
    assert [group["extra"] for group in document["packages"]] == [None, "cluster"]


def test_a_missing_core_package_is_status_6(sim: Sim, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_without(monkeypatch, "mesa")
    answer = sim("doctor")
    assert answer.status == ExitStatus.MISSING_EXTRA
    assert "pip install" in answer.out


def test_a_missing_extra_is_told_and_fails_only_when_asked_for(
    sim: Sim, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_without(monkeypatch, "distributed")
    answer = sim("doctor")
    assert answer.status == ExitStatus.DONE
    assert "-e '.[cluster]'" in answer.out
    assert sim("doctor", "--extra", "cluster").status == ExitStatus.MISSING_EXTRA


def test_an_unknown_extra_names_the_extras(sim: Sim) -> None:
    answer = sim("doctor", "--extra", "colour")
    assert answer.status == ExitStatus.USAGE
    assert "cluster" in answer.err


def test_a_wrong_version_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "3.6.0" if name == "mesa" else "99")
    (mesa,) = [package for package in installation.requirements()[0].packages if package.name == "mesa"]
    assert (mesa.state, mesa.required) == ("wrong version", ">=3.5.1,<3.6")


def test_without_a_cache_folder_it_says_so(sim: Sim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "use_engine_cache", lambda: None)
    answer = sim("doctor")
    assert answer.status == ExitStatus.MISSING_EXTRA
    assert "NUMBA_CACHE_DIR" in answer.out
