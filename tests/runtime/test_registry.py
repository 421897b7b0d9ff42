"""Names: unique, freed on death, with metadata that is found by index."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import regrow as rg
from tests.runtime.kit import play


async def waiting() -> None:
    await rg.receive(str)


def names(rows: tuple[object, ...]) -> list[str]:
    return [row.name for row in rows]  # type: ignore[attr-defined]


def test_a_name_has_one_holder(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        registry = system.registry
        one, two = system.spawn(waiting), system.spawn(waiting)
        registry.register("a", one, {"role": "x"})
        with pytest.raises(rg.errors.NameTaken) as caught:
            registry.register("a", two)
        assert caught.value.holder is one
        with pytest.raises(rg.errors.AlreadyRegistered, match="'a'"):
            registry.register("b", one)
        assert registry.whereis("a") is one
        assert registry.whereis("b") is None
        row = registry.lookup("a")
        assert (row.name, row.pid, row.metadata) == ("a", one, {"role": "x"})
        assert len(registry) == 1

    play(body, hand_off=hand_off)


@pytest.mark.parametrize("name", ["", None, 7, b"a"])
def test_what_is_no_name(name: object) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadRegistrationName):
            system.registry.register(name, system.spawn(waiting))  # type: ignore[arg-type]

    play(body, hand_off=True)


def test_a_name_is_free_as_soon_as_its_process_has_ended(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        registry = system.registry
        pid = system.spawn(waiting, name="a")
        registry.replace_metadata("a", {"role": "x"})
        pid.kill()
        assert (await pid.down(timeout=1.0), registry.whereis("a")) == (rg.KILLED, None)
        assert registry.find(role="x") == ()
        assert pid.registered_name == "a"  # still readable on the dead
        other = system.spawn(waiting, name="a")
        assert registry.whereis("a") is other
        assert registry.lookup("a").metadata == {}
        with pytest.raises(rg.errors.NoProcess):
            registry.register("b", pid)

    play(body, hand_off=hand_off, indexes=("role",))


def test_a_name_can_be_given_up(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        registry = system.registry
        pid = system.spawn(waiting, name="a")
        registry.unregister("a")
        assert pid.alive
        assert pid.registered_name is None
        assert registry.whereis("a") is None
        registry.register("b", pid)
        for operation in (registry.unregister, registry.lookup):
            with pytest.raises(rg.errors.NotRegistered):
                operation("a")
        for change in (registry.replace_metadata, registry.merge_metadata):
            with pytest.raises(rg.errors.NotRegistered):
                change("a", {})

    play(body, hand_off=hand_off)


def test_a_child_brings_name_and_metadata(hand_off: bool) -> None:
    class Agent(rg.GenServer):
        pass

    spec = rg.child(Agent, name="agent", metadata={"role": "worker"})

    async def body(system: rg.System) -> None:
        registry = system.registry
        (row,) = registry.find(role="worker")
        assert row.name == "agent"
        system.ref("agent", Agent).kill()
        await system.idle()
        (new,) = registry.find(role="worker")
        assert new.pid is not row.pid

    play(body, spec, hand_off=hand_off, indexes=("role",))


def test_metadata_that_cannot_be_indexed_fails_the_start_not_the_supervisor(hand_off: bool) -> None:
    class Agent(rg.GenServer):
        pass

    async def body(system: rg.System) -> None:
        spec = rg.child(Agent, name="agent", metadata={"role": {"un": "hashable"}})
        root = system.root
        with pytest.raises(rg.errors.BadQuery):
            await root.call(rg.Supervisor.start_child(spec), timeout=1.0)
        assert root.alive
        assert system.whereis("agent") is None

    play(body, hand_off=hand_off, indexes=("role",))


# -- metadata ----------------------------------------------------------------------------------


def test_metadata_is_replaced_whole_or_merged(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        registry = system.registry
        system.spawn(waiting, name="a")
        registry.replace_metadata("a", {"role": "x", "zone": 1})
        registry.merge_metadata("a", {"zone": 2, "extra": True})
        assert registry.lookup("a").metadata == {"role": "x", "zone": 2, "extra": True}
        assert (names(registry.find(zone=1)), names(registry.find(zone=2))) == ([], ["a"])
        registry.replace_metadata("a", {"role": "y"})
        assert registry.lookup("a").metadata == {"role": "y"}
        assert registry.find(zone=2) == ()
        assert names(registry.find(role="y")) == ["a"]
        registry.replace_metadata("a", {})
        assert registry.find(role="y") == ()

    play(body, hand_off=hand_off, indexes=("role", "zone"))


def test_the_registration_is_a_copy(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        mine = {"role": "x"}
        system.registry.register("a", system.spawn(waiting), mine)
        mine["role"] = "y"
        system.registry.lookup("a").metadata["role"] = "z"  # type: ignore[index]
        assert system.registry.lookup("a").metadata == {"role": "x"}

    play(body, hand_off=hand_off)


def test_a_list_that_changes_later_leaves_no_stale_entry(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        registry = system.registry
        abilities = ["read", "write"]
        pid = system.spawn(waiting, name="a")
        registry.replace_metadata("a", {"abilities": abilities})
        abilities.clear()
        assert names(registry.find(abilities="read")) == ["a"]
        pid.kill()
        await pid.down(timeout=1.0)
        assert registry.find(abilities="read") == ()

    play(body, hand_off=hand_off, indexes=("abilities",))


@pytest.mark.parametrize("value", [{}, [[]], ([1], 2), {"a": 1}, [([],)]])
def test_what_has_no_hash_changes_nothing(value: object) -> None:
    async def body(system: rg.System) -> None:
        registry = system.registry
        pid = system.spawn(waiting)
        with pytest.raises(rg.errors.BadQuery):
            registry.register("a", pid, {"role": value})
        assert registry.whereis("a") is None
        registry.register("a", pid, {"role": "x"})
        for change in (registry.replace_metadata, registry.merge_metadata):
            with pytest.raises(rg.errors.BadQuery):
                change("a", {"role": value})
        assert registry.lookup("a").metadata == {"role": "x"}
        assert names(registry.find(role="x")) == ["a"]

    play(body, hand_off=True, indexes=("role",))


# -- look-up -----------------------------------------------------------------------------------


def farm(system: rg.System, count: int, make: Callable[[int], dict[str, object]]) -> None:
    for number in range(count):
        system.registry.register(f"p{number:04}", system.spawn(waiting), make(number))


def test_find_needs_all_the_values(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        farm(system, 12, lambda n: {"even": n % 2 == 0, "tags": [f"t{n % 3}", "all"], "n": n})
        registry = system.registry
        assert names(registry.find(even=True, tags="t0")) == ["p0000", "p0006"]
        assert len(registry.find(tags="all")) == 12
        assert registry.find(even=True, tags="nothing") == ()
        assert len(registry.find()) == 12
        with pytest.raises(rg.errors.BadQuery, match="even, tags"):
            registry.find(n=1)
        with pytest.raises(rg.errors.BadQuery):
            registry.find(even=[True])

    play(body, hand_off=hand_off, indexes=("even", "tags"))


class Counted:
    """A value that counts how often it is compared or hashed."""

    looks = 0

    def __init__(self, value: int) -> None:
        self.value = value

    def __hash__(self) -> int:
        Counted.looks += 1
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        Counted.looks += 1
        return isinstance(other, Counted) and self.value == other.value


def test_the_cost_of_find_does_not_depend_on_how_many_there_are() -> None:
    def looks(count: int) -> int:
        async def body(system: rg.System) -> int:
            farm(system, count, lambda n: {"key": Counted(n)})
            Counted.looks = 0
            assert names(system.registry.find(key=Counted(3))) == ["p0003"]
            return Counted.looks

        return play(body, hand_off=True, indexes=("key",))

    assert looks(500) == looks(5)


def test_query_looks_into_everything(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        farm(system, 4, lambda n: {"load": {"cpu": n / 4}, "tags": ["a", "b"][: n % 3]})
        query = system.registry.query
        assert names(query([("load.cpu", "ge", 0.5)])) == ["p0002", "p0003"]
        assert names(query([("load.cpu", "lt", 0.5), ("tags", "contains", "a")])) == ["p0001"]
        assert names(query([("load.cpu", "in", (0.0, 0.75))])) == ["p0000", "p0003"]
        assert names(query([("load.cpu", "not_in", (0.0, 0.75))])) == ["p0001", "p0002"]
        assert names(query([("load.cpu", "ne", 0.0)])) == ["p0001", "p0002", "p0003"]
        assert query([("load.disk", "ne", 0.0)]) == ()  # no such path: no match
        assert query([("load.cpu", "lt", "text")]) == ()  # not comparable: no match
        assert len(query([])) == 4

    play(body, hand_off=hand_off)


@pytest.mark.parametrize("criterion", [("a", "like", 1), ("a", "eq"), "a", 7, (1, "eq", 2), None])
def test_what_is_no_criterion(criterion: object) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadQuery, match="not_in"):
            system.registry.query([criterion])  # type: ignore[list-item]

    play(body, hand_off=True)


# -- batches -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flaw", ["taken", "twice", "same pid", "dead", "has another", "unhashable", "no name"]
)
def test_a_batch_is_all_or_nothing(flaw: str, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        registry = system.registry
        one, two, three, named = (system.spawn(waiting) for _ in range(4))
        registry.register("named", named)
        before = registry.list()
        if flaw == "dead":
            two.kill()
            await two.down(timeout=1.0)
        bad: dict[str, tuple[str, rg.Pid[object], dict[str, object] | None]] = {
            "taken": ("named", two, None),
            "twice": ("a", two, None),
            "same pid": ("b", one, None),
            "dead": ("b", two, None),
            "has another": ("b", named, None),
            "unhashable": ("b", two, {"role": {}}),
            "no name": ("", two, None),
        }
        with pytest.raises(rg.errors.RegrowError):
            registry.register_many([("a", one, {"role": "x"}), bad[flaw], ("c", three, None)])
        assert registry.list() == before
        assert registry.find(role="x") == ()
        assert one.registered_name is None

    play(body, hand_off=hand_off, indexes=("role",))


def test_a_good_batch(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids = [system.spawn(waiting) for _ in range(3)]
        system.registry.register_many([(f"n{i}", pid, {"role": i}) for i, pid in enumerate(pids)])
        assert [row.pid for row in system.registry.list()] == pids
        assert names(system.registry.find(role=1)) == ["n1"]
        pids[1].kill()
        await pids[1].down(timeout=1.0)
        assert names(system.registry.list()) == ["n0", "n2"]

    play(body, hand_off=hand_off, indexes=("role",))


def test_processes_of_another_system_are_refused(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async with rg.System(name="other", hand_off=hand_off) as other:
            stranger = other.spawn(waiting)
            with pytest.raises(rg.errors.OtherSystem, match="'regrow'"):
                system.registry.register("a", stranger)
            with pytest.raises(rg.errors.OtherSystem):
                system.groups.join("g", stranger)
            other.registry.register("a", stranger)
            assert system.whereis("a") is None  # each has names of its own

    play(body, hand_off=hand_off)
