"""What is left in Systems: those that still run, and what those that ran before have more of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from regrow.delivery.lookup import SERVICE
from regrow.errors import NoSuchService
from regrow.runtime.engine import ENGINES, Engine
from regrow.runtime.listing import Listing
from regrow.runtime.pid import Ref
from regrow.runtime.process import Process
from regrow.testing.leaks.kinds import Leak, LeakKind
from regrow.testing.leaks.places import written

if TYPE_CHECKING:
    from regrow.testing.leaks.recorder import Recorder

__all__ = ("Rows", "rows_of_all", "still_running", "surplus")

Key: TypeAlias = tuple[LeakKind, str]
Rows: TypeAlias = "dict[Engine, Counter[Key]]"
"""How many there are of each kind and name. By names: what is restarted is not left behind."""

NOBODY: Final = "nobody"


def still_running(before: Iterable[Engine], *, loop: object = None) -> Iterator[tuple[Leak, Engine]]:
    """Systems that were started and not stopped, on one loop or anywhere."""
    known = set(before)
    for engine in sorted(ENGINES, key=lambda engine: engine.incarnation):
        if engine.running and engine not in known and (loop is None or engine.loop is loop):
            journal = _journal_of(engine)
            kind: LeakKind = "system" if journal is None else "journal"
            held = "" if journal is None else f", with {journal} open"
            count = sum(1 for _ in engine.processes())
            yield Leak(kind, f"System {engine.name!r} of {count} processes still runs{held}"), engine


def _journal_of(engine: Engine) -> object:
    if engine.system is None:
        return None
    try:
        return engine.system.service(SERVICE)
    except NoSuchService:
        return None


def rows_of_all(engines: Iterable[Engine]) -> Rows:
    """What these Systems have now."""
    return {engine: Counter(key for key, _ in _rows(engine)) for engine in engines if engine.running}


def surplus(recorder: Recorder, before: Rows) -> Iterator[Leak]:
    """What these Systems have more of than before."""
    for engine, had in before.items():
        if not engine.running:
            continue
        made: dict[Key, list[object]] = {}
        for key, what in _rows(engine):
            made.setdefault(key, []).append(what)
        for (kind, name), all_made in made.items():
            more = len(all_made) - had[kind, name]
            if more > 0:
                place = next((recorder.rows[one] for one in reversed(all_made) if one in recorder.rows), ())
                times = f" ({more} more)" if more > 1 or had[kind, name] else ""
                yield Leak(kind, f"{name}{times}, in System {engine.name!r}", written(place))


def _rows(engine: Engine) -> Iterator[tuple[Key, object]]:
    """Everything in a System by kind and name, with what its place is noted under."""
    listing = Listing(engine)
    for row in listing.processes():
        child = row.pid.child if isinstance(row.pid, Process) else None
        called = f"{_label(row.pid)} {child.id!r}" if child is not None else _label(row.pid)
        yield ("process", f"{called} under {_label(row.parent)}"), (engine, row.pid.serial)
    for name in listing.names():
        yield ("name", f"{name.name!r}"), name.name
    for one in listing.monitors():
        tag = f" {one.tag!r}" if one.tag else ""
        yield ("monitor", f"of {_label(one.target)} by {_label(one.owner)}{tag}"), one.monitor
    for link in listing.links():
        if link.kind == "link":
            yield ("link", f"of {_label(link.one)} and {_label(link.other)}"), None
    for subscriber in listing.subscribers():
        heard = subscriber.prefix or "all events"
        yield ("subscriber", f"{subscriber.callback} of {heard}"), subscriber.subscription
    for timer in listing.timers():
        every = "" if timer.interval is None else f" every {timer.interval:g} s"
        yield ("timer", f"message to {_label(timer.target)} by {_label(timer.owner)}{every}"), timer.timer
    for mailbox in listing.mailboxes():
        for _ in range(mailbox.length):
            yield ("mailbox", f"message for {_label(mailbox.pid)} that nobody took"), None


def _label(who: object) -> str:
    """What somebody is called over restarts: its name, or what it is."""
    if isinstance(who, Process):
        return repr(who.name) if who.name else who.kind
    if isinstance(who, Ref):
        return repr(cast("Ref[object]", who).name)
    return NOBODY if who is None else repr(who)
