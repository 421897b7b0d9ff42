"""What every test run has: the guards of the kit, and the seconds that each folder of tests took."""

from collections import Counter, defaultdict
from pathlib import PurePosixPath
from typing import Final

import pytest


class FolderTimes:
    """Adds up the durations that pytest reports; under xdist only the controller gets them all."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        folder = str(PurePosixPath(report.nodeid.partition("::")[0]).parent)
        self.seconds[folder] += report.duration
        self.tests[folder] += report.when == "call"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.seconds:
            return
        terminalreporter.section("seconds per folder, summed over workers")
        for folder, seconds in sorted(self.seconds.items(), key=lambda item: -item[1]):
            terminalreporter.line(f"{seconds:8.2f} s  {self.tests[folder]:5} tests  {folder}")


GUARDS: Final = ("tests/testing/", "tests/plugin/", "tests/comply/")
"""Their tests leave things behind on purpose, to be found; so do those that run pytest in pytest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All other tests are guarded by the kit: whatever one leaves behind or doesn't handle fails it."""
    for item in items:
        runs_tests = "pytester" in getattr(item, "fixturenames", ())
        if not runs_tests and not item.nodeid.startswith(GUARDS):
            item.add_marker(pytest.mark.regrow)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FolderTimes(), "folder-times")
