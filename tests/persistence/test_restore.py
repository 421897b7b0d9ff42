"""What a persistent server finds at its start: its state, an older one, none, or one that can't be read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

import regrow as rg
from regrow.delivery.journal.operations import AppendEvent, SaveState
from regrow.delivery.journal.rows import SavedState, StateEvent
from regrow.testing import run_virtual
from tests.persistence.kit import HandJournal


class Old(msgspec.Struct):
    n: int = 0


class New(msgspec.Struct):
    total: int = 0
    unit: str = "pieces"


@rg.persistent(Old)
class Plain(rg.GenServer):
    state: Old

    @rg.call
    def add(self, by: int) -> int:
        self.state.n += by
        return self.state.n


def from_old(version: int, old: dict[str, int]) -> New:
    assert version == 1
    return New(total=old["n"])


@rg.persistent(New, version=2, upgrade=from_old)
class Renewed(rg.GenServer):
    state: New

    @rg.call
    def read(self) -> New:
        return self.state


def kept(data: bytes, *, version: int = 1, name: str = "server", epoch: int = 1) -> SaveState:
    return SaveState(
        SavedState(name=name, type="any", schema=version, epoch=epoch, version=0, data=data, updated_us=0)
    )


def system(server: type[rg.GenServer], *services: rg.types.Service, name: str | None = "server") -> rg.System:
    return rg.System([rg.child(server, name=name)], services=services, name="restored", max_restarts=0)


async def start_error(running: rg.System) -> BaseException:
    """Why the server doesn't start."""
    with pytest.raises(rg.errors.StartError) as caught:
        async with running:
            pytest.fail("it has started")
    error: BaseException | None = caught.value
    while isinstance(error, rg.errors.StartError):
        error = error.__cause__
    assert error is not None
    return error


def run(body: Callable[[HandJournal], Any], *operations: SaveState | AppendEvent) -> None:
    journal = HandJournal()
    journal.store.commit(operations)
    run_virtual(body(journal))


def test_without_a_state_there_are_the_defaults() -> None:
    async def body(journal: HandJournal) -> None:
        async with system(Plain, journal) as running:
            assert await running.ref("server", Plain).call(Plain.add(1), timeout=1.0) == 1

    run(body)


def test_an_older_state_is_upgraded_and_written_with_the_first_message() -> None:
    async def body(journal: HandJournal) -> None:
        async with system(Renewed, journal) as running:
            assert await running.ref("server", Renewed).call(Renewed.read(), timeout=1.0) == New(total=5)
        saved = journal.loop_reader.state("server")
        assert saved is not None
        assert saved.schema == 2
        assert msgspec.msgpack.decode(saved.data, type=New) == New(total=5)

    run(body, kept(b"\x81\xa1n\x05"))


def test_an_older_state_without_a_hook_is_left_alone() -> None:
    @rg.persistent(New, version=2)
    class NoHook(rg.GenServer):
        state: New

    async def body(journal: HandJournal) -> None:
        error = await start_error(system(NoHook, journal))
        assert isinstance(error, rg.errors.UpgradeFailed)
        assert "upgrade=" in str(error)
        saved = journal.loop_reader.state("server")
        assert saved is not None
        assert saved.schema == 1

    run(body, kept(b"\x81\xa1n\x05"))


def test_a_hook_that_makes_something_else_is_told_and_the_state_left_alone() -> None:
    def wrong(version: int, old: object) -> New:
        return New(total="many")  # type: ignore[arg-type]

    @rg.persistent(New, version=2, upgrade=wrong)
    class Wrong(rg.GenServer):
        state: New

    async def body(journal: HandJournal) -> None:
        error = await start_error(system(Wrong, journal))
        assert isinstance(error, rg.errors.UpgradeFailed)
        assert "total" in str(error)
        saved = journal.loop_reader.state("server")
        assert saved is not None
        assert saved.data == b"\x81\xa1n\x05"

    run(body, kept(b"\x81\xa1n\x05"))


def test_a_state_of_a_newer_class_is_left_alone() -> None:
    async def body(journal: HandJournal) -> None:
        error = await start_error(system(Plain, journal))
        assert isinstance(error, rg.errors.StateTooNew)
        assert (error.found, error.known) == (3, 1)
        saved = journal.loop_reader.state("server")
        assert saved is not None
        assert saved.schema == 3

    run(body, kept(b"\x81\xa1n\x05", version=3))


@pytest.mark.parametrize("data", [b"\xc1 no msgpack", b"\x81\xa1n\xa4many"], ids=["broken", "other type"])
def test_what_cant_be_read_is_set_aside_and_never_replaced_by_defaults(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(journal: HandJournal) -> None:
        events: list[rg.events.Event] = []
        running = system(Plain, journal)
        running.events.subscribe("state", events.append)
        with caplog.at_level(logging.ERROR, "regrow.persistence"), pytest.raises(rg.errors.StartError):
            await running.start()
        assert [type(event) for event in events] == [rg.events.StateUnreadable]
        assert isinstance(events[0], rg.events.StateUnreadable)
        where = events[0].kept
        assert where in caplog.text
        aside = journal.loop_reader.state(where)
        assert aside is not None
        assert aside.data == data
        for _ in range(2):  # a supervisor that tries again finds no defaults either
            error = await start_error(system(Plain, journal))
            assert isinstance(error, rg.errors.StateSetAside)
            assert error.kept == where

    run(body, kept(data))


def test_a_state_that_was_set_aside_can_be_put_back() -> None:
    class Text(msgspec.Struct):
        n: str = ""

    @rg.persistent(Text)
    class Mended(rg.GenServer):
        state: Text

        @rg.call
        def read(self) -> str:
            return self.state.n

    async def body(journal: HandJournal) -> None:
        error = await start_error(system(Plain, journal))
        assert isinstance(error, rg.errors.StateSetAside)
        async with rg.System([], services=[journal], name="operator") as operator:
            with pytest.raises(rg.errors.NothingSetAside):
                await rg.restore_state(operator, "server", "elsewhere")
            await rg.restore_state(operator, "server", error.kept)
        async with system(Mended, journal) as running:
            assert await running.ref("server", Mended).call(Mended.read(), timeout=1.0) == "many"
            with pytest.raises(rg.errors.StillRunning):
                await rg.restore_state(running, "server", error.kept)

    run(body, kept(b"\x81\xa1n\xa4many"))


def test_a_state_can_be_forgotten_and_what_was_set_aside_stays() -> None:
    async def body(journal: HandJournal) -> None:
        error = await start_error(system(Plain, journal))
        assert isinstance(error, rg.errors.StateSetAside)
        async with rg.System([], services=[journal], name="operator") as operator:
            await rg.forget_state(operator, "server")
        async with system(Plain, journal) as running:
            assert await running.ref("server", Plain).call(Plain.add(1), timeout=1.0) == 1
            with pytest.raises(rg.errors.StillRunning):
                await rg.forget_state(running, "server")
        assert journal.loop_reader.state(error.kept) is not None

    run(body, kept(b"\x81\xa1n\xa4many"))


def test_events_of_a_class_that_keeps_none_any_more_are_left_alone() -> None:
    async def body(journal: HandJournal) -> None:
        error = await start_error(system(Plain, journal))
        assert isinstance(error, rg.errors.UpgradeFailed)
        assert len(journal.loop_reader.events("server", after=0)) == 1

    run(body, AppendEvent(StateEvent(name="server", version=1, schema=1, data=b"\x80"), 1))


def test_a_persistent_server_needs_a_name() -> None:
    async def body(journal: HandJournal) -> None:
        error = await start_error(system(Plain, journal, name=None))
        assert isinstance(error, rg.errors.NoRegisteredName)

    run(body)


def test_a_persistent_server_needs_a_journal() -> None:
    async def body() -> None:
        assert isinstance(await start_error(system(Plain)), rg.errors.NoJournal)

    run_virtual(body())
