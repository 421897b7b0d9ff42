"""Events in tests: listened for before the block, never after it, and never another System's."""

from __future__ import annotations

import asyncio
from typing import ClassVar, assert_type

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.events import CrashReported, Event, Exited, Restarted, Started, SystemStarted
from tests.runtime.loops import LOOPS, Factory, run_on
from tests.testing.servers import Counter, counter, later, now, play


class Sold(Event, frozen=True):
    """An event of the users' own."""

    name: ClassVar[str] = "shop.sold"
    what: str


def crash(system: rg.System, name: str = "counter") -> None:
    system.ref(name, Counter).cast(Counter.crash())


# -- assert_event --------------------------------------------------------------------------------


def test_what_comes_in_the_block_or_soon_after_is_seen() -> None:
    async def body(system: rg.System) -> None:
        async with rt.assert_event(Restarted) as seen:
            crash(system)
            assert len(seen) == 0
        assert now() == 0.0
        restarted = seen.of(Restarted)[0]
        assert_type(restarted, Restarted)
        assert restarted.new is system.whereis("counter")
        async with rt.assert_event(Restarted) as seen:
            later(0.75, lambda: crash(system))
        assert now() == 0.75
        assert [event.at for event in seen] == [0.75]

    play(body)


def test_it_fails_when_nothing_comes() -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.EventMissing) as caught:
            async with rt.assert_event(Restarted, timeout=2.0):
                pass
        assert now() == 2.0
        assert str(caught.value) == "no Restarted within 2 s"
        assert isinstance(caught.value, AssertionError)
        assert caught.value.missing == {"Restarted": 0}
        assert system.events.subscriptions() == ()

    play(body)


def test_fields_and_predicates_choose_and_the_rest_is_shown() -> None:
    async def body(system: rg.System) -> None:
        async with rt.assert_event(Restarted, where={"child_id": "counter", "attempts": 1}):
            crash(system)
        async with rt.assert_event("supervisor", where=lambda event: event.at == 0.0):
            crash(system)
        with pytest.raises(rg.errors.EventMissing) as caught:
            async with rt.assert_event(Restarted, where={"child_id": "other"}) as seen:
                crash(system)
                await rt.wait_idle()
                assert len(seen) == 0
        first, second, third = str(caught.value).splitlines()
        assert (first, second) == (
            "no Restarted within 1 s, where child_id='other'",
            "came, but not as asked for:",
        )
        assert third.startswith("  0 s: supervisor.restarted Restarted(supervisor=<regrow.1.")
        assert third.endswith(", attempts=3, at=0.0)")

    play(body)


def test_a_predicate_that_raises_fails_the_test_and_stays_attached_to_nothing() -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(TypeError, match="vars"):
            async with rt.assert_event(Started, Exited, where=lambda event: vars(event)["nonsense"]):
                crash(system)
        assert system.events.subscriptions() == ()

    play(body)


def test_the_error_of_the_block_is_what_the_test_fails_with() -> None:
    async def body(system: rg.System) -> None:
        for block in (rt.assert_event(Restarted), rt.refute_event(Exited), rt.capture_events()):
            with pytest.raises(KeyError, match="mine"):
                async with block:
                    crash(system)
                    raise KeyError("mine")
            assert system.events.subscriptions() == ()
        assert now() == 0.0  # and nothing was waited for

    play(body)


def test_a_count_is_exact_and_none_is_at_least_once() -> None:
    async def body(system: rg.System) -> None:
        async with rt.assert_event(Restarted, count=2):
            crash(system)
            crash(system, "other")
        with pytest.raises(rg.errors.EventMissing, match=r"^1 of 2 Restarted within 1 s$"):
            async with rt.assert_event(Restarted, count=2):
                crash(system)
        async with rt.assert_event(Exited, count=None):
            crash(system)
            crash(system, "other")
        with pytest.raises(rg.errors.EventUnwanted) as caught:
            async with rt.assert_event(Exited):
                crash(system)
                crash(system, "other")
        first, second, *events = str(caught.value).splitlines()
        assert first == "Exited came 2 times, and it should have come 1 time"
        assert second == "these are:"
        assert [line.split(" ")[4] for line in events] == ["process.exited", "process.exited"]

    async def main() -> None:
        async with rg.System([counter(), counter("other")], max_restarts=100) as system:
            await body(system)

    rt.run_virtual(main())


def test_all_kinds_are_listened_for_from_the_beginning() -> None:
    """Also the second, whose event comes before the first's."""

    async def body(system: rg.System) -> None:
        async with rt.assert_event(Started, CrashReported, "process.exited") as seen:
            crash(system)
            await rt.wait_idle()
        seen.assert_order(CrashReported, Exited, Started)
        assert [type(event) for event in seen] == [CrashReported, Exited, Started]
        with pytest.raises(rg.errors.EventMissing, match=r"^no SystemStarted, no mailbox.full within 1 s$"):
            async with rt.assert_event(SystemStarted, Exited, "mailbox.full"):
                crash(system)

    play(body)


def test_one_event_under_two_names_is_one() -> None:
    async def body(system: rg.System) -> None:
        async with rt.assert_event(
            "process.exited", "process", Exited, where=lambda e: isinstance(e, Exited)
        ) as seen:
            crash(system)
        assert len(seen) == 1

    play(body)


# -- whose events --------------------------------------------------------------------------------


def test_with_several_systems_one_has_to_be_named_and_the_others_are_not_seen() -> None:
    async def body(system: rg.System) -> None:
        async with rg.System([counter()], name="second") as second:
            with pytest.raises(rg.errors.WhichSystem) as caught:
                async with rt.assert_event(Restarted):
                    pass
            assert str(caught.value) == "whose events? 2 run here, 'regrow', 'second'; say it by system="
            others = rt.refute_event(Restarted, for_=1.0, system=system)
            async with others, rt.assert_event(Restarted, system=second):
                crash(second)

    play(body)


def test_without_a_system_it_says_so() -> None:
    async def main() -> None:
        with pytest.raises(
            rg.errors.WhichSystem, match=r"^whose events. none runs on this loop; say it by system=$"
        ):
            async with rt.capture_events():
                pass

    rt.run_virtual(main())


def test_a_system_may_be_watched_before_it_starts() -> None:
    async def main() -> None:
        system = rg.System([counter()])
        async with rt.assert_event(SystemStarted, system=system):
            await system.start()
        await system.stop()

    rt.run_virtual(main())


def test_inside_a_process_its_own_system_is_meant() -> None:
    class Watches(rg.GenServer):
        @rg.call
        async def watch(self) -> int:
            async with rt.assert_event(Restarted) as seen:
                crash(self.system)
            return len(seen)

    async def body(system: rg.System) -> None:
        async with rg.System(name="second"):
            assert await system.ref("w", Watches).call(Watches.watch(), timeout=2.0) == 1

    play(body, counter(), rg.child(Watches, name="w"))


# -- refute_event --------------------------------------------------------------------------------


def test_what_does_not_come_is_refuted_and_time_passes_only_if_asked_to() -> None:
    async def body(system: rg.System) -> None:
        async with rt.refute_event(Exited):
            await system.ref("counter", Counter).call(Counter.get(), timeout=1.0)
        assert now() == 0.0
        async with rt.refute_event(Exited, for_=60.0):
            pass
        assert now() == 60.0
        async with rt.refute_event(Exited, where={"kind": "Other"}):
            crash(system)
            await rt.wait_idle()

    play(body)


def test_what_comes_is_not_refuted() -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.EventUnwanted) as caught:
            async with rt.refute_event("process.exited", where={"kind": "Counter"}):
                crash(system)
                await rt.wait_idle()
        first, _, third = str(caught.value).splitlines()
        assert first == "process.exited came 1 time, where kind='Counter', and it should not have"
        assert third.startswith("  0 s: process.exited Exited(pid=<regrow.2.")
        with pytest.raises(rg.errors.EventUnwanted):
            async with rt.refute_event(Exited, for_=60.0):
                later(0.5, lambda: crash(system))
        assert now() == 0.5

    play(body)


def test_what_was_emitted_in_the_last_moment_of_the_block_is_not_missed() -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.EventUnwanted):
            async with rt.refute_event(Sold):
                system.events.emit(Sold(at=0.0, what="tea"))
        async with rt.capture_events() as seen:
            system.events.emit(Sold(at=0.0, what="tea"))
        assert [event.what for event in seen.of(Sold)] == ["tea"]
        system.events.emit(Sold(at=0.0, what="coffee"))
        await rt.wait_idle()
        assert len(seen) == 1

    play(body)


# -- capture_events ------------------------------------------------------------------------------


def test_all_that_happens_is_captured_in_order_and_nothing_after() -> None:
    async def body(system: rg.System) -> None:
        async with rt.capture_events("process", "supervisor") as seen:
            crash(system)
            await rt.wait_idle()
            assert len(seen) == 4
        names = ["process.crashed", "process.exited", "process.started", "supervisor.restarted"]
        assert [event.name for event in seen] == names
        assert [event.name for event in seen[1:3]] == names[1:3]
        assert repr(seen).startswith("<Events [CrashReported(")
        crash(system)
        await rt.wait_idle()
        assert len(seen) == 4

    play(body)


def test_order_is_asserted_and_shown() -> None:
    async def body(system: rg.System) -> None:
        async with rt.capture_events(
            "process", where=lambda event: not isinstance(event, CrashReported)
        ) as seen:
            crash(system)
            await rt.wait_idle()
        seen.assert_order("process.exited", Started)
        with pytest.raises(rg.errors.WrongOrder) as caught:
            seen.assert_order(Started, Exited)
        lines = str(caught.value).splitlines()
        assert lines[:2] == ["not in the order Started, Exited: 1 of 2 came so", "seen:"]
        assert [line.split()[2] for line in lines[2:]] == ["process.exited", "process.started"]
        with pytest.raises(rg.errors.WrongOrder):
            seen.assert_order(Exited, Exited)  # one event is not two
        with pytest.raises(rg.errors.BadEvents, match="an order is of two kinds of events or more"):
            seen.assert_order(Exited)

    play(body)


# -- what would test nothing ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "options", "text"),
    [
        ((), {}, "() can't be used: name at least one kind of event: with none nothing would be tested"),
        (
            ("supervisor.restart",),
            {},
            "'supervisor.restart' can't be used: it is no event's name; did you mean 'supervisor.restarted'?",
        ),
        (("xyz",), {}, "'xyz' can't be used: it is no event's name, nor the beginning of one up to a dot"),
        (
            (Counter,),
            {},
            f"{Counter!r} can't be used: give an event class, such as rg.events.Restarted, or a dotted name",
        ),
        (
            (Sold,),
            {"where": {"wath": "tea"}},
            "{'wath': 'tea'} can't be used: Sold has no field 'wath'; it has: at, what",
        ),
        ((Sold,), {"count": 0}, "0 can't be used: count is a whole number from 1, or None for at least once"),
        ((Sold,), {"system": "regrow"}, "'regrow' can't be used: system is a System"),
    ],
)
def test_what_can_not_be_watched_for_is_refused(
    kinds: tuple[rt.EventKind, ...], options: dict[str, object], text: str
) -> None:
    async def body(_: rg.System) -> None:
        with pytest.raises(rg.errors.BadEvents) as caught:
            async with rt.assert_event(*kinds, **options):  # type: ignore[arg-type]
                raise AssertionError
        assert str(caught.value) == text

    play(body)


def test_a_condition_that_any_event_would_meet_is_refused() -> None:
    async def body(system: rg.System) -> None:
        async def is_tea(event: Event) -> bool:
            raise AssertionError(event)

        with pytest.raises(rg.errors.BadWait, match="true whatever comes of it"):
            async with rt.assert_event(Restarted, where=is_tea):
                crash(system)
                await rt.wait_idle()

    play(body)


def test_names_of_users_own_and_of_every_room_are_known() -> None:
    async def body(_: rg.System) -> None:
        async with rt.refute_event("shop", "shop.sold", "dead_letter", "delivery", Event, where={}):
            pass
        with pytest.raises(rg.errors.BadWait, match="timeout is a number of seconds"):
            async with rt.assert_event(Sold, timeout=float("inf")):
                pass
        with pytest.raises(rg.errors.BadWait, match="for_ is a number of seconds"):
            async with rt.refute_event(Sold, for_=-1.0):
                pass

    play(body)


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_it_works_on_any_loop(loop_factory: Factory) -> None:
    async def main() -> None:
        async with rg.System([counter()]) as system, rt.assert_event(Restarted, timeout=5.0):
            asyncio.get_running_loop().call_later(0.002, crash, system)

    run_on(loop_factory, main())


def test_any_event_at_all_can_be_refuted_and_not_asserted() -> None:
    async def main() -> None:
        async with rg.System([]):
            with pytest.raises(rg.errors.BadEvents) as caught:
                async with rt.assert_event(""):
                    raise AssertionError("it was entered")
            async with rt.refute_event(""):
                pass
        assert str(caught.value) == (
            "'' can't be used: it stands for any event at all, and some event always comes:"
            " name the one meant"
        )

    rt.run_virtual(main())
