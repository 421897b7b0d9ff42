"""What keeps a migration from doing harm: a clean git tree, and a command that has to pass."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import final

from regrow.errors.fixing import FileChanged, HardLinked, NotVerified
from regrow.errors.lint import DirtyTree, FailsAlready
from regrow.lint.discovery import shown
from regrow.lint.fixing import write_back


def check_clean(root: Path) -> None:
    """Have everything committed; where there is no git, or no repository, there is nothing to check.

    Raises:
        DirtyTree: Something isn't.
    """
    command = ["git", "-C", str(root), "status", "--porcelain"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8", errors="replace")  # noqa: S603  # no shell, fixed options
    except FileNotFoundError:
        return
    if done.returncode == 0 and done.stdout.strip():
        raise DirtyTree([line[3:] for line in done.stdout.splitlines()])


@final
class Verifier:
    """A command that is run after each file, and has to pass.

    Args:
        command: As typed, without a shell: ``pytest -q``.

    Raises:
        FailsAlready: It doesn't pass as things are.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        code, last = self._run()
        if code != 0:
            raise FailsAlready(command, code, last)

    def check(self, file: Path, old: bytes, new: bytes) -> None:
        """Run it; the file is put back if it fails, or if somebody stops it.

        Raises:
            NotVerified: It fails.
        """
        try:
            code, last = self._run()
        except BaseException:
            write_back(file, new, old)
            raise
        if code != 0:
            try:
                write_back(file, new, old)
            except (FileChanged, HardLinked):
                # The command formats, or somebody edits or links it: that isn't ours to lose.
                raise NotVerified(shown(file), self._command, code, last, is_back=False) from None
            raise NotVerified(shown(file), self._command, code, last)

    def _run(self) -> tuple[int, str]:
        """The exit code and the last line that it wrote."""
        try:
            done = subprocess.run(  # noqa: S603  # it is for the caller to say what is run
                shlex.split(self._command) or [""],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            return 127, error.strerror or type(error).__name__
        except ValueError as error:  # a quotation without an end
            return 127, str(error)
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        return done.returncode, lines[-1] if lines else ""
