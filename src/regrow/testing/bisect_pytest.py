"""`pytest --regrow-bisect TEST`: runs pytest again and again, until it is known who pollutes the test."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, cast, final

import pytest

from regrow.errors import BisectError, NotCollected, NotPolluted, RunBroken
from regrow.testing.bisect import find_polluter
from regrow.testing.bisect_selection import VARIABLE

__all__ = ("PytestRuns", "bisect_main")

OPTION: Final = "--regrow-bisect"
TAIL: Final = 2000
"""Characters of a broken run's output that are shown."""
QUIET: Final = ("-p", "regrow.testing.bisect_selection", "-p", "no:cacheprovider", "-q")


@final
class PytestRuns:
    """Runs of pytest in processes of their own.

    Args:
        arguments: Of pytest, so that it collects all the tests: files and options.
        directory: Where it runs.
        tell: Is told of each run, by a line.

    Attributes:
        count: How many there were.
    """

    __slots__ = ("_arguments", "_directory", "_tell", "count")

    def __init__(
        self, arguments: Sequence[str], directory: Path, tell: Callable[[str], object] = lambda _: None
    ) -> None:
        self.count: int = 0
        self._arguments = tuple(arguments)
        self._directory = directory
        self._tell = tell

    def collected(self) -> list[str]:
        """The ids of all tests, in their order.

        Raises:
            RunBroken: They could not be collected.
        """
        notes, output = self._run([], "--collect-only")
        if "collected" not in notes:
            raise RunBroken(None, output)
        return cast("list[str]", notes["collected"])

    def __call__(self, tests: Sequence[str]) -> bool:
        """Whether the last of these tests passes after the others.

        Raises:
            RunBroken: It didn't come to that.
        """
        self.count += 1
        notes, output = self._run(tests)
        if "passed" not in notes:
            raise RunBroken(tests[-1], output)
        verdict = "passes" if notes["passed"] else "fails"
        self._tell(f"run {self.count}: it {verdict} after {len(tests) - 1} of the others")
        return bool(notes["passed"])

    def _run(self, tests: Sequence[str], *options: str) -> tuple[Mapping[str, object], str]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "selection.json")
            file.write_text(json.dumps({"tests": list(tests)}), "utf-8")
            done = subprocess.run(  # noqa: S603  # pytest, as it was called
                [sys.executable, "-m", "pytest", *QUIET, *self._arguments, *options],
                cwd=self._directory,
                env={**os.environ, VARIABLE: str(file)},
                capture_output=True,
                text=True,
                check=False,
            )
            notes: dict[str, object] = json.loads(file.read_text("utf-8"))
        return notes, (done.stdout + done.stderr)[-TAIL:]


def bisect_main(config: pytest.Config) -> pytest.ExitCode:
    """Find out who pollutes the test that the option names, and say how to see it. For `pytest_cmdline_main`.

    Suspects are the tests that pytest would collect, at first those that stand before the victim.

    Args:
        config: Of the pytest that was asked.

    Returns:
        `TESTS_FAILED`: There are polluters.

    Raises:
        pytest.UsageError: There are none, or the test is not collected, or doesn't run.
    """
    victim = str(config.getoption(OPTION))
    runs = PytestRuns(_arguments(config), config.invocation_params.dir, _say)
    try:
        polluters = _polluters(runs, victim)
    except BisectError as problem:
        raise pytest.UsageError(str(problem)) from problem
    for line in _story(polluters, victim, runs.count, config):
        _say(line)
    return pytest.ExitCode.TESTS_FAILED


def _polluters(runs: PytestRuns, victim: str) -> list[str]:
    ids = runs.collected()
    if victim not in ids:
        raise NotCollected(victim, len(ids))
    others = [test for test in ids if test != victim]
    before = ids[: ids.index(victim)]
    _say(f"{len(before)} tests stand before {victim}; which of them make it fail?")
    try:
        return find_polluter(runs, before, victim)
    except NotPolluted:
        if len(others) == len(before):
            raise
    _say(f"none; which of all {len(others)} others?")
    return find_polluter(runs, others, victim)


def _arguments(config: pytest.Config) -> list[str]:
    """What pytest was called with but for this option; in one process, with the same numbers in each run."""
    given = [str(argument) for argument in config.invocation_params.args]
    kept: list[str] = []
    while given:
        argument = given.pop(0)
        if argument == OPTION:
            del given[:1]
        elif not argument.startswith(f"{OPTION}="):
            kept.append(argument)
    if config.pluginmanager.hasplugin("xdist"):
        kept += ["-n", "0"]
    if config.pluginmanager.hasplugin("randomly"):
        seed: object = config.getoption("randomly_seed")
        kept.append(f"--randomly-seed={seed if isinstance(seed, int) else 1}")
    return kept


def _story(polluters: Sequence[str], victim: str, runs: int, config: pytest.Config) -> list[str]:
    """What was found, and the commands that show it."""
    extra = ["-n", "0"] if config.pluginmanager.hasplugin("xdist") else []
    fails, passes = (
        shlex.join(["python", "-m", "pytest", *extra, *tests]) for tests in ([*polluters, victim], [victim])
    )
    together = ", all of them together," if len(polluters) > 1 else ""
    return [
        f"{victim} fails after these{together} as {runs} runs have shown:",
        *(f"  {test}" for test in polluters),
        "it fails:",
        f"  {fails}",
        "it passes:",
        f"  {passes}",
    ]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
