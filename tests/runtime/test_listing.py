"""What there is in a System, row by row."""

from __future__ import annotations

import msgspec
import pytest

import regrow as rg
from regrow.debug import LinkInfo, MailboxInfo
from regrow.events import Event
from tests.runtime.kit import play


class Worker(rg.GenServer):
    mailbox = rg.Mailbox(capacity=5, overflow="drop_oldest")

    @rg.cast
    def note(self, value: int) -> None: ...


WORKER = rg.child(Worker, name="w", metadata={"zone": "a"})


async def receiving() -> None:
    while True:
        await rg.receive()


def ignore(event: Event) -> None: ...


def test_processes_oldest_first(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async with system.guest(name="me") as me:
            other = system.spawn(receiving)
            rg.link(other)
            rg.trap_exit(True)
            rg.monitor("w")
            await system.idle()
            root, worker, mine, spawned = system.listing.processes()
            assert (root.pid, root.kind, root.state, root.children) == (system.root, "Supervisor", "idle", 1)
            assert (worker.name, worker.parent, worker.monitors) == ("w", system.root, 1)
            assert (mine.pid, mine.state, mine.links, mine.monitoring) == (me, "running", 1, 1)
            assert (mine.trap_exit, spawned.trap_exit) == (True, False)
            assert (spawned.pid, spawned.parent, spawned.links) == (other, None, 1)

    play(body, WORKER, hand_off=hand_off)


def test_links_each_once(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        worker = system.whereis("w")
        assert worker is not None
        async with system.guest() as me:
            rg.link(worker)
            assert system.listing.links() == (
                LinkInfo(one=system.root, other=worker, kind="child"),
                LinkInfo(one=worker, other=me, kind="link"),
            )
        assert system.listing.links() == (LinkInfo(one=system.root, other=worker, kind="child"),)

    play(body, WORKER, hand_off=hand_off)


def test_mailboxes_longest_first(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        worker = system.whereis("w")
        assert worker is not None
        assert system.listing.mailboxes() == ()
        system.suspend(worker)
        for number in range(3):
            system.ref("w", Worker).cast(Worker.note(number))
        system.spawn(receiving).send("x")
        first, second = system.listing.mailboxes()
        assert first == MailboxInfo(
            pid=worker,
            length=3,
            capacity=5,
            free=2,
            overflow="drop_oldest",
            waiting=0,
            head="Worker.note(value=0)",
            pattern=None,
        )
        assert (second.length, second.head) == (1, "'x'")
        assert system.listing.mailboxes(least=2) == (first,)
        assert len(system.listing.mailboxes(least=0)) == 3
        system.resume(worker)

    play(body, WORKER, hand_off=hand_off)


def test_timers_aliases_subscribers_names_groups_monitors(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        subscription = system.events.subscribe("process", ignore)
        async with system.guest(name="me") as me:
            timer = rg.send_interval(me, "tick", 2.0)
            alias = rg.alias()
            closed = rg.alias()
            closed.close()
            system.groups.join("g", me)
            held = rg.monitor("w", tag="t")
            listing = system.listing
            [row] = listing.timers()
            assert (row.timer, row.owner, row.target, row.message) == (timer, me, me, "'tick'")
            assert (row.interval, row.remaining) == (2.0, 2.0)
            assert [(one.alias, one.owner) for one in listing.aliases()] == [(alias, me)]
            [subscriber] = listing.subscribers()
            assert (subscriber.subscription, subscriber.prefix) == (subscription, "process")
            assert subscriber.callback == "ignore"
            assert [(one.name, one.metadata) for one in listing.names()] == [("me", {}), ("w", {"zone": "a"})]
            assert [(one.name, one.members) for one in listing.groups()] == [("g", (me,))]
            assert [(one.monitor, one.tag) for one in listing.monitors()] == [(held, "t")]
        gone = system.listing
        assert [gone.timers(), gone.aliases(), gone.groups()] == [(), (), ()]

    play(body, WORKER, hand_off=hand_off)


def test_statistics_are_a_frozen_snapshot(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        before = system.statistics()
        assert (before.started, before.exited, before.processes, before.names) == (2, 0, 2, 1)
        system.ref("w", Worker).kill()
        system.ref("nobody", Worker).cast(Worker.note(1))
        await system.idle()
        after = system.statistics()
        assert (after.started, after.exited, after.processes) == (3, 1, 2)
        assert (after.restarts, after.dropped, after.crashed) == (1, 1, 0)
        assert before.exited == 0
        with pytest.raises(AttributeError):
            after.exited = 7  # type: ignore[misc]
        assert isinstance(after, msgspec.Struct)

    play(body, WORKER, hand_off=hand_off)


def test_a_start_that_fails_counts_as_nothing(hand_off: bool) -> None:
    class Never(rg.GenServer):
        def init(self) -> None:
            raise OSError("never")

    async def body(system: rg.System) -> None:
        before = system.statistics()
        with pytest.raises(rg.errors.InitFailed):
            await system.root.call(rg.Supervisor.start_child(rg.child(Never)), timeout=1.0)
        after = system.statistics()
        assert (after.started, after.exited, after.processes) == (before.started, before.exited, 2)
        assert after.crashed == 1

    play(body, WORKER, hand_off=hand_off)


def test_a_system_that_does_not_run_lists_nothing() -> None:
    with pytest.raises(rg.errors.NotStarted):
        rg.System([]).listing.processes()
