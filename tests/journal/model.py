"""What a journal is, as naively as can be said: one list of everything that was ever accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import (
    DEAD,
    Attempt,
    AuditEntry,
    Burial,
    Counts,
    Cursor,
    DeadLetter,
    Filter,
    Live,
    RedriveJob,
    SavedState,
    StateEvent,
)


@dataclass
class Entry:
    """One delivery; `fate` is "live", "dead", "done" or "discarded"."""

    live: Live
    fate: str = "live"
    burial: Burial | None = None
    attempts: list[Attempt] = field(default_factory=list)
    edited: bytes | None = None
    note: str | None = None
    auto_retries: int = 0
    original: bytes | None = None

    def change(self, **values: Any) -> None:
        self.live = msgspec.structs.replace(self.live, **values)

    def letter(self) -> DeadLetter:
        assert self.burial is not None
        return DeadLetter(
            live=self.live,
            burial=self.burial,
            edited=self.edited,
            note=self.note,
            auto_retries=self.auto_retries,
            original=self.original,
        )


@dataclass
class Model:
    """All that a store has to know."""

    entries: dict[int, Entry] = field(default_factory=dict)
    causes: set[bytes] = field(default_factory=set)
    processed: dict[tuple[str, str], int] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    states: dict[str, SavedState] = field(default_factory=dict)
    events: list[StateEvent] = field(default_factory=list)
    jobs: dict[int, RedriveJob] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)

    def having(self, id: int, fate: str) -> list[Entry]:
        entry = self.entries.get(id)
        return [entry] if entry is not None and entry.fate == fate else []

    def fated(self, fate: str) -> list[Entry]:
        return [entry for _, entry in sorted(self.entries.items()) if entry.fate == fate]

    def counts(self) -> Counts:
        fates = {fate: len(self.fated(fate)) for fate in ("live", "done", "dead", "discarded")}
        return Counts(accepted=len(self.entries), **fates)

    def dead(self, where: Filter, after: Cursor | None, limit: int) -> list[DeadLetter]:
        letters = sorted(
            (entry.letter() for entry in self.fated("dead") if matches(entry.letter(), where)), key=place
        )
        start = (after.dead_us, after.id) if after else (-1, -1)
        return [letter for letter in letters if place(letter) > start][:limit]

    def groups(self, where: Filter) -> dict[tuple[object, ...], list[int]]:
        found: dict[tuple[object, ...], list[int]] = {}
        for letter in self.dead(where, None, len(self.entries)):
            burial = letter.burial
            cause = (
                *(letter.live.dest, letter.live.type, burial.reason, burial.error_type),
                *(burial.fingerprint, burial.status),
            )
            found.setdefault(cause, []).append(burial.dead_us)
        return found

    def due(self, now_us: int) -> list[tuple[int, int]]:
        timed = [
            (entry.burial.retry_us, entry.live.id)
            for entry in self.fated("dead")
            if entry.burial and entry.burial.retry_us is not None and entry.burial.status == DEAD
        ]
        return sorted(pair for pair in timed if pair[0] <= now_us)

    def expired(self, now_us: int) -> list[int]:
        timed = [
            (entry.burial.expires_us, entry.live.id)
            for entry in self.fated("dead")
            if entry.burial and entry.burial.expires_us is not None
        ]
        return [id for at_us, id in sorted(timed) if at_us <= now_us]

    def refuses(self, batch: Sequence[ops.Operation]) -> bool:
        """Whether a store must refuse the batch."""
        epochs = dict(self.epochs)
        ids = set(self.entries)
        versions = {(event.name, event.version) for event in self.events}
        for op in batch:
            new: object = None
            if isinstance(op, (ops.SaveState, ops.AppendEvent)):
                name, epoch = who(op)
                if epoch < epochs.get(name, 0):
                    return True
                epochs[name] = epoch
            if isinstance(op, ops.AppendEvent):
                new = (op.event.name, op.event.version)
                if new in versions:
                    return True
                versions.add((op.event.name, op.event.version))
            if isinstance(op, (ops.Accept, ops.BuryNew)):
                if op.live.id in ids:
                    return True
                ids.add(op.live.id)
        return False

    def commit(self, batch: Iterable[ops.Operation]) -> None:
        for op in batch:
            self._deliveries(op)
            self._letters(op)
            self._servers(op)

    def _deliveries(self, op: ops.Operation) -> None:
        match op:
            case ops.Accept(live):
                self.entries[live.id] = Entry(live)
            case ops.Settle(id):
                self._end(id, "live", "done")
            case ops.Discard(id):
                self._end(id, "live", "discarded")
            case ops.Retry(id, due_us, attempts, crashes, attempt):
                for entry in self.having(id, "live"):
                    entry.change(due_us=due_us, attempts=attempts, crashes=crashes)
                    entry.attempts += [attempt] if attempt else []
            case ops.Bury(id, attempts, crashes, burial, attempt):
                for entry in self.having(id, "live"):
                    entry.change(attempts=attempts, crashes=crashes)
                    entry.attempts += [attempt] if attempt else []
                    entry.fate, entry.burial = "dead", burial
            case ops.BuryNew(live, burial, attempts):
                self.entries[live.id] = Entry(live, "dead", burial, list(attempts))
            case _:
                pass

    def _letters(self, op: ops.Operation) -> None:
        match op:
            case ops.Revive(id, due_us, dest, auto):
                for entry in self.having(id, "dead"):
                    expires_us = entry.live.expires_us
                    if entry.edited and entry.original is None:
                        entry.original = entry.live.payload
                    entry.change(
                        due_us=due_us,
                        dest=dest or entry.live.dest,
                        payload=entry.edited or entry.live.payload,
                        expires_us=expires_us if expires_us and expires_us > due_us else None,
                        attempts=0,
                        crashes=0,
                        redrives=entry.live.redrives + 1,
                    )
                    entry.fate, entry.burial, entry.edited, entry.note = "live", None, None, None
                    entry.auto_retries += auto
            case ops.Purge(id):
                self._end(id, "dead", "discarded")
            case ops.Annotate():
                self._annotate(op)
            case ops.Regroup(id, status):
                for entry in self.having(id, "dead"):
                    self._bury_anew(entry, status=status)
            case ops.QuarantineCause(fingerprint, on):
                self.causes = self.causes | {fingerprint} if on else self.causes - {fingerprint}
            case _:
                pass

    def _annotate(self, op: ops.Annotate) -> None:
        for entry in self.having(op.id, "dead"):
            for name in ("edited", "note", "auto_retries", "original"):
                if (value := getattr(op, name)) is not msgspec.UNSET:
                    setattr(entry, name, value)
            if op.retry_us is not msgspec.UNSET:
                self._bury_anew(entry, retry_us=op.retry_us)

    def _servers(self, op: ops.Operation) -> None:
        match op:
            case ops.Processed(consumer, key, until_us):
                self.processed[consumer, key] = until_us
            case ops.ForgetProcessed(before_us):
                self.processed = {key: until for key, until in self.processed.items() if until > before_us}
            case ops.SaveState(state):
                self.epochs[state.name], self.states[state.name] = state.epoch, state
            case ops.AppendEvent(event, epoch):
                self.epochs[event.name] = epoch
                self.events.append(event)
            case ops.DropEvents(name, version):
                self.events = [
                    event for event in self.events if event.name != name or event.version > version
                ]
            case ops.PutJob(job):
                self.jobs[job.id] = job
            case ops.Record(entry):
                self.audit.insert(0, entry)
            case _:
                pass

    def _end(self, id: int, fate: str, end: str) -> None:
        for entry in self.having(id, fate):
            entry.fate, entry.attempts = end, []

    def _bury_anew(self, entry: Entry, **values: Any) -> None:
        assert entry.burial is not None
        entry.burial = msgspec.structs.replace(entry.burial, **values)


def who(op: ops.SaveState | ops.AppendEvent) -> tuple[str, int]:
    return (op.state.name, op.state.epoch) if isinstance(op, ops.SaveState) else (op.event.name, op.epoch)


def place(letter: DeadLetter) -> tuple[int, int]:
    return letter.burial.dead_us, letter.live.id


def matches(letter: DeadLetter, where: Filter) -> bool:
    for name in ("dest", "type", "key"):
        if getattr(where, name) not in (None, getattr(letter.live, name)):
            return False
    for name in ("reason", "error_type", "fingerprint", "status"):
        if getattr(where, name) not in (None, getattr(letter.burial, name)):
            return False
    if where.ids is not None and letter.live.id not in where.ids:
        return False
    older = where.older_us is None or letter.burial.dead_us <= where.older_us
    return older and (where.newer_us is None or letter.burial.dead_us >= where.newer_us)
