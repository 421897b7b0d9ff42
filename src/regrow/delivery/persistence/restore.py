"""What is there when a persistent server starts: its state as the last commit left it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast, final

import msgspec

from regrow.delivery.journal.operations import AppendEvent, DropEvents, Operation, SaveState
from regrow.delivery.journal.rows import SavedState
from regrow.errors.persistence import StateSetAside, StateTooNew, UpgradeFailed

if TYPE_CHECKING:
    from regrow.delivery.journal.rows import StateEvent
    from regrow.delivery.journal.store import Reader
    from regrow.delivery.persistence.spec import Spec
    from regrow.delivery.persistence.states import Sourced, Stateful

__all__ = ("NOTHING", "SET_ASIDE", "Restored", "Unreadable", "forget", "put_back", "restore", "set_aside")

SET_ASIDE: Final = "regrow:set_aside"
"""Type of what stands in the place of a state that was set aside: its problem and where it is."""
NOTHING: Final = "regrow:nothing"
"""Type of what stands in the place of a state that was forgotten."""

_replace: Final = msgspec.structs.replace


@final
class Unreadable(msgspec.Struct, frozen=True):
    """What is kept can't be read."""

    problem: str


@final
class Restored(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        data: The snapshot, None if there is none.
        version: Number of the last event that is in the state.
        since: How many of them are not in the snapshot.
        stale: Whether an older version wrote it, so that it has to be written anew.
    """

    data: bytes | None
    version: int
    since: int
    stale: bool


def restore(server: Stateful, spec: Spec, name: str, reader: Reader) -> Restored | Unreadable:
    """Give `server` its state.

    Raises:
        StateSetAside: It was set aside earlier.
        StateTooNew, UpgradeFailed: It can, but not by this version of the class.
    """
    saved = reader.state(name)
    if saved is not None and saved.type == SET_ASIDE:
        raise StateSetAside(name, *msgspec.msgpack.decode(saved.data, type=tuple[str, str]))
    if saved is not None and saved.type == NOTHING:
        saved = None
    version = saved.version if saved is not None else 0
    events = reader.events(name, after=version)
    versions = {event.schema for event in events}
    if saved is not None:
        versions.add(saved.schema)
    if versions and max(versions) > spec.version:
        raise StateTooNew(name, max(versions), spec.version)
    found = [event.version for event in events]
    if found != list(range(version + 1, version + 1 + len(found))):
        return Unreadable(f"of the events after {version}, there are only {found}")
    try:
        server.state = spec.initial() if saved is None else spec.state.decode(name, saved.data, saved.schema)
        _replay(server, spec, name, events)
    except msgspec.MsgspecError as error:
        return Unreadable(str(error))
    data = saved.data if saved is not None else None
    return Restored(data, version + len(events), len(events), bool(versions - {spec.version}))


def _replay(server: Stateful, spec: Spec, name: str, events: list[StateEvent]) -> None:
    if events and spec.events is None:
        problem = f"there are {len(events)} events after its snapshot, and the class is no rg.EventSourced"
        raise UpgradeFailed(name, "state", events[0].schema, spec.version, problem)
    for event in events:
        assert spec.events is not None
        cast("Sourced", server).apply(spec.events.decode(name, event.data, event.schema))


def set_aside(
    name: str, problem: str, reader: Reader, epoch: int, now_us: int
) -> tuple[str, list[Operation]]:
    """Where all that is kept of a server goes, and the operations that move it there.

    A mark stays in its place: a supervisor that starts the server again must not find nothing.
    """
    kept = f"{name} (set aside {now_us})"
    moved = _moved(name, kept, reader, epoch)
    mark = _mark(name, SET_ASIDE, epoch, now_us, msgspec.msgpack.encode((problem, kept)))
    return kept, [*moved, mark]


def put_back(name: str, kept: str, reader: Reader, epoch: int, now_us: int) -> list[Operation]:
    """The operations that put back what stands under `kept`."""
    saved = reader.state(kept)
    moved = _moved(kept, name, reader, epoch)
    if saved is None:
        moved.append(_mark(name, NOTHING, epoch, now_us))
    return moved


def forget(name: str, epoch: int, now_us: int) -> list[Operation]:
    """The operations after which nothing is kept of `name`."""
    return [_mark(name, NOTHING, epoch, now_us), DropEvents(name, _ALL)]


_ALL: Final = 2**62


def _moved(source: str, target: str, reader: Reader, epoch: int) -> list[Operation]:
    moved: list[Operation] = []
    saved = reader.state(source)
    if saved is not None:
        moved.append(SaveState(_replace(saved, name=target, epoch=epoch)))
    moved += (
        AppendEvent(_replace(event, name=target), epoch)
        for event in reader.events(source, after=saved.version if saved is not None else 0)
    )
    moved.append(DropEvents(source, _ALL))
    return moved


def _mark(name: str, what: str, epoch: int, now_us: int, data: bytes = b"") -> SaveState:
    state = SavedState(name=name, type=what, schema=0, epoch=epoch, version=0, data=data, updated_us=now_us)
    return SaveState(state)
