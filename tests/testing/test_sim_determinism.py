"""Equal seeds give equal runs, here and anywhere; different ones don't, and no decision is idle."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.run import Outcome, run_seed
from regrow.testing.sim.simulation import Simulation
from tests.testing.sim_scenario import hashes, scenario

ROOT = Path(__file__).parents[2]
SOME = 8


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_in_another_process_with_another_hash_seed(hash_seed: str) -> None:
    command = [sys.executable, "-m", "tests.testing.sim_scenario", str(SOME)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == hashes(SOME)


def test_twice_in_one_process() -> None:
    assert hashes(SOME) == hashes(SOME)


def test_whatever_ran_before() -> None:
    before = run_seed(scenario, 3).trace_hash

    class Other(rg.GenServer):
        @rg.call
        def ask(self, value: int) -> int:
            return value

    async def other(sim: Simulation) -> None:
        systems = [rg.System([rg.child(Other, name="other")], name=f"other-{n}") for n in range(3)]
        for system in systems:
            async with system:
                assert await system.ref("other", Other).call(Other.ask(7), timeout=1.0) == 7

    for seed in range(5):
        assert run_seed(other, seed).failure is None
    assert run_seed(scenario, 3).trace_hash == before


def test_the_first_message_of_a_class_goes_like_the_next() -> None:
    def fresh() -> Outcome:
        class Fresh(rg.GenServer):
            @rg.call
            def ask(self) -> None:
                return None

        async def body(sim: Simulation) -> None:
            async with rg.System([rg.child(Fresh, name="fresh")]) as system:
                for _ in range(2):
                    await system.ref("fresh", Fresh).call(Fresh.ask(), timeout=1.0)
                sim.note("asked twice")

        first, second = (run_seed(body, 1, replay={}) for _ in range(2))
        assert first.trace_hash == second.trace_hash
        return first

    assert fresh().failure is None


def test_nearly_all_seeds_differ() -> None:
    # benchmarks/run.py --suite testkit counts them in a thousand.
    assert len(set(hashes(300))) >= 297


def test_deviations_replay_a_run() -> None:
    for seed in range(SOME):
        outcome = run_seed(scenario, seed)
        again = run_seed(scenario, seed, replay=outcome.deviations)
        assert again.trace_hash == outcome.trace_hash
        assert again.deviations == outcome.deviations


def test_one_flipped_decision_is_another_run() -> None:
    outcome = next(run for seed in range(50) if len((run := run_seed(scenario, seed)).deviations) > 20)
    deviations = dict(outcome.deviations)
    for deviation in list(deviations)[:20]:
        without = {one: answer for one, answer in deviations.items() if one != deviation}
        assert run_seed(scenario, outcome.seed, replay=without).trace_hash != outcome.trace_hash


@pytest.mark.parametrize("question", ["schedule", "hand off", "turn"])
def test_each_question_is_answered_otherwise_in_some_seeds(question: str) -> None:
    outcomes = [run_seed(scenario, seed) for seed in range(30)]
    with_it = [one for one in outcomes if any(asked == question for asked, _ in one.deviations)]
    assert len(with_it) >= 5


def test_without_hand_offs_no_answer_is_about_them() -> None:
    class Quick(rg.GenServer):
        @rg.call
        def ask(self) -> None:
            return None

    async def body(sim: Simulation) -> None:
        async with rg.System([rg.child(Quick, name="quick")], hand_off=False) as system:
            sim.note("begun")
            for _ in range(3):
                await system.ref("quick", Quick).call(Quick.ask(), timeout=1.0)

    plain = run_seed(body, 0, replay={})
    held = run_seed(body, 0, replay={("hand off", number): 1 for number in range(40)})
    assert held.failure is plain.failure is None
    assert held.steps == plain.steps


def test_ids_are_counted_per_system() -> None:
    seen: list[list[str]] = []

    async def body(sim: Simulation) -> None:
        for name in ("one", "two"):
            async with rg.System(name=name) as system:
                pid = system.spawn(forever)
                seen[-1].append(str(pid).rpartition(".")[0])
                pid.kill()
                await pid.down(timeout=1.0)

    for _ in range(2):
        seen.append([])
        assert run_seed(body, 1).failure is None
    assert seen[0] == seen[1]
    assert seen[0][0].removeprefix("<one.") == seen[0][1].removeprefix("<two.")


def test_what_no_seed_decides_is_found() -> None:
    count = 0

    async def body(sim: Simulation) -> None:
        nonlocal count
        count += 1
        for _ in range(count):
            await rt.pass_time(1.0)

    with pytest.raises(rg.errors.NotDeterministic) as raised:
        rt.explore(body, seeds=5)
    assert str(raised.value) == (
        "seed 0 gave two different runs, which part at note 7: _run_until_complete_cb in one, 3.0 in the"
        " other. Something there is not decided by the seed: the order of a set, a clock or random numbers of"
        " the world, or what an earlier run left behind (module globals, caches)"
    )


def test_a_first_run_that_differs_is_only_a_warm_up() -> None:
    warm = False

    async def body(sim: Simulation) -> None:
        nonlocal warm
        if not warm:
            warm = True
            await rt.pass_time(1.0)

    assert rt.explore(body, seeds=5).distinct == 1


def test_exits_reach_links_in_the_order_of_the_links() -> None:
    order: list[int] = []

    async def linked(to: rg.Pid[object], number: int) -> None:
        rg.link(to)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            order.append(number)

    async def body(sim: Simulation) -> None:
        async with rg.System() as system:
            hub = system.spawn(forever)
            pids = [system.spawn(linked, hub, number) for number in range(12)]
            await rt.pass_time(1.0)
            hub.kill()
            for pid in pids:
                await pid.down(timeout=1.0)

    outcome = run_seed(body, 5, replay={})
    assert outcome.failure is None, outcome.failure
    assert order == list(range(12))


async def forever() -> None:
    """Until it is killed."""
    await asyncio.get_running_loop().create_future()
