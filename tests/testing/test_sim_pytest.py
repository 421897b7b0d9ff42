"""Simulated tests under pytest: what they get, how they fail, how they are replayed; on workers too."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.plugin.project import PYPROJECT, QUIET
from tests.testing.sim_scenario import hashes

pytest_plugins = ["pytester"]

HEAD = """
import pytest
import regrow as rg
import regrow.testing as rt
"""
RACE = """
@rt.simulate(seeds=50)
async def test_race(sim):
    order = []

    async def walk(number):
        await rt.pass_time(0)
        order.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(walk(number))
    assert order[0] == 0, order
"""


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this run itself was asked for is not for theirs."""
    pytester.makepyprojecttoml(PYPROJECT)
    for variable in ("REGROW_SEEDS", "REGROW_REPLAY"):
        monkeypatch.delenv(variable, raising=False)


def test_classes_fixtures_and_parameters(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"""{HEAD}
@pytest.fixture
def price():
    return 7

class TestBank:
    @pytest.mark.parametrize("count", [1, 2])
    @rt.simulate(seeds=3)
    async def test_pays(self, sim, price, count):
        assert (price, sim.time) == (7, 0.0)
        await rt.pass_time(count)
        assert sim.time == count

@rt.simulate(seeds=3)
async def test_skips(sim, request):
    pytest.skip("not today")

@pytest.mark.xfail(strict=True, raises=rg.errors.SimulationFailed)
@rt.simulate(seeds=3)
async def test_fails(sim, tmp_path):
    assert not tmp_path.is_dir()
""")
    result = pytester.runpytest_inprocess(*QUIET, "-v", "-rs")
    result.assert_outcomes(passed=2, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["*TestBank::test_pays?1? PASSED*", "*SKIPPED*not today*"])


def test_a_failure_is_told_and_its_line_replays_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"{HEAD}import asyncio\n{RACE}")
    result = pytester.runpytest_inprocess(*QUIET)
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert re.search(r"E   regrow\.errors\.SimulationFailed: seed \d+ \(.*\) failed: AssertionError\(", text)
    assert re.search(r"it takes 1 of the \d+ deviations that the seed drew: schedule #\d: -1", text)
    assert re.search(r" \*     0\.000 s  walk-1 is held back as long as others are ready", text)
    told = re.search(
        r"replay it:  pytest '(test_\w+\.py::test_race)' --regrow-replay (\S+)", result.stdout.str()
    )
    assert told is not None
    again = pytester.runpytest_inprocess(*QUIET, told[1], "--regrow-replay", told[2])
    again.assert_outcomes(failed=1)
    assert told[2] in again.stdout.str()
    other = pytester.runpytest_inprocess(*QUIET, told[1], "--regrow-replay", "rg1.nonsense")
    other.stdout.fnmatch_lines(["E*BadToken: the replay token 'rg1.nonsense' can't be replayed: it was cut*"])


def test_the_number_of_seeds_can_be_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"""{HEAD}
seeds = []

@rt.simulate(seeds=3)
async def test_counts(sim):
    seeds.append(sim.seed)

def test_counted():
    assert seeds == [0, 0, 1, 2, 3, 4, 5, 6]
""")
    pytester.runpytest_inprocess(*QUIET, "--regrow-seeds=7").assert_outcomes(passed=2)
    pytester.runpytest_inprocess(*QUIET).assert_outcomes(passed=1, failed=1)


def test_on_workers_of_xdist_seeds_give_the_same_runs(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [name for name in os.environ if name.startswith("PYTEST_")]:
        monkeypatch.delenv(variable)  # this test may run on a worker itself
    root = Path(__file__).parents[2]
    pytester.makepyfile(f"""
import sys
from pathlib import Path
import pytest

sys.path.insert(0, {str(root)!r})

@pytest.mark.parametrize("worker", [1, 2, 3, 4])
def test_hashes(worker, request):
    from tests.testing.sim_scenario import hashes

    name = request.config.workerinput["workerid"]
    Path({str(pytester.path)!r}, f"{{name}}-{{worker}}.txt").write_text(" ".join(hashes(4)))
""")
    plain = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    result = pytester.runpytest_subprocess("-n", "2", *plain)
    result.assert_outcomes(passed=4)
    written = sorted(pytester.path.glob("gw*.txt"))
    assert len(written) == 4
    assert {one.read_text() for one in written} == {" ".join(hashes(4))}
