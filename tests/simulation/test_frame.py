"""The frame of the simulations: a violation is found, counted, told, replayed and made small."""

from __future__ import annotations

import json
from collections import Counter

import pytest

import regrow as rg
from tests.simulation.__main__ import main
from tests.simulation.campaign import Campaign, Result
from tests.simulation.scenario import Scenario, scenarios
from tests.simulation.world import Planned, World, pause


class Clumsy(rg.GenServer):
    """Forgets what it wrote between two steps."""

    def init(self) -> None:
        self.count = 0

    @rg.call
    def read(self) -> int:
        return self.count

    @rg.cast
    def write(self, count: int) -> None:
        self.count = count


async def lost_update(world: World) -> None:
    """Two that add one each, and don't see each other."""
    async with world.system([rg.child(Clumsy, name="clumsy")]) as system:
        clumsy = system.ref("clumsy", Clumsy)

        async def add() -> None:
            before = await clumsy.call(Clumsy.read(), timeout=1.0)
            await pause(world.seconds(0.01))
            clumsy.cast(Clumsy.write(before + 1))

        one, other = system.spawn(add), system.spawn(add)
        await one.down(timeout=1.0)
        await other.down(timeout=1.0)
        count = await clumsy.call(Clumsy.read(), timeout=1.0)
        world.expect(count == 2, "count", f"is {count}")


PLANTED = Scenario(name="lost_update", part="runtime", play=lost_update)


def test_a_violation_is_counted_and_can_be_replayed() -> None:
    result = Result()
    for seed in range(20):
        result.add(PLANTED, PLANTED.run(seed))
    assert result.seeds == 20
    assert result.steps > 100
    first = result.violations[0]
    assert (first.scenario, first.invariant) == ("lost_update", "count")
    assert first.text.startswith("count: is 1 (at ")
    shown = "python -m tests.simulation --scenario lost_update --story --from"
    told = f"seed {first.seed}: {first.text}\n  {shown} {first.seed}\n  {first.token}"
    assert result.report().startswith(told)
    again = PLANTED.replay(first.token)
    assert str(again.failure) == first.text


def test_a_story_says_where_it_goes_wrong() -> None:
    seed = next(seed for seed in range(20) if PLANTED.run(seed).failure)
    assert "count: is 1" in PLANTED.story(seed)
    sound = next(seed for seed in range(100) if not PLANTED.run(seed).failure)
    assert PLANTED.story(sound) == ""


def test_what_a_process_finds_wrong_comes_out_though_it_lives_on() -> None:
    async def play(world: World) -> None:
        async with world.system() as system:

            async def process() -> None:
                world.expect(False, "promise", "broken")
                raise Planned("and that is all that is to be seen outside")

            await system.spawn(process).down(timeout=1.0)

    failure = Scenario(name="inside", part="runtime", play=play).run(0).failure
    assert str(failure) == "promise: broken (at 0 s)"


def test_seeds_are_dealt_out_by_weight() -> None:
    known = scenarios("runtime")
    total = sum(one.weight for one in known.values())
    plan = Campaign(first=7, count=total, part="runtime").plan()
    assert Counter(name for name, _ in plan) == {name: one.weight for name, one in known.items()}
    assert [seed for _, seed in plan] == list(range(7, 7 + total))


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "3", "--from", "40", "--scenario", "ties", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["seeds"], told["from"], told["violations"]) == (3, 40, [])
    assert told["runs"] == {"ties": 3}
    assert {"steps", "faults", "seconds", "seeds_per_second"} <= set(told)
