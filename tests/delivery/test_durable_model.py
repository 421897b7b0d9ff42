"""Durable delivery against a model: sends, failures, crashes of processes and of the program, redrives."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import regrow as rg
from regrow.delivery.journal.operations import Revive
from regrow.delivery.journal.rows import DeadLetter, Filter, Live
from regrow.errors import JournalError
from regrow.testing import VirtualLoop
from regrow.testing import pass_time as pause
from tests.delivery.durable_kit import Machine, inside, ports, settled

NAMES = ("a", "b")
SECONDS = {"slow": 3.0, "hang": 40.0}
SCRIPTS: tuple[list[str], ...] = (
    [],
    ["slow"],
    ["crash"],
    ["crash"] * 4,
    ["lose", "slow"],
    ["lose"] * 4,
    ["hang"],
    ["reject"],
    ["stop"],
    ["slow", "crash", "lose", "crash", "crash"],
)
MAX_CRASHES = 3
QUIET = rg.DeadLetterPolicy(retries=0, keep=None)


class Rejected(Exception):
    """The declared answer."""


class Subject(rg.GenServer):
    """Does with each message what the script for it says, start by start, and takes it down."""

    scripts: ClassVar[dict[int, list[str]]] = {}
    starts: ClassVar[list[int]] = []
    outcomes: ClassVar[Counter[tuple[int, str]]] = Counter()
    running: ClassVar[set[int]] = set()
    before: ClassVar[Callable[[int], object]] = bool

    @rg.call(raises=(Rejected,))
    async def work(self, number: int) -> int:
        cls = Subject
        cls.before(number)
        cls.starts.append(number)
        cls.running.add(number)
        script = cls.scripts[number]
        outcome = script.pop(0) if script else "ok"
        try:
            await pause(SECONDS.get(outcome, 0.0))
        finally:
            cls.running.discard(number)
        cls.outcomes[number, outcome] += 1
        if outcome == "crash":
            raise RuntimeError("scripted")
        if outcome == "reject":
            raise Rejected
        if outcome == "lose":
            rg.reply_later()
        elif outcome == "stop":
            self.stop()
        return number


@dataclass
class Sent:
    """What the model knows of one accepted message."""

    dest: str
    lane: str | None
    retries: int
    interrupted: int = 0
    redrives: int = 0


class DeliveryMachine(RuleBasedStateMachine):
    """The delivery of one program over its starts; virtual time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.machine = Machine()
        self.sent: dict[int, Sent] = {}
        self.ids: dict[str, int] = {}
        self.up: set[str] = set()
        Subject.scripts, Subject.starts, Subject.outcomes, Subject.running = {}, [], Counter(), set()
        Subject.before = self.check_lane
        self.overtaken: list[int] = []

    # -- steps ---------------------------------------------------------------------------------

    def do(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    async def boot(self) -> None:
        self.journal = self.machine.journal(dead_letters=QUIET, concurrency=3)
        self.system = rg.System(services=[self.journal], ports=ports(), max_restarts=8, max_seconds=5.0)
        await self.system.start()
        self.up = set()
        for name in NAMES:
            await self.start(name)
        await settled()

    async def start(self, name: str) -> None:
        await self.system.root.call(
            rg.Supervisor.start_child(rg.child(Subject, id=name, name=name, restart="permanent")), timeout=5.0
        )
        self.up.add(name)

    def interrupt(self) -> None:
        """Whatever was begun and is not known to have ended may be begun once more."""
        begun = set(Subject.starts)
        for row in self.live():
            number = self.ids[row.mid.hex()]
            if number in begun:
                self.sent[number].interrupted += 1

    @initialize()
    def begin(self) -> None:
        self.do(self.boot())

    @rule(
        messages=st.lists(
            st.tuples(
                st.sampled_from((*NAMES, "nobody")),
                st.sampled_from((None, None, "x")),
                st.sampled_from(SCRIPTS),
                st.integers(0, 2),
            ),
            min_size=1,
            max_size=5,
        ),
        options=st.fixed_dictionaries(
            {},
            optional={
                "delay": st.sampled_from((1.0, 10.0)),
                "expires_in": st.sampled_from((20.0, 200.0)),
                "attempt_timeout": st.just(5.0),
                "on_error": st.just("ignore"),
            },
        ),
    )
    def send(self, messages: list[tuple[str, str | None, list[str], int]], options: dict[str, Any]) -> None:
        async def send(dest: str, lane: str | None, script: list[str], retries: int) -> None:
            number = len(Subject.scripts)
            Subject.scripts[number] = list(script)
            with contextlib.suppress(JournalError):
                delivery = await rg.supervised_send(
                    self.system.ref(dest, Subject),
                    Subject.work(number),
                    timeout=5.0,
                    durable=True,
                    ack="accepted",
                    ordering_key=lane,
                    retries=retries,
                    **options,
                )
                self.sent[number] = Sent(dest, lane, retries)
                self.ids[delivery.id] = number

        async def send_all() -> None:
            for message in messages:
                await send(*message)
            await settled()

        self.do(send_all())

    @rule(seconds=st.sampled_from((0.5, 2.0, 7.0, 45.0)))
    def advance(self, seconds: float) -> None:
        async def advance() -> None:
            await pause(seconds)
            await settled()

        self.do(advance())

    @rule(name=st.sampled_from(NAMES))
    def kill_process(self, name: str) -> None:
        async def kill() -> None:
            await pause(5.1)  # one of these per window of the restart budget, which is ours to leave
            pid = self.system.whereis(name)
            if pid is not None:
                pid.kill()
            await settled()

        self.do(kill())

    @rule(name=st.sampled_from(NAMES))
    def stop_process(self, name: str) -> None:
        async def stop() -> None:
            self.interrupt()
            await self.system.root.call(rg.Supervisor.terminate_child(name), timeout=60.0)
            self.up.discard(name)
            await settled()

        self.do(stop())

    @precondition(lambda self: len(self.up) < len(NAMES))
    @rule()
    def start_again(self) -> None:
        async def start() -> None:
            for name in set(NAMES) - self.up:
                await self.system.root.call(rg.Supervisor.restart_child(name), timeout=5.0)
                self.up.add(name)
            await settled()

        self.do(start())

    @rule()
    def restart_in_order(self) -> None:
        async def restart() -> None:
            self.interrupt()
            trouble = self.journal.stats().trouble
            before = {row.id: (row.attempts, row.crashes) for row in self.live()}
            await self.system.stop()
            for row in self.live():  # a stop burns no attempt; it may write down what was kept till now
                assert before[row.id] == (row.attempts, row.crashes) or trouble
            await self.boot()

        self.do(restart())

    @rule()
    def kill_9(self) -> None:
        async def crash() -> None:
            begun = {row.id for row in self.live() if self.ids[row.mid.hex()] in Subject.running}
            trouble = self.journal.stats().trouble  # a crash that isn't written down yet is blamed as well
            self.interrupt()
            await self.machine.kill(self.system)
            broken, self.machine.store.broken = self.machine.store.broken, False
            await self.boot()
            self.machine.store.broken = broken
            reader = self.machine.disk.reader()
            boot = inside(self.journal).boot - 1
            for row in self.live():  # who was being handled gets the blame, and nobody else
                noted = [one for one in reader.attempts(row.id) if one.boot == boot]
                blamed = any("the whole program ended" in str(one.error) for one in noted)
                assert blamed == (row.id in begun) or (blamed and trouble), row

        self.do(crash())

    @rule(on=st.booleans())
    def break_disk(self, on: bool) -> None:
        self.machine.store.broken = on

    @precondition(lambda self: not self.machine.store.broken)
    @rule()
    def redrive(self) -> None:
        async def redrive() -> None:
            letters = self.dead()
            if not letters:
                return
            now_us = inside(self.journal).now_us()
            try:
                await inside(self.journal).submit([Revive(letter.live.id, now_us) for letter in letters])
            except JournalError:  # something waits to be written since the disk failed
                return
            for letter in letters:
                self.sent[self.ids[letter.live.mid.hex()]].redrives += 1
                row = self.machine.disk.reader().live_one(letter.live.id)
                assert row is not None
                assert row.mid == letter.live.mid  # invariant 8: a redrive keeps the id
                inside(self.journal).desk.accepted(row)
            await settled()

        if self.system.state == "running":
            self.do(redrive())

    # -- what must hold ------------------------------------------------------------------------

    def live(self) -> list[Live]:
        return self.machine.disk.reader().live()

    def dead(self) -> list[DeadLetter]:
        return self.machine.disk.reader().dead(Filter(), limit=10_000)

    @invariant()
    def the_system_runs(self) -> None:
        if hasattr(self, "system"):
            assert self.system.state == "running"

    @invariant()
    def everything_is_accounted_for(self) -> None:
        """Invariants 1 and 2."""
        counts = self.machine.disk.reader().counts()
        assert counts.balanced
        assert counts.accepted == len(self.sent)
        live = {row.mid.hex() for row in self.live()}
        dead = {letter.live.mid.hex() for letter in self.dead()}
        assert not live & dead
        assert live | dead <= set(self.ids)

    @invariant()
    def the_dead_have_reasons(self) -> None:
        """Invariant 7."""
        reader = self.machine.disk.reader()
        for letter in self.dead():
            rows = reader.attempts(letter.live.id)
            outcomes = Counter(row.outcome for row in rows)
            if letter.burial.reason == "crash_loop":
                assert outcomes["crash"] >= letter.live.crashes >= 3
            elif letter.burial.reason == "max_attempts":
                assert len(rows) - outcomes["crash"] >= letter.live.attempts >= 1
            else:
                assert letter.burial.reason == "expired"

    def check_lane(self, number: int) -> None:
        """Called at each start, for invariant 4: nothing that was sent before in its lane is still owed."""
        sent = self.sent.get(number)
        if sent is None or sent.lane is None or sent.redrives:
            return
        for row in self.live():
            other = self.ids[row.mid.hex()]
            before = self.sent[other]
            if (
                (before.dest, before.lane) == (sent.dest, sent.lane)
                and other < number
                and not before.redrives
            ):
                self.overtaken.append(number)

    @invariant()
    def lanes_are_in_order(self) -> None:
        """Invariant 4."""
        assert self.overtaken == []

    @invariant()
    def starts_are_bounded(self) -> None:
        """Invariant 5: one start, one more for each failure or crash written down or interruption."""
        starts = Counter(Subject.starts)
        reader = self.machine.disk.reader()
        for row in self.live():
            number = self.ids[row.mid.hex()]
            noted = len(reader.attempts(row.id))
            assert starts[number] <= 1 + noted + self.sent[number].interrupted, number

    @invariant()
    def budgets_are_kept(self) -> None:
        """Three crashes are the end, and so are `retries + 1` failures; a redrive gives a new budget."""
        for number, sent in self.sent.items():
            budgets = 1 + sent.redrives
            assert Subject.outcomes[number, "crash"] <= MAX_CRASHES * budgets
            assert Subject.outcomes[number, "lose"] <= (sent.retries + 1) * budgets + sent.interrupted
            for last in ("ok", "reject", "stop"):
                assert Subject.outcomes[number, last] <= 1 + sent.interrupted

    def teardown(self) -> None:
        async def finish() -> None:
            self.machine.store.broken = False
            for name in set(NAMES) - self.up:
                await self.system.root.call(rg.Supervisor.restart_child(name), timeout=5.0)
            await self.system.root.call(
                rg.Supervisor.start_child(rg.child(Subject, id="nobody", name="nobody")), timeout=5.0
            )
            await pause(2000.0)
            counts = await self.journal.conservation()
            # G2: what has a recipient is not owed for ever.
            assert (counts.live, counts.balanced) == (0, True)
            assert counts.accepted == len(self.sent)
            await self.system.stop()

        if hasattr(self, "system"):
            self.do(finish())
        self.loop.close()


TestDeliveryModel = DeliveryMachine.TestCase
TestDeliveryModel.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
