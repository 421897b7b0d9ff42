"""GenServer: the intakes, both colours of handler, answers, stops, inheritance."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Generic, TypeVar

import pytest

import regrow as rg
from tests.runtime.kit import pause, play

T = TypeVar("T")


class NotFound(Exception):
    """A declared answer."""


class Deeper(NotFound):
    """A subclass of a declared one."""


class Busy(Exception):
    """Another declared one."""


class Mixed(rg.GenServer):
    """Every intake in both colours; writes down what came in which order."""

    def init(self, seen: list[object]) -> rg.Continue:
        self.seen = seen
        seen.append("init")
        return rg.Continue("first")

    async def handle_continue(self, value: object) -> None:
        await pause(0)
        self.seen.append(("continue", value))

    @rg.call
    def fast(self, n: int) -> int:
        self.seen.append(("fast", n))
        return n

    @rg.call
    async def slow(self, n: int) -> int:
        await pause(0.001)
        self.seen.append(("slow", n))
        return n

    @rg.cast
    def put(self, n: int) -> None:
        self.seen.append(("put", n))

    @rg.cast
    async def put_slowly(self, n: int) -> None:
        await pause(0.001)
        self.seen.append(("put_slowly", n))

    async def handle_info(self, message: object) -> None:
        await pause(0.001)
        self.seen.append(("info", message))

    async def terminate(self, reason: rg.ExitReason) -> None:
        await pause(0.001)
        self.seen.append(("terminate", reason))


def test_one_mailbox_order_for_both_colours_and_all_intakes(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        mixed = system.ref("mixed", Mixed)
        mixed.cast(Mixed.put(1))
        mixed.cast(Mixed.put_slowly(2))
        mixed.send("hello")
        mixed.cast(Mixed.put(3))
        calls = [
            asyncio.ensure_future(mixed.call(message, timeout=5.0))
            for message in (Mixed.slow(4), Mixed.fast(5), Mixed.slow(6))
        ]
        await pause(0)
        mixed.cast(Mixed.put(7))
        assert await asyncio.gather(*calls) == [4, 5, 6]
        await rg.sync(mixed)

    play(body, rg.child(Mixed, name="mixed", args=(seen,)), hand_off=hand_off)
    assert seen == [
        "init",
        ("continue", "first"),
        ("put", 1),
        ("put_slowly", 2),
        ("info", "hello"),
        ("put", 3),
        ("slow", 4),
        ("fast", 5),
        ("slow", 6),
        ("put", 7),
        ("terminate", rg.SHUTDOWN),
    ]


def test_a_continue_comes_before_messages_sent_during_init(hand_off: bool) -> None:
    class Eager(rg.GenServer):
        async def init(self, seen: list[str]) -> rg.Continue:
            self.seen = seen
            self.pid.send("sent in init")
            await pause(1.0)
            return rg.Continue("continue")

        def handle_continue(self, value: object) -> None:
            self.seen.append(str(value))

        def handle_info(self, message: object) -> None:
            self.seen.append(str(message))

    seen: list[str] = []

    async def body(system: rg.System) -> None:
        await rg.sync(system.ref("eager", Eager))

    play(body, rg.child(Eager, name="eager", args=(seen,)), hand_off=hand_off)
    assert seen == ["continue", "sent in init"]


def test_an_ignored_child_is_not_running_and_not_an_error(hand_off: bool) -> None:
    class Shy(rg.GenServer):
        def init(self) -> rg.types.IgnoreType:
            return rg.Ignore

    async def body(system: rg.System) -> None:
        assert system.whereis("shy") is None
        rows = await system.root.call(rg.Supervisor.which_children(), timeout=1.0)
        assert [(row.id, row.pid) for row in rows] == [("shy", None)]

    play(body, rg.child(Shy, name="shy"), hand_off=hand_off)


class Shop(rg.GenServer):
    """Declares exceptions, in both colours."""

    def init(self) -> None:
        self.asked = 0

    @rg.call(raises=(NotFound, Busy))
    def find(self, what: str) -> str:
        return self._find(what)

    @rg.call(raises=(NotFound, Busy))
    async def find_slowly(self, what: str) -> str:
        await pause(0)
        return self._find(what)

    def _find(self, what: str) -> str:
        self.asked += 1
        errors: dict[str, type[Exception]] = {
            "nothing": NotFound,
            "deeper": Deeper,
            "busy": Busy,
            "bug": KeyError,
        }
        if what in errors:
            raise errors[what](what)
        return what

    @rg.call
    def count(self) -> int:
        return self.asked


MESSAGES = pytest.mark.parametrize("make", [Shop.find, Shop.find_slowly], ids=["def", "async"])


@MESSAGES
@pytest.mark.parametrize(("what", "error"), [("nothing", NotFound), ("deeper", Deeper), ("busy", Busy)])
def test_a_declared_exception_is_an_answer(hand_off: bool, make: object, what: str, error: type) -> None:
    async def body(system: rg.System) -> None:
        shop = system.ref("shop", Shop)
        before = shop.whereis()
        with pytest.raises(error, match=what) as raised:
            await shop.call(make(what), timeout=1.0)  # type: ignore[operator]
        assert type(raised.value) is error
        assert shop.whereis() is before
        assert await shop.call(Shop.count(), timeout=1.0) == 1

    play(body, rg.child(Shop, name="shop"), hand_off=hand_off)


@MESSAGES
def test_any_other_exception_ends_the_server_and_tells_the_caller(hand_off: bool, make: object) -> None:
    async def body(system: rg.System) -> None:
        shop = system.ref("shop", Shop)
        before = shop.whereis()
        with pytest.raises(rg.errors.ProcessExited) as raised:
            await shop.call(make("bug"), timeout=1.0)  # type: ignore[operator]
        reason = raised.value.reason
        assert isinstance(reason, rg.Crash)
        assert reason.exception_type is KeyError
        await system.idle()
        assert shop.whereis() not in (None, before)
        assert await shop.call(Shop.count(), timeout=1.0) == 0

    play(body, rg.child(Shop, name="shop"), hand_off=hand_off)


def test_a_declared_exception_of_a_cast_is_a_crash_all_the_same(hand_off: bool) -> None:
    class Caster(rg.GenServer):
        @rg.cast
        def fail(self) -> None:
            raise NotFound

    async def body(system: rg.System) -> None:
        pid = system.ref("caster", Caster).whereis()
        assert pid is not None
        pid.cast(Caster.fail())
        reason = await pid.down(timeout=1.0)
        assert isinstance(reason, rg.Crash)
        assert reason.exception_type is NotFound

    play(body, rg.child(Caster, name="caster"), hand_off=hand_off)


def test_stop_iteration_declared_or_not_never_breaks_the_runtime(hand_off: bool) -> None:
    class Reader(rg.GenServer):
        @rg.call(raises=(StopIteration,))
        def declared(self) -> int:
            return next(iter(()))

        @rg.call
        def undeclared(self) -> int:
            return next(iter(()))

    async def body(system: rg.System) -> None:
        reader = system.ref("reader", Reader)
        with pytest.raises(RuntimeError) as raised:
            await reader.call(Reader.declared(), timeout=1.0)
        assert isinstance(raised.value.__cause__, StopIteration)
        with pytest.raises(rg.errors.ProcessExited):
            await reader.call(Reader.undeclared(), timeout=1.0)

    play(body, rg.child(Reader, name="reader"), hand_off=hand_off)


# -- stopping ----------------------------------------------------------------------------------


class Stopper(rg.GenServer):
    """Stops itself in every way."""

    log: ClassVar[list[object]] = []

    @rg.call
    def leave(self, reply: bool) -> str:
        self.stop("left", reply=reply)
        return "bye"

    @rg.call
    async def leave_slowly(self, reply: bool) -> str:
        self.stop("left", reply=reply)
        await pause(1.0)
        return "bye"

    @rg.call(raises=(NotFound,))
    def leave_raising(self, reply: bool) -> str:
        self.stop("left", reply=reply)
        raise NotFound

    @rg.call(raises=(NotFound,))
    async def leave_raising_slowly(self, reply: bool) -> str:
        self.stop("left", reply=reply)
        await pause(1.0)
        raise NotFound

    @rg.cast
    def leave_by_task(self) -> None:
        self.task = asyncio.ensure_future(self._leave())

    async def _leave(self) -> None:
        await pause(1.0)
        self.stop("left by task")

    async def terminate(self, reason: rg.ExitReason) -> None:
        await pause(1.0)
        self.log.append(("terminated", reason))


@pytest.fixture
def log() -> list[object]:
    Stopper.log.clear()
    return Stopper.log


STOPPER = rg.child(Stopper, name="stopper", restart="temporary")


@pytest.mark.parametrize("make", [Stopper.leave, Stopper.leave_slowly], ids=["def", "async"])
def test_stop_with_a_reply_answers_after_terminate_as_otp_does(
    hand_off: bool, make: object, log: list[object]
) -> None:
    async def body(system: rg.System) -> None:
        pid = system.ref("stopper", Stopper).whereis()
        assert pid is not None
        assert await pid.call(make(True), timeout=5.0) == "bye"  # type: ignore[operator]
        assert log == [("terminated", "left")]
        assert await pid.down(timeout=1.0) in ("left", rg.NOPROC)

    play(body, STOPPER, hand_off=hand_off)


@pytest.mark.parametrize("make", [Stopper.leave, Stopper.leave_slowly], ids=["def", "async"])
def test_stop_without_a_reply_tells_the_reason(hand_off: bool, make: object, log: list[object]) -> None:
    async def body(system: rg.System) -> None:
        pid = system.ref("stopper", Stopper).whereis()
        assert pid is not None
        with pytest.raises(rg.errors.ProcessExited) as raised:
            await pid.call(make(False), timeout=5.0)  # type: ignore[operator]
        assert raised.value.reason == "left"
        assert log == [("terminated", "left")]

    play(body, STOPPER, hand_off=hand_off)


@pytest.mark.parametrize("make", [Stopper.leave_raising, Stopper.leave_raising_slowly], ids=["def", "async"])
@pytest.mark.parametrize(("reply", "error"), [(True, NotFound), (False, rg.errors.ProcessExited)])
def test_stop_and_a_declared_exception(
    hand_off: bool, make: object, reply: bool, error: type[Exception], log: list[object]
) -> None:
    async def body(system: rg.System) -> None:
        pid = system.ref("stopper", Stopper).whereis()
        assert pid is not None
        with pytest.raises(error):
            await pid.call(make(reply), timeout=5.0)  # type: ignore[operator]
        await system.idle()
        assert log == [("terminated", "left")]
        assert not pid.alive

    play(body, STOPPER, hand_off=hand_off)


def test_stop_from_a_task_of_the_process(hand_off: bool, log: list[object]) -> None:
    async def body(system: rg.System) -> None:
        pid = system.ref("stopper", Stopper).whereis()
        assert pid is not None
        pid.cast(Stopper.leave_by_task())
        assert await pid.down(timeout=5.0) == "left by task"
        assert log == [("terminated", "left by task")]

    play(body, STOPPER, hand_off=hand_off)


def test_stop_in_init_is_a_failed_start_with_its_reason(hand_off: bool) -> None:
    class Refuses(rg.GenServer):
        def init(self) -> None:
            self.stop("not today")

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.InitFailed) as raised:
            await system.root.call(rg.Supervisor.start_child(rg.child(Refuses, id="refuses")), timeout=1.0)
        assert raised.value.reason == "not today"

    play(body, hand_off=hand_off)


def test_stop_in_an_async_init_is_one_too_though_it_is_dead_by_then(hand_off: bool) -> None:
    class Refuses(rg.GenServer):
        async def init(self) -> None:
            await pause(0)
            self.stop("not today")

        async def terminate(self, reason: rg.ExitReason) -> None:
            await pause(0)

    async def body(system: rg.System) -> None:
        for _ in range(3):
            with pytest.raises(rg.errors.InitFailed) as raised:
                spec = rg.child(Refuses, id="refuses")
                await system.root.call(rg.Supervisor.start_child(spec), timeout=1.0)
            assert raised.value.reason == "not today"

    play(body, hand_off=hand_off)


def test_stop_in_terminate_changes_nothing(hand_off: bool) -> None:
    class Twice(rg.GenServer):
        @rg.cast
        def leave(self) -> None:
            self.stop("first")

        def terminate(self, reason: rg.ExitReason) -> None:
            self.stop("second")

    async def body(system: rg.System) -> None:
        pid = system.ref("twice", Twice).whereis()
        assert pid is not None
        pid.cast(Twice.leave())
        assert await pid.down(timeout=1.0) == "first"

    play(body, rg.child(Twice, name="twice", restart="temporary"), hand_off=hand_off)


def test_messages_behind_a_stop_are_not_handled(hand_off: bool) -> None:
    class Counts(rg.GenServer):
        handled: ClassVar[list[int]] = []

        @rg.cast
        def take(self, n: int) -> None:
            self.handled.append(n)
            if n == 2:
                self.stop()

    async def body(system: rg.System) -> None:
        pid = system.ref("counts", Counts).whereis()
        assert pid is not None
        for n in range(5):
            pid.cast(Counts.take(n))
        assert await pid.down(timeout=1.0) is rg.NORMAL
        assert Counts.handled == [0, 1, 2]
        assert system.statistics().dropped == 2

    play(body, rg.child(Counts, name="counts", restart="temporary"), hand_off=hand_off)


def test_exit_process_in_a_handler_runs_terminate_as_otps_exit_does(hand_off: bool) -> None:
    seen: list[object] = []

    class Exits(rg.GenServer):
        @rg.call
        def leave(self) -> None:
            rg.exit_process("through the code")

        def terminate(self, reason: rg.ExitReason) -> None:
            seen.append(reason)

    async def body(system: rg.System) -> None:
        pid = system.ref("exits", Exits).whereis()
        assert pid is not None
        with pytest.raises(rg.errors.ProcessExited) as raised:
            await pid.call(Exits.leave(), timeout=1.0)
        assert raised.value.reason == "through the code"
        assert seen == ["through the code"]

    play(body, rg.child(Exits, name="exits", restart="temporary"), hand_off=hand_off)


# -- classes -----------------------------------------------------------------------------------


class Base(rg.GenServer):
    def init(self) -> None:
        self.trace: list[str] = ["Base.init"]

    @rg.call
    def who(self) -> str:
        return "base"

    @rg.call
    def shown(self) -> list[str]:
        return self.trace

    def handle_info(self, message: object) -> None:
        self.trace.append(f"Base.info {message}")


class Auditing:
    """A mixin that is no server: handlers of its own, and cooperative callbacks."""

    trace: list[str]

    def init(self) -> None:
        super().init()  # type: ignore[misc]
        self.trace.append("Auditing.init")

    @rg.call
    def audit(self, note: str) -> str:
        self.trace.append(note)
        return f"audited {note}"

    def handle_info(self, message: object) -> None:
        self.trace.append("Auditing.info")
        super().handle_info(message)  # type: ignore[misc]


class Child(Auditing, Base):
    @rg.call
    async def who(self) -> str:  # type: ignore[override]  # as a method; to callers it is the same
        await pause(0)
        return "child of " + super().who()


class Undecorated(Base):
    def who(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return "undecorated over " + super().who()


def test_overrides_run_for_the_bases_messages(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        child = system.ref("child", Child)
        assert await child.call(Base.who(), timeout=1.0) == "child of base"
        assert await child.call(Child.who(), timeout=1.0) == "child of base"
        plain = system.ref("plain", Undecorated)
        assert await plain.call(Base.who(), timeout=1.0) == "undecorated over base"
        assert await system.ref("base", Base).call(Base.who(), timeout=1.0) == "base"

    children = [rg.child(c, name=n) for c, n in ((Child, "child"), (Undecorated, "plain"), (Base, "base"))]
    play(body, *children, hand_off=hand_off)


def test_a_mixin_brings_handlers_and_cooperates(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        child = system.ref("child", Child)
        assert await child.call(Auditing.audit("note"), timeout=1.0) == "audited note"
        child.send("x")
        trace = await child.call(Base.shown(), timeout=1.0)
        assert trace == ["Base.init", "Auditing.init", "note", "Auditing.info", "Base.info x"]

    play(body, rg.child(Child, name="child"), hand_off=hand_off)


def test_a_subclasses_message_is_not_for_its_base(hand_off: bool) -> None:
    class Special(Base):
        @rg.call
        def special(self) -> int:
            return 1

    async def body(system: rg.System) -> None:
        base = system.ref("base", Base)
        with pytest.raises(rg.errors.WrongServer):
            await base.call(Special.special(), timeout=1.0)  # type: ignore[arg-type]
        assert await base.call(Base.who(), timeout=1.0) == "base"

    play(body, rg.child(Base, name="base"), hand_off=hand_off)


class Box(rg.GenServer, Generic[T]):
    def init(self, value: T) -> None:
        self.value = value

    @rg.call
    def get(self) -> T:
        return self.value

    @rg.cast
    def put(self, value: T) -> None:
        self.value = value


class IntBox(Box[int]):
    @rg.call
    def doubled(self) -> int:
        return self.value * 2


def test_generic_servers(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        box = system.ref("box", IntBox)
        box.cast(IntBox.put(21))
        assert await box.call(IntBox.doubled(), timeout=1.0) == 42
        assert await box.call(IntBox.get(), timeout=1.0) == 21
        assert type(IntBox.get()) is type(Box.get())

    play(body, rg.child(IntBox, name="box", args=(1,)), hand_off=hand_off)


def test_the_plain_method_on_the_instance(hand_off: bool) -> None:
    class Sums(rg.GenServer):
        @rg.call
        def add(self, a: int, b: int = 1, *, c: int = 0) -> int:
            return a + b + c

        @rg.call
        def twice(self, a: int) -> int:
            return self.add(a, c=1) + self.add(a, 0)

    async def body(system: rg.System) -> None:
        sums = system.ref("sums", Sums)
        assert await sums.call(Sums.twice(10), timeout=1.0) == 22
        assert await sums.call(Sums.add(1, 2, c=3), timeout=1.0) == 6

    play(body, rg.child(Sums, name="sums"), hand_off=hand_off)


def test_an_unknown_info_is_logged_once_per_type_and_drops(
    hand_off: bool, caplog: pytest.LogCaptureFixture
) -> None:
    class Deaf(rg.GenServer):
        @rg.call
        def alive(self) -> bool:
            return True

    async def body(system: rg.System) -> None:
        deaf = system.ref("deaf", Deaf)
        for message in (1, 2, "a", "b"):
            deaf.send(message)
        assert await deaf.call(Deaf.alive(), timeout=1.0)

    play(body, rg.child(Deaf, name="deaf"), hand_off=hand_off)
    lines = [record for record in caplog.records if record.name == "regrow.message"]
    assert [record.getMessage().rpartition(": ")[2] for record in lines] == ["1", "'a'"]
