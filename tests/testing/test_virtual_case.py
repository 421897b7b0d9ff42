"""`VirtualTestCase`: unittest on virtual time, with unittest's runner and with pytest."""

# ruff: noqa: TID251, PT009 - sleeping is what is tested here, in unittest's own words

from __future__ import annotations

import asyncio
import io
import sys
import unittest
from typing import Any, ClassVar

import pytest

import regrow as rg
import regrow.testing as rt


class TestUnderPytest(rt.VirtualTestCase):
    """pytest collects it as it is."""

    loop_settings: ClassVar[rt.LoopSettings] = {"threads": True, "seed": 3}

    async def asyncSetUp(self) -> None:
        await asyncio.sleep(1)
        self.system = rg.System([rg.child(Counter, name="counter")])
        await self.system.start()
        self.addAsyncCleanup(self.system.stop)

    async def test_time_jumps_and_the_loop_is_the_set_ups(self) -> None:
        await asyncio.sleep(3600)
        self.assertEqual(asyncio.get_running_loop().time(), 3601.0)

    async def test_systems_live_on_it(self) -> None:
        await asyncio.sleep(10)
        counter = self.system.ref("counter", Counter)
        self.assertEqual(await counter.call(Counter.started_at(), timeout=1.0), 1.0)

    async def test_options_are_the_loops(self) -> None:
        self.assertEqual(await asyncio.to_thread(int), 0)

    def test_plain_methods_work_too(self) -> None:
        self.assertTrue(callable(self.loop_factory))


class Counter(rg.GenServer):
    def init(self) -> None:
        self.at = asyncio.get_running_loop().time()

    @rg.call
    def started_at(self) -> float:
        return self.at


def outcome(case: type[rt.VirtualTestCase]) -> dict[str, str]:
    """The last line of what unittest's own runner tells of each test, empty if it passed."""
    result: Any = unittest.TextTestRunner(io.StringIO()).run(
        unittest.defaultTestLoader.loadTestsFromTestCase(case)
    )
    told = {test.id().rpartition(".")[2]: text for test, text in [*result.failures, *result.errors]}
    names = unittest.defaultTestLoader.getTestCaseNames(case)
    return {name: told.get(name, "") for name in names}


def test_under_unittests_runner_failures_are_told_each_on_a_loop_of_its_own() -> None:
    class Case(rt.VirtualTestCase):
        async def test_a_deadlock(self) -> None:
            await asyncio.Event().wait()

        async def test_an_undeclared_thread(self) -> None:
            await asyncio.to_thread(int)

        async def test_time_begins_at_0(self) -> None:
            self.assertEqual(asyncio.get_running_loop().time(), 0.0)
            await asyncio.sleep(1000)

        async def test_time_begins_at_0_again(self) -> None:
            self.assertEqual(asyncio.get_running_loop().time(), 0.0)

    told = outcome(Case)
    assert "Deadlock: nothing can happen any more at virtual time 0" in told.pop("test_a_deadlock")
    assert "NotDeclared: run_in_executor(int) on virtual time" in told.pop("test_an_undeclared_thread")
    assert told == {"test_time_begins_at_0": "", "test_time_begins_at_0_again": ""}


def test_the_real_time_of_a_test_is_limited() -> None:
    class Case(rt.VirtualTestCase):
        loop_settings: ClassVar[rt.LoopSettings] = {"limit": 0.2}

        async def test_endless(self) -> None:
            while True:  # noqa: ASYNC110 - endless on purpose
                await asyncio.sleep(1)

    assert "TookTooLong: still running after 0.2 s of real time" in outcome(Case)["test_endless"]


def test_a_wrong_option_is_an_error_of_the_test() -> None:
    class Case(rt.VirtualTestCase):
        loop_settings: ClassVar[Any] = {"sokets": True}

        async def test_it(self) -> None: ...

    assert "unexpected keyword argument 'sokets'" in outcome(Case)["test_it"]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="unittest asks for the factory itself")
def test_the_hook_of_unittest_that_is_used_is_still_there() -> None:
    assert callable(vars(unittest.IsolatedAsyncioTestCase)["_setupAsyncioRunner"])
