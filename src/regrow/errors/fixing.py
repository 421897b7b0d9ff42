"""Files that fixes leave as they are, and why."""

from __future__ import annotations

from collections.abc import Sequence

from regrow.errors.base import RegrowError

__all__ = (
    "CantEncode",
    "FileChanged",
    "FixError",
    "FixesDontSettle",
    "HardLinked",
    "MixedLineEnds",
    "NotVerified",
)


class FixError(RegrowError):
    """A file was left as it was."""


class MixedLineEnds(FixError):
    """The lines of a file end in different ways, so it can't be written back as it was.

    Attributes:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path}: its lines end in different ways; nothing was written. Make them all \\n or all \\r\\n"
            " first, as editors and `git add --renormalize` do"
        )
        self.path = path


class FileChanged(FixError):
    """A file on disk is no longer the one that was read.

    Attributes:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: changed on disk since it was read; nothing was written. Run it again")
        self.path = path


class HardLinked(FixError):
    """A file has several names: a file that takes the place of one leaves the others behind.

    Attributes:
        path: The file.
        names: How many names it has.
    """

    def __init__(self, path: str, names: int) -> None:
        super().__init__(
            f"{path}: it has {names} names (hard links), and the others would keep what it holds now;"
            f" nothing was written. Give it a copy of its own first: `cp {path} copy && mv copy {path}`"
        )
        self.path = path
        self.names = names


class CantEncode(FixError):
    """A file's encoding lacks a character of its new text.

    Attributes:
        path: The file.
        encoding: Its encoding.
    """

    def __init__(self, path: str, encoding: str) -> None:
        super().__init__(
            f"{path}: its new text has characters that {encoding} lacks; nothing was written."
            " Make the file utf-8 first"
        )
        self.path = path
        self.encoding = encoding


class FixesDontSettle(FixError):
    """Fixes of a file go on for ever: a bug of a rule.

    Attributes:
        path: The file.
        codes: The rules whose fixes were still there.
        rounds: How often they were made.
    """

    def __init__(self, path: str, codes: Sequence[str], rounds: int) -> None:
        super().__init__(
            f"{path}: the fixes of {', '.join(codes)} still change it after {rounds} rounds;"
            " nothing was written. Please report it: a rule has a bug"
        )
        self.path = path
        self.codes: tuple[str, ...] = tuple(codes)
        self.rounds = rounds


class NotVerified(FixError):
    """A file was put back because a command fails with its fixes.

    Attributes:
        path: The file.
        command: The command.
        code: Its exit code.
    """

    def __init__(self, path: str, command: str, code: int, last_line: str, *, is_back: bool = True) -> None:
        kept = "it changed while that ran, and holds the fixes still: mend it, or take it from the journal"
        super().__init__(
            f"{path}: `{command}` fails with its fixes (exit code {code}): {last_line or 'it said nothing'};"
            f" {'the file is as it was' if is_back else kept}"
        )
        self.path = path
        self.command = command
        self.code = code
