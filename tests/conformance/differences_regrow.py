"""The Regrow side of ``differences.py``: one scenario per entry, which says what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import regrow as rg
import regrow.testing as rt
from regrow import errors
from tests.conformance.regrow_processes import reason_text

Body = Callable[[rg.System, list[Any]], Awaitable[str]]
SCENARIOS: dict[str, Body] = {}


def scenario(body: Body) -> Body:
    SCENARIOS[body.__name__] = body
    return body


def run(id: str) -> str:
    """What happens on Regrow in the scenario of this entry."""

    async def main() -> str:
        async with rg.System([]) as system:
            return await SCENARIOS[id](system, [])

    return rt.run_virtual(main())


class Server(rg.GenServer):
    """Does what it is told, and notes what it hears."""

    def init(self, notes: list[Any]) -> None:
        self.notes = notes

    @rg.call
    def note(self, what: str) -> None:
        self.notes.append(what)

    @rg.call
    async def wait_for(self, event: asyncio.Event) -> None:
        await event.wait()

    @rg.call
    async def ask_back(self, through: rg.Pid[Server], origin: rg.Pid[Server]) -> str:
        return await through.call(Server.close_circle(origin), timeout=1.0)

    @rg.call
    async def close_circle(self, origin: rg.Pid[Server]) -> str:
        try:
            await origin.call(Server.note("never"), timeout=1.0)
        except errors.CallCycle as error:
            return f"b learns: {type(error).__name__}"
        return "b learns: nothing"

    @rg.cast
    def kill_yourself(self) -> None:
        self.pid.kill()
        self.notes.append("after kill")

    @rg.cast
    def set_timer(self, target: rg.Pid[Server]) -> None:
        rg.send_after(target, "tick", 0.03)

    @rg.call
    def leave(self, supervisor: rg.Pid[rg.Supervisor]) -> None:
        rg.unlink(supervisor)

    @rg.call
    def claim_to_have_ended(self, supervisor: rg.Pid[rg.Supervisor]) -> None:
        supervisor.exit("claimed")

    def handle_info(self, message: object) -> None:
        self.notes.append(message)

    def terminate(self, reason: object) -> None:
        self.notes.append(f"terminate {reason_text(reason)}")


class Other(rg.GenServer):
    """Has a call that `Server` does not know."""

    @rg.call
    def nonsense(self) -> None: ...


class Hanging(rg.GenServer):
    """Its init never ends."""

    async def init(self) -> None:
        await asyncio.Event().wait()


class Once(rg.GenServer):
    """Starts once and ignores ever after."""

    def init(self, starts: list[Any]) -> Any:
        starts.append(1)
        return rg.Ignore if len(starts) > 1 else None


async def _start(sup: rg.Pid[rg.Supervisor], spec: rg.ChildSpec) -> rg.Pid[Any]:
    pid = await sup.call(rg.Supervisor.start_child(spec), timeout=60.0)
    assert pid is not None
    return pid


def _server(notes: list[Any], id: str = "a", restart: Any = "temporary") -> rg.ChildSpec:
    return rg.child(Server, id=id, args=(notes,), restart=restart)


async def _child(sup: rg.Pid[rg.Supervisor]) -> rg.debug.ChildInfo:
    (row,) = await sup.call(rg.Supervisor.which_children(), timeout=1.0)
    return row


@scenario
async def expired_requests(system: rg.System, notes: list[Any]) -> str:
    pid, event = await _start(system.root, _server(notes)), asyncio.Event()
    busy = asyncio.create_task(pid.call(Server.wait_for(event), timeout=10.0))
    await system.idle()
    try:
        await pid.call(Server.note("handled"), timeout=0.02)
    except errors.CallTimeout:
        event.set()
    await busy
    await system.idle()
    return f"timeout, then {'handled' if notes else 'not handled'}"


@scenario
async def call_cycles(system: rg.System, notes: list[Any]) -> str:
    a, b = await _start(system.root, _server(notes)), await _start(system.root, _server(notes, "b"))
    return await a.call(Server.ask_back(b, a), timeout=5.0)


@scenario
async def unknown_calls(system: rg.System, notes: list[Any]) -> str:
    pid = await _start(system.root, _server(notes))
    try:
        await pid.call(Other.nonsense(), timeout=1.0)
    except (errors.UnknownCall, errors.WrongServer):
        return f"caller gets UnknownCall, server {'lives' if pid.alive else 'died'}"
    return "answered"


@scenario
async def bounded_mailboxes(system: rg.System, notes: list[Any]) -> str:
    async def deaf() -> None:
        await asyncio.Event().wait()

    pid = system.spawn(deaf)
    for number in range(10_001):
        try:
            pid.send(number)
        except errors.MailboxFull:
            return f"{number} queued, then MailboxFull"
    return "10001 queued"


@scenario
async def start_timeout(system: rg.System, notes: list[Any]) -> str:
    spec = rg.child(Hanging, id="a", start_timeout=0.05)
    start = asyncio.create_task(_start(system.root, spec))
    await rt.pass_time(0.15)
    if not start.done():
        return "still waiting"
    left = await system.root.call(rg.Supervisor.which_children(), timeout=1.0)
    return f"{type(start.exception()).__name__}, {'a child' if left else 'nothing'} left running"


@scenario
async def back_off(system: rg.System, notes: list[Any]) -> str:
    wait = rg.Backoff(base=1.0, cap=1.0, jitter=0.0)
    sup = await _start(
        system.root, rg.supervisor([_server(notes, restart="permanent")], id="s", backoff=wait)
    )
    begun, old = asyncio.get_running_loop().time(), (await _child(sup)).pid
    assert old is not None
    old.kill()
    await system.idle()
    state = (await _child(sup)).state

    async def running() -> bool:
        return (await _child(sup)).state == "running"

    await rt.wait_for(running, timeout=10.0)
    return f"{state}, then restarted after {asyncio.get_running_loop().time() - begun:g} s"


@scenario
async def terminate_at_shutdown(system: rg.System, notes: list[Any]) -> str:
    await _start(system.root, _server(notes))
    await system.root.call(rg.Supervisor.terminate_child("a"), timeout=5.0)
    return "terminate called with shutdown" if "terminate shutdown" in notes else "terminate not called"


@scenario
async def exact_max_seconds(system: rg.System, notes: list[Any]) -> str:
    child = _server(notes, restart="permanent")
    sup = await _start(
        system.root, rg.supervisor([child], id="s", max_restarts=1, max_seconds=1.0, restart="temporary")
    )
    for pause in (1.7, 0.0):
        pid = (await _child(sup)).pid
        assert pid is not None
        pid.kill()
        await system.idle()
        await rt.pass_time(pause)
    return "restarted" if sup.alive else "gave up"


@scenario
async def timers_end_with_their_owner(system: rg.System, notes: list[Any]) -> str:
    target, owner = await _start(system.root, _server(notes)), await _start(system.root, _server([], "b"))
    owner.cast(Server.set_timer(target))
    await system.idle()
    owner.kill()
    await rt.pass_time(0.1)
    await system.idle()
    return "tick arrived" if "tick" in notes else "no tick"


@scenario
async def handlers_are_atomic(system: rg.System, notes: list[Any]) -> str:
    pid = await _start(system.root, _server(notes))
    pid.cast(Server.kill_yourself())
    reason = await pid.down(timeout=1.0)
    return f"{'noted' if 'after kill' in notes else 'not noted'}, {reason_text(reason)}"


@scenario
async def dynamic_restart_ignored(system: rg.System, notes: list[Any]) -> str:
    sup: Any = await _start(system.root, rg.dynamic_supervisor(id="d"))
    child = await sup.call(
        rg.DynamicSupervisor.start_child(rg.child(Once, id="x", args=(notes,))), timeout=5.0
    )
    child.kill()
    await system.idle()
    left = len(await sup.call(rg.DynamicSupervisor.which_children(), timeout=1.0))
    down = asyncio.create_task(sup.down(timeout=5.0))
    await system.idle()
    await system.root.call(rg.Supervisor.terminate_child("d"), timeout=5.0)
    return f"{left} child{'' if left == 1 else 'ren'} left, supervisor exits: {reason_text(await down)}"


@scenario
async def order_of_which_children(system: rg.System, notes: list[Any]) -> str:
    for id in "abc":
        await _start(system.root, _server(notes, id))
    return " ".join(row.id for row in await system.root.call(rg.Supervisor.which_children(), timeout=1.0))


@scenario
async def specs_checked_early(system: rg.System, notes: list[Any]) -> str:
    before = len(system.processes())
    try:
        rg.supervisor([_server(notes), _server(notes)], id="s")
    except errors.BadChildSpec as error:
        when = "before anything starts" if len(system.processes()) == before else "too late"
        return f"{type(error).__name__} {when}"
    return "accepted"


@scenario
async def tie_of_a_child(system: rg.System, notes: list[Any]) -> str:
    children = [_server(notes, id, restart="permanent") for id in "ab"]
    sup = await _start(system.root, rg.supervisor(children, id="s"))
    pids: list[Any] = [row.pid for row in await sup.call(rg.Supervisor.which_children(), timeout=1.0)]
    a, b = pids
    await a.call(Server.leave(sup), timeout=1.0)
    a.kill()
    await b.call(Server.claim_to_have_ended(sup), timeout=1.0)
    await system.idle()
    now = [row.pid for row in await sup.call(rg.Supervisor.which_children(), timeout=1.0)]
    killed = "restarted" if now[0] is not None and now[0] != a else "not missed"
    other = "once" if now[1] == b or not b.alive else "twice"
    return f"the killed one is {killed}; the other runs {other}"
