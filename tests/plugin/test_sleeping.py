"""`block-sleep = true`: tests that wait by sleeping fail; what they test may sleep."""

import pytest

from tests.plugin.project import outcomes, run

pytest_plugins = ["pytester"]

SETTINGS = "block-sleep = true"


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("import asyncio", "asyncio.sleep(0.5)"),
        ("from asyncio import sleep", "sleep(0.5)"),
        ("from asyncio import sleep as nap", "nap(0.5)"),
        ("import anyio", "anyio.sleep(0.5)"),
    ],
)
def test_a_sleep_in_a_test_raises(pytester: pytest.Pytester, imports: str, call: str) -> None:
    tests = f"""
{imports}

@pytest.mark.regrow
async def test_sleeps():
    await {call}
"""
    result = run(pytester, tests, settings=SETTINGS)
    assert outcomes(result) == {"failed": 1}
    library = "anyio" if "anyio" in call else "asyncio"
    told = (
        f"E       regrow.errors.SleepInTest: {library}.sleep(0.5) at {pytester.path / 'test_it.py'}:20: a"
        " test that sleeps guesses how long something takes; wait for what it waits for, with wait_for,"
        " wait_idle or a probe, or allow it: @pytest.mark.regrow(sleep=True, reason='...')"
    )
    assert told in result.outlines


def test_a_sleep_in_a_fixture_raises(pytester: pytest.Pytester) -> None:
    tests = """
@async_fixture
async def slow():
    await asyncio.sleep(1)

@pytest.mark.regrow
async def test_slow(slow): pass
"""
    result = run(pytester, tests, settings=SETTINGS)
    assert outcomes(result) == {"errors": 1}
    assert "regrow.errors.SleepInTest: asyncio.sleep(1)" in result.stdout.str()


def test_who_may_sleep(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(app="import asyncio\n\nasync def work():\n    await asyncio.sleep(1)\n")
    tests = """
import sys
sys.path.insert(0, ".")
import app
sleep = asyncio.sleep

class Slow(rg.GenServer):
    @rg.call
    async def rest(self) -> None:
        await asyncio.sleep(1)

@pytest.mark.regrow
async def test_who_gives_way():
    await asyncio.sleep(0)

@pytest.mark.regrow
async def test_code_under_test():
    await app.work()

@pytest.mark.regrow
async def test_a_process():
    async with rg.System([rg.child(Slow, name="slow")]) as system:
        await system.ref("slow", Slow).call(Slow.rest(), timeout=5.0)

@pytest.mark.regrow(sleep=True, reason="it is about sleeping")
async def test_with_a_reason():
    await asyncio.sleep(1)

async def test_who_does_not_use_the_kit():
    await asyncio.sleep(0.001)
    assert asyncio.sleep is sleep
"""
    assert outcomes(run(pytester, tests, settings=SETTINGS)) == {"passed": 5}


def test_without_the_setting_all_may_sleep(pytester: pytest.Pytester) -> None:
    tests = "@pytest.mark.regrow\nasync def test_sleeps():\n    await asyncio.sleep(1)"
    assert outcomes(run(pytester, tests)) == {"passed": 1}
