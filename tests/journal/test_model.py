"""Both stores against the model: all operations, in batches of any kind, with restarts and kills."""

from __future__ import annotations

import itertools
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

lives = st.builds(
    Live,
    id=ids,
    mid=st.binary(min_size=16, max_size=16),
    dest=dests,
    kind=st.integers(0, 2),
    type=types,
    payload=st.binary(min_size=1, max_size=8),
    key=keys,
    lane=st.none() | st.text(max_size=3),
    source=st.none() | names,
    headers=st.none() | blobs,
    traceparent=st.none() | st.just("00-1-2-01"),
    created_us=times,
    expires_us=st.none() | st.integers(1, 20),
    due_us=times,
    max_attempts=small,
    max_crashes=small,
    discard=st.booleans(),
    attempt_timeout=st.none() | st.floats(0, 9),
    attempts=small,
    crashes=small,
    redrives=small,
)
attempts = st.builds(
    Attempt,
    boot=small,
    started_us=times,
    ended_us=times,
    outcome=st.sampled_from(["error", "crash"]),
    error_type=error_types,
    error=st.none() | st.text(max_size=3),
    trace=st.none() | st.text(max_size=3),
    delay_us=times,
)
burials = st.builds(
    Burial,
    reason=reasons,
    error_type=error_types,
    error=st.none() | st.text(max_size=3),
    fingerprint=fingerprints,
    dead_us=times,
    retry_us=maybe_time,
    expires_us=maybe_time,
    code_version=st.none() | st.just("v"),
    status=statuses,
)
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
        self.patch.setattr(search, "_SCANNED", 2)
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

    @rule(batch=st.lists(operations, min_size=1, max_size=12))
    def commit(self, batch: list[ops.Operation]) -> None:
        batch = self.numbered(batch)
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

    @rule()
    def stop_and_start(self) -> None:
        self.reader.close()
        for store in self.stores:
            store.close(now_us=1)
        self.reopened(clean=True)

    @rule()
    def kill_and_start(self) -> None:
        """What stands in the files now is all that the next owner has."""
        self.reader.close()
        old, new = self.sqlite.path, self.sqlite.path.with_name(f"killed-{next(self.kills)}.db")
        for end in ("", "-wal"):
            shutil.copy(f"{old}{end}", f"{new}{end}")
        self.sqlite.close(now_us=1)
        self.sqlite = SqliteStore(new, "none")
        self.reopened(clean=False)

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
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
