"""Names and groups while their holders come and go, against two dictionaries."""

from __future__ import annotations

import asyncio
from typing import Any

import regrow as rg
from regrow.testing import Faults
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

NAMES = ("a", "b", "c")
GROUPS = ("red", "blue")


class Book:
    """Who has which name and is in which group, as far as the scenario did it itself."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.names: dict[str, rg.Pid[Any]] = {}
        self.groups: dict[str, list[rg.Pid[Any]]] = {group: [] for group in GROUPS}
        self.people: list[rg.Pid[Any]] = []
        self.system: rg.System

    def wrong(self, text: str) -> None:
        self.world.violate("names", text)

    def holder(self, name: str) -> rg.Pid[Any] | None:
        """Who should have a name now."""
        pid = self.names.get(name)
        return pid if pid is not None and pid.alive else None

    def name_of(self, pid: rg.Pid[Any]) -> str | None:
        """The name that a process should have now."""
        return next((name for name in self.names if self.holder(name) == pid), None)

    def born(self, name: str | None) -> None:
        """The current process begins, with this name."""
        me = rg.current()
        self.people.append(me)
        if name is not None:
            if self.holder(name) is not None:
                self.wrong(f"{me} was started as {name!r}, which {self.holder(name)} has")
            self.names[name] = me
            self.world.expect(self.system.whereis(name) == me, "names", f"{me} is not {name!r} in its init")

    def register(self, name: str, pid: rg.Pid[Any]) -> None:
        """Give a process a name, or be told why it can't have it."""
        holder, other = self.holder(name), self.name_of(pid)
        expected: type[BaseException] | None = None
        if holder is not None:
            expected = rg.errors.NameTaken
        elif not pid.alive:
            expected = rg.errors.NoProcess
        elif other is not None:
            expected = rg.errors.AlreadyRegistered
        got: type[BaseException] | None = None
        try:
            self.system.registry.register(name, pid)
        except rg.errors.RegrowError as error:
            got = type(error)
        else:
            self.names[name] = pid
        if got is not expected:
            self.wrong(f"register({name!r}, {pid}) raised {got}; {holder} has it, {pid} has {other!r}")

    def unregister(self, name: str) -> None:
        holder = self.holder(name)
        try:
            self.system.registry.unregister(name)
        except rg.errors.NotRegistered:
            self.world.expect(holder is None, "names", f"{name!r} is {holder}'s, but is said to be free")
        else:
            self.world.expect(holder is not None, "names", f"{name!r} was free, and was unregistered")
            self.names.pop(name, None)

    def join(self, group: str, pid: rg.Pid[Any]) -> None:
        try:
            self.system.groups.join(group, pid)
        except rg.errors.NoProcess:
            self.world.expect(not pid.alive, "groups", f"{pid} lives and can't join")
        else:
            self.world.expect(pid.alive, "groups", f"{pid} has ended and joins")
            if pid not in self.groups[group]:
                self.groups[group].append(pid)

    def leave(self, group: str, pid: rg.Pid[Any]) -> None:
        self.system.groups.leave(group, pid)
        if pid in self.groups[group]:
            self.groups[group].remove(pid)

    def look(self) -> None:
        """Both say the same."""
        held = {name: pid for name in (*NAMES, "kept") if (pid := self.holder(name)) is not None}
        rows = {row.name: row.pid for row in self.system.registry.list()}
        if rows != held:
            self.wrong(f"the registry has {rows}; it should have {held}")
        if any(not pid.alive for pid in rows.values()) or len(set(rows.values())) != len(rows):
            self.wrong(f"the dead or one twice among {rows}")
        for group, members in self.groups.items():
            alive = [pid for pid in members if pid.alive]
            self.groups[group] = alive
            found = list(self.system.groups.members(group))
            self.world.expect(found == alive, "groups", f"{group} has {found}, should have {alive}")


class Person(rg.GenServer):
    """Has a name or not; counts what its groups get."""

    def init(self, book: Book, name: str | None) -> None:
        self.book = book
        self.name = name
        book.born(name)
        self.got: list[object] = []

    @rg.cast
    def crash(self) -> None:
        raise Planned("person")

    @rg.call
    def heard(self) -> list[object]:
        return self.got

    def handle_info(self, message: object) -> None:
        self.got.append(message)


async def _stranger(book: Book) -> None:
    book.born(None)
    while True:
        await rg.receive()


def _step(book: Book, world: World, number: int) -> None:
    pid, name, group = world.choice(book.people), world.choice(NAMES), world.choice(GROUPS)
    match world.rng.randrange(10):
        case 0 | 1 | 2:
            book.register(name, pid)
        case 3:
            book.unregister(name)
        case 4 | 5:
            book.join(group, pid)
        case 6:
            book.leave(group, pid)
        case 7:
            pid.kill()
        case 8 if pid.kind == "Person":
            pid.cast(Person.crash())
        case _:
            alive = [member for member in book.groups[group] if member.alive]
            reached = book.system.groups.publish(group, number)
            world.expect(reached == len(alive), "groups", f"{reached} of {alive} got it")


FAULTS = Faults(kill=0.05, crash=0.05, crash_init=0.1)


@scenario("runtime", faults=FAULTS)
async def names(world: World) -> None:
    """Random steps on the registry and the groups, between deaths and restarts."""
    book = Book(world)
    rng = world.rng
    children = [
        rg.child(Person, name="kept", args=(book, "kept")),
        *(rg.child(Person, id=f"person{number}", args=(book, None)) for number in range(3)),
    ]
    async with _opened(world, book, children):
        book.system.spawn(_stranger, book)
        await pause(0.001)
        world.sim.always(lambda: _one_owner_each(book), name="one owner each")
        for number in range(rng.randint(5, 30)):
            _step(book, world, number)
            book.look()
            if world.chance(0.4):
                await pause(world.choice((0.0, 0.001, 0.01)))
                book.look()
        await book.system.idle()
        book.look()


def _one_owner_each(book: Book) -> bool:
    """After every step: nobody dead has a name."""
    if book.system.state != "running":
        return True
    return all(row.pid.alive for row in book.system.registry.list())


def _opened(world: World, book: Book, children: list[rg.ChildSpec]) -> Any:
    """A System that its book knows before its children begin."""
    return world.system(children, max_restarts=100_000, known=lambda system: setattr(book, "system", system))


@scenario("runtime")
async def name_race(world: World) -> None:
    """Many ask for one name at once: one gets it, and when it dies another may."""
    got: list[rg.Pid[Any]] = []

    async def racer() -> None:
        try:
            rg.current_system().registry.register("prize", rg.current())
        except rg.errors.NameTaken as error:
            holder: Any = error.holder
            world.expect(holder.alive, "names", f"{holder} has the name and has ended")
            rg.monitor(holder)
            await rg.receive(rg.Down)
            await racer()
            return
        alive = [pid for pid in got if pid.alive]
        world.expect(not alive, "names", f"{rg.current()} got the name that {alive} has")
        got.append(rg.current())
        await pause(world.seconds(0.02))

    async with world.system() as system:
        racers = [system.spawn(racer) for _ in range(world.rng.randint(2, 5))]
        await asyncio.gather(*(pid.down(timeout=60.0) for pid in racers))
        world.expect(sorted(got, key=hash) == racers, "names", f"{got} of {racers} had the name")
