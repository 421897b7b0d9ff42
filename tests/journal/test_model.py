"""Both stores against the model: all operations, in batches of any kind, with restarts and kills."""

from __future__ import annotations

import itertools
import random
import shutil
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal import search
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.rows import (
    DEAD,
    QUARANTINED,
    Attempt,
    AuditEntry,
    Burial,
    Cursor,
    Filter,
    Live,
    RedriveJob,
)
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.delivery.journal.store import Reader, Store
from regrow.errors import JournalFailed, StaleEpoch
from tests.journal.conftest import MEMORY
from tests.journal.model import Model
from tests.journal.samples import event, state

replace = msgspec.structs.replace

ids = st.integers(1, 16)
times = st.integers(0, 20)
maybe_time = st.none() | times
seldom = st.one_of([st.none()] * 4)
dests = st.sampled_from(["a", "b"])
types = st.sampled_from(["t", "u"])
reasons = st.sampled_from(["rejected", "expired"])
error_types = st.sampled_from([None, "E", "F"])
fingerprints = st.sampled_from([b"1", b"\x00\xff"])
keys = st.sampled_from([None, "k", "é"])
statuses = st.sampled_from([DEAD, QUARANTINED])
names = st.sampled_from(["x", "y"])
small = st.integers(0, 3)
blobs = st.binary(max_size=4)

seeds = st.integers(0, 50_000)


def made_live(seed: int) -> Live:
    """Drawing every field would take more of Hypothesis' budget than it gives for a whole example."""
    pick = random.Random(seed)
    return Live(
        id=0,
        mid=pick.randbytes(16),
        dest=pick.choice("ab"),
        kind=pick.randrange(3),
        type=pick.choice("tu"),
        payload=pick.randbytes(pick.randrange(1, 9)),
        key=pick.choice([None, "k", "é"]),
        lane=pick.choice([None, "", "lane"]),
        source=pick.choice([None, "x"]),
        headers=pick.choice([None, b"", b"\x80"]),
        traceparent=pick.choice([None, "00-1-2-01"]),
        created_us=pick.randrange(20),
        expires_us=pick.choice([None, *range(1, 20)]),
        due_us=pick.randrange(20),
        max_attempts=pick.randrange(4),
        max_crashes=pick.randrange(4),
        discard=pick.random() < 0.5,
        attempt_timeout=pick.choice([None, 0.1, 2.0]),
        attempts=pick.randrange(4),
        crashes=pick.randrange(4),
        redrives=pick.randrange(4),
    )


def made_attempt(seed: int) -> Attempt:
    pick = random.Random(seed)
    return Attempt(
        boot=pick.randrange(4),
        started_us=pick.randrange(20),
        ended_us=pick.randrange(20),
        outcome=pick.choice(["error", "crash"]),
        error_type=pick.choice([None, "E"]),
        error=pick.choice([None, "", "text"]),
        trace=pick.choice([None, "frames"]),
        delay_us=pick.randrange(20),
    )


def made_burial(seed: int) -> Burial:
    pick = random.Random(seed)
    return Burial(
        reason=pick.choice(["rejected", "expired"]),
        error_type=pick.choice([None, "E", "F"]),
        error=pick.choice([None, "", "text"]),
        fingerprint=pick.choice([b"1", b"\x00\xff"]),
        dead_us=pick.randrange(20),
        retry_us=pick.choice([None, *range(20)]),
        expires_us=pick.choice([None, *range(20)]),
        code_version=pick.choice([None, "v"]),
        status=pick.choice([DEAD, DEAD, QUARANTINED]),
    )


lives, attempts, burials = seeds.map(made_live), seeds.map(made_attempt), seeds.map(made_burial)
filters = st.builds(
    Filter,
    dest=st.none() | dests,
    type=st.none() | types,
    reason=st.none() | reasons,
    error_type=error_types,
    fingerprint=st.none() | fingerprints,
    older_us=maybe_time,
    newer_us=maybe_time,
    key=seldom | keys,
    status=st.none() | statuses,
    ids=seldom | st.lists(ids, max_size=5).map(tuple),
)
groupings = st.builds(
    Filter, dest=st.none() | dests, error_type=error_types, older_us=maybe_time, newer_us=maybe_time
)
operations = st.one_of(
    st.builds(ops.Accept, lives),
    st.builds(ops.Accept, lives),
    st.builds(ops.Accept, lives),
    st.builds(ops.Settle, ids, st.just(True)),
    st.builds(ops.Retry, ids, times, small, small, st.none() | attempts),
    st.builds(ops.Bury, ids, small, small, burials, st.none() | attempts),
    st.builds(ops.Bury, ids, small, small, burials, st.none() | attempts),
    st.builds(ops.BuryNew, lives, burials, st.lists(attempts, max_size=2).map(tuple)),
    st.builds(ops.BuryNew, lives, burials),
    st.builds(ops.BuryNew, lives, burials),
    st.builds(ops.Discard, ids),
    st.builds(ops.Revive, ids, times, st.none() | dests, st.booleans()),
    st.builds(ops.Purge, ids),
    st.builds(
        ops.Annotate,
        ids,
        edited=st.none() | st.binary(min_size=1, max_size=4),
        note=st.none() | st.text(max_size=3),
    ),
    st.builds(ops.Annotate, ids, retry_us=maybe_time),
    st.builds(
        ops.Annotate,
        ids,
        auto_retries=st.integers(0, 3),
        original=st.none() | st.binary(min_size=1, max_size=4),
    ),
    st.builds(ops.Regroup, ids, statuses),
    st.builds(ops.QuarantineCause, fingerprints, st.booleans(), times, names),
    st.builds(ops.Processed, names, st.text(max_size=2), times),
    st.builds(ops.ForgetProcessed, times),
    st.builds(lambda *values: ops.SaveState(state(*values)), names, small, small, blobs),
    st.builds(
        lambda name, version, data, epoch: ops.AppendEvent(event(name, version, data), epoch),
        names,
        st.integers(1, 6),
        blobs,
        small,
    ),
    st.builds(ops.DropEvents, names, st.integers(1, 9)),
    st.builds(lambda id, where: ops.PutJob(RedriveJob(id=id, where=where, actor="me")), small, filters),
    st.builds(
        lambda at_us, who, what: ops.Record(AuditEntry(at_us=at_us, actor=who, action="purge", target=what)),
        times,
        names,
        st.text(max_size=3),
    ),
)


OF_LIVE = (ops.Settle, ops.Retry, ops.Bury, ops.Discard)
NOBODY = 1_000_000
OF_DEAD = (ops.Revive, ops.Purge, ops.Annotate, ops.Regroup)


class Journals(RuleBasedStateMachine):
    """A store in memory and one in a file do the same as the model."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.patch = pytest.MonkeyPatch()
        # So few that pages of dead letters are found both ways.
        self.patch.setattr(search, "SCANNED", 2)
        self.directory = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.versions: dict[str, int] = {}
        self.boots, self.kills = itertools.count(1), itertools.count(1)
        self.memory = MemoryStore()
        self.sqlite = SqliteStore(Path(self.directory.name) / "journal.db", "none")

    @initialize()
    def begin(self) -> None:
        self.reopened(clean=True)

    def teardown(self) -> None:
        assert self.sqlite.check() == self.memory.check() == []
        self.sqlite.close(now_us=9)
        self.directory.cleanup()
        self.patch.undo()

    @property
    def stores(self) -> tuple[Store, Store]:
        return self.memory, self.sqlite

    def readers(self) -> list[Reader]:
        return [self.memory.reader(), self.reader]

    def reopened(self, *, clean: bool) -> None:
        boot = next(self.boots)
        for store in self.stores:
            opened = store.open(node="here", pid=1, now_us=boot)
            assert (opened.boot, opened.clean) == (boot, clean)
            assert opened.next_id == max(self.model.entries, default=0) + 1
            assert opened.epochs == self.model.epochs
            assert opened.quarantined == self.model.causes
        self.reader = self.sqlite.reader()

    @rule(batches=st.lists(st.lists(operations, min_size=1, max_size=8), min_size=1, max_size=6))
    def commit(self, batches: list[list[ops.Operation]]) -> None:
        for batch in batches:
            self.commit_one(self.numbered(batch))
            self.all_is_as_the_model_says()

    def commit_one(self, batch: list[ops.Operation]) -> None:
        if self.model.refuses(batch):
            for store in self.stores:
                with pytest.raises((StaleEpoch, JournalFailed)):
                    store.commit(batch)
        else:
            self.model.commit(batch)
            for store in self.stores:
                store.commit(batch)

    def numbered(self, batch: list[ops.Operation]) -> list[ops.Operation]:
        """As an owner numbers them: new deliveries upwards; the others mean one that is, or was, there."""
        numbers = itertools.count(max(self.model.entries, default=0) + 1)
        live, dead = ([entry.live.id for entry in self.model.fated(fate)] for fate in ("live", "dead"))
        numbered: list[ops.Operation] = []
        for op in batch:
            if isinstance(op, (ops.Accept, ops.BuryNew)):
                op = replace(op, live=replace(op.live, id=next(numbers)))  # noqa: PLW2901
                (live if isinstance(op, ops.Accept) else dead).append(op.live.id)
            elif isinstance(op, OF_LIVE):
                op = replace(op, id=live[op.id % len(live)] if live else NOBODY)  # noqa: PLW2901
                if isinstance(op, ops.Bury):
                    dead.append(op.id)
            elif isinstance(op, OF_DEAD):
                op = replace(op, id=dead[op.id % len(dead)] if dead else NOBODY)  # noqa: PLW2901
            elif isinstance(op, ops.AppendEvent):
                version = self.versions[op.event.name] = self.versions.get(op.event.name, 0) + 1
                op = replace(op, event=replace(op.event, version=version))  # noqa: PLW2901
            elif isinstance(op, ops.DropEvents):
                op = replace(op, version=min(op.version, self.versions.get(op.name, 0)))  # noqa: PLW2901
            numbered.append(op)
        return numbered

    @rule(batch=st.lists(operations, max_size=4), which=st.integers(0, 20), live=lives)
    def use_a_number_twice(self, batch: list[ops.Operation], which: int, live: Live) -> None:
        taken = self.model.fated("live")
        if taken:
            taken_id = taken[which % len(taken)].live.id
            others = [op for op in self.numbered(batch) if not isinstance(op, (ops.Accept, ops.BuryNew))]
            for store in self.stores:
                with pytest.raises((StaleEpoch, JournalFailed)):
                    store.commit([*others, ops.Accept(replace(live, id=taken_id))])

    @rule(where=filters, after=st.none() | st.builds(Cursor, times, ids), limit=st.integers(1, 5))
    def look(self, where: Filter, after: Cursor | None, limit: int) -> None:
        expected = self.model.dead(where, after, limit)
        for reader in self.readers():
            assert reader.dead(where, after=after, limit=limit) == expected

    @rule(where=groupings)
    def group(self, where: Filter) -> None:
        expected = self.model.groups(where)
        for reader in self.readers():
            groups = reader.groups(where)
            assert [group.count for group in groups] == sorted(map(len, expected.values()), reverse=True)
            for group in groups:
                cause = (
                    *(group.dest, group.type, group.reason),
                    *(group.error_type, group.fingerprint, group.status),
                )
                died = expected[cause]
                assert (group.count, group.first_us, group.last_us) == (len(died), min(died), max(died))

    @rule(now_us=times, limit=st.integers(1, 5))
    def wait_for(self, now_us: int, limit: int) -> None:
        due = [id for _, id in self.model.due(now_us)]
        for reader in self.readers():
            assert [letter.live.id for letter in reader.dead_due(now_us, limit)] == due[:limit]
            assert reader.dead_expired(now_us, limit) == self.model.expired(now_us)[:limit]

    @rule(clean=st.booleans())
    def start_anew(self, clean: bool) -> None:
        """After a stop, or a kill: what stands in the files now is all that the next owner has."""
        self.reader.close()
        if clean:
            for store in self.stores:
                store.close(now_us=1)
            self.reopened(clean=True)
        else:
            self.kill()
            self.reopened(clean=False)

    def kill(self) -> None:
        old, new = self.sqlite.path, self.sqlite.path.with_name(f"killed-{next(self.kills)}.db")
        for end in ("", "-wal"):
            shutil.copy(f"{old}{end}", f"{new}{end}")
        self.sqlite.close(now_us=1)
        self.sqlite = SqliteStore(new, "none")

    @rule()
    def keep_house(self) -> None:
        for store in self.stores:
            store.checkpoint()
        assert self.sqlite.check() == []

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        model = self.model
        for reader in self.readers():
            assert reader.counts() == model.counts()
            assert reader.counts().balanced
            assert reader.live() == [entry.live for entry in model.fated("live")]
            assert reader.dead(Filter()) == model.dead(Filter(), None, 100)
            for id, entry in model.entries.items():
                assert reader.attempts(id) == entry.attempts
                assert (reader.dead_one(id) is None) == (entry.fate != "dead")
            for name in ("x", "y"):
                events = [event for event in model.events if event.name == name]
                assert reader.state(name) == model.states.get(name)
                assert reader.events(name, after=0) == sorted(events, key=lambda event: event.version)
            assert reader.jobs() == [job for _, job in sorted(model.jobs.items())]
            assert reader.audit() == model.audit
            assert reader.next_retry_us() == min((due for due, _ in model.due(100)), default=None)
            for name, key in itertools.product("xy", {key for _, key in model.processed}):
                assert reader.processed(name, key) == ((name, key) in model.processed)


TestJournals = Journals.TestCase
TestJournals.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
