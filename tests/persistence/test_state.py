"""What of a server is kept, and what can't be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

import regrow as rg
from regrow.testing import pass_time, run_virtual
from tests.persistence.conftest import Storage
from tests.persistence.kit import HandJournal


class Refused(Exception):
    """A declared answer."""


class Part(msgspec.Struct):
    name: str
    weight: float = 1.0


class Agent(msgspec.Struct):
    status: str = "idle"
    handled: int = 0
    queue: list[Part] = []
    seen: set[str] = set()
    by_name: dict[str, Part] = {}
    raw: bytes = b""
    last: Part | None = None


@rg.persistent(Agent)
class AgentServer(rg.GenServer):
    state: Agent

    def init(self, note: str = "") -> None:
        self.note = note
        self.cache = 0

    @rg.call
    def work(self, name: str) -> None:
        part = Part(name)
        self.cache += 1
        self.state.status = "busy"
        self.state.handled += 1
        self.state.queue.append(part)
        self.state.seen.add(name)
        self.state.by_name[name] = part
        self.state.raw += b"\0"
        self.state.last = part

    @rg.call
    def read(self) -> tuple[Agent, int]:
        return self.state, self.cache

    @rg.call(raises=(Refused,))
    def put(self, value: Any, *, refuse: bool = False) -> None:
        self.state.status = value
        if refuse:
            raise Refused

    @rg.cast
    def renew(self) -> None:
        self.state = Agent(status="new")


def run(body: Callable[[rg.System], Any], journal: rg.types.Service, *specs: rg.ChildSpec) -> None:
    async def main() -> None:
        children = specs or (rg.child(AgentServer, name="agent"),)
        async with rg.System(
            children, services=[journal], name="state", max_restarts=100, max_seconds=1.0
        ) as system:
            await body(system)

    run_virtual(main())


FULL = Agent(
    status="busy",
    handled=2,
    queue=[Part("a"), Part("b")],
    seen={"a", "b"},
    by_name={"a": Part("a"), "b": Part("b")},
    raw=b"\0\0",
    last=Part("b"),
)


def test_all_fields_are_kept_and_nothing_else(storage: Storage) -> None:
    async def body(system: rg.System) -> None:
        agent = system.ref("agent", AgentServer)
        for name in "ab":
            await agent.call(AgentServer.work(name), timeout=1.0)
        agent.kill()
        await system.idle()
        assert await agent.call(AgentServer.read(), timeout=1.0) == (FULL, 0)

    async def later(system: rg.System) -> None:
        agent = system.ref("agent", AgentServer)
        assert await agent.call(AgentServer.read(), timeout=1.0) == (FULL, 0)

    run(body, storage())
    run(later, storage())


def test_servers_of_one_class_share_nothing(storage: Storage) -> None:
    async def body(system: rg.System) -> None:
        await system.ref("one", AgentServer).call(AgentServer.work("a"), timeout=1.0)
        for name in ("one", "two"):
            system.ref(name, AgentServer).kill()
        await system.idle()
        kept = [
            (await system.ref(name, AgentServer).call(AgentServer.read(), timeout=1.0))[0].handled
            for name in ("one", "two")
        ]
        assert kept == [1, 0]

    specs = [rg.child(AgentServer, id=name, name=name) for name in ("one", "two")]
    run(body, storage(), *specs)


def test_a_cascade_that_takes_the_supervisor_with_it_loses_nothing(storage: Storage) -> None:
    async def body(system: rg.System) -> None:
        agent = system.ref("agent", AgentServer)
        await agent.call(AgentServer.work("a"), timeout=1.0)
        above = system.whereis("above")
        assert above is not None
        above.kill()
        await system.idle()
        assert (await agent.call(AgentServer.read(), timeout=1.0))[0].handled == 1

    spec = rg.supervisor([rg.child(AgentServer, name="agent")], id="above", name="above")
    run(body, storage(), spec)


def test_a_state_that_is_replaced_is_kept(storage: Storage) -> None:
    async def body(system: rg.System) -> None:
        agent = system.ref("agent", AgentServer)
        agent.cast(AgentServer.renew())
        await system.idle()
        agent.kill()
        await system.idle()
        assert (await agent.call(AgentServer.read(), timeout=1.0))[0] == Agent(status="new")

    run(body, storage())


def test_a_process_in_the_state_crashes_the_server_and_is_told() -> None:
    async def body(system: rg.System) -> None:
        agent = system.ref("agent", AgentServer)
        with pytest.raises(rg.errors.ProcessExited) as caught:
            await agent.call(AgentServer.put(agent.whereis()), timeout=1.0)
        reason = caught.value.reason
        assert isinstance(reason, rg.Crash)
        assert reason.exception_type is rg.errors.StateNotStorable
        assert "names in the place of processes" in str(reason)
        assert (await agent.call(AgentServer.read(), timeout=1.0))[0] == Agent()

    run(body, HandJournal())


def test_a_state_that_couldnt_be_read_back_is_not_written() -> None:
    async def body(system: rg.System) -> None:
        agent = system.ref("agent", AgentServer)
        with pytest.raises(rg.errors.ProcessExited) as caught:
            await agent.call(AgentServer.put(17), timeout=1.0)
        reason = caught.value.reason
        assert isinstance(reason, rg.Crash)
        assert reason.exception_type is rg.errors.StateNotStorable
        assert "status" in str(reason)
        assert (await agent.call(AgentServer.read(), timeout=1.0))[0] == Agent()

    run(body, HandJournal())


@pytest.mark.parametrize("value", [object(), 17])
def test_what_cant_be_kept_does_no_harm_if_it_is_rolled_back(value: object) -> None:
    async def body(system: rg.System) -> None:
        agent = system.ref("agent", AgentServer)
        with pytest.raises(Refused):
            await agent.call(AgentServer.put(value, refuse=True), timeout=1.0)
        assert (await agent.call(AgentServer.read(), timeout=1.0))[0] == Agent()

    run(body, HandJournal())


@rg.persistent(Agent)
class Beginner(rg.GenServer):
    state: Agent

    def init(self) -> None:
        self.state.handled += 1

    @rg.call(raises=(Refused,))
    def refuse(self) -> None:
        self.state.handled += 100
        raise Refused

    @rg.call
    def read(self) -> int:
        return self.state.handled


def test_what_init_changes_is_there_after_a_rollback_and_written_with_the_first_change() -> None:
    async def body(system: rg.System) -> None:
        agent = system.ref("agent", Beginner)
        with pytest.raises(Refused):
            await agent.call(Beginner.refuse(), timeout=1.0)
        assert await agent.call(Beginner.read(), timeout=1.0) == 1

    run(body, HandJournal(), rg.child(Beginner, name="agent"))


@rg.persistent(Agent)
class SlowBeginner(rg.GenServer):
    state: Agent

    async def init(self) -> None:
        await pass_time(1.0)
        self.began_with = self.state.handled

    @rg.call
    async def work(self) -> tuple[int, int]:
        self.state.handled += 1
        return self.began_with, self.state.handled


def test_an_async_init_sees_the_state_too(storage: Storage) -> None:
    async def body(system: rg.System) -> None:
        agent = system.ref("agent", SlowBeginner)
        assert await agent.call(SlowBeginner.work(), timeout=1.0) == (0, 1)
        agent.kill()
        await system.idle()
        await pass_time(2.0)
        assert await agent.call(SlowBeginner.work(), timeout=1.0) == (1, 2)

    run(body, storage(), rg.child(SlowBeginner, name="agent"))


@rg.persistent(Agent)
class Blocking(rg.GenServer):
    state: Agent

    @rg.call(blocking=True, raises=(Refused,))
    def work(self, name: str) -> int:
        self.state.queue.append(Part(name))
        if not name:
            raise Refused
        return len(self.state.queue)


def test_blocking_handlers_are_turns_too(storage: Storage) -> None:
    async def body(system: rg.System) -> None:
        agent = system.ref("agent", Blocking)
        assert await agent.call(Blocking.work("a"), timeout=5.0) == 1
        with pytest.raises(Refused):
            await agent.call(Blocking.work(""), timeout=5.0)
        agent.kill()
        await system.idle()
        assert await agent.call(Blocking.work("b"), timeout=5.0) == 2

    run(body, storage(), rg.child(Blocking, name="agent"))


def test_a_journal_that_is_started_anew_has_what_was_committed(storage: Storage) -> None:
    async def body(system: rg.System) -> None:
        agent = system.ref("agent", AgentServer)
        await agent.call(AgentServer.work("a"), timeout=1.0)
        first = agent.whereis()
        owner = next(pid for pid in system.processes() if pid.kind == "JournalServer")
        owner.kill()
        await pass_time(10.0)
        await system.idle()
        assert agent.whereis() is not first
        await agent.call(AgentServer.work("b"), timeout=1.0)
        assert await agent.call(AgentServer.read(), timeout=1.0) == (FULL, 1)

    run(body, storage())
