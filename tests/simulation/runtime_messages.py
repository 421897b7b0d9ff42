"""Casts, plain sends and calls: order, bounds, policies, and that nothing disappears uncounted."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any

import regrow as rg
from tests.simulation.oracles.mailboxes import Box, Policy
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

LARGE = 10_000


class Post:
    """The mailboxes of one run, by process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.boxes: dict[object, Box] = {}
        self.all: list[Box] = []
        self.tokens = 0
        self.nobody = 0
        """Messages that were sent to names that nobody had, and to the dead."""

    def open(self, pid: rg.Pid[object], capacity: int, policy: Policy) -> None:
        """A process with a mailbox of its own begins."""
        box = self.boxes[pid] = Box(pid, capacity, policy, self.world.violate)
        self.all.append(box)

    def send(self, pid: rg.Pid[Any] | None, *, cast: bool) -> None:
        """Send one message, and note what becomes of it at once."""
        self.tokens += 1
        token = self.tokens
        if pid is None or not pid.alive:
            self.nobody += pid is not None
            if pid is not None:
                pid.cast(Receiver.take(token)) if cast else pid.send(("info", token))
            return
        refused = False
        try:
            pid.cast(Receiver.take(token)) if cast else pid.send(("info", token))
        except rg.errors.MailboxFull:
            refused = True
        self.boxes[pid].put(token, refused=refused)

    async def ask(self, pid: rg.Pid[Any] | None) -> None:
        """Make a call: it stands in the mailbox from its first step on."""
        self.tokens += 1
        token = self.tokens
        if pid is None or not pid.alive:
            return
        self.boxes[pid].put(token, refused=False, droppable=False)
        try:
            await pid.call(Receiver.answer(token), timeout=60.0)
        except rg.errors.CallError:
            return

    def ended(self, event: rg.events.Event) -> None:
        """A process has ended; what waited is dropped."""
        box = self.boxes.pop(event.pid, None) if isinstance(event, rg.events.Exited) else None
        if box is not None:
            box.died()


class Receiver(rg.GenServer):
    """Notes what it handles."""

    policy: Policy = "raise"

    def init(self, post: Post) -> None:
        self.post = post
        post.open(self.pid, self.mailbox.capacity or LARGE, self.policy)

    def handle(self, token: int) -> None:
        box = self.post.boxes.get(self.pid)
        self.post.world.expect(box is not None, "no code after death", f"{self.pid} handles {token}")
        if box is not None:
            box.take(token)
        for again in self.post.world.rng.choices((0, 1), (9, 1)):
            for _ in range(again):
                self.post.send(self.pid, cast=True)

    @rg.cast
    def take(self, token: int) -> None:
        self.handle(token)
        if token % 41 == 0:
            raise Planned("cast")

    @rg.call
    def answer(self, token: int) -> int:
        self.handle(token)
        return token

    def handle_info(self, message: object) -> None:
        if isinstance(message, tuple):
            self.handle(message[1])


class Raising(Receiver):
    mailbox = rg.Mailbox(capacity=3)


class Oldest(Receiver):
    mailbox = rg.Mailbox(capacity=3, overflow="drop_oldest")
    policy: Policy = "drop_oldest"


class Newest(Receiver):
    mailbox = rg.Mailbox(capacity=2, overflow="drop_newest")
    policy: Policy = "drop_newest"


KINDS: tuple[type[Receiver], ...] = (Receiver, Raising, Oldest, Newest)


async def _sender(post: Post, refs: list[rg.Ref[Any]], plan: list[tuple[float, int, str, int]]) -> None:
    for wait, who, kind, many in plan:
        if wait:
            await pause(wait)
        for _ in range(many):
            pid = refs[who].whereis()
            if kind == "call":
                await post.ask(pid)
            else:
                post.send(pid, cast=kind == "cast")


@scenario("runtime", weight=2)
async def mailboxes(world: World) -> None:
    """Bursts of messages to mailboxes of every kind, held, killed and let go."""
    post = Post(world)
    rng = world.rng
    chosen = [(f"box{number}", world.choice(KINDS)) for number in range(rng.randint(1, 4))]
    asked = [number for number, (_, kind) in enumerate(chosen) if kind is Receiver]
    plans = []
    for _ in range(rng.randint(1, 4)):
        plan = []
        for _ in range(rng.randint(1, 6)):
            kind = world.choice(("cast", "cast", "info", "call"))
            if kind == "call" and not asked:
                kind = "cast"
            # A call that waits for a place gets it at a moment that nobody sees.
            who = rng.choice(asked) if kind == "call" else rng.randrange(len(chosen))
            plan.append((world.choice((0.0, 0.0, 0.01, 0.02)), who, kind, rng.choice((1, 1, 2, 5))))
        plans.append(plan)
    async with world.system(
        [rg.child(kind, name=name, args=(post,)) for name, kind in chosen], max_restarts=100_000
    ) as system:
        system.events.subscribe("process.exited", post.ended)
        refs: list[rg.Ref[Any]] = [system.ref(name, kind) for name, kind in chosen]
        senders = [asyncio.ensure_future(_sender(post, refs, plan)) for plan in plans]
        for _ in range(rng.randint(0, 6)):
            await pause(world.choice((0.0, 0.01)))
            _trouble(world, system, post, refs)
        for ref in refs:
            pid = ref.whereis()
            if pid is not None:
                system.resume(pid)
        await asyncio.gather(*senders)
        await system.idle()
        for box in post.boxes.values():
            world.expect(not box.waiting, "handled", f"{box.pid} left {box.waiting} alone")
        _conserved(world, system, post)


def _trouble(world: World, system: rg.System, post: Post, refs: list[rg.Ref[Any]]) -> None:
    pid = world.choice(refs).whereis()
    if pid is None:
        return
    act = world.choice(("suspend", "suspend", "resume", "resume", "kill"))
    if act == "suspend":
        system.suspend(pid)
    elif act == "resume":
        system.resume(pid)
    else:
        pid.kill()


def _conserved(world: World, system: rg.System, post: Post) -> None:
    """What the events say was dropped is what the mailboxes say, message for message."""
    told: Counter[int] = Counter()
    for event in world.of(rg.events.Dropped):
        found = re.search(r"\d+", event.message)
        if event.cause in ("exit", "drop_oldest", "drop_newest") and found:
            told[int(found[0])] += 1
    expected = Counter(token for box in post.all for token in box.dropped)
    world.expect(told == expected, "conservation", f"told as dropped {told}, were {expected}")
    counted = system.statistics().dropped
    world.expect(
        counted == expected.total() + post.nobody,
        "conservation",
        f"counted as dropped {counted}, were {expected.total()} and {post.nobody} to the dead",
    )
