"""What a test leaves to nobody fails it, and no other one."""

import pytest

from tests.plugin.project import ANYIO, QUIET, make, outcomes, run

pytest_plugins = ["pytester"]

TESTS = """
async def failing():
    raise ValueError("lost")

@pytest.mark.regrow
async def test_before(): pass

{test}

@pytest.mark.regrow
async def test_after(): pass
"""
HEADLINE = "the test left behind what nobody handled"


def fails_at_its_end(
    pytester: pytest.Pytester, test: str, *text: str, args: tuple[str, ...] = (), mark: str = ""
) -> None:
    """The test in the middle passes and then fails, with these lines, and the others pass."""
    result = run(pytester, TESTS.format(test=f"@pytest.mark.regrow{mark}\n{test}"), *args)
    assert outcomes(result) == {"passed": 3, "errors": 1}
    start = result.outlines.index(HEADLINE)
    assert "ERROR at teardown of test_guilty" in result.outlines[start - 1]
    assert result.outlines[start + 2 : start + 2 + len(text)] == list(text)


@pytest.mark.parametrize("filters", [(), ("-W", "ignore"), ("-W", "error")], ids=["usual", "ignore", "error"])
def test_a_coroutine_never_awaited(pytester: pytest.Pytester, filters: tuple[str, ...]) -> None:
    fails_at_its_end(
        pytester,
        "async def test_guilty():\n    failing()",
        "coroutine 'failing' was never awaited, made at",
        f'  File "{pytester.path / "test_it.py"}", line 24, in test_guilty',
        "    failing()",
        args=filters,
    )


def test_a_call_never_awaited_is_told_as_it_was_written(pytester: pytest.Pytester) -> None:
    test = """async def test_guilty():
    class Counter(rg.GenServer):
        @rg.call
        def one(self): return 1
    async with rg.System([rg.child(Counter, name="counter")]) as system:
        counter = system.ref("counter", Counter)
        counter.call(Counter.one(), timeout=1.0)
"""
    fails_at_its_end(
        pytester,
        test,
        "coroutine 'call' was never awaited, made at",
        f'  File "{pytester.path / "test_it.py"}", line 29, in test_guilty',
        "    counter.call(Counter.one(), timeout=1.0)",
    )


def test_an_exception_never_retrieved(pytester: pytest.Pytester) -> None:
    test = """async def test_guilty():
    task = asyncio.get_running_loop().create_task(failing())
    await asyncio.wait([task])
"""
    fails_at_its_end(
        pytester,
        test,
        "Task exception was never retrieved: failing, made at",
        f'  File "{pytester.path / "test_it.py"}", line 24, in test_guilty',
        "Traceback (most recent call last):",
        f'  File "{pytester.path / "test_it.py"}", line 17, in failing',
        '    raise ValueError("lost")',
        "ValueError: lost",
    )


def test_a_task_kept_in_a_ring(pytester: pytest.Pytester) -> None:
    test = """async def test_guilty():
    task = asyncio.get_running_loop().create_task(failing())
    task.add_done_callback(lambda done: task)
    await asyncio.wait([task])
"""
    fails_at_its_end(pytester, test, "Task exception was never retrieved: failing, made at")


def test_a_callback_that_fails(pytester: pytest.Pytester) -> None:
    test = """async def test_guilty():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)
"""
    fails_at_its_end(
        pytester,
        test,
        f"Exception in callback test_guilty.<locals>.<lambda>() at {pytester.path / 'test_it.py'}:24",
        "Traceback (most recent call last):",
    )


def test_a_task_that_fails_when_it_is_cancelled_at_the_end(pytester: pytest.Pytester) -> None:
    test = """async def test_guilty():
    async def stubborn():
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("at the end")
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
"""
    fails_at_its_end(
        pytester,
        test,
        "unhandled exception during asyncio.run() shutdown: test_guilty.<locals>.stubborn, made at",
        mark="(allow_leaks=('task',), reason='it is about that')",
    )


def test_a_test_without_a_loop(pytester: pytest.Pytester) -> None:
    tests = """
pytestmark = []

async def lost(): pass

@pytest.mark.regrow
def test_guilty():
    lost()
"""
    result = run(pytester, tests)
    assert outcomes(result) == {"passed": 1, "errors": 1}
    assert "coroutine 'lost' was never awaited, made at" in result.outlines


def test_on_anyio(pytester: pytest.Pytester) -> None:
    tests = """
async def failing():
    raise ValueError("lost")

@pytest.mark.regrow
async def test_guilty(anyio_backend):
    failing()
    asyncio.create_task(failing())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
"""
    result = run(pytester, tests, head=ANYIO)
    assert outcomes(result) == {"passed": 1, "errors": 1}
    assert "coroutine 'failing' was never awaited, made at" in result.outlines
    assert "Task exception was never retrieved: failing, made at" in result.outlines


def test_a_handler_of_the_test_has_its_way(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow
async def test_handled():
    seen = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: seen.append(context["message"]))
    loop.call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)
    assert len(seen) == 1
"""
    assert outcomes(run(pytester, tests)) == {"passed": 1}


def test_what_a_failed_test_leaves_is_not_the_next_ones(pytester: pytest.Pytester) -> None:
    test = """@pytest.mark.regrow
async def test_failing():
    task = asyncio.create_task(failing())
    lost = failing()
    await asyncio.wait([task])
    assert False, "it fails"
"""
    make(pytester, TESTS.format(test=test))
    # Within this process the recorder of the run would keep the failure alive.
    result = pytester.runpytest_subprocess(*QUIET, timeout=60)
    assert outcomes(result) == {"passed": 2, "failed": 1, "errors": 1}
    blamed = [line.split()[1] for line in result.outlines if line.startswith("ERROR test_it")]
    assert blamed == ["test_it.py::test_failing"]


def test_tests_that_do_not_use_the_kit_are_left_alone(pytester: pytest.Pytester) -> None:
    tests = """
import sys
import gc

def watched():
    return sys.get_coroutine_origin_tracking_depth(), gc.get_freeze_count() > 0

@pytest.mark.regrow
async def test_watched():
    assert watched() == (4, True)

async def test_other():
    assert watched() == (0, False)
    assert asyncio.get_running_loop().get_exception_handler() is None
"""
    assert outcomes(run(pytester, tests)) == {"passed": 2}
