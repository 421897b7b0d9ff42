"""Bad servers: an `init` that fails, hangs or returns nonsense; handlers and bounds that are none."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from regrow.testing import run_virtual
from tests.runtime.kit import pause, play

InitResult = None | rg.Continue | rg.types.IgnoreType


class Starts(rg.GenServer):
    """Does with `init` what it is told, and says what ran."""

    log: list[str]

    def init(self, log: list[str], how: str) -> InitResult:
        self.log = log
        log.append(f"init {how}")
        if how == "raise":
            raise ValueError("no luck")
        if how == "interrupted":
            raise GeneratorExit
        return "nonsense" if how == "nonsense" else None  # type: ignore[return-value]

    def terminate(self, reason: rg.ExitReason) -> None:
        self.log.append("terminate")


class StartsAsync(Starts):
    async def init(self, log: list[str], how: str) -> InitResult:  # type: ignore[override]
        self.log = log
        log.append(f"init {how}")
        await pause(100.0 if how == "hang" else 0.5)
        if how == "raise":
            raise ValueError("no luck")
        return "nonsense" if how == "nonsense" else None  # type: ignore[return-value]


INIT_CASES = [
    (Starts, "raise", rg.errors.InitFailed, "failed in init: Crash"),
    (Starts, "interrupted", rg.errors.InitFailed, "failed in init: Crash"),
    (Starts, "nonsense", rg.errors.BadInitResult, "returned 'nonsense'; allowed are None, rg.Continue"),
    (StartsAsync, "raise", rg.errors.InitFailed, "failed in init: Crash"),
    (StartsAsync, "nonsense", rg.errors.BadInitResult, "returned 'nonsense'; allowed are None, rg.Continue"),
    (
        StartsAsync,
        "hang",
        rg.errors.StartTimeout,
        "was not up after 2 s and was killed; give init less to do",
    ),
]


@pytest.mark.parametrize(("server", "how", "kind", "text"), INIT_CASES)
def test_an_init_that_fails_is_undone_and_named(
    hand_off: bool, server: type[Starts], how: str, kind: type[Exception], text: str
) -> None:
    log: list[str] = []
    tasks: list[int] = []

    async def main() -> None:
        children = [
            rg.child(Starts, id="first", name="first", args=(log, "well")),
            rg.child(server, id="bad", name="bad", args=(log, how), start_timeout=2.0),
            rg.child(Starts, id="never", args=(log, "never")),
        ]
        system = rg.System(children, hand_off=hand_off)
        with pytest.raises(rg.errors.ChildStartFailed, match="child 'bad' did not start") as raised:
            await system.start()
        cause = raised.value.__cause__
        assert type(cause) is kind
        assert text in str(cause)
        assert "Starts" in str(cause)
        assert system.state == "not started"
        tasks.append(len(asyncio.all_tasks()))
        await pause(10.0)
        tasks.append(len(asyncio.all_tasks()))

    run_virtual(main())
    assert log == ["init well", f"init {how}", "terminate"]
    assert tasks == [1, 1]


def test_an_init_that_swallows_its_kill_is_a_zombie_and_the_start_still_fails(hand_off: bool) -> None:
    class Stubborn(rg.GenServer):
        async def init(self) -> None:
            for _ in range(3):
                try:
                    await pause(100.0)
                except asyncio.CancelledError:
                    continue

    async def body(system: rg.System) -> None:
        spec = rg.child(Stubborn, name="stubborn", start_timeout=2.0)
        with pytest.raises(rg.errors.StartTimeout):
            await system.root.call(rg.Supervisor.start_child(spec), timeout=50.0)
        assert asyncio.get_running_loop().time() == pytest.approx(3.0)
        assert system.whereis("stubborn") is None
        for task in asyncio.all_tasks():
            if task.get_name() == "stubborn":
                task.cancel()

    play(body, hand_off=hand_off)


# -- classes -----------------------------------------------------------------------------------


def test_handlers_and_callbacks_with_a_bad_signature() -> None:
    with pytest.raises(rg.errors.BadHandler, match=r"Star\.many"):

        class Star(rg.GenServer):
            @rg.call
            def many(self, *args: int) -> int:
                return len(args)

    with pytest.raises(rg.errors.BadHandler, match="the name is the runtime's own"):

        class Reserved(rg.GenServer):
            @rg.call
            def terminate(self) -> None: ...  # type: ignore[override]

    with pytest.raises(rg.errors.BadHandler, match=r"Yields\.items"):

        class Yields(rg.GenServer):
            @rg.call
            def items(self):  # type: ignore[no-untyped-def]
                yield 1


def test_callbacks_that_yield_and_a_mailbox_that_is_none(hand_off: bool) -> None:
    class Yields(rg.GenServer):
        def handle_info(self, message: object):  # type: ignore[no-untyped-def]
            yield message

    class NoMailbox(rg.GenServer):
        mailbox = 5  # type: ignore[assignment]

    async def body(system: rg.System) -> None:
        for server, text in ((Yields, "handle_info is a generator"), (NoMailbox, "its mailbox is 5")):
            with pytest.raises((rg.errors.BadServer, rg.errors.StartError), match=text):
                await system.root.call(rg.Supervisor.start_child(rg.child(server)), timeout=1.0)
        assert system.state == "running"

    play(body, hand_off=hand_off)


def test_bad_bounds() -> None:
    for bad in (0, -1, 1.5, True):
        with pytest.raises(rg.errors.BadSetting, match=f"Mailbox.*{bad!r}.*whole number"):
            rg.Mailbox(capacity=bad)  # type: ignore[arg-type]
    with pytest.raises(rg.errors.BadSetting, match=r"'drop_all'.*'drop_oldest'"):
        rg.Mailbox(overflow="drop_all")  # type: ignore[arg-type]
