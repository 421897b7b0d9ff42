"""What a running System gives access to: references, tables, and its processes as a whole."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Never, TypeVar

from regrow.errors import BadServer
from regrow.runtime import suspension
from regrow.runtime.engine import Engine
from regrow.runtime.groups import Groups
from regrow.runtime.guest import Guest
from regrow.runtime.idle import idle
from regrow.runtime.listing import Listing, Statistics
from regrow.runtime.monitors import Monitors
from regrow.runtime.partition import partition_of
from regrow.runtime.pid import Pid, Ref
from regrow.runtime.registry import Registry, check_registration_name
from regrow.runtime.start import spawn_process
from regrow.runtime.timers import Timers
from regrow.runtime.unsupervised import Unsupervised, unsupervised

S = TypeVar("S")


class Access:
    """The half of a System that needs it to run: all of it raises `NotStarted` otherwise."""

    __slots__ = ()

    def _running(self) -> Engine:
        raise NotImplementedError

    def ref(self, name: str, server: type[S]) -> Ref[S]:
        """A reference by name; nobody needs to hold the name yet.

        Raises:
            BadRegistrationName: The name is no non-empty str.
            BadServer: That is no class.
        """
        engine = self._running()
        check_registration_name(name)
        if not isinstance(server, type):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadServer(server, "a reference is to a server class, or to `object` for a plain process")
        return Ref(engine, name, server)

    def whereis(self, name: str) -> Pid[object] | None:
        """Who holds the name now, None if nobody does."""
        return self._running().names.get(name)

    def partition(self, name: str, key: object, server: type[S]) -> Ref[S]:
        """The partition of PartitionSupervisor `name` that `key` belongs to, the same in every run.

        Raises:
            NoProcess: Nobody has the name now.
            NoSuchPartition: Who has it is no PartitionSupervisor.
            BadPartitionKey: No str, bytes, int, float, bool, None or tuple of these.
        """
        return partition_of(self._running(), name, key, server)

    def spawn(
        self,
        function: Callable[..., Coroutine[object, Never, object]],
        *args: object,
        name: str | None = None,
    ) -> Pid[object]:
        """Run `function(*args)` as a plain process; it is killed when the System stops.

        Raises:
            NameTaken: Another process has the name.
            BadTarget, BadServer: The function is no `async def`.
            BadArguments: It does not take these arguments.
        """
        return spawn_process(self._running(), function, args, name)

    @property
    def registry(self) -> Registry:
        """Names, metadata, look-up."""
        return self._running().registry

    @property
    def groups(self) -> Groups:
        """Process groups."""
        return self._running().groups

    @property
    def monitors(self) -> Monitors:
        """The monitor table."""
        return self._running().monitors

    @property
    def timers(self) -> Timers:
        """The timers that are set."""
        return self._running().timers

    def processes(self) -> tuple[Pid[object], ...]:
        """All living processes, oldest first."""
        return tuple(sorted(self._running().processes(), key=lambda process: process.serial))

    @property
    def listing(self) -> Listing:
        """Everything that is in it, row by row: processes, links, mailboxes, aliases, subscribers, ..."""
        return Listing(self._running())

    def statistics(self) -> Statistics:
        """What happened since the start, and what there is now, in numbers."""
        return self.listing.statistics()

    async def idle(self) -> None:
        """Return when nothing is left to run: no message to handle, no task that could go on.

        Timers that have not gone off, and what waits for the world outside, don't count.
        """
        await idle(self._running())

    def unsupervised(self) -> tuple[Unsupervised, ...]:
        """Every task, thread, executor and child process that no process owns.

        What belongs to whom is decided when it is made, by the process in whose context that
        happens; when that process ends it belongs to nobody. Threads and child processes are known
        to belong to a process only if the System runs in debug or strict mode; an executor belongs
        to who had it start its first thread or process.

        Not among them: the runtime's own, the main thread and the loop's, the task that started the
        System, the task that asks, and what these wait for by `asyncio.wait_for`.
        """
        engine = self._running()
        engine.check_here("unsupervised")
        return unsupervised(engine)

    def suspend(self, target: Pid[object] | Ref[object]) -> None:
        """Have a process handle no messages until `resume`; exit signals still reach it.

        Args:
            target: A Pid, or a Ref: then whoever has the name now; its next incarnation is not suspended.

        Raises:
            NoProcess: It has ended, or nobody has the name.
            NotSuspendable: It is no server.
            BadAddress: Neither a Pid nor a Ref.
        """
        suspension.suspend(self._running(), target)

    def resume(self, target: Pid[object] | Ref[object]) -> None:
        """End `suspend`, of the process that `target` is or stands for now. Raises what it does."""
        suspension.resume(self._running(), target)

    def guest(self, *, name: str | None = None) -> Guest:
        """Make the current task a process for the length of a block: it may link, monitor, receive.

        An exit signal cancels the block, which then raises `ProcessExited`. What the block raises
        is the guest's exit reason, for its links and monitors.

        Args:
            name: Register it under this name, default none.

        Raises:
            AlreadyAProcess: This code runs in a process, or in a guest, of this System.
            NameTaken: Another process has the name.
            ProcessExited: At the end of the block, if somebody ended the guest, or `rg.exit_process`.
        """
        return Guest(self._running(), name)
