"""What a store is made to write: seeded batches that fit what the journal holds."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import (
    CALL,
    CAST,
    DEAD,
    INFO,
    QUARANTINED,
    Attempt,
    AuditEntry,
    Burial,
    Filter,
    Live,
    RedriveJob,
    SavedState,
    StateEvent,
)
from regrow.delivery.journal.store import Opened, Reader

__all__ = ("CONSUMERS", "KEYS", "SERVERS", "Load")

SERVERS: Final = ("tally", "ledger")
CONSUMERS: Final = SERVERS
KEYS: Final = tuple(f"key-{number}" for number in range(5))

_MANY: Final = 340
"""More than one statement takes."""
_FULL: Final = 50

_T = TypeVar("_T")
_Maker = Callable[[], ops.Operation | None]


class Load:
    """Makes batches. Times are a counter: a store has no clock.

    Args:
        reader: What the journal holds now.
    """

    def __init__(self, rng: random.Random, reader: Reader) -> None:
        self._rng = rng
        self._reader = reader
        self._now = 1_000
        self._opened = Opened(boot=0, clean=True, next_id=1, epochs={}, quarantined=frozenset())
        self._next_id = 1
        self._live: list[int] = []
        self._dead: list[int] = []
        self._versions: dict[str, int] = {}
        self._makers: Final[list[tuple[int, _Maker]]] = [
            (16, self._accept),
            (8, self._settle),
            (4, self._retry),
            (5, self._bury),
            (2, self._bury_new),
            (3, self._revive),
            (1, self._discard),
            (1, self._purge),
            (1, self._annotate),
            (1, self._regroup),
            (1, self._cause),
            (2, self._processed),
            (1, self._forget),
            (3, self._state),
            (4, self._event),
            (1, self._drop),
            (1, self._job),
            (2, self._record),
        ]

    def now_us(self) -> int:
        """A later time."""
        self._now += self._rng.randrange(1, 1_000)
        return self._now

    def opened(self, opened: Opened) -> None:
        """The store was opened: its servers are new incarnations."""
        self._opened = opened

    def batch(self) -> list[ops.Operation]:
        """Some operations that belong together; a few times very many."""
        self._look()
        if self._rng.random() < 0.02 and len(self._live) < _FULL:
            return [self._accept() for _ in range(_MANY)]
        if len(self._live) > _FULL:
            return [ops.Settle(id, attempted=True) for id in self._live[_FULL // 2 :]]
        if len(self._dead) > _FULL:
            return [ops.Purge(id) for id in self._dead[_FULL // 2 :]]
        weights, makers = zip(*self._makers, strict=True)
        chosen = self._rng.choices(makers, weights, k=self._rng.choice((1, 2, 4, 8, 16)))
        # An audit line with the time makes each batch's outcome differ from all others.
        return [op for make in chosen if (op := make()) is not None] + [self._record()]

    def stale(self) -> list[ops.Operation]:
        """A batch that must be refused as a whole, if a server has written before."""
        self._look()
        state = self._saved(self._rng.choice(SERVERS))
        late = msgspec.structs.replace(state, epoch=0)
        return [self._accept(), ops.SaveState(state), ops.SaveState(late)]

    def _look(self) -> None:
        self._live = [live.id for live in self._reader.live(limit=10_000)]
        self._dead = [letter.live.id for letter in self._reader.dead(Filter(), limit=10_000)]
        for name in SERVERS:
            state = self._reader.state(name)
            version = state.version if state else 0
            events = self._reader.events(name, after=0)
            self._versions[name] = max([version, *(event.version for event in events)])

    def _take(self, ids: list[int]) -> int | None:
        return ids.pop(self._rng.randrange(len(ids))) if ids else None

    def _maybe(self, value: _T) -> _T | None:
        return value if self._rng.random() < 0.5 else None

    def _delivery(self) -> Live:
        rng, now = self._rng, self.now_us()
        id = max(self._next_id, self._opened.next_id)
        self._next_id = id + 1
        return Live(
            id=id,
            mid=rng.randbytes(16),
            dest=rng.choice(("worker", "mailer", *SERVERS)),
            kind=rng.choice((CAST, CALL, INFO)),
            type=rng.choice(("app:Worker.do", "app:Worker.undo")),
            payload=rng.randbytes(rng.choice((0, 20, 200, 200, 3_000, 9_000))),
            key=self._maybe(rng.choice(KEYS)),
            lane=self._maybe("lane"),
            headers=self._maybe(b"\x80"),
            created_us=now,
            expires_us=self._maybe(now + 1_000_000),
            due_us=now,
            max_attempts=rng.randrange(1, 6),
        )

    def _accept(self) -> ops.Operation:
        live = self._delivery()
        if self._rng.random() < 0.3:  # settled or buried in the same batch
            self._live.append(live.id)
        return ops.Accept(live)

    def _settle(self) -> ops.Operation | None:
        id = self._take(self._live)
        return None if id is None else ops.Settle(id, attempted=True)

    def _retry(self) -> ops.Operation | None:
        id = self._take(self._live)
        return None if id is None else ops.Retry(id, self.now_us(), 1, 0, self._maybe(self._attempt()))

    def _bury(self) -> ops.Operation | None:
        id = self._take(self._live)
        return None if id is None else ops.Bury(id, 2, 1, self._burial(), self._maybe(self._attempt()))

    def _bury_new(self) -> ops.Operation:
        return ops.BuryNew(self._delivery(), self._burial(), (self._attempt(), self._attempt()))

    def _revive(self) -> ops.Operation | None:
        id = self._take(self._dead)
        return None if id is None else ops.Revive(id, self.now_us(), self._maybe("worker"))

    def _discard(self) -> ops.Operation | None:
        id = self._take(self._live)
        return None if id is None else ops.Discard(id)

    def _purge(self) -> ops.Operation | None:
        id = self._take(self._dead)
        return None if id is None else ops.Purge(id)

    def _annotate(self) -> ops.Operation | None:
        id = self._take(self._dead)
        return None if id is None else ops.Annotate(id, edited=self._rng.randbytes(300), note="mended")

    def _regroup(self) -> ops.Operation | None:
        id = self._take(self._dead)
        return None if id is None else ops.Regroup(id, self._rng.choice((DEAD, QUARANTINED)))

    def _cause(self) -> ops.Operation:
        on = self._rng.random() < 0.6
        return ops.QuarantineCause(self._fingerprint(), on, self.now_us(), "me")

    def _processed(self) -> ops.Operation:
        until_us = self.now_us() + 10_000
        return ops.Processed(self._rng.choice(CONSUMERS), self._rng.choice(KEYS), until_us)

    def _forget(self) -> ops.Operation:
        return ops.ForgetProcessed(self.now_us())

    def _saved(self, name: str) -> SavedState:
        return SavedState(
            name=name,
            type="app:State",
            schema=1,
            epoch=max(1, self._opened.boot),
            version=self._versions[name],
            data=self._rng.randbytes(self._rng.choice((50, 500, 5_000))),
            updated_us=self.now_us(),
        )

    def _state(self) -> ops.Operation:
        return ops.SaveState(self._saved(self._rng.choice(SERVERS)))

    def _event(self) -> ops.Operation:
        name = self._rng.choice(SERVERS)
        self._versions[name] += 1
        event = StateEvent(name=name, version=self._versions[name], schema=1, data=self._rng.randbytes(60))
        return ops.AppendEvent(event, max(1, self._opened.boot))

    def _drop(self) -> ops.Operation:
        name = self._rng.choice(SERVERS)
        return ops.DropEvents(name, max(0, self._versions[name] - 3))

    def _job(self) -> ops.Operation:
        return ops.PutJob(RedriveJob(id=self._rng.randrange(1, 4), where=Filter(), actor="me"))

    def _record(self) -> ops.Operation:
        return ops.Record(AuditEntry(at_us=self.now_us(), actor="me", action="load", target="all"))

    def _attempt(self) -> Attempt:
        now = self.now_us()
        trace = self._maybe("Traceback\n" * 40)
        return Attempt(boot=1, started_us=now, ended_us=now + 5, outcome="error", error="bad", trace=trace)

    def _burial(self) -> Burial:
        return Burial(
            reason=self._rng.choice(("max_attempts", "rejected", "crash_loop")),
            error_type=self._maybe("ValueError"),
            fingerprint=self._fingerprint(),
            dead_us=self.now_us(),
            retry_us=self._maybe(self.now_us()),
        )

    def _fingerprint(self) -> bytes:
        return bytes([self._rng.randrange(3)]) * 8
