"""The kit of one test: names, its System, its children, and an end at which nothing is swallowed."""

import asyncio
from typing import assert_type

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing import run_virtual


class Counter(rg.GenServer):
    def init(self, start: int = 0) -> None:
        self.n = start

    @rg.call
    def increment(self) -> int:
        self.n += 1
        return self.n

    @rg.call
    def crash(self) -> int:
        raise ValueError("boom")


class Closing(rg.GenServer):
    """Says when it ends."""

    def init(self, name: str, ends: list[str]) -> None:
        self.name, self.ends = name, ends

    def terminate(self, reason: rg.ExitReason) -> None:
        self.ends.append(self.name)


class BadEnd(rg.GenServer):
    def terminate(self, reason: rg.ExitReason) -> None:
        raise RuntimeError("in terminate")


class SlowEnd(rg.GenServer):
    async def terminate(self, reason: rg.ExitReason) -> None:
        await asyncio.Event().wait()


class Ignoring(rg.GenServer):
    def init(self) -> rg.types.IgnoreType:
        return rg.Ignore


def test_a_child_is_the_class_itself_under_a_real_supervisor_and_its_pid_is_typed() -> None:
    """No stand-in: it is restarted by its supervisor, and found under its name again."""

    async def main() -> None:
        async with rt.kit() as kit:
            pid = await kit.start_supervised(Counter, args=(3,), name="counter")
            assert_type(pid, rg.Pid[Counter])
            assert await pid.call(Counter.increment(), timeout=1.0) == 4
            with pytest.raises(rg.errors.ProcessExited):
                await pid.call(Counter.crash(), timeout=1.0)
            await kit.system.idle()
            ref = kit.system.ref("counter", Counter)
            assert ref.whereis() != pid
            assert await ref.call(Counter.increment(), timeout=1.0) == 4

    run_virtual(main())


def test_specs_functions_and_options_are_started_as_they_say() -> None:
    async def main() -> None:
        async with rt.kit() as kit:
            spec = rg.child(Counter, args=(1,), name="one")
            one = await kit.start_supervised(spec, server=Counter)
            two = await kit.start_supervised(spec, server=Counter, name="two")
            plain = await kit.start_supervised(rg.receive, kwargs={"timeout": 3600.0})
            assert_type(plain, rg.Pid[object])
            assert [p.registered_name for p in (one, two, plain)] == ["one", "two", None]
            assert await two.call(Counter.increment(), timeout=1.0) == 2

    run_virtual(main())


def test_each_test_has_a_system_of_its_own_that_bears_its_name() -> None:
    async def main() -> None:
        async with rt.kit(test_id="t.py::test_one") as one, rt.kit(test_id="t.py::test_two[x-1]") as two:
            await one.start_supervised(Counter, name="counter")
            await two.start_supervised(Counter, name="counter")
            assert one.system.name.startswith("test_one-")
            assert two.system.name.startswith("test_two-")
        assert one.test_id == "t.py::test_one"

    run_virtual(main())


def test_names_are_the_same_in_every_run_and_nobody_elses() -> None:
    async def names(test_id: str) -> list[str]:
        async with rt.kit("basic", test_id=test_id) as kit:
            return [kit.unique_name(), kit.unique_name("cache"), kit.unique_name("cache")]

    async def main() -> None:
        first = await names("tests/t.py::test_it[a]")
        assert first == await names("tests/t.py::test_it[a]")
        assert set(first).isdisjoint(await names("tests/t.py::test_it[b]"))
        assert len(set(first)) == 3
        assert [name.rpartition("-")[0].rpartition("-")[0] for name in first] == ["test_it", "cache", "cache"]

    run_virtual(main())


def test_two_kits_of_one_test_at_the_same_time_have_different_names() -> None:
    async def main() -> list[str]:
        async with rt.kit("basic") as one, rt.kit("basic") as two:
            return [one.unique_name(), two.unique_name()]

    first = run_virtual(main())
    assert len(set(first)) == 2
    assert run_virtual(main()) == first


def test_the_test_is_known_by_what_pytest_calls_it(request: pytest.FixtureRequest) -> None:
    assert rt.kit("basic").test_id == request.node.nodeid


def test_without_pytest_it_is_known_by_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    assert rt.kit("basic").test_id.endswith("::test_without_pytest_it_is_known_by_the_function")


def test_the_end_goes_backwards() -> None:
    ends: list[str] = []

    async def main() -> None:
        async with rt.kit() as kit:
            await kit.start_supervised(Closing, args=("first", ends))
            kit.add_cleanup(ends.append, "cleanup")
            await kit.start_supervised(Closing, args=("second", ends))

            async def later() -> None:
                ends.append(kit.system.state)

            kit.add_cleanup(later)

    run_virtual(main())
    assert ends == ["running", "second", "cleanup", "first"]


def test_stopping_one_early_takes_it_off_the_list() -> None:
    ends: list[str] = []

    async def main() -> None:
        async with rt.kit() as kit:
            first = await kit.start_supervised(Closing, args=("first", ends))
            await kit.start_supervised(Closing, args=("second", ends))
            await kit.stop_supervised(first)
            assert ends == ["first"]
            with pytest.raises(rg.errors.NotStartedHere, match="was stopped already"):
                await kit.stop_supervised(first)

    run_virtual(main())
    assert ends == ["first", "second"]


def test_every_error_of_the_end_is_raised_and_the_tests_own_comes_first() -> None:
    async def main() -> None:
        async with rt.kit(test_id="test_it") as kit:
            await kit.start_supervised(BadEnd)
            kit.add_cleanup(divmod, 1, 0)
            await kit.start_supervised(SlowEnd, shutdown=2.0)
            raise KeyError("own")

    with pytest.raises(rg.errors.TeardownFailed, match="test_it did not end well") as caught:
        run_virtual(main())
    own, slow, cleanup, bad = caught.value.exceptions
    assert isinstance(own, KeyError)
    assert isinstance(cleanup, ZeroDivisionError)
    assert isinstance(slow, rg.errors.StopFailed)
    assert slow.reason is rg.KILLED
    assert "longer than its shutdown" in str(slow)
    assert isinstance(bad, rg.errors.StopFailed)
    assert "RuntimeError: in terminate" in str(bad)
    assert isinstance(caught.value, AssertionError)


def test_a_failure_deep_in_a_tree_is_not_lost_either() -> None:
    async def main() -> None:
        async with rt.kit() as kit:
            await kit.start_supervised(rg.supervisor([rg.child(BadEnd, id="deep")]))

    with pytest.raises(rg.errors.TeardownFailed) as caught:
        run_virtual(main())
    (error,) = caught.value.exceptions
    assert isinstance(error, rg.errors.StopFailed)
    assert "BadEnd" in str(error.pid)


def test_what_is_no_exception_comes_in_a_plain_group() -> None:
    async def main() -> None:
        async with rt.kit() as kit:
            kit.add_cleanup(divmod, 1, 0)
            pytest.skip("not here")

    with pytest.raises(BaseExceptionGroup) as caught:
        run_virtual(main())
    assert [type(error).__name__ for error in caught.value.exceptions] == ["Skipped", "ZeroDivisionError"]


def test_a_test_that_fails_alone_fails_with_its_own_error() -> None:
    async def main() -> None:
        async with rt.kit() as kit:
            await kit.start_supervised(Counter)
            raise KeyError("own")

    with pytest.raises(KeyError, match="own"):
        run_virtual(main())


def test_a_cancelled_test_still_ends_in_order() -> None:
    ends: list[str] = []

    async def body() -> None:
        async with rt.kit() as kit:
            await kit.start_supervised(Closing, args=("child", ends))
            await asyncio.Event().wait()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5.0):
                await body()

    run_virtual(main())
    assert ends == ["child"]


def test_a_cancel_that_comes_during_the_end_does_not_cut_it_short() -> None:
    ends: list[str] = []

    async def main() -> None:
        ending = asyncio.Event()

        async def body() -> None:
            async with rt.kit() as kit:
                await kit.start_supervised(Closing, args=("last", ends))
                kit.add_cleanup(asyncio.Event().wait)
                kit.add_cleanup(ending.set)

        task = asyncio.create_task(body())
        await ending.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtual(main())
    assert ends == ["last"]


def test_a_child_that_keeps_crashing_is_told_of_at_the_end() -> None:
    class Hopeless(rg.GenServer):
        def init(self) -> None:
            rg.send_after(rg.current(), "crash", 0.001)

        def handle_info(self, message: object) -> None:
            raise ValueError(message)

    async def main() -> None:
        async with rt.kit() as kit:
            ends: list[str] = []
            await kit.start_supervised(Closing, args=("beside", ends))
            await kit.start_supervised(Hopeless)
            await rt.wait_for(lambda: ends, timeout=10.0)
            with pytest.raises(rg.errors.KitSupervisorEnded):
                await kit.start_supervised(Counter)

    with pytest.raises(rg.errors.TeardownFailed) as caught:
        run_virtual(main())
    (error,) = caught.value.exceptions
    assert isinstance(error, rg.errors.KitSupervisorEnded)
    assert error.reason is rg.SHUTDOWN


def test_what_can_not_be_started_says_so_at_once_and_leaves_nothing() -> None:
    async def main() -> None:
        async with rt.kit() as kit:
            with pytest.raises(rg.errors.ChildIgnored, match=r"'Ignoring' returned rg\.Ignore"):
                await kit.start_supervised(Ignoring)
            await kit.start_supervised(Counter, name="counter")
            with pytest.raises(rg.errors.NameTaken):
                await kit.start_supervised(Counter, name="counter")
            with pytest.raises(rg.errors.BadArguments):
                await kit.start_supervised(Counter, args=(1, 2))
            assert kit.system.statistics().names == 1

    run_virtual(main())


def test_a_kit_is_for_one_block() -> None:
    async def main() -> None:
        kit = rt.kit(test_id="test_it")
        with pytest.raises(rg.errors.KitNotOpen, match="used outside its async with block"):
            _ = kit.system
        async with kit:
            with pytest.raises(rg.errors.KitNotOpen, match="open already"):
                await kit.__aenter__()
        with pytest.raises(rg.errors.KitNotOpen):
            await kit.start_supervised(Counter)
        with pytest.raises(rg.errors.KitNotOpen):
            kit.unique_name()

    run_virtual(main())
