"""The journal in memory: the same contract without a file, for tests and for what need not survive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, final

import msgspec

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import Attempt, Burial, DeadLetter, Live, free_state_name
from regrow.delivery.journal.store import Opened
from regrow.delivery.journal.tables import MemoryReader, Tables, cause_of
from regrow.errors import JournalFailed, StaleEpoch

__all__ = ("MemoryStore",)

_NAME: Final = "the journal in memory"
_NO_FILE: Final = "it has no file"
_replace: Final = msgspec.structs.replace


@final
class MemoryStore:
    """Keeps a journal as long as the object lives; sync level "none".

    Opened again, as after a restart of the System, it has what was committed before.
    """

    def __init__(self) -> None:
        self._tables = Tables()
        self._boot = 0
        self._clean = True
        self._apply: Final[dict[type[ops.Operation], Callable[..., None]]] = {
            ops.Accept: self._accept,
            ops.Settle: self._settle,
            ops.Retry: self._retry,
            ops.Bury: self._bury,
            ops.BuryNew: self._bury_new,
            ops.Discard: self._discard,
            ops.Revive: self._revive,
            ops.Purge: self._purge,
            ops.Annotate: self._annotate,
            ops.Regroup: self._regroup,
            ops.QuarantineCause: self._quarantine,
            ops.Processed: self._processed,
            ops.ForgetProcessed: self._forget,
            ops.SaveState: self._save,
            ops.AppendEvent: self._append,
            ops.DropEvents: self._drop,
            ops.PutJob: self._put_job,
            ops.Record: self._record,
        }

    @property
    def blocking(self) -> bool:
        """False: a commit waits for nothing."""
        return False

    def open(self, *, node: str, pid: int, now_us: int) -> Opened:  # noqa: ARG002  # the protocol's
        """Take it into possession; `clean` says whether it was closed before."""
        self._boot += 1
        clean, self._clean = self._clean, False
        tables = self._tables
        return Opened(
            boot=self._boot,
            clean=clean,
            next_id=tables.last_id + 1,
            epochs=dict(tables.epochs),
            quarantined=frozenset(tables.causes),
        )

    def prepared(self, batch: Sequence[ops.Operation]) -> Sequence[ops.Operation]:
        """The batch: there is nothing to be done before `commit`."""
        return batch

    def commit(self, batch: Sequence[ops.Operation]) -> None:
        """Write all of the batch, or nothing.

        Raises:
            StaleEpoch: A state or an event of an incarnation that isn't the last.
            JournalFailed: A delivery or an event with a number that there is already.
        """
        with self._tables.lock:
            self.check_batch(batch)
            for op in batch:
                self._apply[type(op)](op)

    def reader(self) -> MemoryReader:
        """A reader for any thread."""
        return MemoryReader(self._tables)

    def set_aside_state(self, name: str, now_us: int) -> str:
        """Move a persistent server's unreadable state and events out of the way; says where to."""
        tables = self._tables
        with tables.lock:
            aside = free_state_name(name, now_us, tables.states.keys() | tables.events.keys())
            if state := tables.states.pop(name, None):
                tables.states[aside] = _replace(state, name=aside)
            events = tables.events.pop(name, {})
            if events:
                tables.events[aside] = {n: _replace(event, name=aside) for n, event in events.items()}
        return aside

    def check(self) -> list[str]:
        """Whether the counts balance; there is no file that could be damaged."""
        counts = self.reader().counts()
        return [] if counts.balanced else [f"the counts don't balance: {counts}"]

    def backup(self, path: Path) -> None:
        """Refused, because there is no file.

        Raises:
            JournalFailed: Always.
        """
        raise JournalFailed(_NAME, _NO_FILE, f"a backup to {path}")

    def vacuum(self) -> None:
        """Nothing to give back."""

    def checkpoint(self) -> None:
        """Nothing to do."""

    def close(self, *, now_us: int) -> None:  # noqa: ARG002  # the protocol's
        """Give it up, cleanly."""
        self._clean = True

    def check_batch(self, batch: Iterable[ops.Operation]) -> None:
        """What `commit` does before it changes anything: what can't be written leaves nothing behind.

        Raises:
            StaleEpoch, JournalFailed: As `commit`.
        """
        tables = self._tables
        epochs: dict[str, int] = {}
        new: set[object] = set()
        for op in batch:
            if isinstance(op, (ops.SaveState, ops.AppendEvent)):
                name, epoch = op.incarnation
                current = epochs.get(name, tables.epochs.get(name, epoch))
                if epoch < current:
                    raise StaleEpoch(name, epoch, current)
                epochs[name] = epoch
            if isinstance(op, (ops.Accept, ops.BuryNew)):
                id = op.live.id
                _see_new(id, f"delivery {id}", new, there=id in tables.live or id in tables.dead)
            elif isinstance(op, ops.AppendEvent):
                name, version = op.event.name, op.event.version
                there = version in tables.events.get(name, {})
                _see_new((name, version), f"event {version} of {name!r}", new, there=there)

    def _accept(self, op: ops.Accept) -> None:
        self._tables.live[op.live.id] = op.live
        self._tables.accepted += 1
        self._tables.last_id = max(self._tables.last_id, op.live.id)

    def _settle(self, op: ops.Settle) -> None:
        if self._take(op.id):
            self._tables.done += 1
            self._tables.attempts.pop(op.id, None)

    def _retry(self, op: ops.Retry) -> None:
        live = self._tables.live.get(op.id)
        if live is not None:
            self._attempted(op.id, op.attempt)
            changes = {"due_us": op.due_us, "attempts": op.attempts, "crashes": op.crashes}
            self._tables.live[op.id] = _replace(live, **changes)

    def _bury(self, op: ops.Bury) -> None:
        live = self._tables.live.get(op.id)
        if live is not None:
            self._attempted(op.id, op.attempt)
            self._entomb(_replace(live, attempts=op.attempts, crashes=op.crashes), op.burial)

    def _bury_new(self, op: ops.BuryNew) -> None:
        self._accept(ops.Accept(op.live))
        for attempt in op.attempts:
            self._attempted(op.live.id, attempt)
        self._entomb(op.live, op.burial)

    def _discard(self, op: ops.Discard) -> None:
        if self._take(op.id):
            self._tables.discarded += 1
            self._tables.attempts.pop(op.id, None)

    def _revive(self, op: ops.Revive) -> None:
        letter = self._tables.dead.pop(op.id, None)
        if letter is None:
            return
        live = letter.live
        over = live.expires_us is not None and live.expires_us <= op.due_us
        self._tables.live[op.id] = _replace(
            live,
            dest=live.dest if op.dest is None else op.dest,
            payload=live.payload if letter.edited is None else letter.edited,
            expires_us=None if over else live.expires_us,
            due_us=op.due_us,
            attempts=0,
            crashes=0,
            redrives=live.redrives + 1,
        )
        self._tables.auto_retries[op.id] = letter.auto_retries + op.auto
        if letter.edited is not None or letter.original is not None:
            self._tables.originals[op.id] = letter.first

    def _purge(self, op: ops.Purge) -> None:
        if self._tables.dead.pop(op.id, None) is not None:
            self._tables.discarded += 1
            self._tables.attempts.pop(op.id, None)

    def _annotate(self, op: ops.Annotate) -> None:
        letter = self._tables.dead.get(op.id)
        if letter is not None:
            if op.retry_us is not msgspec.UNSET:
                letter = _replace(letter, burial=_replace(letter.burial, retry_us=op.retry_us))
            given = {name: getattr(op, name) for name in ("edited", "note", "auto_retries", "original")}
            given = {name: value for name, value in given.items() if value is not msgspec.UNSET}
            self._tables.dead[op.id] = _replace(letter, **given)

    def _regroup(self, op: ops.Regroup) -> None:
        letter = self._tables.dead.get(op.id)
        if letter is not None:
            self._put_dead(_replace(letter, burial=_replace(letter.burial, status=op.status)))

    def _quarantine(self, op: ops.QuarantineCause) -> None:
        if op.on:
            self._tables.causes.add(op.fingerprint)
        else:
            self._tables.causes.discard(op.fingerprint)

    def _processed(self, op: ops.Processed) -> None:
        self._tables.processed[op.consumer, op.key] = op.until_us

    def _forget(self, op: ops.ForgetProcessed) -> None:
        processed = self._tables.processed
        for key in [key for key, until_us in processed.items() if until_us <= op.before_us]:
            del processed[key]

    def _save(self, op: ops.SaveState) -> None:
        self._tables.states[op.state.name] = op.state
        self._tables.epochs[op.state.name] = op.state.epoch

    def _append(self, op: ops.AppendEvent) -> None:
        self._tables.events.setdefault(op.event.name, {})[op.event.version] = op.event
        self._tables.epochs[op.event.name] = op.epoch

    def _drop(self, op: ops.DropEvents) -> None:
        events = self._tables.events.get(op.name, {})
        for version in [version for version in events if version <= op.version]:
            del events[version]

    def _put_job(self, op: ops.PutJob) -> None:
        self._tables.jobs[op.job.id] = op.job

    def _record(self, op: ops.Record) -> None:
        self._tables.audit.append(op.entry)

    def _take(self, id: int) -> bool:
        self._tables.auto_retries.pop(id, None)
        self._tables.originals.pop(id, None)
        return self._tables.live.pop(id, None) is not None

    def _attempted(self, id: int, attempt: Attempt | None) -> None:
        if attempt is not None:
            self._tables.attempts.setdefault(id, []).append(attempt)

    def _entomb(self, live: Live, burial: Burial) -> None:
        auto_retries = self._tables.auto_retries.pop(live.id, 0)
        original = self._tables.originals.pop(live.id, None)
        del self._tables.live[live.id]
        self._put_dead(DeadLetter(live=live, burial=burial, auto_retries=auto_retries, original=original))

    def _put_dead(self, letter: DeadLetter) -> None:
        self._tables.dead[letter.live.id] = letter
        self._tables.groups.setdefault(cause_of(letter), len(self._tables.groups) + 1)


def _see_new(key: object, what: str, new: set[object], *, there: bool) -> None:
    if there or key in new:
        raise JournalFailed(_NAME, f"there is already {what}", "a commit")
    new.add(key)
