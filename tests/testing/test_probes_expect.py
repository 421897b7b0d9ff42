"""What a probe is asked for, and what it says when it didn't get it."""

from __future__ import annotations

import pytest

import regrow as rg
import regrow.testing as rt
from tests.testing.servers import Counter, later, now, play


class Ping:
    """A message with nothing to tell it from others but its type."""

    def __init__(self, n: int = 0) -> None:
        self.n = n

    def __repr__(self) -> str:
        return f"Ping({self.n})"


@pytest.mark.parametrize(
    "pattern",
    [
        Ping,
        (Ping, rg.Down),
        lambda message: message.n == 2,
        object,
    ],
    ids=["type", "types", "predicate", "anything"],
)
def test_patterns_find_the_first_that_matches(pattern: object) -> None:
    probe = rt.Probe()

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        if pattern is not object:
            pid.send("something else")
        ping = Ping(2)
        pid.send(ping)
        assert await probe.expect(pattern) is ping

    play(body)


@pytest.mark.parametrize("pattern", [3, Counter.add(3), Counter.add], ids=["value", "message", "handler"])
def test_values_and_messages_are_compared(pattern: object) -> None:
    probe = rt.Probe.of(Counter)

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        pid.send("something else")
        pid.cast(Counter.crash())
        pid.send(3)
        pid.cast(Counter.add(3))
        assert await probe.expect(pattern) == (3 if pattern == 3 else Counter.add(3))

    play(body)


def test_it_waits_for_what_is_still_to_come_and_not_a_moment_longer() -> None:
    probe = rt.Probe()

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        later(0.75, lambda: pid.send("late"))
        assert await probe.expect("late") == "late"
        assert now() == 0.75

    play(body)


def test_each_message_is_expected_once_and_others_stay() -> None:
    probe = rt.Probe()

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        for message in ("a", "b", "a"):
            pid.send(message)
        await probe.expect("b")
        await probe.expect("a")
        await probe.expect("a")
        with pytest.raises(rg.errors.NotReceived) as caught:
            await probe.expect("a", timeout=2.0)
        assert now() == 2.0
        assert str(caught.value) == (
            "<Probe> did not get 'a' within 2 s\n"
            "it got:\n"
            "  0 s: info 'a' (expected before)\n"
            "  0 s: info 'b' (expected before)\n"
            "  0 s: info 'a' (expected before)"
        )
        assert isinstance(caught.value, AssertionError)

    play(body)


def test_what_it_got_instead_is_shown_with_kind_and_time() -> None:
    probe = rt.Probe.of(Counter)

    async def body(system: rg.System) -> None:
        pid = system.whereis("c")
        assert pid is not None
        later(0.25, lambda: system.ref("c", Counter).cast(Counter.add(3)))
        with pytest.raises(rg.errors.NotReceived) as caught:
            await probe.expect(Counter.add(4))
        assert str(caught.value) == (
            "<Probe of Counter 'c'> did not get Counter.add(n=4) within 1 s\n"
            "it got:\n"
            "  0.25 s: cast Counter.add(n=3)"
        )
        with pytest.raises(rg.errors.NotReceived, match=r"did not get any Counter.get within 1 s\nit got:"):
            await probe.expect(Counter.get)
        with pytest.raises(rg.errors.NotReceived, match="did not get any Down or Exit within"):
            await probe.expect((rg.Down, rg.Exit))

    play(body, probe.child_spec(name="c"))


def test_nothing_at_all_and_very_much_are_said_so() -> None:
    probe = rt.Probe()

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        with pytest.raises(rg.errors.NotReceived) as caught:
            await probe.expect(Ping)
        assert str(caught.value) == "<Probe> did not get any Ping within 1 s\nit got nothing"
        for n in range(25):
            pid.send(n)
        with pytest.raises(rg.errors.NotReceived) as caught:
            await probe.expect(Ping)
        lines = str(caught.value).splitlines()
        assert lines[1:4] == ["it got:", "  5 older", "  1 s: info 5"]
        assert len(lines) == 23
        assert len(caught.value.received) == 25

    play(body)


def test_a_predicate_that_raises_does_not_match_and_is_shown() -> None:
    probe = rt.Probe()

    def has_n(message: object) -> bool:
        return message.n == 1  # type: ignore[attr-defined,no-any-return]

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        pid.send("no n")
        with pytest.raises(rg.errors.NotReceived) as caught:
            await probe.expect(has_n)
        assert str(caught.value).startswith(
            "<Probe> did not get what matches has_n within 1 s\na pattern raised AttributeError("
            "\"'str' object has no attribute 'n'\"), at a message it isn't for\nit got:\n"
        )
        assert isinstance(caught.value.__cause__, AttributeError)
        pid.send(Ping(1))
        assert repr(await probe.expect(has_n)) == "Ping(1)"

    play(body)


# -- order ---------------------------------------------------------------------------------------


def test_order_is_of_what_is_named_with_others_in_between() -> None:
    probe = rt.Probe()

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        for message in ("x", "a", "y", "b"):
            pid.send(message)
        later(0.5, lambda: pid.send("c"))
        assert await probe.expect_in_order("a", "b", str) == ["a", "b", "c"]
        assert now() == 0.5
        assert await probe.expect_in_order("x", "y") == ["x", "y"]  # these are left

    play(body)


def test_another_order_is_not_that_one() -> None:
    probe = rt.Probe()

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        for message in ("b", "a"):
            pid.send(message)
        with pytest.raises(rg.errors.NotReceived) as caught:
            await probe.expect_in_order("a", "b")
        assert caught.value.came == 1
        assert str(caught.value) == (
            "<Probe> did not get 'a', then 'b' within 1 s, 1 of 2 in this order\n"
            "it got:\n"
            "  0 s: info 'b'\n"
            "  0 s: info 'a'"
        )
        await probe.expect_in_order("b", "a")  # a failure takes nothing away
        with pytest.raises(
            rg.errors.BadProbe, match="an order is of two messages or more; use expect for one"
        ):
            await probe.expect_in_order("a")

    play(body)


# -- nothing of the kind -------------------------------------------------------------------------


def test_what_does_not_come_is_waited_for_to_the_end() -> None:
    probe = rt.Probe()

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        pid.send("a")
        await probe.expect("a")
        await probe.expect_no("a", for_=60.0)  # that one was expected
        assert now() == 60.0

    play(body)


def test_what_comes_after_all_fails_at_once() -> None:
    probe = rt.Probe()

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        pid.send("b")
        later(0.5, lambda: pid.send("a"))
        with pytest.raises(rg.errors.ReceivedAfterAll) as caught:
            await probe.expect_no("a", for_=60.0)
        assert now() == 0.5
        assert caught.value.after == 0.5
        assert str(caught.value) == (
            "<Probe> got 'a' after 0.5 s, and should not: 0.5 s: info 'a'\n"
            "it got:\n"
            "  0 s: info 'b'\n"
            "  0.5 s: info 'a'"
        )
        with pytest.raises(rg.errors.ReceivedAfterAll):
            await probe.expect_no(str, for_=1.0)  # what was there before counts
        assert now() == 0.5

    play(body)


@pytest.mark.parametrize("seconds", [0, None, "default", float("inf")])
def test_no_wait_of_a_probe_is_without_a_bound(seconds: object) -> None:
    probe = rt.Probe()

    async def main() -> None:
        with pytest.raises(rg.errors.BadWait, match="timeout is a number of seconds"):
            await probe.expect(1, timeout=seconds)  # type: ignore[call-overload]
        with pytest.raises(rg.errors.BadWait, match="for_ is a number of seconds"):
            await probe.expect_no(1, for_=seconds)  # type: ignore[arg-type]

    rt.run_virtual(main())


def test_a_pattern_that_would_match_anything_is_refused() -> None:
    async def body(system: rg.System) -> None:
        async def is_two(message: object) -> bool:
            return message == 2

        probe = rt.Probe()
        pid = await probe.start(system)
        pid.send(1)
        with pytest.raises(rg.errors.BadWait, match="true whatever comes of it"):
            await probe.expect(is_two)
        await probe.expect(1)

    play(body)
