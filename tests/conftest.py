"""What holds for all tests: what may not skip (passes.py), and no key draws twice."""

from collections.abc import Iterator

import pytest

from tests.keys import each_key_once
from tests.passes import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_make_collect_report,
    pytest_runtest_makereport,
)

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_make_collect_report",
    "pytest_runtest_makereport",
]


@pytest.fixture(autouse=True)
def _each_key_once() -> Iterator[None]:
    with each_key_once():
        yield
