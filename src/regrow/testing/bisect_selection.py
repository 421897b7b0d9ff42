"""A pytest plugin for the runs of a bisection: `pytest -p regrow.testing.bisect_selection`.

It runs the tests that a file names, in that order and no others, and notes whether the last one passed. The
command line alone couldn't: it is too short for thousands of tests. If the file names none it notes all ids.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final, final

import pytest

__all__ = ("VARIABLE", "Selection")

VARIABLE: Final = "REGROW_BISECT"
"""The environment variable with the path of the file: `{"tests": [ids]}`. Added to it are `"collected"`, the
ids of all tests, and `"passed"`."""


@final
class Selection:
    """Orders the tests, and watches the last one.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tests: list[str] = json.loads(path.read_text("utf-8"))["tests"]
        self._notes: dict[str, object] = {"tests": self._tests}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Takes the tests that are named, if any are."""
        self._notes["collected"] = [item.nodeid for item in items]
        if self._tests:
            found = {item.nodeid: item for item in items}
            items[:] = [found[test] for test in self._tests if test in found]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps what is said of the victim: it passes if none of its phases fails."""
        if self._tests and report.nodeid == self._tests[-1]:
            self._notes["passed"] = bool(self._notes.get("passed", True)) and not report.failed

    def pytest_sessionfinish(self) -> None:
        """Writes down what is known."""
        self._path.write_text(json.dumps(self._notes), "utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Begins, if a file says what to select."""
    path = os.environ.get(VARIABLE)
    if path:
        config.pluginmanager.register(Selection(Path(path)), "regrow-bisect-selection")
