"""What a journal can refuse, and what can be wrong with its file."""

from __future__ import annotations

from regrow.errors.base import RegrowError

__all__ = (
    "JournalDamaged",
    "JournalError",
    "JournalFailed",
    "JournalFull",
    "JournalLocked",
    "JournalNotLocal",
    "JournalNotRunning",
    "JournalTooNew",
    "StaleEpoch",
)


class JournalError(RegrowError):
    """The journal can't do what was asked."""


class JournalLocked(JournalError):
    """Another process owns the journal."""

    def __init__(self, path: object, owner: object) -> None:
        self.path = path
        self.owner = owner
        super().__init__(
            f"{path} belongs to {owner}: a journal has one owner at a time; "
            "stop that one, or use the commands, which go through it"
        )


class JournalTooNew(JournalError):
    """A newer version of Regrow wrote the journal."""

    def __init__(self, path: object, found: int, known: int) -> None:
        self.path = path
        self.found = found
        self.known = known
        super().__init__(
            f"{path} has schema {found}, this version knows up to {known}: upgrade Regrow;"
            " nothing was changed"
        )


class JournalDamaged(JournalError):
    """The file is no journal, or damaged. It was never overwritten.

    `kept` is the name under which it was set aside; None if it stands where it was.
    """

    def __init__(self, path: object, problem: str, kept: object | None) -> None:
        self.path = path
        self.problem = problem
        self.kept = kept
        if kept is None:
            done = "nothing was changed; restore a backup, or give the journal another path"
        else:
            done = f"it was set aside as {kept}; restore a backup or start again, which makes a new journal"
        super().__init__(f"{path} can't be read ({problem}): {done}")


class JournalNotLocal(JournalError):
    """The file would stand on a network file system, whose locks and syncs can't be relied on."""

    def __init__(self, path: object, file_system: str) -> None:
        self.path = path
        self.file_system = file_system
        super().__init__(f"{path} is on {file_system}: a journal needs a local file system")


class JournalNotRunning(JournalError):
    """The journal isn't open: its System doesn't run, or restarts it at this moment."""

    def __init__(self, path: object) -> None:
        self.path = path
        super().__init__(
            f"{path} is not open: it is a service of a System, rg.System(children, services=[journal]),"
            " and open while that runs; nothing was accepted"
        )


class JournalFailed(JournalError):
    """The operating system or SQLite refused; nothing was done, and what was accepted before is kept."""

    def __init__(self, path: object, problem: str, doing: str) -> None:
        self.path = path
        self.problem = problem
        self.doing = doing
        super().__init__(
            f"{path}: {doing} failed ({problem}); nothing of it was done, what was accepted before is kept"
        )


class JournalFull(JournalError):
    """The journal, or its dead letters, holds as much as it may: nothing more is accepted."""

    def __init__(self, what: str, count: int, allowed: int) -> None:
        self.what = what
        self.count = count
        self.allowed = allowed
        super().__init__(
            f"{count} {what}, allowed are {allowed}: nothing more is accepted until some are handled, "
            "redriven or purged, or the limit is raised"
        )


class StaleEpoch(JournalError):
    """A commit of an incarnation that has a successor."""

    def __init__(self, name: str, epoch: int, current: int) -> None:
        self.name = name
        self.epoch = epoch
        self.current = current
        super().__init__(
            f"a commit of {name!r} with epoch {epoch}, the current one is {current}:"
            " its successor owns the state"
        )
