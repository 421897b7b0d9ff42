"""All that a journal holds, as one value: what two journals are compared by."""

from __future__ import annotations

import msgspec

from regrow.delivery.journal.rows import Filter
from regrow.delivery.journal.store import Opened, Reader
from tests.power.load import CONSUMERS, KEYS, SERVERS

__all__ = ("contents",)

_ALL = 1_000_000


def contents(opened: Opened, reader: Reader, aside: list[str]) -> bytes:
    """What an opened journal tells of itself, but for the number of its start.

    Args:
        aside: Names of states that were set aside, some of them perhaps not yet.
    """
    live = reader.live(limit=_ALL)
    dead = reader.dead(Filter(), limit=_ALL)
    # What was accepted and never came back has no attempts: asking for them is most of the work.
    tried = [one.id for one in live if one.attempts or one.redrives] + [one.live.id for one in dead]
    found = (
        opened.next_id,
        sorted(opened.epochs.items()),
        sorted(opened.quarantined),
        live,
        dead,
        [reader.attempts(id) for id in sorted(tried)],
        _groups(reader),
        reader.counts(),
        [(consumer, key) for consumer in CONSUMERS for key in KEYS if reader.processed(consumer, key)],
        [(name, state, events) for name, state, events in _states(reader, aside) if state or events],
        reader.jobs(),
        reader.audit(limit=_ALL),
    )
    return msgspec.json.encode(found)


def _states(reader: Reader, aside: list[str]) -> list[tuple[str, object, object]]:
    names = (*SERVERS, *aside)
    return [(name, reader.state(name), reader.events(name, after=0)) for name in names]


def _groups(reader: Reader) -> list[bytes]:
    # Their numbers, and the order of equally large ones, are the store's own affair.
    return sorted(
        msgspec.json.encode(msgspec.structs.replace(group, id=0)) for group in reader.groups(Filter())
    )
