"""Pid, one incarnation, and Ref, a name: what they are as values, and where they lead."""

from __future__ import annotations

import copy
import pickle

import pytest

import regrow as rg
from regrow.core.events import Dropped
from tests.runtime.kit import play
from tests.runtime.kit_supervision import listen


class Counter(rg.GenServer):
    def init(self) -> None:
        self.n = 0
        self.infos: list[object] = []

    @rg.call
    def increment(self) -> int:
        self.n += 1
        return self.n

    @rg.cast
    def reset(self) -> None:
        self.n = 0

    def handle_info(self, message: object) -> None:
        self.infos.append(message)

    @rg.call
    def got(self) -> list[object]:
        return self.infos


COUNTER = rg.child(Counter, name="counter")


async def waiting() -> None:
    await rg.receive(str)


def test_a_pid_is_itself(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        one, two = system.spawn(waiting), system.spawn(waiting, name="w")
        assert one == one  # noqa: PLR0124  # equality is what is tested
        assert one != two
        assert len({one, two, one}) == 2
        assert repr(one) == f"<{system.name}.{one.serial}.{one.incarnation} {one.kind}>"
        assert repr(two).endswith(" 'w'>")
        assert one.system_name == "here"
        assert two.serial > one.serial
        assert two.registered_name == "w"

    play(body, hand_off=hand_off, name="here")


def test_a_pid_stays_dead_and_the_next_is_another(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        old = ref.whereis()
        assert old is not None
        old.kill()
        await system.idle()
        new = ref.whereis()
        assert new is not None
        assert not old.alive
        assert new.alive
        assert (old == new, old.serial < new.serial) == (False, True)
        with pytest.raises(rg.errors.NoProcess):
            await old.call(Counter.increment(), timeout=1.0)
        assert repr(old).endswith("Counter 'counter'>")
        assert await old.down(timeout=1.0) is rg.NOPROC

    play(body, COUNTER, hand_off=hand_off)


def test_a_pid_does_not_leave_its_system(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.root
        with pytest.raises(rg.errors.PidNotPicklable, match="store a name"):
            pickle.dumps(pid)
        with pytest.raises(rg.errors.PidNotPicklable):
            pickle.dumps({"inside": [pid]})
        assert copy.copy(pid) is pid
        assert copy.deepcopy([pid]) == [pid]

    play(body, hand_off=hand_off)


def test_a_ref_pickles_as_its_name_and_copies_as_itself(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        assert pickle.loads(pickle.dumps(ref)) == "counter"
        assert copy.copy(ref) is ref
        assert copy.deepcopy([ref])[0] is ref

    play(body, COUNTER, hand_off=hand_off)


def test_refs_are_equal_by_system_and_name(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        assert ref == system.ref("counter", Counter)
        assert hash(ref) == hash(system.ref("counter", rg.GenServer))
        assert ref != system.ref("other", Counter)
        assert ref != "counter"
        assert repr(ref) == "<Ref 'counter' Counter>"
        async with rg.System([COUNTER], hand_off=hand_off) as other:
            assert ref != other.ref("counter", Counter)
            assert other.root != system.root

    play(body, COUNTER, hand_off=hand_off)


def test_a_ref_follows_restarts(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        assert await ref.call(Counter.increment(), timeout=1.0) == 1
        assert await ref.call(Counter.increment(), timeout=1.0) == 2
        ref.kill()
        await system.idle()
        assert await ref.call(Counter.increment(), timeout=1.0) == 1
        ref.cast(Counter.reset())
        ref.send("hello")
        assert await ref.call(Counter.increment(), timeout=1.0) == 1
        assert await ref.call(Counter.got(), timeout=1.0) == ["hello"]

    play(body, COUNTER, hand_off=hand_off)


def test_a_ref_to_nobody(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        dropped = listen(system, Dropped)
        ref = system.ref("nobody", Counter)
        assert ref.whereis() is None
        assert not ref.alive
        with pytest.raises(rg.errors.NoProcess, match="'nobody'"):
            await ref.call(Counter.increment(), timeout=1.0)
        ref.cast(Counter.reset())
        ref.send(1)
        ref.exit("x")
        ref.kill()
        assert await ref.down(timeout=1.0) is rg.NOPROC
        await system.idle()
        assert [(event.target, event.cause) for event in dropped] == [("nobody", "no_process")] * 2
        assert system.statistics().dropped == 2

    play(body, hand_off=hand_off)


def test_the_dead_get_nothing_and_it_is_counted(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        dropped = listen(system, Dropped)
        pid = system.spawn(waiting)
        pid.kill()
        await system.idle()
        pid.send("late")
        pid.exit("late")
        pid.kill()
        await system.idle()
        assert [event.cause for event in dropped] == ["dead"]

    play(body, hand_off=hand_off)


def test_down_waits_for_the_end(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        with pytest.raises(TimeoutError, match="2 s"):
            await ref.down(timeout=2.0)
        with pytest.raises(rg.errors.BadTimeout):
            await ref.down(timeout=0.0)
        pid = system.spawn(waiting)
        await system.idle()
        pid.send("go")
        assert await pid.down(timeout=1.0) is rg.NORMAL

    play(body, COUNTER, hand_off=hand_off)


def test_references_are_generic_at_run_time() -> None:
    assert rg.Pid[Counter] is not None
    assert rg.Ref[Counter].__origin__ is rg.Ref  # type: ignore[attr-defined]


def test_a_new_start_of_a_system_is_another_incarnation(hand_off: bool) -> None:
    from regrow.testing import run_virtual

    async def main() -> None:
        system = rg.System([COUNTER], hand_off=hand_off)
        await system.start()
        first = system.root
        ref = system.ref("counter", Counter)
        await system.stop()
        with pytest.raises(rg.errors.NotStarted):
            await ref.call(Counter.increment(), timeout=1.0)
        await system.start()
        assert system.root.incarnation > first.incarnation
        assert repr(system.root) != repr(first)
        await system.stop()

    run_virtual(main(), limit=10.0)
