"""The fixtures of the kit, on both async plugins; leaks and changes blame the test."""

import pytest

from tests.plugin.project import ANYIO, ASYNCIO, LOOP, make, outcomes, run

pytest_plugins = ["pytester"]

HEADS = pytest.mark.parametrize("head", [ASYNCIO, ANYIO], ids=["asyncio", "anyio"])
SERVER = """
class Counter(rg.GenServer):
    def init(self, start: int = 0) -> None:
        self.value = start

    @rg.call
    def add(self) -> int:
        self.value += 1
        return self.value

"""


@HEADS
def test_what_they_give(pytester: pytest.Pytester, head: str) -> None:
    tests = """
@async_fixture
async def counter(start_supervised):
    pid = await start_supervised(Counter, args=(5,))
    yield pid
    assert await pid.call(Counter.add(), timeout=1.0) == 7

async def test_kit(regrow_kit, counter):
    assert loop_name() == VIRTUAL
    assert await counter.call(Counter.add(), timeout=1.0) == 6
    assert regrow_kit.mode == "registry" and regrow_kit.test_id.startswith("test_it.py::test_kit")

async def test_functions(spawn_supervised, unique_name, regrow_kit):
    told = asyncio.get_running_loop().create_future()
    async def process():
        told.set_result(await rg.receive(timeout=1.0))
    name = unique_name("worker")
    assert name.startswith("worker-")
    pid = await spawn_supervised(process, name=name)
    assert regrow_kit.system.whereis(name) is pid
    pid.send("hello")
    assert await told == "hello"

@pytest.mark.regrow(time="real", isolation="full")
async def test_real(regrow_kit):
    assert loop_name() == STOCK and regrow_kit.mode == "full"
"""
    assert outcomes(run(pytester, SERVER + tests, head=head)) == {"passed": 3}


@HEADS
def test_what_goes_wrong_at_the_end_fails_the_test(pytester: pytest.Pytester, head: str) -> None:
    tests = """
class Bad(rg.GenServer):
    def init(self) -> None:
        self.kept = True

    def terminate(self, reason):
        raise ValueError("at the end")

async def test_guilty(start_supervised):
    await start_supervised(Bad)
    await start_supervised(Bad)

async def test_after(start_supervised): pass
"""
    result = run(pytester, tests, head=head)
    assert outcomes(result) == {"passed": 2, "errors": 1}
    assert sum("regrow.errors.StopFailed" in line for line in result.outlines) == 2


@HEADS
def test_a_system_that_gives_up_fails_the_test(pytester: pytest.Pytester, head: str) -> None:
    tests = """
async def test_guilty(regrow_kit):
    regrow_kit.system.processes()[0].kill()
    await asyncio.Event().wait()

async def test_after(regrow_kit): pass
"""
    result = run(pytester, tests, head=head)
    assert outcomes(result) == {"failed": 1, "errors": 1, "passed": 1}
    text = result.stdout.str()
    assert "E       regrow.errors.Deadlock: nothing can happen any more at virtual time 0: " in text
    assert "failed: its root supervisor ended with KILLED" in text


def test_the_loop_of_a_module_is_the_kits_too(pytester: pytest.Pytester) -> None:
    tests = """
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.regrow(time="real")]
loops = set()

async def test_one(start_supervised):
    pid = await start_supervised(Counter)
    assert await pid.call(Counter.add(), timeout=1.0) == 1
    loops.add(asyncio.get_running_loop())

async def test_two(start_supervised):
    pid = await start_supervised(Counter)
    assert await pid.call(Counter.add(), timeout=1.0) == 1
    assert loops == {asyncio.get_running_loop()}
"""
    assert outcomes(run(pytester, SERVER + tests)) == {"passed": 2}


def test_who_cannot_have_a_kit(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_plain(regrow_kit): pass", head="")
    assert outcomes(result) == {"errors": 1}
    told = (
        "regrow_kit needs an async test, run by pytest-asyncio or anyio; in another one,"
        " `async with rt.kit() as kit:` within rt.run_virtual(...) does the same"
    )
    assert told in result.outlines


def test_without_the_table_there_is_no_kit(pytester: pytest.Pytester) -> None:
    result = run(pytester, "async def test_kit(unique_name): pass", settings=None)
    assert outcomes(result) == {"errors": 1}
    told = "Regrow's test kit is switched on by a table [tool.regrow.test], which may be empty, in the"
    assert f"{told} pyproject.toml of pytest's rootdir ({pytester.path})" in result.outlines


def test_a_fixture_of_the_projects_own_is_no_kit(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.fixture
def unique_name():
    return "mine"

async def test_own(unique_name):
    assert unique_name == "mine" and loop_name() == STOCK
"""
    assert outcomes(run(pytester, tests)) == {"passed": 1}


LEAKY = """
async def forever():
    await asyncio.Event().wait()

@pytest.mark.regrow
async def test_guilty():
    asyncio.get_running_loop().create_task(forever(), name="left")
    await asyncio.sleep(0)

async def test_with_fixture(regrow_guard):
    assert regrow_guard.leaks == ()
"""
LEAK = "  task: left (forever)"


@HEADS
def test_a_leak_fails_its_test(pytester: pytest.Pytester, head: str) -> None:
    result = run(pytester, LEAKY, head=head)
    assert outcomes(result) == {"passed": 2, "errors": 1}
    start = result.outlines.index("the test left behind:")
    assert "ERROR at teardown of test_guilty" in result.outlines[start - 1]
    assert result.outlines[start + 1] == LEAK
    assert result.outlines[start + 2].endswith("test_it.py:21 in test_guilty")


def test_an_async_generator_left_open_is_a_leak(pytester: pytest.Pytester) -> None:
    tests = """
kept = []

async def numbers():
    yield 1

@pytest.mark.regrow
async def test_guilty():
    kept.append(numbers())
    assert await anext(kept[0]) == 1
"""
    result = run(pytester, tests)
    assert outcomes(result) == {"passed": 1, "errors": 1}
    assert "  asyncgen: numbers" in result.outlines


def test_leaks_may_be_reported_only(pytester: pytest.Pytester) -> None:
    result = run(pytester, LEAKY, settings='leak-check = "report"')
    assert outcomes(result) == {"passed": 2, "warnings": 1}
    assert any(line.endswith("LeftBehind: the test left behind:") for line in result.outlines)
    assert f"  {LEAK}" in result.outlines


def test_leaks_may_be_of_no_interest(pytester: pytest.Pytester) -> None:
    assert outcomes(run(pytester, LEAKY, settings='leak-check = "off"')) == {"passed": 2}


def test_what_is_let_pass_has_to_be_there(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow(allow_leaks=("task:left *",), reason="it is for ever")
async def test_excused():
    asyncio.get_running_loop().create_task(asyncio.Event().wait(), name="left")

@pytest.mark.regrow(allow_leaks=("thread",), reason="it had one")
async def test_stale(): pass
"""
    result = run(pytester, tests)
    assert outcomes(result) == {"passed": 2, "errors": 1}
    assert next(line for line in result.outlines if line.startswith("ERROR test_it.py::test_stale"))


def test_what_is_shared_on_purpose_is_no_leak(pytester: pytest.Pytester) -> None:
    tests = """
from concurrent.futures import ThreadPoolExecutor

@pytest.fixture(scope="session")
def pool():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(print).result()
        yield pool

@async_fixture(scope="module", loop_scope="module")
async def task():
    task = asyncio.create_task(asyncio.Event().wait())
    await asyncio.sleep(0)
    yield task
    task.cancel()

@pytest.mark.regrow(time="real")
@pytest.mark.asyncio(loop_scope="module")
async def test_first_to_ask(pool, task): pass

@pytest.mark.regrow
async def test_other(pool): pass
"""
    assert outcomes(run(pytester, tests)) == {"passed": 2}


CHANGING = """
import os

@pytest.mark.regrow
async def test_guilty():
    os.environ["LEFT_BY_A_TEST"] = "yes"

@pytest.mark.regrow(allow_changes=("env:ALLOWED_*",), reason="it is read once")
async def test_excused():
    assert "LEFT_BY_A_TEST" not in os.environ
    os.environ["ALLOWED_CHANGE"] = "yes"
"""


def test_changes_of_what_all_share(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLOWED_CHANGE", raising=False)
    result = run(pytester, CHANGING, settings='contamination = "error"')
    assert outcomes(result) == {"passed": 2, "errors": 1}
    assert any("LEFT_BY_A_TEST" in line for line in result.outlines)


def test_the_kits_own_mode_does_the_same(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLOWED_CHANGE", raising=False)
    tests = CHANGING.replace("():", "(regrow_kit):").replace("pytest.mark.regrow\n", "pytest.mark.regrow()\n")
    result = run(pytester, tests, settings='isolation = "contamination"')
    assert outcomes(result) == {"passed": 2, "errors": 1}
    assert any("LEFT_BY_A_TEST" in line for line in result.outlines)


def test_marks_from_anywhere_have_the_test_watched(pytester: pytest.Pytester) -> None:
    (pytester.path / "conftest.py").write_text(
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        if 'marked_late' in item.name:\n"
        "            item.add_marker('regrow')\n"
    )
    tests = """
import unittest
import regrow.testing as rt

def leave_a_timer():
    asyncio.get_running_loop().call_later(100, print)

@pytest.mark.asyncio
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.regrow)])
async def test_parameter(n): leave_a_timer()

@pytest.mark.asyncio
async def test_marked_late(): leave_a_timer()

class TestMethod(unittest.IsolatedAsyncioTestCase):
    @pytest.mark.regrow(time="real")
    async def test_it(self): leave_a_timer()

@pytest.mark.regrow
class TestClass(rt.VirtualTestCase):
    async def test_it(self): leave_a_timer()
"""
    result = run(pytester, tests, head=LOOP)
    assert outcomes(result) == {"passed": 5, "errors": 4}
    assert sum("in leave_a_timer" in line for line in result.outlines) == 4


def test_on_two_workers(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.parametrize("n", range(4))
async def test_kit(start_supervised, n):
    pid = await start_supervised(Counter, name="counter")
    assert await pid.call(Counter.add(), timeout=1.0) == 1
    assert loop_name() == VIRTUAL
"""
    make(pytester, SERVER + tests + LEAKY)
    others = [
        word for name in ("cacheprovider", "timeout", "hypothesispytest") for word in ("-p", f"no:{name}")
    ]
    result = pytester.runpytest_subprocess("-n2", *others, timeout=60)
    assert outcomes(result) == {"passed": 6, "errors": 1}
    assert LEAK in result.outlines
