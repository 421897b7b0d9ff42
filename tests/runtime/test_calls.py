"""Calls: reply handles, cycles, callers that die or give up, what a call leaves alone."""

from __future__ import annotations

import asyncio
import gc
import sys

import pytest

import regrow as rg
from tests.runtime.kit import pause, play


class Refused(Exception):
    """A declared answer."""


class Desk(rg.GenServer):
    """Answers later, in every way."""

    def init(self) -> None:
        self.handles: list[rg.ReplyHandle] = []
        self.tasks: set[asyncio.Task[None]] = set()

    @rg.call(raises=(Refused,))
    def keep(self) -> str:
        self.handles.append(rg.reply_later())
        return "ignored"

    @rg.call(raises=(Refused,))
    async def keep_async(self) -> str:
        await pause(0.001)
        self.handles.append(rg.reply_later())
        await pause(0.001)
        return "ignored"

    @rg.call
    def drop(self) -> str:
        rg.reply_later()
        return "ignored"

    @rg.call
    async def drop_async(self) -> str:
        rg.reply_later()
        await pause(0)
        return "ignored"

    @rg.call
    def at_once(self) -> str:
        rg.reply_later().reply("at once")
        return "ignored"

    @rg.call
    def twice(self) -> str:
        rg.reply_later()
        rg.reply_later()
        return ""

    @rg.call
    def by_task(self) -> str:
        handle = rg.reply_later()
        self.tasks.add(asyncio.ensure_future(self._later(handle)))
        return "ignored"

    async def _later(self, handle: rg.ReplyHandle) -> None:
        await pause(1.0)
        handle.reply("by a task")

    @rg.call
    def take_all(self) -> list[rg.ReplyHandle]:
        handles, self.handles = self.handles, []
        return handles

    @rg.call(raises=(Refused,))
    def take_and_refuse(self) -> str:
        self.handles.append(rg.reply_later())
        raise Refused

    @rg.call
    def reply_and_crash(self) -> str:
        rg.reply_later().reply("said before")
        raise ValueError

    @rg.call
    def take_and_crash(self) -> str:
        self.handles.append(rg.reply_later())
        raise ValueError

    @rg.cast
    def answer_a_cast(self) -> None:
        rg.reply_later()

    @rg.cast
    def steal(self) -> None:
        """Leave a task behind that tries to answer somebody else's call."""
        self.tasks.add(asyncio.ensure_future(self._steal()))

    async def _steal(self) -> None:
        await pause(1.0)
        try:
            rg.reply_later()
        except rg.errors.NoReplyExpected:
            self.stolen = False
        else:
            self.stolen = True

    @rg.call
    async def busy(self) -> bool:
        await pause(2.0)
        return self.stolen


DESK = rg.child(Desk, name="desk")
KEEP = pytest.mark.parametrize("make", [Desk.keep, Desk.keep_async], ids=["def", "async"])


def desk_of(system: rg.System) -> rg.Ref[Desk]:
    return system.ref("desk", Desk)


async def ask(system: rg.System, message: object) -> asyncio.Task[str]:
    """Start a call and let it come as far as it gets."""
    task = asyncio.ensure_future(desk_of(system).call(message, timeout=5.0))  # type: ignore[arg-type, var-annotated]
    await pause(0.1)
    return task


@KEEP
def test_a_kept_handle_answers_from_anywhere(hand_off: bool, make: object) -> None:
    async def body(system: rg.System) -> None:
        task = await ask(system, make())  # type: ignore[operator]
        [handle] = await desk_of(system).call(Desk.take_all(), timeout=1.0)
        assert handle.waited_for
        handle.reply("from outside")
        assert not handle.waited_for
        assert await task == "from outside"
        with pytest.raises(rg.errors.AlreadyReplied):
            handle.reply("again")
        with pytest.raises(rg.errors.AlreadyReplied):
            handle.fail(Refused())

    play(body, DESK, hand_off=hand_off)


@KEEP
def test_a_kept_handle_can_fail_the_call(hand_off: bool, make: object) -> None:
    async def body(system: rg.System) -> None:
        task = await ask(system, make())  # type: ignore[operator]
        [handle] = await desk_of(system).call(Desk.take_all(), timeout=1.0)
        with pytest.raises(rg.errors.BadReply, match="'no exception'"):
            handle.fail("no exception")  # type: ignore[arg-type]
        handle.fail(Refused("later"))
        with pytest.raises(Refused, match="later"):
            await task

    play(body, DESK, hand_off=hand_off)


@pytest.mark.parametrize("make", [Desk.drop, Desk.drop_async], ids=["def", "async"])
def test_a_dropped_handle_tells_the_caller_at_once(hand_off: bool, make: object) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.ReplyLost):
            await desk_of(system).call(make(), timeout=5.0)  # type: ignore[operator]
        assert asyncio.get_running_loop().time() < 1.0

    play(body, DESK, hand_off=hand_off)


def test_a_handle_used_in_the_handler(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        assert await desk_of(system).call(Desk.at_once(), timeout=1.0) == "at once"

    play(body, DESK, hand_off=hand_off)


def test_a_handle_used_by_a_task_of_the_process(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        assert await desk_of(system).call(Desk.by_task(), timeout=5.0) == "by a task"

    play(body, DESK, hand_off=hand_off)


def test_a_handle_used_by_another_process(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def helper(handle: rg.ReplyHandle) -> None:
            handle.reply("by a process")

        task = await ask(system, Desk.keep())
        [handle] = await desk_of(system).call(Desk.take_all(), timeout=1.0)
        system.spawn(helper, handle)
        assert await task == "by a process"

    play(body, DESK, hand_off=hand_off)


def test_only_one_handle_per_call_and_none_for_a_cast(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        for message in (Desk.twice(),):
            with pytest.raises(rg.errors.ProcessExited) as raised:
                await desk_of(system).call(message, timeout=1.0)
            assert raised.value.reason.exception_type is rg.errors.NoReplyExpected  # type: ignore[attr-defined]
        await system.idle()
        pid = desk_of(system).whereis()
        assert pid is not None
        pid.cast(Desk.answer_a_cast())
        reason = await pid.down(timeout=1.0)
        assert reason.exception_type is rg.errors.NoReplyExpected  # type: ignore[attr-defined]
        with pytest.raises(rg.errors.NoReplyExpected):
            rg.reply_later()

    play(body, DESK, hand_off=hand_off)


def test_a_task_left_behind_cannot_answer_a_later_call(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        desk_of(system).cast(Desk.steal())
        assert await desk_of(system).call(Desk.busy(), timeout=5.0) is False

    play(body, DESK, hand_off=hand_off)


def test_a_declared_exception_answers_though_a_handle_was_taken(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(Refused):
            await desk_of(system).call(Desk.take_and_refuse(), timeout=1.0)
        [handle] = await desk_of(system).call(Desk.take_all(), timeout=1.0)
        handle.reply("too late")
        assert system.statistics().late_replies == 1

    play(body, DESK, hand_off=hand_off)


def test_an_answer_given_before_a_crash_counts(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = desk_of(system).whereis()
        assert pid is not None
        assert await pid.call(Desk.reply_and_crash(), timeout=1.0) == "said before"
        assert await pid.down(timeout=1.0) is not rg.NORMAL

    play(body, DESK, hand_off=hand_off)


def test_a_crash_answers_all_kept_handles(hand_off: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def body(system: rg.System) -> None:
        kept = await ask(system, Desk.keep())
        handles = await desk_of(system).call(Desk.take_all(), timeout=1.0)
        kept_too = await ask(system, Desk.keep_async())
        with pytest.raises(rg.errors.ProcessExited):
            await desk_of(system).call(Desk.take_and_crash(), timeout=1.0)
        for task in (kept, kept_too):
            with pytest.raises(rg.errors.ProcessExited):
                await task
        handles[0].reply("to nobody")
        assert system.statistics().late_replies == 1
        gc.collect()
        await system.idle()

    play(body, DESK, hand_off=hand_off)
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_replies_to_a_caller_that_died_or_gave_up_go_nowhere(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def caller() -> None:
            await desk_of(system).call(Desk.keep(), timeout=5.0)

        pid = system.spawn(caller)
        gave_up = await ask(system, Desk.keep())
        pid.kill()
        gave_up.cancel()
        await system.idle()
        for handle in await desk_of(system).call(Desk.take_all(), timeout=1.0):
            assert not handle.waited_for
            handle.reply("late")
        assert system.statistics().late_replies == 2

    play(body, DESK, hand_off=hand_off)


# -- who waits for whom ------------------------------------------------------------------------


class Node(rg.GenServer):
    """Calls the next of a chain, by names."""

    @rg.call(raises=(rg.errors.CallRefused,))
    async def through(self, path: list[rg.Ref[Node]]) -> str:
        if not path:
            return "end"
        return await path[0].call(Node.through(path[1:]), timeout=5.0)

    @rg.call(raises=(rg.errors.CallRefused,))
    async def by_task(self, path: list[rg.Ref[Node]]) -> list[str]:
        return await asyncio.gather(*(one.call(Node.through([]), timeout=0.5) for one in path))

    @rg.call
    def put_off(self) -> str:
        self.handle = rg.reply_later()
        return ""

    @rg.call(raises=(rg.errors.CallRefused,))
    async def ask_waiter(self, one: rg.Ref[Node]) -> str:
        try:
            return await one.call(Node.through([]), timeout=5.0)
        finally:
            self.handle.reply("done")


NODES = [rg.child(Node, name=name) for name in "abc"]


@pytest.mark.parametrize("path", ["aa", "aba", "abca", "abb"])
def test_a_cycle_is_an_error_that_names_it(hand_off: bool, path: str) -> None:
    async def body(system: rg.System) -> None:
        nodes = [system.ref(name, Node) for name in path]
        error = rg.errors.CallToSelf if path[-2] == path[-1] else rg.errors.CallCycle
        with pytest.raises(error) as raised:
            await nodes[0].call(Node.through(nodes[1:]), timeout=5.0)
        for name in set(path[path.index(path[-1]) :]):
            assert repr(name) in str(raised.value)
        assert asyncio.get_running_loop().time() == 0.0
        assert await nodes[0].call(Node.through([system.ref("c", Node)]), timeout=1.0) == "end"

    play(body, *NODES, hand_off=hand_off)


def test_a_chain_without_a_cycle_is_fine(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        a, b, c = (system.ref(name, Node) for name in "abc")
        assert await a.call(Node.through([b, c]), timeout=5.0) == "end"
        assert await asyncio.gather(*(one.call(Node.through([c]), timeout=5.0) for one in (a, b))) == [
            "end",
            "end",
        ]

    play(body, *NODES, hand_off=hand_off)


def test_a_reply_handle_is_an_edge(hand_off: bool) -> None:
    """`a` waits for the answer that `b` put off: if `b` now calls `a`, neither could go on."""

    async def body(system: rg.System) -> None:
        a, b = system.ref("a", Asker), system.ref("b", Node)
        waiting = asyncio.ensure_future(a.call(Asker.ask(b), timeout=5.0))
        await pause(0.1)
        with pytest.raises(rg.errors.CallCycle):
            await b.call(Node.ask_waiter(a), timeout=5.0)
        assert await waiting == "done"

    class Asker(Node):
        @rg.call
        async def ask(self, one: rg.Ref[Node]) -> str:
            return await one.call(Node.put_off(), timeout=5.0)

    play(body, rg.child(Asker, name="a"), rg.child(Node, name="b"), hand_off=hand_off)


def test_a_supervisor_that_waits_for_init_is_an_edge(hand_off: bool) -> None:
    class Curious(rg.GenServer):
        async def init(self, above: rg.Pid[rg.Supervisor]) -> None:
            await above.call(rg.Supervisor.which_children(), timeout=5.0)

    async def body(system: rg.System) -> None:
        spec = rg.child(Curious, args=(system.root,))
        with pytest.raises(rg.errors.InitFailed) as raised:
            await system.root.call(rg.Supervisor.start_child(spec), timeout=5.0)
        assert raised.value.reason.exception_type is rg.errors.CallCycle  # type: ignore[attr-defined]
        assert asyncio.get_running_loop().time() == 0.0

    play(body, hand_off=hand_off)


def test_a_call_waiting_for_a_place_is_an_edge_too(hand_off: bool) -> None:
    class Full(Node):
        mailbox = rg.Mailbox(capacity=1)

        @rg.call
        async def nap(self) -> None:
            await pause(1.0)

        @rg.call(raises=(rg.errors.CallRefused,))
        async def nap_and_ask(self, one: rg.Ref[Node]) -> str:
            await pause(1.0)
            return await one.call(Node.through([]), timeout=5.0)

    async def body(system: rg.System) -> None:
        a, full = system.ref("a", Node), system.ref("full", Full)
        asking = asyncio.ensure_future(full.call(Full.nap_and_ask(a), timeout=9.0))
        await pause(0.1)
        full.send("takes the only place")
        through = asyncio.ensure_future(a.call(Node.through([full]), timeout=9.0))
        with pytest.raises(rg.errors.CallCycle):
            await asking
        assert await through == "end"

    play(body, rg.child(Node, name="a"), rg.child(Full, name="full"), hand_off=hand_off)


class Helped(rg.GenServer):
    """Calls by tasks that it makes, which only it knows whether it waits for."""

    def init(self) -> None:
        self.handled: list[str] = []
        self.left: list[asyncio.Task[str]] = []

    @rg.call
    def note(self, what: str) -> str:
        self.handled.append(what)
        return what

    @rg.call(raises=(rg.errors.CallError,))
    async def back(self, one: rg.Ref[Helped]) -> str:
        return await one.call(Helped.note("back"), timeout=5.0)

    @rg.call(raises=(rg.errors.CallError,))
    async def gathered(self, one: rg.Ref[Helped], me: rg.Ref[Helped]) -> str:
        [answer] = await asyncio.gather(one.call(Helped.back(me), timeout=0.5))
        return answer

    @rg.call(raises=(rg.errors.CallError,))
    async def grouped(self, one: rg.Ref[Helped], me: rg.Ref[Helped]) -> str:
        try:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(one.call(Helped.back(me), timeout=0.5))
        except ExceptionGroup as errors:  # what `except*` raises is a group again on Python 3.11.2
            raise errors.exceptions[0] from None
        return task.result()

    @rg.call(raises=(rg.errors.CallError,))
    async def waited_for(self, one: rg.Ref[Helped], me: rg.Ref[Helped]) -> str:
        return await asyncio.wait_for(one.call(Helped.back(me), timeout=0.5), 5.0)

    @rg.call(raises=(rg.errors.CallError,))
    async def itself(self, one: rg.Ref[Helped], me: rg.Ref[Helped]) -> str:
        [answer] = await asyncio.gather(me.call(Helped.note("itself"), timeout=0.5))
        return answer

    @rg.call
    async def leave(self, one: rg.Ref[Helped], me: rg.Ref[Helped]) -> None:
        """The task is not waited for: its call is answered when this handler has ended."""
        self.left.append(asyncio.create_task(one.call(Helped.back(me), timeout=5.0)))
        await pause(1.0)

    @rg.call
    async def take(self) -> str:
        return await self.left.pop()


HELPED = [rg.child(Helped, name=name) for name in "ab"]


@pytest.mark.parametrize("way", ["gathered", "grouped", "waited_for", "itself"])
def test_a_cycle_through_a_task_that_the_handler_makes_ends_in_a_timeout(hand_off: bool, way: str) -> None:
    """No error names it, but nothing is lost: who waits is told, and what nobody waits for is dropped."""

    async def body(system: rg.System) -> None:
        a, b = system.ref("a", Helped), system.ref("b", Helped)
        pids = a.whereis(), b.whereis()
        found = way == "waited_for" and sys.version_info >= (3, 12)  # makes no task there
        with pytest.raises(rg.errors.CallCycle if found else rg.errors.CallTimeout):
            await a.call(getattr(Helped, way)(b, a), timeout=5.0)
        assert asyncio.get_running_loop().time() == (0.0 if found else 0.5)
        for one in (a, b):
            assert await one.call(Helped.note("after"), timeout=1.0) == "after"
        assert system.statistics().expired == (0 if found else 1)
        assert (a.whereis(), b.whereis()) == pids

    play(body, *HELPED, hand_off=hand_off)


def test_a_call_by_a_task_that_the_handler_does_not_wait_for_is_no_cycle(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        a, b = system.ref("a", Helped), system.ref("b", Helped)
        await a.call(Helped.leave(b, a), timeout=5.0)
        assert asyncio.get_running_loop().time() == 1.0
        await system.idle()
        assert await a.call(Helped.take(), timeout=1.0) == "back"
        assert asyncio.get_running_loop().time() == 1.0

    play(body, *HELPED, hand_off=hand_off)


def test_sync_with_itself_is_refused(hand_off: bool) -> None:
    class Selfish(rg.GenServer):
        @rg.call(raises=(rg.errors.CallToSelf,))
        async def wait(self) -> None:
            await rg.sync(self.pid, timeout=5.0)

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.CallToSelf):
            await system.ref("selfish", Selfish).call(Selfish.wait(), timeout=1.0)

    play(body, rg.child(Selfish, name="selfish"), hand_off=hand_off)


# -- what a call leaves alone ------------------------------------------------------------------


def test_messages_of_others_survive_a_call(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def caller() -> None:
            me = rg.current()
            me.send("before")
            assert await system.ref("a", Node).call(Node.through([]), timeout=1.0) == "end"
            me.send("after")
            got.extend([await rg.receive(timeout=1.0), await rg.receive(timeout=1.0)])

        got: list[object] = []
        await system.spawn(caller).down(timeout=1.0)
        assert got == ["before", "after"]

    play(body, *NODES, hand_off=hand_off)


def test_a_cancelled_caller_leaves_an_expired_request_that_is_not_handled(hand_off: bool) -> None:
    class Slow(rg.GenServer):
        def init(self) -> None:
            self.handled: list[int] = []

        @rg.call
        async def work(self, n: int) -> list[int]:
            await pause(1.0)
            self.handled.append(n)
            return self.handled

    async def body(system: rg.System) -> None:
        slow = system.ref("slow", Slow)
        calls = [asyncio.ensure_future(slow.call(Slow.work(n), timeout=9.0)) for n in range(3)]
        await pause(0.5)
        calls[1].cancel()
        assert await calls[2] == [0, 2]
        assert system.statistics().expired == 1
        with pytest.raises(asyncio.CancelledError):
            await calls[1]

    play(body, rg.child(Slow, name="slow"), hand_off=hand_off)


def test_a_caller_that_gives_up_just_before_the_handlers_first_step_is_in_time(hand_off: bool) -> None:
    class Slow(rg.GenServer):
        @rg.call
        async def work(self, n: int) -> None:
            handled.append(n)

    handled: list[int] = []
    calls: list[asyncio.Future[None]] = []

    async def body(system: rg.System) -> None:
        slow = system.ref("slow", Slow)
        calls.append(asyncio.ensure_future(slow.call(Slow.work(1), timeout=9.0)))
        loop = asyncio.get_running_loop()
        loop.call_soon(
            lambda: loop.call_soon(calls[0].cancel)
        )  # taken out of the mailbox, its task not yet begun
        with pytest.raises(asyncio.CancelledError):
            await calls[0]
        await slow.call(Slow.work(2), timeout=9.0)
        assert handled == [2]
        assert system.statistics().expired == 1

    play(body, rg.child(Slow, name="slow"), hand_off=hand_off)


def test_callers_of_a_dead_callee_fail_at_once(hand_off: bool) -> None:
    class Mortal(rg.GenServer):
        @rg.call
        async def wait(self) -> None:
            await pause(100.0)

    async def body(system: rg.System) -> None:
        pid = system.ref("mortal", Mortal).whereis()
        assert pid is not None
        calls = [asyncio.ensure_future(pid.call(Mortal.wait(), timeout=50.0)) for _ in range(3)]
        await pause(1.0)
        pid.exit("enough")
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert [getattr(one, "reason", None) for one in results] == ["enough"] * 3
        with pytest.raises(rg.errors.NoProcess):
            await pid.call(Mortal.wait(), timeout=50.0)
        with pytest.raises(rg.errors.NoProcess, match="'nobody'"):
            await system.ref("nobody", Mortal).call(Mortal.wait(), timeout=50.0)
        assert asyncio.get_running_loop().time() < 2.0

    play(body, rg.child(Mortal, name="mortal", restart="temporary"), hand_off=hand_off)
