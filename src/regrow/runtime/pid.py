"""References: `Pid`, one incarnation of a process, and `Ref`, a name that follows restarts."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, final, overload

from typing_extensions import deprecated, override

from regrow.core.messages import CallMessage, CastMessage
from regrow.core.reasons import ExitReason
from regrow.errors import NoProcess, PidNotPicklable

if TYPE_CHECKING:
    from typing import Never

    from regrow.runtime.engine import Engine
    from regrow.runtime.from_thread import FromThread
    from regrow.runtime.genserver import GenServer
    from regrow.runtime.process import Process
    from regrow.runtime.reservations import Reservation

S_co = TypeVar("S_co", covariant=True)
R = TypeVar("R")

Timeout: TypeAlias = float | str
"""Seconds, or a name from the System's timeout table."""


def check_left_out_timeouts(owner: type, *names: str) -> None:
    """Have a `timeout` that is left out end as a `BadTimeout`, which says what to do.

    To type checkers it is required all the same.
    """
    for name in names:
        vars(owner)[name].__kwdefaults__ = {"timeout": None}


class Address(Generic[S_co]):
    """What a Pid and a Ref have in common: everything that one can send to."""

    __slots__ = ()

    def call(self, message: CallMessage[S_co, R], *, timeout: Timeout) -> Coroutine[object, Never, R]:
        """Ask and wait for the answer.

        Args:
            message: Made on the server class: `Counter.increment(5)`.
            timeout: Seconds (more than 0, at most a day), or a name from the timeout table.

        Raises:
            ProcessExited: The callee died first; it is told at once, not after the timeout.
            NoProcess: There is no such process.
            CallTimeout: No answer in time, or the deadline of the request being handled passed.
            CallToSelf, CallCycle, CallFromHandler: The call could never be answered.
            UnknownCall, WrongServer: The message is not for this server class.
            BadTimeout: Not a positive, finite number or a known name.
            Exception: One that the handler declares with `raises=`.
        """
        raise NotImplementedError

    def cast(self, message: CastMessage[S_co]) -> None:
        """Send a message that has no answer. To a process that is gone it is dropped and counted.

        Raises:
            MailboxFull: The mailbox is full and its policy is to raise.
            WrongServer: The message is not for this server class.
        """
        raise NotImplementedError

    @overload
    @deprecated("a server gets it as an untyped info: use cast(), call() or rg.supervised_send()")
    def send(self: Address[GenServer], message: object) -> None: ...
    @overload
    def send(self, message: object) -> None: ...
    def send(self, message: object) -> None:
        """Send anything, as an info: for plain processes. Else like `cast`.

        To a server it is legal; type checkers show it as deprecated (PEP 702), and `regrow check` as RG201.

        Raises:
            MailboxFull: The mailbox is full and its policy is to raise.
        """
        raise NotImplementedError

    def reserve(self, *, timeout: Timeout) -> Coroutine[object, Never, Reservation[S_co]]:
        """Reserve a place in the mailbox, first come first served among those who wait for one.

        Args:
            timeout: Seconds, or a name from the timeout table, for both: waiting for the place, and
                holding it.

        Raises:
            PlaceTimeout: No place came free in time.
            ProcessExited: The process ended first.
            NoProcess: There is no such process.
        """
        raise NotImplementedError

    def exit(self, reason: ExitReason) -> None:
        """Send an exit signal: it ends a process that doesn't trap exits (`NORMAL` doesn't)."""
        raise NotImplementedError

    def kill(self) -> None:
        """End the process, trapping or not, without `terminate`; its reason is `KILLED`."""
        raise NotImplementedError

    def down(self, *, timeout: Timeout) -> Coroutine[object, Never, ExitReason]:
        """Wait until the process has ended and return its reason (`NOPROC` if it had long).

        Raises:
            WaitTimeout: It was still there after `timeout` seconds.
        """
        raise NotImplementedError

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        raise NotImplementedError

    @property
    def from_thread(self) -> FromThread[S_co]:
        """The same calls and casts for other threads; they block until the loop has taken the message."""
        raise NotImplementedError


class Pid(Address[S_co]):
    """One incarnation of a process. Once it has ended it stays dead for ever.

    Pids are made by the runtime. Two are equal when they are the same process.
    """

    __slots__ = ()

    serial: int
    """Number of the process within its System, never used twice."""

    @property
    def system_name(self) -> str:
        """Name of the System that the process belongs to."""
        raise NotImplementedError

    @property
    def incarnation(self) -> int:
        """Which start of the System the process was born in."""
        raise NotImplementedError

    @property
    def registered_name(self) -> str | None:
        """The name it is, or was last, registered under."""
        raise NotImplementedError

    @property
    def kind(self) -> str:
        """Name of the server class, or of the function of a plain process."""
        raise NotImplementedError

    @override
    def __hash__(self) -> int:
        return self.serial

    @override
    def __eq__(self, other: object) -> bool:
        return self is other

    @override
    def __repr__(self) -> str:
        name = f" {self.registered_name!r}" if self.registered_name else ""
        return f"<{self.system_name}.{self.serial}.{self.incarnation} {self.kind}{name}>"

    @override
    def __reduce__(self) -> tuple[object, ...]:
        raise PidNotPicklable(self)

    def __copy__(self) -> Pid[S_co]:
        return self

    def __deepcopy__(self, memo: object) -> Pid[S_co]:
        return self


@final
class Ref(Address[S_co]):
    """A name in a System: each use reaches whoever holds it then, so it follows restarts.

    Equal when system and name are equal. Pickling gives the name alone, a str.
    """

    __slots__ = ("_engine", "_names", "name", "server")

    def __init__(self, engine: Engine, name: str, server: type[S_co]) -> None:
        self._engine = engine
        # Whoever holds the name is taken at the user's word to be a `server`.
        self._names: dict[str, Pid[S_co]] = engine.names  # type: ignore[assignment]
        self.name: str = name
        self.server: type[S_co] = server

    def whereis(self) -> Pid[S_co] | None:
        """The Pid that holds the name now, None if nobody does."""
        return self._names.get(self.name)

    @override
    def call(self, message: CallMessage[S_co, R], *, timeout: Timeout) -> Coroutine[object, Never, R]:
        process = self._names.get(self.name)
        if process is None:
            return self._nobody()
        return process.call(message, timeout=timeout)

    @override
    def cast(self, message: CastMessage[S_co]) -> None:
        process = self._names.get(self.name)
        if process is None:
            self._engine.sends.drop(self.name, message, "no_process")
        else:
            process.cast(message)

    @overload
    @deprecated("a server gets it as an untyped info: use cast(), call() or rg.supervised_send()")
    def send(self: Ref[GenServer], message: object) -> None: ...
    @overload
    def send(self, message: object) -> None: ...
    @override
    def send(self, message: object) -> None:
        process = self._names.get(self.name)
        if process is None:
            self._engine.sends.drop(self.name, message, "no_process")
        else:
            process.send(message)

    @override
    def reserve(self, *, timeout: Timeout) -> Coroutine[object, Never, Reservation[S_co]]:
        process = self._names.get(self.name)
        if process is None:
            return self._nobody()
        return process.reserve(timeout=timeout)

    @override
    def exit(self, reason: ExitReason) -> None:
        process = self._names.get(self.name)
        if process is not None:
            process.exit(reason)
        else:
            self._engine.check_here("exit")

    @override
    def kill(self) -> None:
        process = self._names.get(self.name)
        if process is not None:
            process.kill()
        else:
            self._engine.check_here("kill")

    @override
    def down(self, *, timeout: Timeout) -> Coroutine[object, Never, ExitReason]:
        return self._engine.exits.down(self._engine.names.get(self.name), timeout)

    @property
    @override
    def alive(self) -> bool:
        return self.name in self._engine.names

    @property
    @override
    def from_thread(self) -> FromThread[S_co]:
        return self._engine.threads.reference(self)

    def process(self) -> Process:
        """The process that holds the name, for the runtime.

        Raises:
            NoProcess: Nobody holds it.
        """
        process = self._engine.names.get(self.name)
        if process is None:
            self._engine.check_running()
            raise NoProcess(self.name)
        return process

    async def _nobody(self) -> Never:
        self._engine.check_running()
        raise NoProcess(self.name)

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ref):
            return NotImplemented
        return self._engine is other._engine and self.name == other.name

    @override
    def __hash__(self) -> int:
        return hash(self.name)

    @override
    def __repr__(self) -> str:
        return f"<Ref {self.name!r} {self.server.__qualname__}>"

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return (str, (self.name,))

    def __copy__(self) -> Ref[S_co]:
        return self

    def __deepcopy__(self, memo: object) -> Ref[S_co]:
        return self


check_left_out_timeouts(Ref, "call", "reserve", "down")
