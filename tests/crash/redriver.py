"""The command, redriving dead letters from a process of its own while the child works and dies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

from tests.crash.process import ROOT, Stuck

REASONS = ("max_attempts", "crash_loop")
"""What may be redriven: it has a recipient, and half of it is mended by then."""
PATIENCE = 20.0
"""Seconds that a command may take once nothing keeps it any more."""


class Redriver:
    """Runs ``regrow dlq redrive`` on a journal, one process at a time.

    Some of them are killed with the child, the others see their owner die. Where no owner runs any more
    they work on the file, so the next child is started only when they have ended.
    """

    def __init__(self, journal: Path, random: Random) -> None:
        self._journal = journal
        self._random = random
        self._runs = 0
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start one, unless one runs."""
        if self._process is not None and self._process.poll() is None:
            return
        reason = REASONS[self._runs % len(REASONS)]
        self._runs += 1
        options = ["--reason", reason, "--actor", "tests.crash", "--json"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "regrow", "dlq", "redrive", str(self._journal), *options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def before_the_kill(self) -> None:
        """The child is about to be killed: one time in two the command is as well."""
        if self._random.random() < 0.5:
            self.kill()

    def finish(self) -> None:
        """Wait until it has ended, well or not: its owner may have died under it.

        Raises:
            Stuck: It doesn't end.
        """
        if self._process is None:
            return
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Stuck(f"regrow dlq redrive did not end within {PATIENCE} s") from None

    def kill(self) -> None:
        """End it with SIGKILL, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
