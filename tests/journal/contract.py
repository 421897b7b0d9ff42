"""What every store of a journal must do: the tests of any store are a subclass of `StoreContract`.

To run it against a store of your own, make a class whose name starts with `Test` and give it a fixture
`reopen`: a function that gives the store of this one test, the same journal each time, neither opened
nor closed by it::

    class TestMyStore(StoreContract):
        @pytest.fixture
        def reopen(self, tmp_path):
            return lambda: MyStore(tmp_path / "journal")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import (
    CALL,
    DEAD,
    INFO,
    QUARANTINED,
    AuditEntry,
    Counts,
    Cursor,
    Filter,
    RedriveJob,
)
from regrow.delivery.journal.store import Opened, Reader, Store
from regrow.errors import JournalFailed, StaleEpoch
from tests.journal.samples import (
    START_US,
    attempt,
    burial,
    event,
    full_attempt,
    full_burial,
    full_live,
    live,
    state,
)


def take(store: Store, now_us: int = START_US) -> Opened:
    return store.open(node="here", pid=1, now_us=now_us)


def counts(accepted: int = 0, live: int = 0, done: int = 0, dead: int = 0, discarded: int = 0) -> Counts:
    return Counts(accepted=accepted, live=live, done=done, dead=dead, discarded=discarded)


class StoreContract:
    """The contract. `store` is open, `reader` looks at it."""

    @pytest.fixture
    def reopen(self) -> Callable[[], Store]:
        raise NotImplementedError("a subclass says which store")

    @pytest.fixture
    def store(self, reopen: Callable[[], Store]) -> Iterator[Store]:
        store = reopen()
        take(store)
        yield store
        store.close(now_us=START_US)

    @pytest.fixture
    def reader(self, store: Store) -> Iterator[Reader]:
        reader = store.reader()
        yield reader
        reader.close()

    # Opening and closing

    def test_a_new_journal_is_empty(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        opened = take(store)
        assert opened == Opened(boot=1, clean=True, next_id=1, epochs={}, quarantined=frozenset())
        assert store.reader().counts() == counts()
        assert store.check() == []
        store.close(now_us=START_US)

    def test_what_was_committed_is_there_after_a_clean_stop(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        take(store)
        store.commit(
            [
                ops.Accept(full_live(7)),
                ops.SaveState(state("a", 4)),
                ops.AppendEvent(event("b", 1), 6),
                ops.QuarantineCause(b"bad", True, START_US, "me"),
            ]
        )
        store.close(now_us=START_US)
        store = reopen()
        opened = take(store)
        expected = Opened(
            boot=2, clean=True, next_id=8, epochs={"a": 4, "b": 6}, quarantined=frozenset([b"bad"])
        )
        assert opened == expected
        assert store.reader().live() == [full_live(7)]
        store.close(now_us=START_US)

    def test_numbers_are_never_used_twice(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        take(store)
        store.commit([ops.Accept(live(9)), ops.Settle(9)])
        store.close(now_us=START_US)
        store = reopen()
        assert take(store).next_id == 10
        store.close(now_us=START_US)

    def test_closing_twice_is_closing_once(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        take(store)
        store.close(now_us=START_US)
        store.close(now_us=START_US)
        assert take(store).clean
        store.close(now_us=START_US)

    # Live deliveries

    def test_a_delivery_is_kept_as_it_was_given(self, store: Store, reader: Reader) -> None:
        store.commit([ops.Accept(full_live(1)), ops.Accept(live(2))])
        assert reader.live() == [full_live(1), live(2)]
        assert reader.live_one(1) == full_live(1)
        assert reader.live_one(3) is None
        assert reader.counts() == counts(accepted=2, live=2)

    @pytest.mark.parametrize(
        "values",
        [
            {},
            {"kind": CALL, "source": "sender", "traceparent": "00-1-2-01"},
            {"kind": INFO, "discard": True, "max_attempts": 1_000_000_001, "max_crashes": 65_535},
            {"max_crashes": 65_536},
            {"due_us": START_US + 99},
            {"redrives": 1},
        ],
    )
    def test_few_values_are_kept_as_well(
        self, store: Store, reader: Reader, values: Mapping[str, object]
    ) -> None:
        lives = [live(1, **values), live(2)]
        store.commit([ops.Accept(one) for one in lives])
        assert reader.live() == lives

    @pytest.mark.parametrize(
        "values",
        [
            [{"payload": b"p" * size} for size in (0, 1, 0xFFFF, 0x10000, 3)],
            [{"created_us": START_US + us, "due_us": START_US + us} for us in (0, 2**20 - 1, 5)],
            [{"created_us": START_US + us, "due_us": START_US + us} for us in (7, 2**20 + 8, 0)],
            [{"traceparent": text} for text in ("00-é-01", None, "", "00-f-01", "00-a-01")],
            [{"dest": dest, "max_attempts": n} for n in (1, 2) for dest in ("a", "b", "a")],
        ],
        ids=["payloads", "times", "far times", "traces", "alike in turn"],
    )
    def test_alike_or_not_each_is_kept_as_it_is(
        self, store: Store, reader: Reader, values: list[dict[str, object]]
    ) -> None:
        lives = [live(3 * id, **some) for id, some in enumerate(values, 1)]
        store.commit([ops.Accept(one) for one in lives])
        assert reader.live() == lives

    def test_those_that_are_said_to_be_alike_are_kept_as_they_are(self, store: Store, reader: Reader) -> None:
        like = object()
        lives = [live(id, payload=b"p" * id) for id in (1, 2, 5)]
        store.commit([ops.Settle(9), *(ops.Accept(one, like) for one in lives), ops.Accept(full_live(6))])
        assert reader.live() == [*lives, full_live(6)]
        assert reader.counts() == counts(accepted=4, live=4)

    def test_a_number_twice_in_a_batch_is_refused(self, store: Store, reader: Reader) -> None:
        with pytest.raises(JournalFailed):
            store.commit([ops.Accept(live(1)), ops.Accept(live(2)), ops.Accept(live(1))])
        assert reader.counts() == counts()

    def test_live_deliveries_come_in_pages_by_number(self, store: Store, reader: Reader) -> None:
        store.commit([ops.Accept(live(id)) for id in (5, 3, 4, 1, 2)])
        assert [row.id for row in reader.live(limit=2)] == [1, 2]
        assert [row.id for row in reader.live(after=2, limit=2)] == [3, 4]
        assert [row.id for row in reader.live(after=5)] == []

    @pytest.mark.parametrize("size", [1, 3, 5, 256, 700])
    def test_batches_of_any_size(self, store: Store, reader: Reader, size: int) -> None:
        store.commit([ops.Accept(live(id)) for id in range(1, size + 1)])
        assert [row.id for row in reader.live()] == list(range(1, size + 1))
        store.commit([ops.Settle(id) for id in range(1, size + 1)])
        assert reader.counts() == counts(accepted=size, done=size)

    @pytest.mark.parametrize("ids", [[2, 3, 4], [2, 4], [4, 3, 2], [2, 2, 4], [2, 3, 3]], ids=str)
    def test_what_is_settled_at_once_is_settled_and_nothing_between(
        self, store: Store, reader: Reader, ids: list[int]
    ) -> None:
        store.commit([ops.Accept(live(id)) for id in range(1, 6)])
        store.commit([ops.Settle(id) for id in ids])
        assert [row.id for row in reader.live()] == [id for id in range(1, 6) if id not in ids]
        gone = len(set(ids))
        assert reader.counts() == counts(accepted=5, live=5 - gone, done=gone)

    def test_an_empty_batch_is_nothing(self, store: Store, reader: Reader) -> None:
        store.commit([])
        assert reader.counts() == counts()

    def test_settled_in_the_batch_that_accepted_it(self, store: Store, reader: Reader) -> None:
        store.commit([ops.Accept(live(1)), ops.Settle(1), ops.Accept(live(2))])
        assert reader.live() == [live(2)]
        assert reader.counts() == counts(accepted=2, live=1, done=1)

    def test_what_is_not_live_any_more_is_left_alone(self, store: Store, reader: Reader) -> None:
        store.commit([ops.Accept(live(1)), ops.Settle(1), ops.Settle(1), ops.Discard(1)])
        store.commit([ops.Settle(1, attempted=True), ops.Retry(1, START_US, 1, 0, attempt())])
        store.commit([ops.Bury(1, 1, 0, burial(), attempt()), ops.Discard(1), ops.Revive(1, START_US)])
        assert reader.counts() == counts(accepted=1, done=1)
        assert reader.attempts(1) == []

    def test_a_retry_changes_counts_and_due_time_and_keeps_the_attempt(
        self, store: Store, reader: Reader
    ) -> None:
        store.commit([ops.Accept(live(1)), ops.Retry(1, START_US + 9, 1, 0, full_attempt())])
        store.commit([ops.Retry(1, START_US + 10, 1, 1), ops.Retry(1, START_US + 11, 2, 1, attempt(2))])
        assert reader.live_one(1) == live(1, due_us=START_US + 11, attempts=2, crashes=1)
        assert reader.attempts(1) == [full_attempt(), attempt(2)]

    @pytest.mark.parametrize(
        "end", [ops.Settle(1, attempted=True), ops.Discard(1)], ids=["settled", "discarded"]
    )
    def test_attempts_go_with_their_delivery(self, store: Store, reader: Reader, end: ops.Operation) -> None:
        store.commit([ops.Accept(live(1)), ops.Accept(live(2))])
        store.commit([ops.Retry(1, 1, 1, 0, attempt()), ops.Retry(2, 1, 1, 0, attempt())])
        store.commit([end])
        assert reader.attempts(1) == []
        assert reader.attempts(2) == [attempt()]

    def test_a_discard_is_counted(self, store: Store, reader: Reader) -> None:
        store.commit([ops.Accept(live(1)), ops.Discard(1)])
        assert reader.counts() == counts(accepted=1, discarded=1)

    def test_a_number_that_is_taken_fails_the_batch(self, store: Store, reader: Reader) -> None:
        store.commit([ops.Accept(live(1))])
        with pytest.raises(JournalFailed):
            store.commit([ops.Accept(live(2)), ops.Settle(1), ops.Accept(live(1))])
        assert reader.live() == [live(1)]
        assert reader.counts() == counts(accepted=1, live=1)

    # Dead letters

    def test_burying_moves_the_delivery(self, store: Store, reader: Reader) -> None:
        store.commit([ops.Accept(full_live(1)), ops.Bury(1, 4, 6, full_burial(), full_attempt())])
        letter = reader.dead_one(1)
        assert letter is not None
        assert (letter.live.attempts, letter.live.crashes) == (4, 6)
        assert letter.live.mid == full_live(1).mid
        assert letter.live.headers == full_live(1).headers
        assert letter.burial == full_burial()
        assert (letter.edited, letter.note, letter.auto_retries) == (None, None, 0)
        assert reader.attempts(1) == [full_attempt()]
        assert reader.counts() == counts(accepted=1, dead=1)
        assert reader.live_one(1) is None

    def test_one_that_was_never_durable(self, store: Store, reader: Reader) -> None:
        store.commit([ops.BuryNew(full_live(1), full_burial(), (attempt(1), attempt(2)))])
        letter = reader.dead_one(1)
        assert letter is not None
        assert letter.live == full_live(1)
        assert reader.attempts(1) == [attempt(1), attempt(2)]
        assert reader.counts() == counts(accepted=1, dead=1)

    def test_reviving_gives_it_a_new_budget(self, store: Store, reader: Reader) -> None:
        store.commit([ops.Accept(full_live(1)), ops.Bury(1, 4, 6, burial(), attempt())])
        store.commit([ops.Revive(1, START_US + 5)])
        revived = reader.live_one(1)
        assert revived is not None
        assert (revived.attempts, revived.crashes, revived.redrives) == (0, 0, 2)
        assert (revived.mid, revived.key, revived.dest) == (full_live(1).mid, "key", "worker")
        assert (revived.due_us, revived.expires_us) == (START_US + 5, START_US * 2)
        assert revived.payload == full_live(1).payload
        assert reader.attempts(1) == [attempt()]
        assert reader.dead(Filter()) == []
        assert reader.counts() == counts(accepted=1, live=1)

    def test_reviving_drops_an_expiry_that_is_over(self, store: Store, reader: Reader) -> None:
        store.commit([ops.BuryNew(live(1, expires_us=START_US), burial()), ops.Revive(1, START_US)])
        assert reader.live() == [live(1, due_us=START_US, redrives=1)]

    def test_reviving_for_another_recipient_with_the_edited_payload(
        self, store: Store, reader: Reader
    ) -> None:
        store.commit([ops.BuryNew(live(1), burial()), ops.Annotate(1, edited=b"better")])
        store.commit([ops.Revive(1, START_US, dest="other")])
        assert reader.live() == [live(1, dest="other", payload=b"better", due_us=START_US, redrives=1)]

    def test_the_first_payload_is_kept_over_all_edits_and_redrives(
        self, store: Store, reader: Reader
    ) -> None:
        again = (ops.Revive(1, START_US), ops.Bury(1, 1, 0, burial()))
        store.commit([ops.BuryNew(live(1), burial()), *again])
        assert [letter.original for letter in reader.dead(Filter())] == [None]
        for edited in (b"better", b"best", None):
            store.commit([ops.Annotate(1, edited=edited), *again])
            (letter,) = reader.dead(Filter())
            assert (letter.original, letter.first) == (live(1).payload, live(1).payload)
            assert letter.live.payload == (edited or b"best")
        store.commit([ops.Revive(1, START_US), ops.Settle(1, True)])
        store.commit([ops.BuryNew(live(2), burial()), ops.Annotate(2, auto_retries=4, original=b"first")])
        (letter,) = reader.dead(Filter())
        assert (letter.auto_retries, letter.original, letter.edited) == (4, b"first", None)

    def test_a_dead_letter_is_found_by_its_message(self, store: Store, reader: Reader) -> None:
        store.commit([ops.BuryNew(live(1), burial()), ops.BuryNew(live(2), burial()), ops.Accept(live(3))])
        found = reader.dead_message(live(2).mid)
        assert found == reader.dead_one(2)
        assert found is not None
        assert reader.dead_message(live(3).mid) is None

    def test_automatic_retries_are_counted_over_deaths(self, store: Store, reader: Reader) -> None:
        store.commit([ops.BuryNew(live(1), burial())])
        for auto in (True, False, True):
            store.commit([ops.Revive(1, START_US, auto=auto), ops.Bury(1, 1, 0, burial())])
        letter = reader.dead_one(1)
        assert letter is not None
        assert (letter.auto_retries, letter.live.redrives) == (2, 3)

    def test_purging_deletes_and_counts(self, store: Store, reader: Reader) -> None:
        store.commit([ops.BuryNew(live(1), burial(), (attempt(),)), ops.Accept(live(2))])
        store.commit([ops.Purge(1), ops.Purge(1), ops.Purge(2)])
        assert reader.attempts(1) == []
        assert reader.groups(Filter()) == []
        assert reader.counts() == counts(accepted=2, live=1, discarded=1)

    def test_annotations_change_what_is_given(self, store: Store, reader: Reader) -> None:
        store.commit([ops.BuryNew(live(1), full_burial())])
        store.commit([ops.Annotate(1, edited=b"new", note="why", retry_us=None)])
        letter = reader.dead_one(1)
        assert letter is not None
        assert (letter.edited, letter.note, letter.burial.retry_us) == (b"new", "why", None)
        store.commit([ops.Annotate(1, note=None), ops.Annotate(1, retry_us=5)])
        letter = reader.dead_one(1)
        assert letter is not None
        assert (letter.edited, letter.note, letter.burial.retry_us) == (b"new", None, 5)
        store.commit([ops.Annotate(1, edited=None)])
        letter = reader.dead_one(1)
        assert letter is not None
        assert letter.edited is None
        assert letter.live.payload == live(1).payload

    def test_regrouping_changes_the_status(self, store: Store, reader: Reader) -> None:
        store.commit([ops.BuryNew(live(id), burial(START_US + id)) for id in (1, 2)])
        store.commit([ops.Regroup(1, QUARANTINED), ops.Regroup(1, QUARANTINED), ops.Regroup(9, QUARANTINED)])
        found = {group.status: group.count for group in reader.groups(Filter())}
        assert found == {DEAD: 1, QUARANTINED: 1}
        assert [letter.live.id for letter in reader.dead(Filter(status=QUARANTINED))] == [1]
        store.commit([ops.Regroup(1, DEAD)])
        assert [(group.status, group.count) for group in reader.groups(Filter())] == [(DEAD, 2)]

    def test_groups_are_by_cause_the_largest_first(self, store: Store, reader: Reader) -> None:
        causes = [burial(START_US + id, error_type="E" if id % 3 else None) for id in range(1, 8)]
        store.commit([ops.BuryNew(live(id), cause) for id, cause in enumerate(causes, 1)])
        first, second = reader.groups(Filter())
        assert (first.error_type, first.count, first.first_us, first.last_us) == (
            "E",
            5,
            START_US + 1,
            START_US + 7,
        )
        assert (second.error_type, second.count) == (None, 2)
        assert (first.dest, first.type, first.reason, first.fingerprint) == (
            "worker",
            "app:Worker.handle",
            "max_attempts",
            burial().fingerprint,
        )
        (some,) = reader.groups(Filter(error_type="E", newer_us=START_US + 4, older_us=START_US + 5))
        assert (some.count, some.first_us, some.last_us) == (2, START_US + 4, START_US + 5)

    def test_pages_follow_the_time_of_death_then_the_number(self, store: Store, reader: Reader) -> None:
        died = {1: 30, 2: 10, 3: 20, 4: 20, 5: 10}
        store.commit([ops.BuryNew(live(id), burial(dead_us)) for id, dead_us in died.items()])
        assert [letter.live.id for letter in reader.dead(Filter())] == [2, 5, 3, 4, 1]
        page = reader.dead(Filter(), after=Cursor(10, 5), limit=2)
        assert [letter.live.id for letter in page] == [3, 4]
        assert reader.dead(Filter(dest="worker"), after=Cursor(30, 1)) == []

    @pytest.mark.parametrize(
        ("where", "found"),
        [
            (Filter(dest="b"), [2]),
            (Filter(type="t"), [3]),
            (Filter(reason="rejected"), [4]),
            (Filter(error_type="E"), [5]),
            (Filter(fingerprint=b"f"), [6]),
            (Filter(key="k"), [7]),
            (Filter(key="k", dest="b"), []),
            (Filter(status=QUARANTINED), [8]),
            (Filter(older_us=2), [1, 2]),
            (Filter(newer_us=7), [7, 8]),
            (Filter(newer_us=2, older_us=3, dest="worker"), [3]),
            (Filter(newer_us=4, older_us=3), []),
            (Filter(ids=(8, 1, 99)), [1, 8]),
            (Filter(ids=(8, 1), status=DEAD), [1]),
            (Filter(ids=(8, 7), key="k"), [7]),
            (Filter(ids=()), []),
            (Filter(dest="nobody"), []),
        ],
    )
    def test_filters(self, store: Store, reader: Reader, where: Filter, found: list[int]) -> None:
        store.commit(
            [
                ops.BuryNew(live(1), burial(1)),
                ops.BuryNew(live(2, dest="b"), burial(2)),
                ops.BuryNew(live(3, type="t"), burial(3)),
                ops.BuryNew(live(4), burial(4, reason="rejected")),
                ops.BuryNew(live(5), burial(5, error_type="E")),
                ops.BuryNew(live(6), burial(6, fingerprint=b"f")),
                ops.BuryNew(live(7, key="k"), burial(7)),
                ops.BuryNew(live(8), burial(8, status=QUARANTINED)),
            ]
        )
        assert [letter.live.id for letter in reader.dead(where)] == found

    def test_automatic_retries_come_when_due_and_never_for_quarantined_ones(
        self, store: Store, reader: Reader
    ) -> None:
        assert reader.next_retry_us() is None
        retries = {1: 30, 2: 10, 3: None, 4: 20}
        store.commit([ops.BuryNew(live(id), burial(retry_us=at)) for id, at in retries.items()])
        store.commit([ops.BuryNew(live(5), burial(retry_us=1, status=QUARANTINED))])
        assert reader.next_retry_us() == 10
        assert [letter.live.id for letter in reader.dead_due(25, 10)] == [2, 4]
        assert [letter.live.id for letter in reader.dead_due(99, 1)] == [2]
        store.commit([ops.Regroup(2, QUARANTINED), ops.Regroup(5, DEAD)])
        assert reader.next_retry_us() == 1

    def test_retention(self, store: Store, reader: Reader) -> None:
        ends = {1: 30, 2: 10, 3: None, 4: 20}
        store.commit([ops.BuryNew(live(id), burial(expires_us=at)) for id, at in ends.items()])
        assert reader.dead_expired(20, 10) == [2, 4]
        assert reader.dead_expired(99, 1) == [2]
        assert reader.dead_expired(9, 10) == []

    # Persistent servers

    def test_the_last_state_of_a_batch_counts(self, store: Store, reader: Reader) -> None:
        store.commit([ops.SaveState(state("a", 1, n, b"%d" % n)) for n in range(5)])
        assert reader.state("a") == state("a", 1, 4, b"4")
        assert reader.state("b") is None

    def test_events_are_kept_in_order_until_dropped(self, store: Store, reader: Reader) -> None:
        store.commit([ops.AppendEvent(event("a", n, b"%d" % n), 1) for n in (1, 2, 3)])
        store.commit([ops.AppendEvent(event("a", 4), 1), ops.AppendEvent(event("b", 1), 1)])
        store.commit([ops.DropEvents("a", 2)])
        assert reader.events("a", after=0) == [event("a", 3, b"3"), event("a", 4)]
        assert reader.events("a", after=3) == [event("a", 4)]
        assert reader.events("b", after=0) == [event("b", 1)]

    def test_an_event_that_the_same_batch_drops(self, store: Store, reader: Reader) -> None:
        store.commit([ops.AppendEvent(event("a", 1), 1), ops.DropEvents("a", 1)])
        assert reader.events("a", after=0) == []

    @pytest.mark.parametrize(
        "stale",
        [ops.SaveState(state("a", 4)), ops.AppendEvent(event("a", 1), 4), ops.AppendEvent(event("a", 9), 4)],
        ids=["state", "event that is there", "event"],
    )
    def test_a_stale_incarnation_writes_nothing(
        self, store: Store, reader: Reader, stale: ops.Operation
    ) -> None:
        store.commit([ops.AppendEvent(event("a", 1), 5), ops.SaveState(state("a", 5))])
        with pytest.raises(StaleEpoch) as caught:
            store.commit([ops.Accept(live(1)), stale, ops.SaveState(state("b", 1))])
        assert (caught.value.name, caught.value.epoch, caught.value.current) == ("a", 4, 5)
        assert reader.counts() == counts()
        assert reader.state("b") is None
        assert reader.state("a") == state("a", 5)
        store.commit([ops.SaveState(state("a", 5, 2))])
        assert reader.state("a") == state("a", 5, 2)

    def test_a_successor_in_the_same_batch(self, store: Store, reader: Reader) -> None:
        with pytest.raises(StaleEpoch):
            store.commit([ops.SaveState(state("a", epoch)) for epoch in (1, 2, 1)])
        assert reader.state("a") is None
        store.commit([ops.SaveState(state("a", epoch)) for epoch in (1, 2, 3)])
        assert reader.state("a") == state("a", 3)

    def test_an_event_that_is_there_fails_the_batch(self, store: Store, reader: Reader) -> None:
        store.commit([ops.AppendEvent(event("a", 1), 1)])
        with pytest.raises(JournalFailed):
            store.commit([ops.Accept(live(1)), ops.AppendEvent(event("a", 1, b"other"), 1)])
        assert reader.events("a", after=0) == [event("a", 1)]
        assert reader.counts() == counts()

    def test_an_unreadable_state_is_set_aside(self, store: Store, reader: Reader) -> None:
        store.commit([ops.SaveState(state("a", 3)), ops.AppendEvent(event("a", 1), 3)])
        first = store.set_aside_state("a", START_US)
        assert reader.state("a") is None
        assert reader.events("a", after=0) == []
        kept = reader.state(first)
        assert kept is not None
        assert kept.data == b"state"
        assert [kept.data for kept in reader.events(first, after=0)] == [b"event"]
        with pytest.raises(StaleEpoch):
            store.commit([ops.SaveState(state("a", 2))])
        store.commit([ops.SaveState(state("a", 3))])
        assert store.set_aside_state("a", START_US) != first

    def test_processed_keys_are_remembered_until_their_time(self, store: Store, reader: Reader) -> None:
        store.commit([ops.Processed("a", "k", 10), ops.Processed("a", "é", 20), ops.Processed("b", "k", 5)])
        store.commit([ops.Processed("b", "k", 20)])
        store.commit([ops.ForgetProcessed(10), ops.Processed("c", "k", 1)])
        found = {who: reader.processed(who, "k") for who in "abc"}
        assert found == {"a": False, "b": True, "c": True}
        assert reader.processed("a", "é")

    # Operators

    def test_jobs_are_put_again_as_they_go_on(self, store: Store, reader: Reader) -> None:
        where = Filter(dest="worker", fingerprint=b"\xff", ids=(1, 2))
        job = RedriveJob(id=2, where=where, actor="me", rate=2.5, cursor=Cursor(5, 6), started_us=START_US)
        first = RedriveJob(id=1, where=Filter(), actor="you")
        store.commit([ops.PutJob(job), ops.PutJob(first)])
        done = RedriveJob(id=1, where=Filter(), actor="you", status="done", moved=3)
        store.commit([ops.PutJob(done)])
        assert reader.jobs() == [done, job]

    def test_the_audit_tells_the_last_first(self, store: Store, reader: Reader) -> None:
        entries = [
            AuditEntry(at_us=n, actor="me", action="purge", target=str(n), detail="x" if n else None)
            for n in range(3)
        ]
        store.commit([ops.Record(entry) for entry in entries])
        assert reader.audit() == entries[::-1]
        assert reader.audit(limit=1) == entries[2:]

    def test_causes_are_quarantined_and_released(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        take(store)
        on = [ops.QuarantineCause(cause, True, START_US, "me") for cause in (b"a", b"b", b"a")]
        store.commit([*on, ops.QuarantineCause(b"b", False, START_US, "me")])
        store.close(now_us=START_US)
        assert take(store).quarantined == {b"a"}
        store.close(now_us=START_US)

    # Order within a batch

    def test_a_batch_is_done_in_its_order(self, store: Store, reader: Reader) -> None:
        store.commit(
            [
                ops.Accept(live(1)),
                ops.Bury(1, 1, 0, burial(), attempt(1)),
                ops.Revive(1, START_US),
                ops.Settle(1, attempted=True),
                ops.Bury(1, 1, 0, burial(), attempt(2)),
                ops.Accept(live(2)),
                ops.Retry(2, START_US, 1, 0, attempt(3)),
                ops.Discard(2),
            ]
        )
        assert reader.counts() == counts(accepted=2, done=1, discarded=1)
        assert reader.attempts(1) == reader.attempts(2) == []

    def test_readers_see_whole_batches_only(self, store: Store, reader: Reader) -> None:
        other = store.reader()
        store.commit([ops.Accept(live(1))])
        assert other.counts() == reader.counts() == counts(accepted=1, live=1)
        with pytest.raises(JournalFailed):
            store.commit([ops.Settle(1), ops.Accept(live(1)), ops.Accept(live(1))])
        assert other.live() == reader.live() == [live(1)]
        other.close()

    def test_housekeeping_changes_nothing(self, store: Store, reader: Reader) -> None:
        store.commit([ops.BuryNew(live(1), burial(), (attempt(),)), ops.Accept(live(2))])
        store.checkpoint()
        store.vacuum()
        assert store.check() == []
        assert reader.counts() == counts(accepted=2, live=1, dead=1)
