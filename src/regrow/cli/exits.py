"""What the command's exit codes mean."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every ``regrow`` command."""

    CLEAN = 0
    """All is well, or the command did what it was asked."""
    FINDINGS = 1
    """The command worked and found something to look at."""
    BAD_USE = 2
    """Wrong arguments, an unreadable file, or a missing extra."""
    NO_SUCH_THING = 3
    """The process, node or item asked for does not exist."""
    OUR_BUG = 101
    """An error that should not have happened: please report it."""
    INTERRUPTED = 130
    """Ctrl-C, as the shell counts it."""
