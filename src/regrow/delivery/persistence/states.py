"""What a handler changes of a server's state, and what of it has to be written: two ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, final

from regrow.delivery.journal.operations import AppendEvent, DropEvents, Operation, SaveState
from regrow.delivery.journal.rows import SavedState, StateEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from regrow.delivery.persistence.spec import Kept, Spec

__all__ = ("EventLog", "Identity", "Sourced", "StateKeeping", "Stateful", "WholeState")


class Stateful(Protocol):
    """A server whose state is kept."""

    state: object


class Sourced(Stateful, Protocol):
    """A server of which events are kept."""

    def apply(self, event: object) -> None:
        """Change the state as an event says."""
        ...


@final
class Identity:
    """In whose name an incarnation writes."""

    __slots__ = ("epoch", "name", "now_us", "spec")

    def __init__(self, spec: Spec, name: str, epoch: int, now_us: Callable[[], int]) -> None:
        self.spec: Spec = spec
        self.name: str = name
        self.epoch: int = epoch
        self.now_us: Callable[[], int] = now_us

    def save(self, data: bytes, version: int) -> SaveState:
        """The whole state, up to event number `version`."""
        return SaveState(
            SavedState(
                name=self.name,
                type=self.spec.type_name,
                schema=self.spec.version,
                epoch=self.epoch,
                version=version,
                data=data,
                updated_us=self.now_us(),
            )
        )


class StateKeeping(Protocol):
    """Knows what is written of a state, and what it was before the present handler."""

    def begin(self, kept: bytes | None) -> None:
        """`init` has returned: from here on handlers change the state. `kept` is the snapshot there is."""
        ...

    def close(self) -> bool:
        """A handler has returned. Whether something has to be written.

        Raises:
            StateNotStorable: The state can't be kept.
        """
        ...

    def roll_back(self) -> None:
        """Make the state again what it was before the handler."""
        ...

    def operations(self) -> list[Operation]:
        """What all handlers since the last time changed.

        Raises:
            StateNotStorable: It couldn't be read back.
        """
        ...


@final
class WholeState:
    """The whole state is written after each change; the last one stands for those before it."""

    __slots__ = ("_data", "_dirty", "_identity", "_kept", "_server", "_stale", "_version")

    def __init__(self, server: Stateful, identity: Identity, *, version: int, stale: bool) -> None:
        self._server = server
        self._identity = identity
        self._version = version
        self._kept: Kept = identity.spec.state
        self._data = b""
        self._dirty = False
        self._stale = stale
        """What is kept is not the state that handlers begin with: the first one that is handled writes it."""

    def begin(self, kept: bytes | None) -> None:
        """See `StateKeeping`."""
        self._data = self._kept.encode(self._identity.name, self._server.state)
        self._stale = self._stale or (kept is not None and kept != self._data)

    def close(self) -> bool:
        """See `StateKeeping`."""
        data = self._kept.encode(self._identity.name, self._server.state)
        if data == self._data and not self._stale:
            return False
        self._data = data
        self._stale = False
        self._dirty = True
        return True

    def roll_back(self) -> None:
        """See `StateKeeping`."""
        self._server.state = self._kept.read(self._data)

    def operations(self) -> list[Operation]:
        """See `StateKeeping`."""
        if not self._dirty:
            return []
        self._dirty = False
        self._kept.check(self._identity.name, self._data)
        return [self._identity.save(self._data, self._version)]


@final
class EventLog:
    """Events are written, and the whole state in their place after so many of them."""

    __slots__ = (
        "_base",
        "_fresh",
        "_identity",
        "_kept",
        "_log",
        "_operations",
        "_server",
        "_since",
        "_version",
        "snapshot_wanted",
    )

    def __init__(
        self, server: Sourced, identity: Identity, events: Kept, *, version: int, since: int, stale: bool
    ) -> None:
        self._server = server
        self._identity = identity
        self._kept = events
        self._version = version
        self._since = since
        self._base = b""
        self._log: list[bytes] = []
        self._fresh: list[bytes] = []
        self._operations: list[Operation] = []
        self.snapshot_wanted: bool = stale
        """Whether the whole state is written when the present handler has returned."""

    def begin(self, kept: bytes | None) -> None:  # noqa: ARG002  # events alone change what is kept
        """See `StateKeeping`."""
        self._base = self._identity.spec.state.encode(self._identity.name, self._server.state)

    def persist(self, event: object) -> None:
        """Apply an event that the handler wants to be kept.

        Raises:
            StateNotStorable: It can't be.
        """
        data = self._kept.encode(self._identity.name, event)
        self._kept.check(self._identity.name, data)
        self._server.apply(event)
        self._fresh.append(data)

    def close(self) -> bool:
        """See `StateKeeping`."""
        fresh = self._fresh
        if not fresh and not self.snapshot_wanted:
            return False
        self._fresh = []
        self._since += len(fresh)
        if self.snapshot_wanted or self._since >= self._identity.spec.snapshot_every:
            self._snapshot(self._version + len(fresh))
        else:
            self._log.extend(fresh)
            for data in fresh:
                self._append(data)
        return True

    def _append(self, data: bytes) -> None:
        identity = self._identity
        self._version += 1
        event = StateEvent(name=identity.name, version=self._version, schema=identity.spec.version, data=data)
        self._operations.append(AppendEvent(event, identity.epoch))

    def _snapshot(self, version: int) -> None:
        identity = self._identity
        state = identity.spec.state
        data = state.encode(identity.name, self._server.state)
        state.check(identity.name, data)
        self._version = version
        self._base = data
        self._log.clear()
        self._since = 0
        self.snapshot_wanted = False
        self._operations += (identity.save(data, version), DropEvents(identity.name, version))

    def roll_back(self) -> None:
        """See `StateKeeping`."""
        if self._fresh:
            self._fresh = []
            self._server.state = self._identity.spec.state.read(self._base)
            for data in self._log:
                self._server.apply(self._kept.read(data))

    def operations(self) -> list[Operation]:
        """See `StateKeeping`."""
        operations, self._operations = self._operations, []
        return operations
