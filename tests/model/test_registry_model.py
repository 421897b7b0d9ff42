"""The registry and the groups against dictionaries."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import regrow as rg
from tests.model.live import Live

NAMES = st.sampled_from("abcdef")
GROUPS = st.sampled_from("xyz")
ROLES = ("reader", "writer")
METADATA = st.fixed_dictionaries(
    {}, optional={"role": st.sampled_from(ROLES), "tags": st.lists(st.integers(0, 2)), "free": st.integers()}
)
Metadata = dict[str, object]


async def waiting() -> None:
    await rg.receive(str)


class Machine(RuleBasedStateMachine):
    processes = Bundle("processes")

    @initialize()
    def begin(self) -> None:
        self.live = Live(indexes=("role", "tags"))
        self.names: dict[str, tuple[rg.Pid[object], Metadata]] = {}
        self.groups: dict[str, list[rg.Pid[object]]] = {}
        self.dead: set[rg.Pid[object]] = set()

    def name_of(self, pid: rg.Pid[object]) -> str | None:
        return next((name for name, (holder, _) in self.names.items() if holder is pid), None)

    def problem(self, name: str, pid: rg.Pid[object]) -> str | None:
        if name in self.names:
            return "NameTaken"
        if pid in self.dead:
            return "NoProcess"
        return "AlreadyRegistered" if self.name_of(pid) else None

    @rule(target=processes)
    def spawn(self) -> rg.Pid[object]:
        async def start() -> rg.Pid[object]:
            return self.live.system.spawn(waiting)

        return self.live.run(start())

    @rule(target=processes, name=NAMES)
    def spawn_named(self, name: str) -> rg.Pid[object]:
        async def start() -> rg.Pid[object]:
            try:
                return self.live.system.spawn(waiting, name=name)
            except rg.errors.NameTaken as error:
                return error.holder  # type: ignore[return-value]

        pid = self.live.run(start())
        self.names.setdefault(name, (pid, {}))
        assert self.names[name][0] is pid
        return pid

    @rule(pid=processes, name=NAMES, metadata=METADATA)
    def register(self, pid: rg.Pid[object], name: str, metadata: Metadata) -> None:
        got, problem = None, self.problem(name, pid)
        try:
            self.live.system.registry.register(name, pid, metadata)
        except rg.errors.RegrowError as error:
            got = type(error).__name__
        assert got == problem
        if got is None:
            self.names[name] = (pid, metadata)

    @rule(rows=st.lists(st.tuples(NAMES, processes, METADATA), max_size=3))
    def register_many(self, rows: list[tuple[str, rg.Pid[object], Metadata]]) -> None:
        good = all(self.problem(name, pid) is None for name, pid, _ in rows)
        good = good and len({name for name, _, _ in rows}) == len({pid for _, pid, _ in rows}) == len(rows)
        try:
            self.live.system.registry.register_many(rows)
        except rg.errors.RegrowError:
            assert not good
        else:
            assert good
            self.names.update({name: (pid, metadata) for name, pid, metadata in rows})

    @rule(name=NAMES)
    def unregister(self, name: str) -> None:
        try:
            self.live.system.registry.unregister(name)
        except rg.errors.NotRegistered:
            assert name not in self.names
        else:
            del self.names[name]

    @rule(name=NAMES, metadata=METADATA, merge=st.booleans())
    def change(self, name: str, metadata: Metadata, merge: bool) -> None:
        registry = self.live.system.registry
        try:
            (registry.merge_metadata if merge else registry.replace_metadata)(name, metadata)
        except rg.errors.NotRegistered:
            assert name not in self.names
        else:
            pid, old = self.names[name]
            self.names[name] = (pid, {**old, **metadata} if merge else metadata)

    @rule(pid=processes, group=GROUPS, leave=st.booleans())
    def join_or_leave(self, pid: rg.Pid[object], group: str, leave: bool) -> None:
        members = self.groups.setdefault(group, [])
        if leave:
            self.live.system.groups.leave(group, pid)
            if pid in members:
                members.remove(pid)
            return
        try:
            self.live.system.groups.join(group, pid)
        except rg.errors.NoProcess:
            assert pid in self.dead
        else:
            if pid not in members:
                members.append(pid)

    @rule(pid=processes)
    def kill(self, pid: rg.Pid[object]) -> None:
        async def kill() -> None:
            pid.kill()
            await self.live.system.idle()

        self.live.run(kill())
        self.dead.add(pid)
        name = self.name_of(pid)
        if name is not None:
            del self.names[name]
        for members in self.groups.values():
            if pid in members:
                members.remove(pid)

    @invariant()
    def both_say_the_same(self) -> None:
        if not hasattr(self, "live"):
            return
        registry = self.live.system.registry
        expected = [(name, pid, metadata) for name, (pid, metadata) in sorted(self.names.items())]
        assert [(row.name, row.pid, row.metadata) for row in registry.list()] == expected
        for role in ROLES:
            found = [row.name for row in registry.find(role=role)]
            assert found == [name for name, _, metadata in expected if metadata.get("role") == role]
        for tag in range(3):
            found = [row.name for row in registry.find(tags=tag)]
            assert found == [name for name, _, metadata in expected if tag in metadata.get("tags", ())]  # type: ignore[operator]
        groups = self.live.system.groups
        assert {name: list(groups.members(name)) for name in groups.names()} == {
            name: members for name, members in self.groups.items() if members
        }

    def teardown(self) -> None:
        if hasattr(self, "live"):
            self.live.close()


def test_registry_and_groups() -> None:
    checks = settings(
        max_examples=40,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Machine, settings=checks)
