"""Services: before and after all children, offered to the tree, restarted with what depends on them."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from regrow.testing import run_virtual
from tests.runtime.life_servers import LOG, Fails, Worker, worker


@pytest.fixture(autouse=True)
def _fresh() -> None:
    LOG.clear()


class Store:
    """A service with a handle of its own; what it runs is a Worker."""

    def __init__(self, label: str) -> None:
        self.service_name = label
        self.asked = 0

    def child_spec(self) -> rg.ChildSpec:
        self.asked += 1
        return worker(self.service_name)


class Asks(rg.GenServer):
    """Finds the service from inside a process, in `init` already."""

    def init(self) -> None:
        self.found = rg.current_system().service("store")

    @rg.call
    def look(self) -> tuple[object, object]:
        return self.found, self.system.service("store")


async def crash(system: rg.System, name: str) -> None:
    with pytest.raises(rg.errors.ProcessExited):
        await system.ref(name, Worker).call(Worker.crash(), timeout=1.0)
    await system.idle()


def test_services_start_before_and_stop_after_all_children(hand_off: bool) -> None:
    async def body() -> None:
        services: list[rg.types.Service | rg.ChildSpec] = [Store("s1"), worker("s2")]
        async with rg.System([worker("a"), worker("b")], services=services, hand_off=hand_off):
            assert LOG == ["+s1", "+s2", "+a", "+b"]

    run_virtual(body())
    assert LOG[4:] == ["-b", "-a", "-s2", "-s1"]


def test_services_are_offered_by_name_also_inside(hand_off: bool) -> None:
    async def body() -> None:
        store, spec = Store("store"), worker("plain")
        children = [rg.child(Asks, name="asks")]
        async with rg.System(children, services=[store, spec], hand_off=hand_off) as system:
            assert system.service("store") is store
            assert system.service("plain") is spec
            assert await system.ref("asks", Asks).call(Asks.look(), timeout=1.0) == (store, store)
            with pytest.raises(rg.errors.NoSuchService, match="allowed is 'store', 'plain'"):
                system.service("strore")

    run_virtual(body())
    with pytest.raises(rg.errors.NoSuchService, match="none"):
        rg.System().service("store")


def test_the_root_is_the_trees_supervisor() -> None:
    async def body() -> None:
        async with rg.System([worker("a")], services=[worker("s")]) as system:
            rows = await system.root.call(rg.Supervisor.which_children(), timeout=1.0)
            assert [row.id for row in rows] == ["a"]

    run_virtual(body())


def test_a_lost_service_takes_along_what_started_after_it(hand_off: bool) -> None:
    async def body() -> None:
        services = [worker("s1"), worker("s2"), worker("s3")]
        async with rg.System([worker("a"), worker("b")], services=services, hand_off=hand_off) as system:
            old = system.root
            first = system.whereis("s1")
            LOG.clear()
            await crash(system, "s2")
            assert LOG == ["-s2", "-b", "-a", "-s3", "+s2", "+s3", "+a", "+b"]
            assert system.whereis("s1") is first
            assert not old.alive
            assert system.root.alive
            assert await system.ref("a", Worker).call(Worker.ping(), timeout=1.0) == "a"

    run_virtual(body())


def test_a_service_that_is_lost_too_often_fails_the_system() -> None:
    async def body() -> None:
        options = {"services": [worker("s")], "max_restarts": 1, "max_seconds": 5.0}
        with pytest.raises(rg.errors.SystemFailed) as caught:
            async with rg.System([worker("a")], **options) as system:  # type: ignore[arg-type]
                await crash(system, "s")
                await crash(system, "s")
                await asyncio.get_running_loop().create_future()
        assert caught.value.reason is rg.SHUTDOWN

    run_virtual(body())
    assert LOG == ["+s", "+a", "-s", "-a", "+s", "+a", "-s", "-a"]


@pytest.mark.parametrize("how", ["gives up", "killed"])
def test_the_end_of_the_tree_is_the_end_of_all_and_services_stop_last(how: str) -> None:
    async def body() -> None:
        with pytest.raises(rg.errors.SystemFailed) as caught:
            async with rg.System(
                [worker("a"), worker("b")], services=[worker("s")], max_restarts=0
            ) as system:
                if how == "killed":
                    system.root.kill()
                else:
                    await crash(system, "a")
                await asyncio.get_running_loop().create_future()
        assert caught.value.reason is (rg.KILLED if how == "killed" else rg.SHUTDOWN)

    run_virtual(body())
    assert ["+s", "+a", "+b", *(["-a", "-b"] if how == "gives up" else []), "-s"] == LOG


def test_a_child_that_does_not_start_stops_the_services_again() -> None:
    async def body() -> None:
        system = rg.System([worker("a"), rg.child(Fails)], services=[worker("s")])
        with pytest.raises(rg.errors.ChildStartFailed) as caught:
            await system.start()
        assert caught.value.child_id == "root"
        assert system.state == "not started"

    run_virtual(body())
    assert LOG == ["+s", "+a", "-a", "-s"]


def test_a_service_that_does_not_start_is_named() -> None:
    async def body() -> None:
        system = rg.System([worker("a")], services=[rg.child(Fails, id="broken", name="broken")])
        with pytest.raises(rg.errors.ChildStartFailed) as caught:
            await system.start()
        assert caught.value.child_id == "broken"

    run_virtual(body())
    assert LOG == []


def test_a_service_is_asked_for_its_spec_once_per_start() -> None:
    async def body() -> None:
        store = Store("s")
        system = rg.System([], services=[store])
        for starts in (1, 2, 3):
            async with system:
                assert store.asked == starts

    run_virtual(body())


def test_what_is_no_service_is_refused_before_anything_starts() -> None:
    with pytest.raises(rg.errors.BadService):
        rg.System([], services=[object()])  # type: ignore[list-item]
    with pytest.raises(rg.errors.BadService, match="already a service 's'"):
        rg.System([], services=[Store("s"), worker("s")])
    with pytest.raises(rg.errors.BadService, match="no name"):
        rg.System([], services=[rg.child(Worker)])
    with pytest.raises(rg.errors.DuplicateChild):
        rg.System([], services=[worker("root")])
