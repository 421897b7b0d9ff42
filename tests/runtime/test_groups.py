"""Process groups."""

from __future__ import annotations

import pytest

import regrow as rg
from tests.runtime.kit import play


class Listener(rg.GenServer):
    mailbox = rg.Mailbox(capacity=1)

    def init(self) -> None:
        self.heard: list[object] = []

    def handle_info(self, message: object) -> None:
        self.heard.append(message)

    @rg.call
    def all(self) -> list[object]:
        return self.heard


class Oldest(Listener):
    mailbox = rg.Mailbox(capacity=1, overflow="drop_oldest")


class Newest(Listener):
    mailbox = rg.Mailbox(capacity=1, overflow="drop_newest")


async def waiting() -> None:
    await rg.receive(str)


def listener(server: type[Listener], name: str) -> rg.ChildSpec:
    return rg.child(server, name=name)


THREE = [listener(server, server.__name__) for server in (Listener, Oldest, Newest)]


def members(system: rg.System) -> list[rg.Pid[object]]:
    found = [system.whereis(spec.id) for spec in THREE]
    return [pid for pid in found if pid is not None]


def test_members_join_and_leave(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        groups = system.groups
        one, two = system.spawn(waiting), system.spawn(waiting)
        groups.join("g", two)
        groups.join("g", one)
        groups.join("g", two)  # twice is once
        groups.join("h", one)
        assert groups.members("g") == (two, one)
        assert groups.names() == ("g", "h")
        groups.leave("g", two)
        groups.leave("g", two)
        groups.leave("nobody", two)
        assert groups.members("g") == (one,)
        groups.leave("g", one)
        assert groups.members("g") == ()
        assert groups.names() == ("h",)

    play(body, hand_off=hand_off)


def test_the_dead_have_left(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        groups = system.groups
        one, two = system.spawn(waiting), system.spawn(waiting)
        for pid in (one, two):
            groups.join("g", pid)
            groups.join("h", pid)
        one.kill()
        await one.down(timeout=1.0)
        assert groups.members("g") == groups.members("h") == (two,)
        with pytest.raises(rg.errors.NoProcess):
            groups.join("g", one)

    play(body, hand_off=hand_off)


@pytest.mark.parametrize("name", ["", None, 1])
def test_what_is_no_group(name: object) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadRegistrationName):
            system.groups.join(name, system.spawn(waiting))  # type: ignore[arg-type]

    play(body, hand_off=True)


def test_publish_says_how_many_it_reached(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        groups = system.groups
        assert groups.publish("g", "nobody") == 0
        for pid in members(system):
            groups.join("g", pid)
        assert groups.publish("g", "first") == 3
        assert groups.publish("g", "second") == 1  # only drop_oldest makes a place
        await system.idle()
        heard = [await system.ref(spec.id, Listener).call(Listener.all(), timeout=1.0) for spec in THREE]
        assert heard == [["first"], ["second"], ["first"]]
        assert system.statistics().dropped == 3

    play(body, *THREE, hand_off=hand_off)


def test_a_restarted_process_is_not_in_the_group_of_its_forerunner(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = members(system)[0]
        system.groups.join("g", pid)
        pid.kill()
        await system.idle()
        assert system.groups.members("g") == ()

    play(body, *THREE, hand_off=hand_off)
