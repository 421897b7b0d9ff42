"""The base of persistent servers of which events are kept."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar, final

from regrow.delivery.persistence.keeper import Keeper
from regrow.delivery.persistence.states import EventLog
from regrow.errors.persistence import NotPersistent
from regrow.runtime.genserver import GenServer
from regrow.runtime.process import Process

__all__ = ("EventSourced",)

E = TypeVar("E")


class EventSourced(GenServer, Generic[E]):
    """A persistent server of which events are kept instead of its whole state after each message.

    For states that are large beside what one message changes. `E` is what an event may be: a Struct, or a
    union of tagged ones. Events alone change the state::

        class Added(msgspec.Struct, frozen=True, tag=True):
            item: str


        @rg.persistent(Basket)
        class BasketServer(rg.EventSourced[Added]):
            state: Basket

            def apply(self, event: Added) -> None:
                self.state.items.append(event.item)

            @rg.call
            def add(self, item: str) -> int:
                self.persist(Added(item))
                return len(self.state.items)

    A snapshot of the whole state is taken after `snapshot_every` events of `rg.persistent`, and takes their
    place.
    """

    @abstractmethod
    def apply(self, event: E) -> None:
        """Change `self.state` as `event` says, and do nothing else: it is called again at a restart."""
        raise NotImplementedError

    @final
    def persist(self, event: E) -> None:
        """Apply `event` at once; it is committed with whatever else the present handler does.

        Raises:
            StateNotStorable: It can't be kept; nothing was applied.
            NotPersistent: No handler of this server runs.
        """
        _log_of(self, "persist()").persist(event)

    @final
    def snapshot(self) -> None:
        """Keep the whole state in the place of all events so far, when the present handler is committed.

        Raises:
            NotPersistent: No handler of this server runs.
        """
        _log_of(self, "snapshot()").snapshot_wanted = True


def _log_of(server: GenServer, operation: str) -> EventLog:
    process: Process | None = getattr(server, "_process", None)
    turns = process.extras.turns if process is not None and process.extras is not None else None
    if turns is not None and turns.handling and isinstance(turns.commit, Keeper):
        state = turns.commit.state
        if isinstance(state, EventLog):
            return state
    raise NotPersistent(type(server).__qualname__, operation)
