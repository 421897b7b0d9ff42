"""What is wrong with a persistent server, or with what is kept of one."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = (
    "BadPersistence",
    "NoRegisteredName",
    "NotPersistent",
    "NothingSetAside",
    "PersistenceError",
    "StateNotStorable",
    "StateSetAside",
    "StateTooNew",
    "StillRunning",
    "UpgradeFailed",
)


class PersistenceError(RegrowError):
    """A server's state can't be kept or restored; each cause is a subclass."""


class BadPersistence(PersistenceError, TypeError):
    """`rg.persistent` was given something that it can't keep. Raised when the class is made.

    Attributes:
        server: The name of the class, or of the decorator while there is none.
    """

    def __init__(self, server: str, problem: str, remedy: str) -> None:
        self.server = server
        super().__init__(f"{server} can't be persistent: {problem}. {remedy}")


class NotPersistent(PersistenceError):
    """`persist` or `snapshot` where there is nothing to keep it with.

    Attributes:
        server: The name of the class.
        operation: What was called.
    """

    def __init__(self, server: str, operation: str) -> None:
        self.server = server
        self.operation = operation
        super().__init__(
            f"{operation} of {server} works in the handlers of a running server whose class is decorated with"
            " @rg.persistent(StateType)"
        )


class NoRegisteredName(PersistenceError):
    """A persistent server was started without a name: its state is kept under the name.

    Attributes:
        server: The name of the class.
    """

    def __init__(self, server: str) -> None:
        self.server = server
        super().__init__(
            f"{server} is persistent and needs a registered name, under which its state is kept:"
            f' start it as rg.child({server.rpartition(".")[2]}, name="...")'
        )


class StateNotStorable(PersistenceError):
    """A state or event can't be written, or couldn't be read back; the server crashes, nothing is kept of it.

    Attributes:
        name: The registered name of the server.
        value: What was to be kept.
    """

    def __init__(self, name: str, value: object, problem: str) -> None:
        self.name = name
        self.value = value
        super().__init__(
            f"{name!r} can't keep {show(value)}: {problem}. Keep plain values, dataclasses and Structs of the"
            " declared types; names in the place of processes, which don't outlive a restart"
        )


class StateSetAside(PersistenceError):
    """What was kept of a server can't be read. It was set aside, and the server doesn't start without it.

    Attributes:
        name: The registered name of the server.
        problem: Why it can't be read.
        kept: Where in the journal it stands now.
    """

    def __init__(self, name: str, problem: str, kept: str) -> None:
        self.name = name
        self.problem = problem
        self.kept = kept
        super().__init__(
            f"what is kept of {name!r} was set aside as {kept!r} because it can't be read ({problem});"
            f" {name!r} doesn't start until somebody decides: mend the class and put it back with"
            " rg.restore_state, or begin anew with rg.forget_state"
        )


class StateTooNew(PersistenceError):
    """A newer version of the class wrote the state. Nothing was changed.

    Attributes:
        name: The registered name of the server.
        found: The version that wrote it.
        known: The version of the class.
    """

    def __init__(self, name: str, found: int, known: int) -> None:
        self.name = name
        self.found = found
        self.known = known
        super().__init__(
            f"the state of {name!r} has version {found} and its class version {known}: run the newer class;"
            " nothing was changed"
        )


class UpgradeFailed(PersistenceError):
    """A state or event of an older version can't be brought to the present one. Nothing was changed.

    Attributes:
        name: The registered name of the server.
        found: The version that wrote it.
        known: The version of the class.
    """

    def __init__(self, name: str, what: str, found: int, known: int, problem: str) -> None:
        self.name = name
        self.found = found
        self.known = known
        super().__init__(
            f"a {what} of {name!r} has version {found} and its class version {known}: {problem};"
            " nothing was changed"
        )


class StillRunning(PersistenceError):
    """What is kept of a server can't be exchanged while it runs.

    Attributes:
        name: The registered name of the server.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name!r} runs: stop it first, as with rg.Supervisor.terminate_child")


class NothingSetAside(PersistenceError, LookupError):
    """There is nothing to put back under that name.

    Attributes:
        name: The registered name of the server.
        kept: Where it was looked for.
    """

    def __init__(self, name: str, kept: str) -> None:
        self.name = name
        self.kept = kept
        super().__init__(f"nothing of {name!r} stands under {kept!r}: take the name that StateSetAside says")
