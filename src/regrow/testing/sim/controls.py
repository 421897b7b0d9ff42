"""The faults that a test asks for itself: `sim.kill`, `sim.crash_in` and the like."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

from typing_extensions import Unpack

from regrow.delivery.service import Journal, journal_on
from regrow.errors.faults import BadFault
from regrow.runtime.process import Process
from regrow.runtime.steps import steps_of
from regrow.testing.sim.disk import SimDisk
from regrow.testing.sim.fence.guards import FencedRun
from regrow.testing.sim.fence.options import Fence
from regrow.testing.sim.hazards import Hazards, Tally
from regrow.testing.sim.machines import Machines
from regrow.testing.sim.mailbox_faults import MailboxFaults, MessageScript, kind_of
from regrow.testing.sim.process_faults import ProcessFaults
from regrow.testing.sim.scripts import Script, whom
from regrow.testing.sim.store import SimStore
from regrow.testing.sim.store_faults import StoreFaulter
from regrow.testing.sim.wall_clock import WallClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regrow.delivery.journal.options import JournalSettings
    from regrow.delivery.journal.store import SyncLevel
    from regrow.testing.sim.faults import Faults
    from regrow.testing.sim.fence.options import Opening, Routed
    from regrow.testing.sim.loop import SimLoop
    from regrow.testing.sim.mailbox_faults import MessageKind
    from regrow.testing.sim.scripts import Whom

__all__ = ("Controls", "StoreFault")

T = TypeVar("T")
StoreFault: TypeAlias = Literal["slow", "full", "fail", "fail_read"]
STORE_FAULTS: Final[dict[StoreFault, str]] = {
    "slow": "slow_commit",
    "full": "disk_full",
    "fail": "sync_failed",
    "fail_read": "read_failed",
}


class Controls:
    """The half of a simulation that makes faults. Each says what strikes whom; none waits for it."""

    def __init__(self, loop: SimLoop, faults: Faults, fence: Fence) -> None:
        self._loop: SimLoop = loop
        self._tally: Tally = Tally(loop, faults.until)
        hazards = Hazards(loop.decisions, self._tally)
        self._process_faults: ProcessFaults = ProcessFaults(faults, hazards, self._tally, loop)
        self._mailbox_faults: MailboxFaults = MailboxFaults(faults, hazards, self._tally)
        self._wall_clock: WallClock = WallClock(faults, hazards, self._tally, loop)
        self._machines: Machines = Machines(loop, self._tally)
        self._store_faults: StoreFaulter = StoreFaulter(
            faults.store, hazards, self._tally, loop, self._machines
        )
        self._disks: dict[str, SimDisk] = {}
        self.fenced: FencedRun = FencedRun(loop, self._wall_clock.time, fence)
        """For the run itself."""
        loop.thread_latency = faults.thread_latency

    @property
    def faults(self) -> Mapping[str, int]:
        """How many faults have struck so far, by kind."""
        return dict(self._tally.counts)

    def calm(self) -> None:
        """From now on nothing strikes by chance, so that what has to come right again can.

        What hangs by chance goes on.
        """
        self._tally.end()

    # -- the fence -----------------------------------------------------------------------------

    def fence(
        self, *, virtual: tuple[Routed, ...] = (), allow: tuple[Opening, ...] = (), reason: str = ""
    ) -> AbstractContextManager[None]:
        """Let more through the fence inside a `with` block, whoever runs meanwhile.

        Args:
            virtual: As of `rt.Fence`: what code gets of the run's own: "clocks", "randomness".
            allow: As of `rt.Fence`: what it gets for real.
            reason: Why something is allowed; required then.

        Raises:
            BadFault: One of them is unknown, or something is allowed without a reason.
        """
        return self.fenced.opened(Fence(virtual=virtual, allow=allow, reason=reason))

    # -- the clock -----------------------------------------------------------------------------

    def wall(self) -> float:
        """The wall clock of the run: seconds since 1970. A run begins with the year 2020, UTC."""
        return self._wall_clock.time()

    def jump_wall(self, seconds: float) -> None:
        """Have the wall clock jump; the loop's time, by which timers go, doesn't.

        Args:
            seconds: How far; back if it is negative.

        Raises:
            BadFault: It is no finite number.
        """
        self._wall_clock.jump(_seconds("jump_wall", seconds, back=True))

    # -- processes -----------------------------------------------------------------------------

    def kill(self, who: Whom, *, at_step: int = 0) -> None:
        """Kill a process.

        Args:
            who: A Pid, a Ref, or a name: then whoever holds it at that time.
            at_step: Before the how many-th handler from now; 0, the default, is at once.

        Raises:
            BadFault: `who` is no process, or nobody holds the name now and it is to be at once.
        """
        target = whom("kill", who)
        if _count("kill", "at_step", at_step, least=0):
            self._add(Script("kill", target, skip=at_step - 1))
            return
        process = self._now(target)
        if process is None:
            raise BadFault("kill", "who", who, "a name that somebody holds, or with at_step=1 or more")
        self._process_faults.kill(process)

    def crash_in(self, who: Whom, where: str, *, times: int = 1) -> None:
        """Have a callback raise `InjectedCrash` in the place of what it would do.

        Args:
            who: A Pid, a Ref, or a name: then whoever holds it, over restarts.
            where: "init", "terminate", "handle_info", "handle_continue", the name of a handler; "receive"
                of a plain process.
            times: How often, default once.

        Raises:
            BadFault: `who` is no process, `where` no name, `times` less than 1.
        """
        self._add(
            Script("crash", whom("crash_in", who), _name("crash_in", where), times=_times("crash_in", times))
        )

    def hang(self, who: Whom, where: str | None = None, *, times: int = 1) -> None:
        """Have a callback wait for ever, until its process is killed or shut down.

        Args:
            who: A Pid, a Ref, or a name: then whoever holds it, over restarts.
            where: As of `crash_in`; default the next handler, whichever it is.
            times: How often, default once.

        Raises:
            BadFault: `who` is no process, `where` no name, `times` less than 1.
        """
        self.slow(who, inf, where, times=times)

    def slow(self, who: Whom, seconds: float, where: str | None = None, *, times: int = 1) -> None:
        """Have a callback take `seconds` longer: its process is busy so long before it begins.

        Args:
            who: A Pid, a Ref, or a name: then whoever holds it, over restarts.
            seconds: Virtual seconds, more than 0.
            where: As of `crash_in`; default the next handler, whichever it is. A plain process that
                receives can't be slow.
            times: How often, default once.

        Raises:
            BadFault: `who` is no process, `where` no name, `times` less than 1, or `seconds` not above 0.
        """
        kind = "hang" if seconds == inf else "slow"
        target = whom(kind, who)
        place = None if where is None else _name(kind, where)
        self._add(Script(kind, target, place, times=_times(kind, times), seconds=_seconds(kind, seconds)))

    def storm(self, who: Whom, *, kills: int = 5) -> None:
        """Kill a child before its next handler, and again as soon as it is restarted.

        Args:
            who: A Pid, a Ref, or a name.
            kills: How often in all; default 5, more than the 3 restarts that supervisors allow by default.

        Raises:
            BadFault: `who` is no process, or `kills` less than 1.
        """
        self._add(Script("storm", whom("storm", who), kills=_count("storm", "kills", kills, least=1)))

    # -- messages ------------------------------------------------------------------------------

    def delay(
        self,
        source: Whom | None,
        target: Whom,
        seconds: float,
        *,
        message: object = None,
        times: int = 1,
    ) -> None:
        """Hold messages. What `source` sends `target` later waits behind them.

        Args:
            source: Who sends: a Pid, a Ref, a name, or None for anybody.
            target: To whom: a Pid, a Ref or a name.
            seconds: How long, in virtual seconds.
            message: Which: a handler, such as `Counter.add`, or a class of messages; default all.
            times: How many messages, default one.

        Raises:
            BadFault: One of them can't be used.
        """
        kind = kind_of("delay", message, lossy=False)
        self._add_messages("delay", source, target, kind, times, _seconds("delay", seconds))

    def drop(self, source: Whom | None, target: Whom, *, message: object = None, times: int = 1) -> None:
        """Lose casts or plain sends; calls, supervised messages and signals never are.

        Args:
            source: Who sends: a Pid, a Ref, a name, or None for anybody.
            target: To whom: a Pid, a Ref or a name.
            message: Which: a handler, such as `Counter.bump`, or a class of messages; default all.
            times: How many messages, default one.

        Raises:
            BadFault: One of them can't be used, or the message is a call.
        """
        self._add_messages("drop", source, target, kind_of("drop", message, lossy=True), times)

    def duplicate(self, source: Whom | None, target: Whom, *, message: object = None, times: int = 1) -> None:
        """Have casts or plain sends arrive twice; calls, supervised messages and signals never do.

        Args:
            source: Who sends: a Pid, a Ref, a name, or None for anybody.
            target: To whom: a Pid, a Ref or a name.
            message: Which: a handler, such as `Counter.bump`, or a class of messages; default all.
            times: How many messages, default one.

        Raises:
            BadFault: One of them can't be used, or the message is a call.
        """
        self._add_messages("duplicate", source, target, kind_of("duplicate", message, lossy=True), times)

    def _add_messages(  # noqa: PLR0917  # all of them differ
        self,
        kind: str,
        source: Whom | None,
        target: Whom,
        message: MessageKind,
        times: int,
        seconds: float = 0.0,
    ) -> None:
        sender = None if source is None else whom(kind, source, option="source")
        to = whom(kind, target, option="target")
        script = MessageScript(kind, sender, to, message, times=_times(kind, times), seconds=seconds)
        self._mailbox_faults.scripts.append(script)
        for engine in self._loop.engines:
            if engine.transit is None:
                engine.hook_mailboxes(self._mailbox_faults.decide)

    # -- the journal and the power -------------------------------------------------------------

    def journal(
        self, name: str = "journal", *, level: SyncLevel = "power", **options: Unpack[JournalSettings]
    ) -> Journal:
        """A journal on a simulated disk, for one System; nothing real is written.

        What is on the disk outlives the System, and a power cut as far as it was synced. So make the
        journal anew for each System, by the same name.

        Args:
            name: Which disk.
            level: What a commit survives; as `sync` of `rg.Journal`, when the disk is used first.
            **options: As of `rg.Journal`: `capacity`, `concurrency`, `max_crashes`, `dead_letters`,
                `aliases`, `code_version`.

        Raises:
            BadSetting: An option is out of its range.
        """
        disk = self._disks.get(name)
        if disk is None:
            disk = self._disks[name] = SimDisk(name, level=level)
        store = SimStore(disk, self._store_faults)
        return journal_on(store, path=name, slots=disk.slots, **options)

    def store_fault(self, kind: StoreFault, *, journal: str | None = None, seconds: float = 1.0) -> None:
        """Have the next commit to a simulated disk, or the next read, meet a fault.

        Args:
            kind: As of `StoreFaults`: "slow", "full", "fail" (the sync fails, and the journal refuses all
                that follows) or "fail_read".
            journal: To which disk; default whichever is the next.
            seconds: How long a slow commit takes, default 1.0.

        Raises:
            BadFault: There is no such kind, or the seconds are not above 0.
        """
        if kind not in STORE_FAULTS:
            raise BadFault("store_fault", "kind", kind, "'slow', 'full', 'fail' or 'fail_read'")
        self._store_faults.ask_for(STORE_FAULTS[kind], journal, seconds=_seconds("store_fault", seconds))

    async def survive(self, life: Callable[[int], Coroutine[Any, Any, T]]) -> T:
        """Run `life(boot)` on a machine of its own, and anew after each power cut, until it returns.

        When the power goes, everything that `life` has started ends where it is: no `finally`, no
        `terminate`, no commit. What it needs of before it has to find on a disk (`sim.journal`), or outside.

        Args:
            life: An `async def`; `boot` is 0, then 1 after the first power cut, and so on.

        Returns:
            What `life` returns.

        Raises:
            Exception: What `life` raises.
        """
        return await self._machines.survive(life)

    async def power_cut(self, *, only_process: bool = False) -> None:
        """Cut the power of what `survive` runs; within it this never returns.

        Args:
            only_process: End the program alone, as `kill -9` does: the disk keeps what was written to it,
                synced or not. Default False.

        Raises:
            BadFault: Nothing runs in `survive`.
        """
        await self._machines.cut(only_process=only_process)

    # -- scripts -------------------------------------------------------------------------------

    def _add(self, script: Script) -> None:
        self._process_faults.scripts.append(script)
        for engine in steps_of(self._loop).running():
            for process in engine.processes():
                if script.means(process):
                    self._process_faults.watch(process)

    def _now(self, target: Process | str) -> Process | None:
        if isinstance(target, Process):
            return target
        engines = steps_of(self._loop).running()
        return next((engine.names[target] for engine in engines if target in engine.names), None)


def _count(owner: str, option: str, value: object, *, least: int) -> int:
    if type(value) is not int or value < least:
        raise BadFault(owner, option, value, f"a whole number of at least {least}")
    return value


def _seconds(owner: str, value: object, *, back: bool = False) -> float:
    if not isinstance(value, int | float) or not (isfinite(value) if back else value > 0):
        raise BadFault(owner, "seconds", value, "a finite number" if back else "a number above 0")
    return float(value)


def _times(owner: str, value: object) -> int:
    return _count(owner, "times", value, least=1)


def _name(owner: str, value: object) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise BadFault(owner, "where", value, "the name of a callback")
    return value
