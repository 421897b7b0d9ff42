"""Crash and supervisor reports: what stands in them, what must not, and that they keep nothing alive."""

from __future__ import annotations

import gc
import json
import logging
import logging.handlers
import pickle
import queue
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import regrow as rg
from regrow import events
from tests.runtime.kit import play

SECRET = "4111-1111"


class Till(rg.GenServer):
    def init(self, total: int = 0) -> None:
        self.total = total
        self.card = SECRET

    @rg.call
    def pay(self, amount: str) -> int:
        self.total += int(amount)
        return self.total

    @rg.cast
    def note(self, value: object) -> None: ...

    @rg.call
    def leave(self, reason: object) -> None:
        self.stop(reason)


TILL = rg.child(Till, name="till")


class Kept(logging.Handler):
    """Keeps the records of the loggers under `regrow`."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def of(self, name: str) -> list[logging.LogRecord]:
        return [record for record in self.records if record.name == f"regrow.{name}"]

    def contexts(self) -> list[tuple[str, object]]:
        return [
            (record.__dict__["regrow_context"], record.__dict__["regrow_child"])
            for record in self.of("supervisor")
        ]

    @property
    def report(self) -> events.CrashReport:
        [record] = self.of("crash")
        report = record.__dict__["regrow_report"]
        assert isinstance(report, events.CrashReport)
        return report


@contextmanager
def keeping(level: int = logging.DEBUG) -> Iterator[Kept]:
    kept = Kept()
    logger = logging.getLogger("regrow")
    before = logger.level, logger.propagate
    logger.addHandler(kept)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield kept
    finally:
        logger.removeHandler(kept)
        logger.setLevel(before[0])
        logger.propagate = before[1]


@pytest.fixture
def kept() -> Iterator[Kept]:
    with keeping() as handler:
        yield handler


async def receiving() -> None:
    while True:
        await rg.receive()


async def crash(system: rg.System, amount: str = "four", name: str = "till") -> None:
    with pytest.raises(rg.errors.ProcessExited):
        await system.ref(name, Till).call(Till.pay(amount), timeout=1.0)
    await system.idle()


# -- what stands in one ------------------------------------------------------------------------


def test_one_record_tells_it_all(hand_off: bool, kept: Kept) -> None:
    async def body(system: rg.System) -> tuple[object, object, object]:
        before = system.whereis("till")
        assert before is not None
        other = system.spawn(receiving, name="friend")
        async with system.guest():
            rg.trap_exit(True)
            rg.link(before)
            other.send("x")
            system.suspend(before)
            for number in range(12):
                before.send(number)
            task = system.ref("till", Till).call(Till.pay("four"), timeout=1.0)
            system.resume(before)
            with pytest.raises(rg.errors.ProcessExited):
                await task
        await system.idle()
        return before, system.whereis("sub"), system.root

    tree = rg.supervisor([TILL], id="sub", name="sub")
    pid, sub, root = play(body, tree, hand_off=hand_off)
    report = kept.report
    assert report.pid is pid
    assert report.ancestors == (sub, root)
    assert isinstance(report.reason, rg.Crash)
    assert report.reason.type_name == "ValueError"
    assert report.last_message == "Till.pay(amount='four')"
    assert (report.mailbox_length, report.mailbox_head) == (0, ())
    assert report.link_count == len(report.links) == 2
    assert report.links[0] is sub
    assert report.neighbours == ()
    assert report.state == f"{{'total': 0, 'card': '{SECRET}'}}"
    [record] = kept.of("crash")
    assert record.levelno == logging.ERROR
    assert record.__dict__["regrow_pid"] == str(pid)
    assert record.__dict__["regrow_name"] == "till"
    text = record.getMessage()
    assert text.startswith(f"{pid} crashed: ValueError: invalid literal")
    assert "Traceback (most recent call last):" in text
    assert "last message: Till.pay(amount='four')" in text
    assert kept.contexts() == [("child_terminated", "till")]


def test_mailbox_and_values_are_bounded(hand_off: bool, kept: Kept) -> None:
    async def hoarder() -> None:
        await rg.receive(str)
        raise RuntimeError("full")

    async def body(system: rg.System) -> None:
        pid = system.spawn(hoarder)
        for number in range(30):
            pid.send([number] * 10_000)
        pid.send("go")
        await system.idle()

    play(body, hand_off=hand_off)
    report = kept.report
    assert (report.mailbox_length, len(report.mailbox_head)) == (30, 10)
    assert all(text.endswith("(10000 in all)]") and len(text) < 200 for text in report.mailbox_head)
    assert (report.last_message, report.state) == ("'go'", None)


def test_neighbours_end_with_it_and_are_at_most_fifteen(hand_off: bool, kept: Kept) -> None:
    async def trapping() -> None:
        rg.trap_exit(True)
        await receiving()

    async def first() -> None:
        near = rg.spawn(relay, link=True)
        rg.spawn(trapping, link=True)
        near.send("go")
        await rg.receive(str)
        raise RuntimeError("all of us")

    async def relay() -> None:
        await rg.receive(str)
        for _ in range(20):
            rg.spawn(receiving, link=True)
        await receiving()

    async def body(system: rg.System) -> None:
        pid = system.spawn(first)
        await system.idle()
        pid.send("now")
        await system.idle()
        assert [row.kind.rpartition(".")[2] for row in system.listing.processes()] == [
            "Supervisor",
            "trapping",
        ]

    play(body, hand_off=hand_off)
    report = kept.report  # one record: those that an EXIT ended write none
    assert report.link_count == 2
    assert len(report.neighbours) == 15
    assert report.neighbours[0].pid is report.links[0]
    assert all("trapping" not in str(one.pid) for one in report.neighbours)


def test_many_links_are_counted_and_fifteen_shown(hand_off: bool, kept: Kept) -> None:
    async def popular() -> None:
        rg.trap_exit(True)
        for _ in range(40):
            rg.spawn(receiving, link=True)
        await rg.receive(str)
        raise RuntimeError("gone")

    async def body(system: rg.System) -> None:
        system.spawn(popular).send("go")
        await system.idle()

    play(body, hand_off=hand_off)
    report = kept.report
    assert report.link_count == 40
    assert len(report.links) == len(report.neighbours) == 15
    assert [one.serial for one in report.links] == sorted(one.serial for one in report.links)


def test_it_goes_to_subscribers_and_into_json(hand_off: bool, kept: Kept) -> None:
    seen: list[events.CrashReport] = []

    async def body(system: rg.System) -> None:
        system.events.subscribe("process.crashed", lambda event: seen.append(event.report))  # type: ignore[attr-defined]
        await crash(system)

    play(body, TILL, hand_off=hand_off)
    assert seen == [kept.report]
    told = json.loads(json.dumps(seen[0].as_dict()))
    assert (told["name"], told["last_message"]) == ("till", "Till.pay(amount='four')")
    assert told["traceback"].endswith("ValueError: invalid literal for int() with base 10: 'four'\n")


def test_records_can_leave_the_process(hand_off: bool, kept: Kept) -> None:
    async def body(system: rg.System) -> None:
        await crash(system)

    play(body, TILL, hand_off=hand_off)
    assert len(kept.records) == 2
    for record in kept.records:
        there = pickle.loads(pickle.dumps(logging.handlers.QueueHandler(queue.SimpleQueue()).prepare(record)))
        assert there.getMessage() == record.getMessage()


def test_nothing_is_built_that_nobody_reads(hand_off: bool) -> None:
    asked: list[object] = []

    async def body(system: rg.System) -> None:
        await crash(system)
        assert system.statistics().crashed == 1

    with keeping(level=logging.CRITICAL) as kept:
        play(body, TILL, hand_off=hand_off, redact=asked.append)
    assert (kept.records, asked) == ([], [])


# -- which ends are reported -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "crashes", "supervisor"),
    [
        (lambda pid: pid.call(Till.leave(rg.NORMAL), timeout=1.0), 0, []),
        (lambda pid: pid.call(Till.leave(rg.SHUTDOWN), timeout=1.0), 0, []),
        (lambda pid: pid.call(Till.leave(rg.Shutdown("why")), timeout=1.0), 0, []),
        (lambda pid: pid.call(Till.leave("broken"), timeout=1.0), 1, ["child_terminated"]),
        (lambda pid: _done(pid.kill), 0, ["child_terminated"]),
        (lambda pid: _done(lambda: pid.exit("by others")), 0, ["child_terminated"]),
        (lambda pid: _done(lambda: pid.exit(rg.SHUTDOWN)), 0, []),
    ],
    ids=["normal", "shutdown", "shutdown-why", "own-reason", "kill", "signal", "shutdown-signal"],
)
def test_expected_ends_are_silent(
    end: Callable[[Any], Awaitable[object]], crashes: int, supervisor: list[str], hand_off: bool, kept: Kept
) -> None:
    async def body(system: rg.System) -> None:
        await end(system.whereis("till"))
        await system.idle()

    play(body, rg.child(Till, name="till", restart="transient"), hand_off=hand_off)
    assert len(kept.of("crash")) == crashes
    assert [context for context, _ in kept.contexts()] == supervisor


async def _done(act: Callable[[], object]) -> None:
    act()


def test_a_permanent_child_that_ends_normally_is_its_supervisors_report(hand_off: bool, kept: Kept) -> None:
    async def body(system: rg.System) -> None:
        await system.ref("till", Till).call(Till.leave(rg.NORMAL), timeout=1.0)
        await system.idle()

    play(body, TILL, hand_off=hand_off)
    assert kept.records[0].getMessage().endswith("child_terminated of child 'till': normal")
    assert len(kept.records) == 1


def test_the_contexts_of_supervisor_reports(hand_off: bool, kept: Kept) -> None:
    class Awkward(rg.GenServer):
        starts = 0

        def init(self) -> None:
            Awkward.starts += 1
            if Awkward.starts > 1:
                raise OSError("again")

    class Late(rg.GenServer):
        def terminate(self, reason: object) -> None:
            raise OSError("late")

    async def body(system: rg.System) -> None:
        root = system.root
        await root.call(rg.Supervisor.terminate_child("late"), timeout=1.0)
        system.ref("awkward", Awkward).kill()
        await system.ref("sub", rg.Supervisor).down(timeout=1.0)
        await system.idle()

    sub = rg.supervisor(
        [rg.child(Awkward, name="awkward")], id="sub", name="sub", max_restarts=1, restart="temporary"
    )
    play(body, rg.child(Late, id="late"), sub, hand_off=hand_off)
    assert kept.contexts() == [
        ("shutdown_error", "late"),
        ("child_terminated", "awkward"),
        ("start_error", "awkward"),
        ("shutdown", "awkward"),
    ]
    assert (
        kept.of("supervisor")[-1]
        .getMessage()
        .endswith("shutdown of child 'awkward': 'reached_max_restart_intensity'")
    )
    assert [record.__dict__["regrow_report"].reason.message for record in kept.of("crash")] == [
        "late",
        "again",
    ]


def test_a_start_that_fails_is_reported_where_it_failed(hand_off: bool, kept: Kept) -> None:
    class Never(rg.GenServer):
        def init(self) -> None:
            raise OSError("never")

    async def body(system: rg.System) -> None:
        raise AssertionError("it does not start")

    with pytest.raises(rg.errors.ChildStartFailed):
        play(body, rg.child(Never), hand_off=hand_off)
    assert kept.report.pid.registered_name is None
    assert kept.contexts() == [("start_error", "Never")]


# -- what must not stand in one ----------------------------------------------------------------


def hide(value: object) -> object:
    return repr(value).replace(SECRET, "***")


def test_redact_reaches_messages_state_and_the_exceptions_texts(hand_off: bool, kept: Kept) -> None:
    class Chained(Till):
        @rg.call
        def pay(self, amount: str) -> int:
            try:
                raise KeyError(SECRET)
            except KeyError as error:
                error.add_note(f"note {SECRET}")
                raise ValueError(f"bad {SECRET}") from error

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.ProcessExited) as caught:
            await system.ref("till", Chained).call(Chained.pay(SECRET), timeout=1.0)
        reason = caught.value.reason
        assert isinstance(reason, rg.Crash)
        assert reason.message == f"bad {SECRET}"  # who waits gets the real one
        await system.idle()

    play(body, rg.child(Chained, name="till"), hand_off=hand_off, redact=hide)
    report = kept.report
    assert report.last_message == repr(hide(Chained.pay(SECRET)))
    assert "***" in (report.state or "")
    shown = "".join(record.getMessage() for record in kept.records) + repr(report.as_dict()) + repr(report)
    assert SECRET not in shown
    assert "bad ***" in shown
    assert "note ***" in shown


def test_redact_reaches_events_and_other_reasons(hand_off: bool, kept: Kept) -> None:
    seen: list[events.Event] = []

    async def body(system: rg.System) -> None:
        system.events.subscribe("message", seen.append)
        system.ref("nobody", Till).cast(Till.note(SECRET))
        await system.ref("till", Till).call(Till.leave(("card", SECRET)), timeout=1.0)
        await system.idle()

    play(body, TILL, hand_off=hand_off, redact=hide)
    assert len(seen) == 1
    assert SECRET not in repr(seen)
    assert SECRET not in "".join(record.getMessage() for record in kept.records)
    assert len(kept.records) == 2


def test_format_state_chooses_and_redact_has_the_last_word(hand_off: bool, kept: Kept) -> None:
    class Chooser(Till):
        def format_state(self) -> object:
            return ["chosen", self.card]

    async def body(system: rg.System) -> None:
        await crash(system)

    play(body, rg.child(Chooser, name="till"), hand_off=hand_off, redact=hide)
    assert kept.report.state == repr("['chosen', '***']")


class Hostile:
    def __repr__(self) -> str:
        raise SystemExit("repr")


class HostileError(Exception):
    def __str__(self) -> str:
        raise SystemExit("str")


def raising(value: object) -> object:
    raise SystemExit("redact")


@pytest.mark.parametrize(
    "redact", [None, raising, lambda _: Hostile()], ids=["none", "raises", "gives-hostile"]
)
def test_hostile_hooks_hurt_nobody(redact: Any, hand_off: bool, kept: Kept) -> None:
    class Victim(Till):
        def format_state(self) -> object:
            raise SystemExit("state")

        @rg.call
        def pay(self, amount: str) -> int:
            raise HostileError

        @rg.cast
        def take(self, value: object) -> None:
            raise HostileError

    async def body(system: rg.System) -> None:
        system.ref("till", Victim).cast(Victim.take(Hostile()))
        await system.idle()
        await crash(system)
        assert await system.ref("other", Till).call(Till.pay("1"), timeout=1.0) == 1

    children = [rg.child(Victim, name="till"), rg.child(Till, name="other")]
    play(body, *children, hand_off=hand_off, redact=redact)
    assert len(kept.of("crash")) == 2
    first = kept.of("crash")[0]
    assert first.__dict__["regrow_report"].state == "<Victim: format_state raised SystemExit>"
    assert "SystemExit" in first.__dict__["regrow_report"].last_message
    assert "HostileError" in first.getMessage()


def test_what_is_no_utf8_is_escaped(hand_off: bool, kept: Kept) -> None:
    class Files(rg.GenServer):
        @rg.cast
        def read(self) -> None:
            raise ValueError("caf\udce9")

    async def body(system: rg.System) -> None:
        system.ref("files", Files).cast(Files.read())
        await system.idle()

    play(body, rg.child(Files, name="files"), hand_off=hand_off)
    texts = [record.getMessage() for record in (*kept.of("crash"), *kept.of("supervisor"))]
    assert len(texts) == 2
    for text in texts:
        assert "caf\\udce9" in text.encode().decode()


def test_a_logging_filter_that_raises_hurts_nobody(hand_off: bool, kept: Kept) -> None:
    class Bad(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise OSError("filter")

    bad = Bad()
    complaints: list[object] = []

    async def body(system: rg.System) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context["exception"]))
        await crash(system)
        assert await system.ref("till", Till).call(Till.pay("1"), timeout=1.0) == 1

    logger = logging.getLogger("regrow.crash")
    logger.addFilter(bad)
    try:
        play(body, TILL, hand_off=hand_off)
    finally:
        logger.removeFilter(bad)
    assert [type(one) for one in complaints] == [OSError]
    assert kept.contexts() == [("child_terminated", "till")]


# -- what it keeps alive -----------------------------------------------------------------------


def test_nothing_of_the_crash_stays_alive(hand_off: bool, kept: Kept) -> None:
    class Thing: ...

    class ThingError(Exception): ...

    dead: list[weakref.ref[object]] = []

    class Holder(rg.GenServer):
        def init(self) -> None:
            dead.append(weakref.ref(self))
            self.thing = Thing()
            dead.append(weakref.ref(self.thing))

        @rg.call
        def use(self, thing: object) -> None:
            local = Thing()
            error = ThingError(thing, local)
            dead.extend([weakref.ref(local), weakref.ref(error), weakref.ref(thing)])
            raise error

    seen: list[events.Event] = []

    async def use(system: rg.System) -> None:
        with pytest.raises(rg.errors.ProcessExited):
            await system.ref("h", Holder).call(Holder.use(Thing()), timeout=1.0)

    async def body(system: rg.System) -> None:
        system.events.subscribe("", seen.append)
        await use(system)
        await system.idle()
        gc.collect()
        assert [one() for one in dead[:5]] == [None] * 5
        assert dead[5]() is not None  # the restarted one

    play(body, rg.child(Holder, name="h"), hand_off=hand_off)
    assert kept.report.last_message is not None
    assert seen  # kept by the subscriber, and keeps nothing itself
