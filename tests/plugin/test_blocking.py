"""`blocking-calls = "error"`: what holds up the loop raises, and fails the test wherever that ended."""

import sys

import blockbuster
import pytest

from tests.plugin.project import outcomes, run

pytest_plugins = ["pytester"]

SETTINGS = 'blocking-calls = "error"'
SERVER = """
import time

class Slow(rg.GenServer):
    @rg.cast
    def rest(self) -> None:
        time.sleep(0.001)

"""


def test_a_process_that_blocks_fails_the_test(pytester: pytest.Pytester) -> None:
    assert blockbuster.__name__  # imported here, as each run forgets what it imports
    tests = """
@pytest.mark.regrow
async def test_process():
    async with rg.System([rg.child(Slow, name="slow")]) as system:
        system.ref("slow", Slow).cast(Slow.rest())
        await system.idle()
"""
    result = run(pytester, SERVER + tests, settings=SETTINGS)
    assert outcomes(result) == {"passed": 1, "errors": 1}
    assert f"time.sleep held up the loop at {pytester.path / 'test_it.py'}:21" in result.outlines


def test_a_test_that_blocks_fails_once(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.regrow
async def test_blocks():
    time.sleep(0.001)

@pytest.mark.regrow
async def test_late_import():
    import this_is_late

async def test_other():
    time.sleep(0.001)
"""
    pytester.makepyfile(this_is_late="import os\nos.path.abspath('x')\n")
    result = run(pytester, "import sys\nsys.path.insert(0, '.')\n" + SERVER + tests, settings=SETTINGS)
    assert outcomes(result) == {"failed": 1, "passed": 2}
    assert (
        "E               blockbuster.blockbuster.BlockingError: Blocking call to time.sleep"
        in result.outlines
    )


def test_with_a_package_only_that_is_looked_at(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(app="import time\n\ndef work():\n    time.sleep(0.001)\n")
    tests = """
import app

@pytest.mark.regrow
async def test_own():
    time.sleep(0.001)

@pytest.mark.regrow
async def test_package():
    app.work()
"""
    head = "import sys\nsys.path.insert(0, '.')\n"
    result = run(pytester, head + SERVER + tests, settings=SETTINGS + '\npackage = "app"')
    assert outcomes(result) == {"failed": 1, "passed": 1}


def test_without_blockbuster(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "blockbuster", None)
    result = run(pytester, "@pytest.mark.regrow\nasync def test_marked(): pass", settings=SETTINGS)
    assert outcomes(result) == {"failed": 1}
    told = 'blocking-calls = "error" needs Blockbuster: pip install "regrow[blocking]"'
    assert told in result.outlines
