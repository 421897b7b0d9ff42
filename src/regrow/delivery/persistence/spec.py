"""What a class says about the state that is kept of its servers, and how that becomes bytes and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, final

import msgspec

from regrow.errors.persistence import StateNotStorable, UpgradeFailed

if TYPE_CHECKING:
    from regrow.runtime.genserver import GenServer

__all__ = ("SPEC", "Spec", "Upgrade", "spec_of")

SPEC = "__regrow_persistence__"

Upgrade: TypeAlias = Callable[[int, object], object]
"""Takes the version that wrote it and the value as plain Python objects, returns the present one."""

_encode = msgspec.msgpack.Encoder().encode
_REFUSED = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)
"""What msgspec raises at a value that it can't write."""


@final
class Kept:
    """One type of values that are kept: the state, or the events."""

    __slots__ = ("_upgrade", "_version", "_what", "read")

    def __init__(self, kind: object, what: str, version: int, upgrade: Upgrade | None) -> None:
        decoder: msgspec.msgpack.Decoder[object] = msgspec.msgpack.Decoder(kind)
        self.read: Callable[[bytes], object] = decoder.decode
        """The value of bytes that this version wrote. Raises `msgspec.MsgspecError`."""
        self._what = what
        self._version = version
        self._upgrade = upgrade

    def encode(self, name: str, value: object) -> bytes:
        """The value as bytes.

        Raises:
            StateNotStorable: It holds something that can't be written.
        """
        try:
            return _encode(value)
        except _REFUSED as error:
            raise StateNotStorable(name, value, str(error)) from error

    def check(self, name: str, data: bytes) -> None:
        """See to it that what `encode` wrote can be read back.

        Raises:
            StateNotStorable: It can't: it holds something else than its type declares.
        """
        try:
            self.read(data)
        except msgspec.MsgspecError as error:
            value: object = msgspec.msgpack.decode(data)
            raise StateNotStorable(name, value, f"it couldn't be read back ({error})") from error

    def decode(self, name: str, data: bytes, version: int) -> object:
        """The value of these bytes, upgraded if an older version wrote them.

        Raises:
            msgspec.MsgspecError: They aren't readable.
            UpgradeFailed: There is no hook for the old version, or what it returned can't be kept.
        """
        if version == self._version:
            return self.read(data)
        old: object = msgspec.msgpack.decode(data)
        if self._upgrade is None:
            problem = f"give @rg.persistent a hook {self._hook}=, which takes the old version and value"
            raise self._failed(name, version, problem)
        new = self._upgrade(version, old)
        try:
            return self.read(_encode(new))
        except _REFUSED as error:
            raise self._failed(name, version, f"{self._hook} made something else of it ({error})") from error

    @property
    def _hook(self) -> str:
        return "upgrade" if self._what == "state" else "upgrade_event"

    def _failed(self, name: str, version: int, problem: str) -> UpgradeFailed:
        return UpgradeFailed(name, self._what, version, self._version, problem)


@final
class Spec:
    """What `rg.persistent` was told about a class.

    Attributes:
        initial: Makes the state of a server of which nothing is kept.
        type_name: Qualified name of the state's type.
        version: Of the state and the events, as the class gives it.
        state: Reads and writes the state.
        events: Reads and writes events, None if the whole state is kept.
        snapshot_every: Events after which the whole state is kept.
        window_us: Microseconds for which an idempotency key is remembered.
    """

    __slots__ = ("events", "initial", "snapshot_every", "state", "type_name", "version", "window_us")

    def __init__(
        self,
        initial: Callable[[], object],
        type_name: str,
        version: int,
        state: Kept,
        events: Kept | None,
        *,
        snapshot_every: int,
        window_us: int,
    ) -> None:
        self.initial: Callable[[], object] = initial
        self.type_name: str = type_name
        self.version: int = version
        self.state: Kept = state
        self.events: Kept | None = events
        self.snapshot_every: int = snapshot_every
        self.window_us: int = window_us


def spec_of(server: type[GenServer]) -> Spec | None:
    """What is kept of the servers of this class, None if nothing is."""
    found: Spec | None = getattr(server, SPEC, None)
    return found
