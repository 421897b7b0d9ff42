"""Tests that use the kit run on virtual time, the others on the loops that they would have anyway."""

import hypothesis
import pytest

from tests.plugin.project import ANYIO, LOOP, QUIET, make, outcomes, run

pytest_plugins = ["pytester"]

PROMISE = (
    "this test was promised virtual time and runs on a _UnixSelectorEventLoop. Virtual time needs a loop of"
    " the test's own: with pytest-asyncio 1.4 or later loop_scope='function' and no loop_factories of its"
    " own, with anyio no async fixture of a wider scope and no other loop_factory, with unittest"
    " rt.VirtualTestCase. Or leave it on real time: @pytest.mark.regrow(time='real')"
)


def test_the_mark_decides(pytester: pytest.Pytester) -> None:
    tests = """
async def test_other():
    assert loop_name() == STOCK

@pytest.mark.regrow
async def test_marked():
    assert loop_name() == VIRTUAL
    await asyncio.sleep(9)
    assert asyncio.get_running_loop().time() == 9

@pytest.mark.regrow(time="real")
async def test_real():
    assert loop_name() == STOCK

@pytest.mark.regrow
@pytest.mark.parametrize("n", [1, 2])
class TestMany:
    async def test_in_class(self, n):
        assert loop_name() == VIRTUAL

    @pytest.mark.regrow(time="real")
    async def test_closer_mark_wins(self, n):
        assert loop_name() == STOCK
"""
    assert outcomes(run(pytester, tests)) == {"passed": 7}


def test_the_settings_say_what_is_usual(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow
async def test_usual():
    assert loop_name() == STOCK

@pytest.mark.regrow(time="virtual")
async def test_virtual():
    assert loop_name() == VIRTUAL
"""
    assert outcomes(run(pytester, tests, settings='loop = "real"')) == {"passed": 2}


def test_ids_stay_as_they_are(pytester: pytest.Pytester) -> None:
    tests = """
async def test_other(): pass

@pytest.mark.parametrize("n", [1, 2])
async def test_many(n): pass

@pytest.mark.regrow
async def test_marked(): pass

@pytest.mark.regrow
@pytest.mark.parametrize("n", [1, 2])
async def test_marked_many(n): pass
"""
    listed = run(pytester, tests, "--collect-only", "-q").outlines
    plain = run(pytester, tests, "--collect-only", "-q", settings=None).outlines
    assert listed[:6] == plain[:6]
    assert listed[3:6] == [f"test_it.py::test_marked{rest}" for rest in ("", "_many[1]", "_many[2]")]


def test_auto_mode(pytester: pytest.Pytester) -> None:
    tests = """
pytestmark = []

async def test_other():
    assert loop_name() == STOCK

@pytest.mark.regrow
async def test_marked():
    assert loop_name() == VIRTUAL
"""
    assert outcomes(run(pytester, tests, "--asyncio-mode=auto")) == {"passed": 2}


def test_a_loop_of_the_session_is_left_alone(pytester: pytest.Pytester) -> None:
    tests = """
import pytest_asyncio

loops = []

@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared():
    loops.append(asyncio.get_running_loop())
    yield loop_name()
    assert asyncio.get_running_loop() is loops[0]

@pytest.mark.regrow
async def test_first_to_ask(shared):
    assert (shared, loop_name()) == (STOCK, VIRTUAL)

async def test_between(shared):
    assert asyncio.get_running_loop() is loops[0]

@pytest.mark.regrow
async def test_another(shared):
    assert loop_name() == VIRTUAL

async def test_last(shared):
    assert len(loops) == 1 and asyncio.get_running_loop() is loops[0]
"""
    result = run(pytester, tests, "-o", "asyncio_default_test_loop_scope=session")
    assert outcomes(result) == {"passed": 4}


def test_async_fixtures_of_a_test_are_on_its_loop(pytester: pytest.Pytester) -> None:
    tests = """
import pytest_asyncio

@pytest_asyncio.fixture
async def loop_of_fixture():
    yield asyncio.get_running_loop()
    assert asyncio.get_running_loop().time() >= 1

@pytest.mark.regrow
async def test_same(loop_of_fixture):
    assert asyncio.get_running_loop() is loop_of_fixture
    assert loop_name() == VIRTUAL
    await asyncio.sleep(1)

async def test_other(loop_of_fixture):
    assert asyncio.get_running_loop() is loop_of_fixture
    assert loop_name() == STOCK
"""
    assert outcomes(run(pytester, tests)) == {"passed": 2}


def test_a_wider_loop_cannot_be_virtual(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow
@pytest.mark.asyncio(loop_scope="module")
async def test_wide(): pass

@pytest.mark.regrow(time="real")
@pytest.mark.asyncio(loop_scope="module")
async def test_real(): pass
"""
    result = run(pytester, tests)
    assert outcomes(result) == {"failed": 1, "passed": 1}
    assert PROMISE in result.outlines


def test_a_hook_of_the_project_is_left_alone(pytester: pytest.Pytester) -> None:
    conftest = """
import asyncio

class Own(asyncio.SelectorEventLoop):
    pass

def pytest_asyncio_loop_factories(config, item):
    return {"own": Own, "stock": asyncio.new_event_loop}
"""
    tests = """
async def test_other():
    assert loop_name() in ("conftest.Own", STOCK)

@pytest.mark.regrow
async def test_marked():
    assert loop_name() == VIRTUAL

@pytest.mark.regrow(time="real")
@pytest.mark.asyncio(loop_factories=["own"])
async def test_chosen():
    assert loop_name() == "conftest.Own"
"""
    pytester.makeconftest(conftest)
    result = run(pytester, tests, "-v")
    assert outcomes(result) == {"passed": 4}
    ran = [line.split()[0].partition("::")[2] for line in result.outlines if "PASSED" in line]
    assert ran == ["test_other[own]", "test_other[stock]", "test_marked", "test_chosen"]


ON_ANYIO = """
@pytest.fixture
async def loop_of_fixture():
    yield asyncio.get_running_loop()

async def test_other(anyio_backend, loop_of_fixture):
    assert anyio_backend == "asyncio"
    assert loop_name() == STOCK and asyncio.get_running_loop() is loop_of_fixture

@pytest.mark.regrow
async def test_marked(anyio_backend, loop_of_fixture):
    assert anyio_backend == "asyncio"
    assert loop_name() == VIRTUAL and asyncio.get_running_loop() is loop_of_fixture

@pytest.mark.regrow(time="real")
async def test_real(loop_of_fixture):
    assert loop_name() == STOCK and asyncio.get_running_loop() is loop_of_fixture
"""


def test_anyio(pytester: pytest.Pytester) -> None:
    assert outcomes(run(pytester, ON_ANYIO, head=ANYIO)) == {"passed": 3}


def test_anyio_with_a_backend_of_the_project(pytester: pytest.Pytester) -> None:
    backend = """
@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"
"""
    assert outcomes(run(pytester, backend + ON_ANYIO, head=ANYIO)) == {"passed": 3}


def test_anyio_in_auto_mode(pytester: pytest.Pytester) -> None:
    assert outcomes(run(pytester, ON_ANYIO, "--anyio-mode=auto", head=LOOP)) == {"passed": 3}


def test_anyio_options_of_the_project_are_kept(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow
@pytest.mark.parametrize("anyio_backend", [("asyncio", {"debug": True})])
async def test_debug(anyio_backend):
    assert loop_name() == VIRTUAL and asyncio.get_running_loop().get_debug()

@pytest.mark.regrow
@pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": asyncio.SelectorEventLoop})])
async def test_own_factory(anyio_backend):
    pass
"""
    result = run(pytester, tests, head=ANYIO)
    assert outcomes(result) == {"failed": 1, "passed": 1}
    assert PROMISE in result.outlines


def test_a_loop_that_anyio_shares_is_not_virtual(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.fixture(scope="module")
async def shared():
    return loop_name()

@pytest.mark.regrow
async def test_first_to_ask(shared):
    pass

async def test_afterwards(shared):
    assert shared == loop_name() == STOCK
"""
    result = run(pytester, tests, head=ANYIO)
    assert outcomes(result) == {"failed": 1, "passed": 1}
    assert PROMISE in result.outlines


def test_other_backends_are_skipped(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio", ("trio", {})])
async def test_both(anyio_backend):
    assert anyio_backend == "asyncio"
"""
    result = run(pytester, tests, "-rs", head=ANYIO)
    assert outcomes(result) == {"passed": 1, "skipped": 2}
    assert "Regrow runs on asyncio, not on trio" in result.stdout.str()


def test_hypothesis(pytester: pytest.Pytester) -> None:
    assert hypothesis.__version__  # imported here, as each run forgets what it imports
    tests = """
from hypothesis import given, settings, strategies as st

@pytest.mark.regrow
@settings(max_examples=5, database=None, deadline=None)
@given(st.integers())
async def test_given(n):
    assert loop_name() == VIRTUAL
"""
    assert outcomes(run(pytester, tests)) == {"passed": 1}
    assert outcomes(run(pytester, tests, head=ANYIO)) == {"passed": 1}


def test_unittest(pytester: pytest.Pytester) -> None:
    tests = """
import unittest
import regrow.testing as rt

@pytest.mark.regrow(timeout=60)
class TestVirtual(rt.VirtualTestCase):
    async def test_it(self):
        self.assertEqual(loop_name(), VIRTUAL)
        await asyncio.sleep(59)

    async def test_too_long(self):
        await asyncio.sleep(61)

@pytest.mark.regrow
class TestStock(unittest.IsolatedAsyncioTestCase):
    async def test_it(self):
        pass
"""
    result = run(pytester, tests, head=LOOP)
    assert outcomes(result) == {"passed": 1, "failed": 2}
    assert PROMISE in result.outlines
    told = "E       regrow.errors.TestTimeout: the test took longer than 60 seconds of virtual time"
    assert told in result.outlines


def test_a_mark_of_pytest_asyncio_without_pytest_asyncio_does_nothing(pytester: pytest.Pytester) -> None:
    """All warnings are pytest's own, of the project's setting and of the mark in its module."""
    tests = """
async def test_kit(regrow_kit):
    pass

@pytest.mark.regrow
async def test_marked():
    pass
"""
    make(pytester, tests, head="import pytest\npytestmark = pytest.mark.asyncio\n")
    # In this process the mark is known.
    result = pytester.runpytest_subprocess(*QUIET, "-p", "no:asyncio", "-W", "default")
    assert outcomes(result) == {"failed": 1, "errors": 1, "warnings": 2}
    refused = "regrow_kit needs an async test, run by pytest-asyncio or anyio; in another one, `async with"
    assert f"{refused} rt.kit() as kit:` within rt.run_virtual(...) does the same" in result.outlines
    assert "async def functions are not natively supported." in result.outlines
    warned = [line for line in result.outlines if "Warning: " in line]
    assert ["Unknown config option" in warned[0], "test_it.py:2: PytestUnknownMark" in warned[1]] == [
        True
    ] * 2


def test_a_wait_that_fails_shows_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    tests = """
import regrow.testing as rt

@pytest.mark.regrow
async def test_waits():
    await rt.wait_for(lambda: False)
"""
    result = run(pytester, tests)
    assert outcomes(result) == {"failed": 1}
    assert ">       await rt.wait_for(lambda: False)" in result.outlines
    assert not [line for line in result.outlines if "predicates.py" in line]
