"""Results change only on purpose: what every case gives is what `baseline.yaml` says."""

from pathlib import Path

import pytest

from tests.baseline.cases import CASES, observe
from tests.baseline.renew import differences, read_baseline


@pytest.mark.parametrize("name", CASES)
def test_nothing_has_changed(name: str, tmp_path: Path) -> None:
    changes = list(differences(read_baseline().get(name), observe(name, tmp_path)))
    assert not changes, (
        "results changed; if that was meant, run `python -m tests.baseline.renew --write` and enter a [results] line in "
        "CHANGELOG.md:\n" + "\n".join(changes[:40])
    )


def test_a_change_is_told_with_its_place() -> None:
    before = {"a": {"x": "1", "y": ["2", "3"]}, "b": "4"}
    now = {"a": {"x": "1", "y": ["2", "5"]}, "c": "6"}
    assert list(differences(before, now)) == [
        "a / y: ['2', '3'] -> ['2', '5']",
        "b: 4 -> (absent)",
        "c: (absent) -> 6",
    ]
