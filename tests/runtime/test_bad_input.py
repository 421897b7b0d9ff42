"""Bad input: each its own exception, whose text shows the value, what is allowed and what to do."""

from __future__ import annotations

import asyncio
import inspect
import re
import threading
from collections.abc import Callable

import pytest

import regrow as rg
from regrow.testing import VirtualLoop, run_virtual
from tests.runtime.kit import pause, play


class Counter(rg.GenServer):
    def init(self, start: int = 0) -> None:
        self.n = start

    @rg.call
    def increment(self, by: int = 1) -> int:
        self.n += by
        return self.n

    @rg.cast
    def reset(self) -> None:
        self.n = 0

    @rg.call(raises=(rg.errors.CallRefused,))
    def call_from_def(self, other: rg.Ref[Counter]) -> None:
        other.call(Counter.increment(), timeout=1.0)  # type: ignore[unused-coroutine]

    @rg.call(raises=(rg.errors.CallRefused,))
    async def call_on(self, others: list[rg.Ref[Counter]]) -> int:
        if not others:
            return 1
        return await others[0].call(Counter.call_on(others[1:]), timeout=1.0)

    @rg.call
    def reply_twice(self) -> None:
        handle = rg.reply_later()
        handle.reply(1)
        handle.reply(2)


class Other(rg.GenServer):
    @rg.call
    def ask(self, n: int) -> int:
        return n

    @rg.cast
    def tell(self) -> None: ...


class Small(Counter):
    mailbox = rg.Mailbox(capacity=1)


CHILDREN = [rg.child(Counter, name="counter"), rg.child(Counter, name="other"), rg.child(Small, name="small")]
TIMEOUT = (
    "give seconds above 0 and at most 86400, or a name from the timeout table; no wait is without a bound"
)


async def plain() -> object:
    return await rg.receive()


async def in_process(system: rg.System, use: Callable[[], object]) -> object:
    outcome: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def process() -> None:
        try:
            result = use()
            outcome.set_result(await result if inspect.isawaitable(result) else result)
        except rg.errors.RegrowError as error:
            outcome.set_exception(error)

    system.spawn(process)
    return await outcome


class Bench:
    """What the cases use: references, by short names."""

    def __init__(self, system: rg.System) -> None:
        self.system = system
        self.counter = system.ref("counter", Counter)
        self.other = system.ref("other", Counter)
        self.small = system.ref("small", Small)

    def pid(self) -> rg.Pid[Counter]:
        pid = self.counter.whereis()
        assert pid is not None
        return pid

    def fill(self) -> None:
        for _ in range(2):
            self.small.cast(Counter.reset())

    async def dead(self) -> rg.Pid[Counter]:
        pid = self.pid()
        pid.kill()
        await pid.down(timeout=1.0)
        return pid

    async def call_the_dead(self) -> object:
        return await (await self.dead()).call(Counter.increment(), timeout=1.0)

    def in_process(self, use: Callable[[], object]) -> object:
        return in_process(self.system, use)


def call(bench: Bench, message: object, timeout: object = 1.0) -> object:
    return bench.counter.call(message, timeout=timeout)  # type: ignore[arg-type]


CASES: dict[str, tuple[Callable[[Bench], object], type[Exception], str]] = {
    "timeout 0": (
        lambda b: call(b, Counter.increment(), 0),
        rg.errors.BadTimeout,
        f"timeout=0 can't be used: {TIMEOUT}",
    ),
    "timeout negative": (
        lambda b: call(b, Counter.increment(), -1.5),
        rg.errors.BadTimeout,
        f"timeout=-1.5 can't be used: {TIMEOUT}",
    ),
    "timeout infinite": (
        lambda b: call(b, Counter.increment(), float("inf")),
        rg.errors.BadTimeout,
        f"timeout=inf can't be used: {TIMEOUT}",
    ),
    "timeout nan": (
        lambda b: call(b, Counter.increment(), float("nan")),
        rg.errors.BadTimeout,
        f"timeout=nan can't be used: {TIMEOUT}",
    ),
    "timeout none": (
        lambda b: call(b, Counter.increment(), None),
        rg.errors.BadTimeout,
        f"timeout=None can't be used: {TIMEOUT}",
    ),
    "timeout bool": (
        lambda b: call(b, Counter.increment(), True),
        rg.errors.BadTimeout,
        f"timeout=True can't be used: {TIMEOUT}",
    ),
    "timeout left out": (
        lambda b: b.counter.call(Counter.increment()),  # type: ignore[call-arg]
        rg.errors.BadTimeout,
        f"timeout=None can't be used: {TIMEOUT}",
    ),
    "timeout of a Pid left out": (
        lambda b: b.pid().call(Counter.increment()),  # type: ignore[call-arg]
        rg.errors.BadTimeout,
        f"timeout=None can't be used: {TIMEOUT}",
    ),
    "timeout of down left out": (
        lambda b: b.counter.down(),  # type: ignore[call-arg]
        rg.errors.BadTimeout,
        f"timeout=None can't be used: {TIMEOUT}",
    ),
    "timeout unknown": (
        lambda b: call(b, Counter.increment(), "quik"),
        rg.errors.UnknownTimeout,
        (
            "timeout='quik' isn't in the timeout table; did you mean 'quick'? Known are 'async_operation',"
            " 'batch_operation', 'critical', 'default', 'health_check', 'long', 'quick', 'sync_operation'."
            " Give one of them or seconds, or add it to the System's TimeoutTable"
        ),
    ),
    "another server's message": (
        lambda b: call(b, Other.ask(1)),
        rg.errors.WrongServer,
        (
            "Counter takes no Other.ask(n=1): allowed are call messages of its own class and its bases, made"
            " like Counter.handler(...)"
        ),
    ),
    "another server's cast": (
        lambda b: b.counter.cast(Other.tell()),  # type: ignore[arg-type]
        rg.errors.WrongServer,
        (
            "Counter takes no Other.tell(): allowed are cast messages of its own class and its bases, made"
            " like Counter.handler(...)"
        ),
    ),
    "a call that is cast": (
        lambda b: b.counter.cast(Counter.increment(2)),  # type: ignore[arg-type]
        rg.errors.WrongKind,
        "Counter.increment(by=2) is a call message and can't be cast: use ref.call(...) for it",
    ),
    "a cast that is called": (
        lambda b: call(b, Counter.reset()),
        rg.errors.WrongKind,
        "Counter.reset() is a cast message and can't be called: use ref.cast(...) for it",
    ),
    "no message": (
        lambda b: call(b, "increment"),
        rg.errors.NotAMessage,
        (
            "str is no message: make it with a handler on the class, as in Counter.increment(5), or use"
            " send() for plain objects"
        ),
    ),
    "no message but its handler": (
        lambda b: b.counter.cast(Counter.reset),  # type: ignore[arg-type]
        rg.errors.NotAMessage,
        (
            "reset is no message: make it with a handler on the class, as in Counter.increment(5), or use"
            " send() for plain objects"
        ),
    ),
    "a call from a def handler": (
        lambda b: call(b, Counter.call_from_def(b.other)),
        rg.errors.CallFromHandler,
        (
            "<regrow.N.N Counter 'counter'> called Counter.increment(by=1) from a def handler; make that"
            " handler async def, or cast"
        ),
    ),
    "a call to oneself": (
        lambda b: call(b, Counter.call_on([b.counter])),
        rg.errors.CallToSelf,
        (
            "<regrow.N.N Counter 'counter'> called itself with Counter.call_on(others=[]); call the method"
            " directly, or cast"
        ),
    ),
    "a call cycle": (
        lambda b: call(b, Counter.call_on([b.other, b.counter])),
        rg.errors.CallCycle,
        (
            "call cycle <regrow.N.N Counter 'other'> -> <regrow.N.N Counter 'counter'> -> <regrow.N.N"
            " Counter 'other'>: each waits for the next; answer later (rg.reply_later) or cast instead of"
            " one call"
        ),
    ),
    "an unknown name": (
        lambda b: b.system.ref("nobody", Counter).call(Counter.increment(), timeout=1.0),
        rg.errors.NoProcess,
        (
            "no process 'nobody': the name is free or the process has ended; start it, or use a Ref by name,"
            " which follows restarts"
        ),
    ),
    "a dead process": (
        Bench.call_the_dead,
        rg.errors.NoProcess,
        (
            "no process <regrow.N.N Counter 'counter'>: the name is free or the process has ended; start it,"
            " or use a Ref by name, which follows restarts"
        ),
    ),
    "a name that is none": (
        lambda b: b.system.ref("", Counter),
        rg.errors.BadRegistrationName,
        "name '': allowed is a non-empty str that can be written as UTF-8",
    ),
    "a reference to no class": (
        lambda b: b.system.ref("x", "Counter"),  # type: ignore[arg-type]
        rg.errors.BadServer,
        "'Counter' can't be started: a reference is to a server class, or to `object` for a plain process",
    ),
    "a full mailbox": (
        Bench.fill,
        rg.errors.MailboxFull,
        (
            "mailbox of <regrow.N.N Small 'small'> is full (1 messages); call (it waits for a place), send"
            " less, or give the class another rg.Mailbox(capacity=..., overflow=...)"
        ),
    ),
    "a reply outside": (
        lambda _: rg.reply_later(),
        rg.errors.NoReplyExpected,
        "rg.reply_later() found no call to answer; use it inside a call handler, before the first await",
    ),
    "a monitor outside": (
        lambda b: rg.monitor(b.counter),
        rg.errors.NotAProcess,
        "rg.monitor() works inside a process; here is none: use `async with system.guest()` or spawn one",
    ),
    "a receive outside": (
        lambda _: rg.receive(timeout=1.0),
        rg.errors.NotAProcess,
        "rg.receive() works inside a process; here is none: use `async with system.guest()` or spawn one",
    ),
    "a bad pattern": (
        lambda b: b.in_process(lambda: rg.receive(5, timeout=1.0)),  # type: ignore[call-overload]
        rg.errors.BadPattern,
        "match=5: allowed are a type, a tuple of types, or a function of the message",
    ),
    "a link to a Ref": (
        lambda b: b.in_process(lambda: rg.link(b.system.ref("counter", Counter))),  # type: ignore[arg-type]
        rg.errors.BadAddress,
        "<Ref 'counter' Counter> is no address for this: allowed is a Pid; ref.whereis() gives it",
    ),
    "a sync with a name": (
        lambda _: rg.sync("counter"),  # type: ignore[arg-type]
        rg.errors.BadAddress,
        "'counter' is no address for this: allowed is a Pid or a Ref",
    ),
    "an interval of 0": (
        lambda b: rg.send_interval(b.counter, "tick", 0),
        rg.errors.BadTimeout,
        f"timeout=0 can't be used: {TIMEOUT}",
    ),
    "the loop's own thread": (
        lambda b: b.counter.from_thread.cast(Counter.reset()),
        rg.errors.LoopThread,
        "from_thread.cast on the system's own loop would wait for itself; use the plain call or cast there",
    ),
    "a class that is spawned": (
        lambda b: b.system.spawn(Counter),  # type: ignore[arg-type]
        rg.errors.BadServer,
        (
            "<class 'tests.runtime.test_bad_input.Counter'> can't be started: spawn runs an async def"
            " function; a server class is a child of a supervisor"
        ),
    ),
    "a name that is taken": (
        lambda b: b.system.spawn(plain, name="counter"),
        rg.errors.NameTaken,
        (
            "name 'counter' is taken by <regrow.N.N Counter 'counter'>; choose another, or wait until it"
            " ends (await pid.down(...))"
        ),
    ),
}


def normal(error: BaseException) -> str:
    return re.sub(r"<regrow\.\d+\.\d+ ", "<regrow.N.N ", str(error))


@pytest.mark.parametrize("case", list(CASES))
def test_the_error_and_its_text(hand_off: bool, case: str) -> None:
    use, kind, text = CASES[case]

    async def body(system: rg.System) -> None:
        bench = Bench(system)
        with pytest.raises(kind) as raised:
            result = use(bench)
            if inspect.isawaitable(result):
                await result
        assert type(raised.value) is kind
        assert normal(raised.value) == text
        await system.idle()
        assert system.state == "running"
        assert await bench.counter.call(Counter.increment(), timeout=1.0) == 1

    play(body, *CHILDREN, hand_off=hand_off, timeouts=rg.TimeoutTable({"quick": 0.5}))


def test_each_message_is_made_whole_or_not_at_all() -> None:
    with pytest.raises(TypeError):
        Counter.increment(1, 2)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Other.ask()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Other.ask(m=1)  # type: ignore[call-arg]


# -- another loop, another thread, another time ------------------------------------------------

OPERATIONS: dict[str, Callable[[rg.System, rg.Ref[Counter], rg.Pid[Counter]], object]] = {
    "Ref.call": lambda _, ref, __: ref.call(Counter.increment(), timeout=1.0),
    "Pid.call": lambda _, __, pid: pid.call(Counter.increment(), timeout=1.0),
    "Ref.exit": lambda _, ref, __: ref.exit("x"),
    "Pid.exit": lambda _, __, pid: pid.exit("x"),
    "Ref.kill": lambda _, ref, __: ref.kill(),
    "Pid.kill": lambda _, __, pid: pid.kill(),
    "Ref.down": lambda _, ref, __: ref.down(timeout=1.0),
    "Pid.down": lambda _, __, pid: pid.down(timeout=1.0),
    "Pid.reserve": lambda _, __, pid: pid.reserve(timeout=1.0),
    "sync": lambda _, ref, __: rg.sync(ref, timeout=1.0),
    "send_after": lambda _, ref, __: rg.send_after(ref, "x", 1.0),
    "spawn": lambda system, _, __: system.spawn(plain),
}
CASTS: dict[str, Callable[[rg.System, rg.Ref[Counter], rg.Pid[Counter]], object]] = {
    "Ref.cast": lambda _, ref, __: ref.cast(Counter.reset()),
    "Pid.cast": lambda _, __, pid: pid.cast(Counter.reset()),
    "Ref.send": lambda _, ref, __: ref.send("x"),
    "Pid.send": lambda _, __, pid: pid.send("x"),
}
AFTER: dict[str, Callable[[rg.System, rg.Ref[Counter], rg.Pid[Counter]], object]] = {
    "ref": lambda system, _, __: system.ref("x", Counter),
    "whereis": lambda system, _, __: system.whereis("x"),
    "root": lambda system, _, __: system.root,
    "idle": lambda system, _, __: system.idle(),
    "statistics": lambda system, _, __: system.statistics(),
    "from_thread": lambda _, ref, __: ref.from_thread.cast(Counter.reset()),
}


async def used(use: Callable[..., object], *args: object) -> object:
    result = use(*args)
    return await result if inspect.isawaitable(result) else result


@pytest.mark.parametrize("operation", [*OPERATIONS, *CASTS, *AFTER])
def test_after_stop_everything_says_so(hand_off: bool, operation: str) -> None:
    use = {**OPERATIONS, **CASTS, **AFTER}[operation]

    async def main() -> None:
        async with rg.System(CHILDREN, hand_off=hand_off) as system:
            ref = system.ref("counter", Counter)
            pid = ref.whereis()
        with pytest.raises(
            rg.errors.NotStarted, match=r"system 'regrow' is stopped; use it inside `async with"
        ):
            await used(use, system, ref, pid)
        await pause(1.0)

    run_virtual(main())


def test_before_start_too() -> None:
    system = rg.System(CHILDREN)
    for use in (lambda: system.root, lambda: system.ref("x", Counter), system.processes, system.statistics):
        with pytest.raises(rg.errors.NotStarted, match="is not started"):
            use()


@pytest.mark.parametrize("operation", [*OPERATIONS, *CASTS])
def test_another_thread_is_told_to_use_from_thread(hand_off: bool, operation: str) -> None:
    """Casts are checked in debug mode only: a check at each would cost as much as the cast."""

    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        errors: list[BaseException] = []

        def elsewhere() -> None:
            loop = VirtualLoop()
            try:
                loop.run_until_complete(used({**OPERATIONS, **CASTS}[operation], system, ref, ref.whereis()))
            except rg.errors.RegrowError as error:
                errors.append(error)
            finally:
                loop.close()

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert [type(error) for error in errors] == [rg.errors.WrongThread]
        assert "use ref.from_thread there" in str(errors[0])
        assert await ref.call(Counter.increment(), timeout=1.0) == 1

    play(body, *CHILDREN, hand_off=hand_off, debug=operation in CASTS)


@pytest.mark.parametrize("operation", [*OPERATIONS, "Pid.cast"])
def test_another_loop_of_the_same_thread(hand_off: bool, operation: str) -> None:
    """The System's loop was left without a stop, and the next loop goes on with its references."""
    first, second = VirtualLoop(), VirtualLoop()
    system = rg.System(CHILDREN, hand_off=hand_off, debug=True)
    use = {**OPERATIONS, **CASTS}[operation]

    async def start() -> tuple[rg.Ref[Counter], rg.Pid[Counter] | None]:
        await system.start()
        ref = system.ref("counter", Counter)
        return ref, ref.whereis()

    try:
        ref, pid = first.run_until_complete(start())
        with pytest.raises(rg.errors.WrongLoop, match="a System belongs to the loop it was started on"):
            second.run_until_complete(used(use, system, ref, pid))
        if operation in {"Pid.exit", "Pid.kill", "Pid.cast", "send_after", "spawn"}:
            with pytest.raises(rg.errors.WrongLoop):  # and where no loop runs at all
                use(system, ref, pid)  # type: ignore[arg-type]
        first.run_until_complete(system.stop())
    finally:
        first.close()
        second.close()
