"""A test that takes too long fails, with what its processes and tasks were doing; the run goes on."""

import re

import pytest

from regrow.testing.plugin import limits
from tests.plugin.project import ANYIO, outcomes, run

pytest_plugins = ["pytester"]

AFTER = """

async def test_after(): pass
"""
SERVER = """
class Sleeper(rg.GenServer):
    @rg.call
    async def sleep(self) -> None:
        while True:
            await asyncio.sleep(1)

"""


def failure(result: pytest.RunResult, start: str) -> list[str]:
    """The lines of the error that begins like this, without what pytest puts before them."""
    # The second number of a pid counts the Systems of this process.
    errors = [re.sub(r"(<sys\.\d+)\.\d+", r"\1", line) for line in result.outlines]
    lines = [line.removeprefix("E").strip() for line in errors if re.match(r"E\s", line)]
    first = next(number for number, line in enumerate(lines) if line.startswith(start))
    return lines[first:]


def test_virtual_seconds(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow(timeout=60)
async def test_slow():
    async with rg.System([rg.child(Sleeper, name="sleeper")], name="sys") as system:
        await system.ref("sleeper", Sleeper).call(Sleeper.sleep(), timeout=1000.0)
"""
    result = run(pytester, SERVER + tests + AFTER)
    assert outcomes(result) == {"failed": 1, "passed": 1}
    assert failure(result, "regrow.errors.TestTimeout") == [
        "regrow.errors.TestTimeout: the test took longer than 60 seconds of virtual time",
        (
            "task 'test_slow' waits for the answer to sleep of <sys.2 Sleeper 'sleeper'> at test_it.py:26 in"
            ' test_slow: await system.ref("sleeper", Sleeper).call(Sleeper.sleep(), timeout=1000.0)'
        ),
        (
            "<sys.2 Sleeper 'sleeper'> in Sleeper.sleep waits for asyncio.tasks.sleep at test_it.py:20 in"
            " Sleeper.sleep: await asyncio.sleep(1)"
        ),
        "sys: running",
        "└── <sys.1 Supervisor> (id 'root', one_for_one, 3 of 3 restarts left)",
        "└── <sys.2 Sleeper 'sleeper'> (busy)",
    ]


def test_the_setting_is_the_usual_limit(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow
async def test_slow():
    await asyncio.sleep(2.1)

@pytest.mark.regrow
async def test_in_time():
    await asyncio.sleep(2)

@pytest.mark.regrow(timeout=3)
async def test_longer():
    await asyncio.sleep(2.1)
"""
    result = run(pytester, tests, settings="virtual-timeout = 2")
    assert outcomes(result) == {"failed": 1, "passed": 2}
    assert failure(result, "regrow")[0] == (
        "regrow.errors.TestTimeout: the test took longer than 2 seconds of virtual time"
    )


def test_real_seconds_on_a_real_loop(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow(time="real", timeout=0.05)
async def test_slow():
    await asyncio.Event().wait()
"""
    result = run(pytester, tests + AFTER)
    assert outcomes(result) == {"failed": 1, "passed": 1}
    assert failure(result, "regrow")[:2] == [
        "regrow.errors.TestTimeout: the test took longer than 0.05 seconds",
        (
            "task 'test_slow' waits for asyncio.locks.Event.wait at test_it.py:18 in test_slow: await"
            " asyncio.Event().wait()"
        ),
    ]


def test_timers_without_end(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow(timeout=1e12)
async def test_slow():
    while True:
        await asyncio.sleep(1)
"""
    result = run(pytester, tests + AFTER, settings="test-timeout = 0.1")
    assert outcomes(result) == {"failed": 1, "passed": 1}
    assert failure(result, "regrow")[0].startswith(
        "regrow.errors.TookTooLong: still running after 0.1 s of real time, at virtual time "
    )


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds the loop up is interrupted soon after the real seconds are over."""
    monkeypatch.setattr(limits, "GRACE", 0.05)


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize("time", ["virtual", "real"])
def test_a_call_that_does_not_return(pytester: pytest.Pytester, time: str) -> None:
    tests = f"""
def stuck():
    while True:
        pass

@pytest.mark.regrow(time="{time}", timeout=0.05)
async def test_slow():
    asyncio.get_running_loop().call_soon(stuck)
    await asyncio.Event().wait()
"""
    result = run(pytester, tests + AFTER, settings="test-timeout = 0.05")
    assert outcomes(result) == {"failed": 1, "passed": 1}
    lines = failure(result, "regrow")
    assert lines[0].startswith("regrow.errors.TestTimeout: the test took longer than 0.05")
    at = lines.index("the loop was held up by")
    assert re.fullmatch(r".*test_it\.py:1[78] in stuck: (while True:|pass)", lines[-1])
    assert lines[1:at]


@pytest.mark.usefixtures("short_grace")
def test_a_test_that_does_not_return_itself(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow
async def test_slow():
    while True:
        pass
"""
    result = run(pytester, tests + AFTER, settings="test-timeout = 0.05")
    assert outcomes(result) == {"failed": 1, "passed": 1}
    assert failure(result, "regrow")[0] == (
        "regrow.errors.TestTimeout: the test took longer than 0.05 real seconds"
    )


def test_a_deadlock_ends_the_test_itself(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.fixture
async def order():
    seen = []
    yield seen
    await asyncio.sleep(1)
    assert seen == ["undone"]

@pytest.mark.regrow
async def test_stuck(anyio_backend, order):
    async with rg.System([], name="sys"):
        try:
            await asyncio.Event().wait()
        finally:
            order.append("undone")
"""
    result = run(pytester, tests + AFTER.replace("()", "(anyio_backend)"), head=ANYIO)
    assert outcomes(result) == {"failed": 1, "passed": 1}
    lines = failure(result, "regrow.errors.Deadlock")
    assert lines[0].startswith("regrow.errors.Deadlock: nothing can happen any more at virtual time 0: ")
    assert lines[-2:] == [
        "sys: running",
        "└── <sys.1 Supervisor> (id 'root', one_for_one, 3 of 3 restarts left)",
    ]


def test_a_deadlock_is_told_before_the_limit(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow
async def test_stuck():
    await asyncio.sleep(3)
    await asyncio.Event().wait()
"""
    result = run(pytester, tests)
    assert failure(result, "regrow")[0].startswith(
        "regrow.errors.Deadlock: nothing can happen any more at virtual time 3: "
    )


def test_who_ignores_the_end_fails_nevertheless(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow(timeout=5)
async def test_swallows():
    try:
        await asyncio.sleep(6)
    except asyncio.CancelledError:
        pass

@pytest.mark.regrow(timeout=5)
async def test_fails_too():
    try:
        await asyncio.sleep(6)
    finally:
        raise ValueError("at the end")
"""
    result = run(pytester, tests)
    assert outcomes(result) == {"failed": 2}
    told = [line.split()[3] for line in result.outlines if line.startswith("FAILED")]
    assert told == ["regrow.errors.TestTimeout:", "regrow.errors.TestTimeout:"]
    assert "E           ValueError: at the end" in result.outlines


@pytest.mark.parametrize(
    ("mark", "waits", "swallowed"),
    [
        ('time="real", timeout=0.05', "asyncio.sleep(1)", "asyncio.CancelledError"),
        ('time="real", timeout=0.05', "asyncio.Event().wait()", "BaseException"),
        ("timeout=5", "asyncio.Event().wait()", "asyncio.CancelledError"),
        ("timeout=5", "asyncio.sleep(1)", "BaseException"),
    ],
)
def test_who_swallows_every_cancel_is_left_where_it_stands(
    pytester: pytest.Pytester, mark: str, waits: str, swallowed: str
) -> None:
    tests = f"""
@async_fixture
async def order():
    yield
    await asyncio.sleep(0)
    print("torn down")

@pytest.mark.regrow({mark})
async def test_swallows(order):
    while True:
        try:
            await {waits}
        except {swallowed}:
            print("swallowed")

@pytest.mark.regrow({mark})
async def test_ends_slowly():
    try:
        await {waits}
    finally:
        for _ in range(2):
            try:
                await asyncio.sleep(1e6)
            except asyncio.CancelledError:
                print("cleaning up")
        print("cleaned up")
"""
    result = run(pytester, tests + AFTER)
    assert outcomes(result) == {"failed": 2, "passed": 1}
    told = [line.split()[3] for line in result.outlines if line.startswith("FAILED")]
    assert {one.partition(":")[0] for one in told} <= {"regrow.errors.TestTimeout", "regrow.errors.Deadlock"}
    refusals = limits.REFUSALS + (swallowed == "BaseException")  # which swallows its end as well
    assert result.outlines.count("swallowed") == refusals
    assert result.outlines.count("cleaning up") == 2
    assert {"torn down", "cleaned up"} <= set(result.outlines)
    left = f"E       it went on after {limits.REFUSALS} cancels, and was left where it stood"
    assert result.outlines.count(left) == 1
    place = f"test_it.py:26 in test_swallows: await {waits}"
    assert any(place in line for line in result.outlines), "the place where it stood"
