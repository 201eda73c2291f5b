"""What holds for all tests: `--no-skips`, under which a test that cannot run here is a fault; no key draws twice."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests.keys import each_key_once


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a test that skips has failed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which --no-skips forbids: {call.excinfo and call.excinfo.value}"
    return report


@pytest.fixture(autouse=True)
def _each_key_once() -> Iterator[None]:
    with each_key_once():
        yield
