"""What stands on the disk of a journal, read commit by commit, and compared with the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

import regrow as rg
from regrow.delivery.journal.rows import Counts, DeadLetter, Filter, Live
from regrow.delivery.journal.store import Reader
from regrow.delivery.lookup import owner_of
from regrow.errors import JournalNotRunning
from tests.simulation.oracles.ledger import Ledger, Sent

MOST = 100_000
NOTHING = Counts(accepted=0, live=0, done=0, dead=0, discarded=0)


class Shelf:
    """The rows of one disk, as they come and go.

    Args:
        ledger: Is told of them.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        ledger.look = self.look
        self.dead: dict[int, DeadLetter] = {}
        self.counts = NOTHING
        self.also: Callable[[Reader], object] | None = None
        """Called after each comparison, for what else stands on the disk."""
        self._journal: rg.Journal | None = None
        self._seen: tuple[int, int] | None = None
        self._reader: Reader | None = None
        """That of the last opening: it reads the disk also when nobody has it open."""

    def watch(self, journal: rg.Journal) -> None:
        """The program begins anew, with this journal on the same disk."""
        self._journal = journal
        self._seen = None

    def look(self) -> bool:
        """Compare, if there was a commit since the last look. For `sim.always`."""
        owner = None if self._journal is None else owner_of(self._journal)
        if owner is None:
            return True
        try:
            opened = owner.opened
        except JournalNotRunning:
            # What the last commit of an opening wrote, before the next one judges it in another.
            if self._reader is not None and self._reader.counts() != self.counts:
                self.compare(self._reader, booted=False)
            return True
        seen = (opened.boot, opened.writer.commits)
        if seen != self._seen:
            before, self._seen = self._seen, seen
            self._reader = opened.loop_reader
            self.compare(opened.loop_reader, booted=before is None or before[0] != opened.boot)
        return True

    def compare(self, reader: Reader, *, booted: bool) -> None:
        """What is there against what was there at the last look."""
        ledger = self.ledger
        counts = reader.counts()
        live = {row.id: row for row in reader.live(limit=MOST)}
        dead = {letter.live.id: letter for letter in reader.dead(Filter(), limit=MOST)}
        for row in [*live.values(), *(letter.live for letter in dead.values())]:
            if row.id not in ledger.rows:
                ledger.on_disk(row.id, _token_of(row), row.mid.hex())
        ledger.expect(counts.balanced, "G3", f"it does not balance: {counts}")
        ledger.expect(
            counts.accepted == len(ledger.rows), "G3", f"{len(ledger.rows)} were accepted, counted {counts}"
        )
        both = live.keys() & dead.keys()
        ledger.expect(not both, "G9", f"{sorted(both)} are live and dead")
        self._left(live.keys(), dead, counts)
        for number in live.keys() & self.dead.keys():
            sent = ledger.rows[number]
            sent.redrives += 1
            sent.first_of_redrive = len(sent.starts)
            sent.asked = []
            sent.gone = ""
        for number, letter in dead.items():
            if number not in self.dead:
                self._buried(letter, reader)
        self._counted(live.values(), reader)
        self.dead = dead
        self.counts = counts
        ledger.live = set(live)
        if booted:
            ledger.booted(live)
        if self.also is not None:
            self.also(reader)

    def _counted(self, rows: Iterable[Live], reader: Reader) -> None:
        """G4: each crash that is written down counts towards `max_crashes`, until a redrive."""
        for row in rows:
            sent = self.ledger.rows[row.id]
            if not row.crashes or sent.redrives:
                continue
            crashes = sum(one.outcome == "crash" for one in reader.attempts(row.id))
            self.ledger.expect(
                row.crashes >= crashes, "G4", f"{sent} has crashed {crashes} times, counted are {row.crashes}"
            )

    def _left(self, live: Iterable[int], dead: dict[int, DeadLetter], counts: Counts) -> None:
        """Which are neither live nor dead any more: done, or discarded as their senders wanted."""
        ledger = self.ledger
        gone = [ledger.rows[number] for number in sorted(ledger.live - set(live) - dead.keys())]
        purged = self.dead.keys() - dead.keys() - set(live)
        discarded = counts.discarded - self.counts.discarded - len(purged)
        least = most = 0
        for sent in gone:
            sent.gone = "settled"
            may = sent.options.get("on_error") == "ignore"
            most += may
            if not _handled(sent) and not (sent.kept and ledger.same_key(sent)):
                least += 1
                ledger.expect(may, "G3", f"{sent} is gone, and nobody has handled it")
        for number in purged:
            ledger.rows[number].gone = "purged"
        ledger.expect(
            least <= discarded <= most, "G3", f"{discarded} are counted as discarded, {least} to {most} were"
        )
        done = counts.done - self.counts.done
        ledger.expect(
            done + discarded == len(gone), "G3", f"{done} done and {discarded} discarded of {len(gone)} gone"
        )

    def _buried(self, letter: DeadLetter, reader: Reader) -> None:
        """G9: it keeps payload, id, key and all attempts."""
        live = letter.live
        ledger = self.ledger
        sent = ledger.rows[live.id]
        sent.gone = f"dead: {letter.burial.reason}"
        ledger.expect(live.mid.hex() == sent.id, "G9", f"{sent} is dead under another id, {live.mid.hex()}")
        ledger.expect(live.key == sent.key, "G9", f"{sent} is dead with key {live.key}")
        ledger.expect(_token_of(live) == sent.token, "G9", f"{sent} is dead as {_token_of(live)}")
        if not sent.tracked:
            return
        reason = letter.burial.reason
        since = sent.starts[sent.first_of_redrive :]
        history = [one.outcome for one in reader.attempts(live.id)]
        # What waits for its reconcile hook when the program is killed is blamed for that.
        crashes = sum(1 for start in since if start.end in (None, "crash")) + ledger.kills[sent.dest]
        ledger.expect(
            live.crashes <= crashes or sent.once or not ledger.exact,
            "G9",
            f"{sent} has {live.crashes} crashes, there were {crashes}",
        )
        ledger.expect(
            history.count("crash") >= live.crashes and len(history) >= live.attempts + live.crashes,
            "G9",
            f"{sent} died of {live.attempts} failures and {live.crashes} crashes, and has {history}",
        )
        if reason == "expired":
            ledger.expect("expires_in" in sent.options, "expiry", f"{sent} has expired")
        elif reason == "max_attempts":
            allowed = 1 + int(str(sent.options.get("retries", 0)))
            ledger.expect(
                live.attempts >= allowed, "G4", f"{sent} is dead after {live.attempts} of {allowed}"
            )
        elif reason == "crash_loop":
            ledger.expect(
                live.crashes >= live.max_crashes, "G4", f"{sent} is dead after {live.crashes} crashes"
            )
        elif reason == "outcome_unknown":
            ledger.expect(
                sent.once and (since or ledger.taken(sent)),
                "G6",
                f"{sent} is {reason}, and may be repeated",
            )
            known = [one for one in since if one.end in ("ok", "rejected") and one.boot == ledger.boot]
            told = {"handled", "rejected"} & set(sent.ends)
            ledger.expect(not (known and told), "G6", f"{sent} is {reason}, and its sender was told {told}")
        else:
            ledger.wrong("G9", f"{sent} is dead for {reason}")


def _handled(sent: Sent) -> bool:
    return sent.done or bool(sent.asked and sent.asked[-1] is True) or "duplicate" in sent.ends


def _token_of(row: Live) -> int:
    assert row.headers is not None
    found: object = msgspec.msgpack.decode(row.headers)["token"]
    assert isinstance(found, int)
    return found
