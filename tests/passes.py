"""Two passes of the tests: with what the first command installs, then the rest with all extras.

`--note-passed=FILE` writes down which tests passed; `--not-again=FILE` leaves these out, so that whatever skipped, or was not
even seen, runs then. With `=`: a file that stands alone pytest takes for tests to run, before it has heard of these options.
`--no-skips` makes a skip a fault: with it, no test can be left out of both passes.
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the three options."""
    group = parser.getgroup("passes")
    group.addoption("--no-skips", action="store_true", help="a test that skips has failed")
    group.addoption("--note-passed", metavar="FILE", type=Path, help="write down which tests passed")
    group.addoption("--not-again", metavar="FILE", type=Path, help="leave out the tests that are noted there")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to go by notes that are not there; take notes in the process that hears of every test."""
    noted = config.getoption("--not-again")
    if noted is not None and not (noted.is_file() and noted.read_text(encoding="utf-8").strip()):
        raise pytest.UsageError(
            f"--not-again {noted}: no such file, or no test in it; --note-passed writes it"
        )
    if (file := config.getoption("--note-passed")) is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Notes(file))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has passed."""
    noted = config.getoption("--not-again")
    if noted is None:
        return
    passed = set(noted.read_text(encoding="utf-8").splitlines())
    again = [item for item in items if item.nodeid in passed]
    items[:] = [item for item in items if item.nodeid not in passed]
    config.hook.pytest_deselected(items=again)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a test that skips a failed one, under --no-skips."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which --no-skips forbids: {call.excinfo and call.excinfo.value}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Make a whole file that skips a failed one, under --no-skips."""
    report = yield
    if report.skipped and collector.config.getoption("--no-skips"):
        report.outcome = "failed"
        why = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"skipped, which --no-skips forbids: {why}"
    return report


class _Notes:
    def __init__(self, file: Path) -> None:
        self.file, self.passed = file, set[str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and (report.passed or hasattr(report, "wasxfail")):
            self.passed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.file.write_text("".join(f"{name}\n" for name in sorted(self.passed)), encoding="utf-8")
