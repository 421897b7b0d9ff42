"""What `rg.persistent` takes, and what it says when it can't."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec
import pytest

import regrow as rg

E = TypeVar("E")


class State(msgspec.Struct):
    n: int = 0


class NeedsMore(msgspec.Struct):
    n: int


class Live(msgspec.Struct):
    who: rg.Pid[object] | None = None


class Server(rg.GenServer):
    state: State


def test_the_class_is_given_back() -> None:
    class Mine(rg.GenServer):
        state: State

    assert rg.persistent(State)(Mine) is Mine


@pytest.mark.parametrize(
    ("options", "about"),
    [
        ({"version": 0}, "version=0"),
        ({"version": True}, "version=True"),
        ({"snapshot_every": 0}, "snapshot_every=0"),
        ({"inbox_window": 0}, "inbox_window=0"),
        ({"inbox_window": float("inf")}, "inbox_window=inf"),
        ({"inbox_window": "week"}, "inbox_window='week'"),
        ({"upgrade": 3}, "upgrade=3"),
        ({"upgrade_event": "f"}, "upgrade_event='f'"),
    ],
)
def test_options_are_checked_when_the_class_is_made(options: dict[str, object], about: str) -> None:
    with pytest.raises(rg.errors.BadPersistence, match=about) as caught:
        rg.persistent(State, **options)(Server)  # type: ignore[arg-type]
    assert caught.value.server == "Server"


def test_a_state_needs_defaults() -> None:
    with pytest.raises(rg.errors.BadPersistence, match="default"):
        rg.persistent(NeedsMore)(Server)


def test_a_state_needs_a_type_that_msgspec_knows() -> None:
    with pytest.raises(rg.errors.BadPersistence, match="msgspec"):
        rg.persistent(dict[tuple[int, ...] | frozenset[int], set[int] | list[int]])(Server)


def test_only_servers_are_persistent() -> None:
    with pytest.raises(rg.errors.BadPersistence, match="no GenServer"):
        rg.persistent(State)(int)  # type: ignore[type-var]


def test_an_event_sourced_server_says_what_its_events_are() -> None:
    class Loose(rg.EventSourced[E], Generic[E]):
        def apply(self, event: E) -> None: ...

    with pytest.raises(rg.errors.BadPersistence, match="events isn't said"):
        rg.persistent(State)(Loose)


def test_an_event_sourced_server_needs_apply() -> None:
    class Lazy(rg.EventSourced[State]):
        state: State

    with pytest.raises(rg.errors.BadPersistence, match="apply"):
        rg.persistent(State)(Lazy)  # type: ignore[type-abstract]
