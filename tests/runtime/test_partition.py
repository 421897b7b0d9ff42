"""PartitionSupervisor: each key always with the same one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import regrow as rg
from tests.runtime.kit import play


class Store(rg.GenServer):
    def init(self, label: str = "") -> None:
        self.label = label
        self.seen: list[object] = []

    @rg.call
    def put(self, key: object) -> int:
        self.seen.append(key)
        return len(self.seen)

    @rg.call
    def keys(self) -> list[object]:
        return self.seen


STORES = rg.partition_supervisor(rg.child(Store, args=("s",)), name="stores", partitions=4)
KEYS: tuple[object, ...] = (
    "a",
    "b",
    b"a",
    1,
    1.0,
    True,
    None,
    -7,
    2**100,
    ("a", 1),
    ("a", (None, b"")),
    "\ud800",
)


def test_a_key_stays_with_its_partition_over_restarts(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        refs = {key: system.partition("stores", key, Store) for key in map(str, range(40))}
        assert {ref.name for ref in refs.values()} == {f"stores:{number}" for number in range(4)}
        for key, ref in refs.items():
            await ref.call(Store.put(key), timeout=1.0)
        broken = refs["0"].whereis()
        assert broken is not None
        broken.kill()
        await system.idle()
        assert {key: system.partition("stores", key, Store) for key in refs} == refs
        assert await refs["0"].call(Store.keys(), timeout=1.0) == []  # a new one, alone
        others = [ref for ref in refs.values() if ref != refs["0"]]
        assert await others[0].call(Store.keys(), timeout=1.0) != []

    play(body, STORES, hand_off=hand_off)


PROGRAM = """
import asyncio, regrow as rg
from tests.runtime.test_partition import KEYS, STORES, Store
async def main():
    async with rg.System([STORES]) as system:
        print([system.partition("stores", key, Store).name for key in KEYS])
asyncio.run(main())
"""


def test_routing_is_the_same_in_every_run() -> None:
    lines = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=50,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(lines) == 1

    async def body(system: rg.System) -> str:
        return repr([system.partition("stores", key, Store).name for key in KEYS]) + "\n"

    assert lines == {play(body, STORES, hand_off=True)}


def test_these_keys_go_here_for_ever() -> None:
    """Written down: data is stored by it."""

    async def body(system: rg.System) -> list[str]:
        return [system.partition("stores", key, Store).name[-1] for key in KEYS]

    assert "".join(play(body, STORES, hand_off=True)) == "210313130330"


@pytest.mark.parametrize("key", [frozenset({1}), {1}, [1], {"a": 1}, object(), ("a", [1]), 1j])
def test_a_key_that_would_wander_is_refused(key: object) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadPartitionKey, match="partition key"):
            system.partition("stores", key, Store)

    play(body, STORES, hand_off=True)


def test_it_is_a_supervisor(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("stores", rg.PartitionSupervisor)
        rows = await ref.call(rg.PartitionSupervisor.which_children(), timeout=1.0)
        assert [(row.id, row.spec.name) for row in rows] == [(str(n), f"stores:{n}") for n in range(4)]
        assert (await ref.call(rg.PartitionSupervisor.count_children(), timeout=1.0)).active == 4

    play(body, STORES, hand_off=hand_off)


def test_its_budget_is_its_own(hand_off: bool) -> None:
    spec = rg.partition_supervisor(
        rg.child(Store), name="stores", partitions=2, max_restarts=1, restart="temporary"
    )

    async def body(system: rg.System) -> None:
        above = system.whereis("stores")
        assert above is not None
        system.partition("stores", 1, Store).kill()
        await system.idle()
        assert above.alive
        system.partition("stores", 1, Store).kill()
        assert await above.down(timeout=1.0) is rg.SHUTDOWN
        with pytest.raises(rg.errors.NoProcess):
            system.partition("stores", 1, Store)

    play(body, spec, hand_off=hand_off)


def test_what_is_no_partition_supervisor(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.NoSuchPartition):
            system.partition("one", 1, Store)
        with pytest.raises(rg.errors.NoProcess):
            system.partition("nobody", 1, Store)

    play(body, rg.child(Store, name="one"), hand_off=hand_off)


@pytest.mark.parametrize("number", [0, -1, 2.0, True])
def test_at_least_one_partition(number: object) -> None:
    with pytest.raises(rg.errors.BadLimit, match="partitions"):
        rg.partition_supervisor(rg.child(Store), name="stores", partitions=number)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", None])
def test_it_needs_a_name(name: object) -> None:
    with pytest.raises(rg.errors.BadChildName):
        rg.partition_supervisor(rg.child(Store), name=name, partitions=2)  # type: ignore[arg-type]
