"""Children that write down what happens to them, and ways to end them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Literal, TypeAlias, TypeVar

import regrow as rg
from regrow.core.events import Event
from regrow.core.options import Restart, ShutdownOption
from regrow.runtime.genserver import IgnoreType

How: TypeAlias = Literal["normal", "shutdown", "shutdown_detail", "crash", "killed", "odd"]
HOWS: tuple[How, ...] = ("normal", "shutdown", "shutdown_detail", "crash", "killed", "odd")
NORMAL_ENDS: tuple[How, ...] = ("normal", "shutdown", "shutdown_detail")


class Diary:
    """`+a` a started, `-a` its terminate ran, `!a` its init raised, `?a` it ignored."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.attempts: Counter[str] = Counter()
        self.times: list[float] = []

    def take(self) -> list[str]:
        """What was written since the last time."""
        lines, self.lines = self.lines, []
        return lines


class Worker(rg.GenServer):
    """Fails or ignores at the attempts that it is told to."""

    def init(
        self, who: str, diary: Diary, failing: Collection[int] = (), ignoring: Collection[int] = ()
    ) -> IgnoreType | None:
        self.who = who
        self.diary = diary
        diary.attempts[who] += 1
        number = diary.attempts[who]
        if number in failing:
            diary.lines.append(f"!{who}")
            raise RuntimeError(f"attempt {number}")
        if number in ignoring:
            diary.lines.append(f"?{who}")
            return rg.Ignore
        diary.lines.append(f"+{who}")
        return None

    def terminate(self, reason: rg.ExitReason) -> None:
        self.diary.lines.append(f"-{self.who}")

    @rg.call
    def ping(self) -> str:
        return self.who

    @rg.cast
    def crash(self) -> None:
        raise RuntimeError("told to")

    @rg.cast
    def stop_with(self, reason: rg.ExitReason) -> None:
        self.stop(reason)


def end(pid: rg.Pid[Worker], how: How) -> None:
    """Have the process end so."""
    match how:
        case "normal":
            pid.cast(Worker.stop_with(rg.NORMAL))
        case "shutdown":
            pid.cast(Worker.stop_with(rg.SHUTDOWN))
        case "shutdown_detail":
            pid.cast(Worker.stop_with(rg.Shutdown("enough")))
        case "crash":
            pid.cast(Worker.crash())
        case "killed":
            pid.kill()
        case "odd":
            pid.exit("odd")


def worker(
    who: str,
    diary: Diary,
    *,
    restart: Restart = "permanent",
    failing: Collection[int] = (),
    ignoring: Collection[int] = (),
    shutdown: ShutdownOption = None,
    significant: bool = False,
    name: str | None = None,
) -> rg.ChildSpec:
    return rg.child(
        Worker,
        id=who,
        name=name,
        args=(who, diary, failing, ignoring),
        restart=restart,
        shutdown=shutdown,
        significant=significant,
    )


async def children(sup: rg.Ref[rg.Supervisor]) -> dict[str, rg.debug.ChildInfo]:
    return {row.id: row for row in await sup.call(rg.Supervisor.which_children(), timeout=1.0)}


async def pid_of(sup: rg.Ref[rg.Supervisor], who: str) -> rg.Pid[Worker]:
    pid = (await children(sup))[who].pid
    assert pid is not None
    return pid  # type: ignore[return-value]


async def states(sup: rg.Ref[rg.Supervisor]) -> dict[str, str]:
    return {who: row.state for who, row in (await children(sup)).items()}


E = TypeVar("E", bound=Event)


def listen(system: rg.System, kind: type[E]) -> list[E]:
    """The events of this type from now on; they come in the loop's next pass."""
    seen: list[E] = []

    def note(event: Event) -> None:
        if isinstance(event, kind):
            seen.append(event)

    system.events.subscribe(kind.name, note)
    return seen
