"""The generators of random numbers that everybody shares."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Mapping
from typing import Protocol, cast, final

from typing_extensions import override

from regrow.testing.contamination.resources import ABSENT, Resource

__all__ = ("Random",)


class _Generator(Protocol):
    """The module `numpy.random`, as far as it matters here."""

    def get_state(self, *, legacy: bool) -> tuple[object, ...]: ...
    def set_state(self, state: tuple[object, ...]) -> None: ...


@final
class Random(Resource):
    """The states of `random`, and of `numpy.random` if it is loaded.

    Whoever draws from them changes them, and so what the next test draws.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("random")

    @override
    def read(self) -> Mapping[str, object]:
        found: dict[str, object] = {"random": random.getstate()}
        numpy = _numpy()
        if numpy is not None:
            name, key, *rest = numpy.get_state(legacy=True)
            found["numpy.random"] = (name, bytes(cast("bytearray", key)), *rest)
        return found

    @override
    def is_same(self, name: str, before: object, after: object) -> bool:
        return before is ABSENT or before == after  # numpy: loaded meanwhile, and seeded by the system

    @override
    def write(self, name: str, before: object, after: object) -> None:
        numpy = _numpy()
        if name == "random":
            random.setstate(cast("tuple[int, tuple[int, ...], float | None]", before))
        elif numpy is not None:
            kind, key, *rest = cast("tuple[object, ...]", before)
            numpy.set_state((kind, _words(cast("bytes", key)), *rest))

    @override
    def texts(self, name: str, before: object, after: object) -> tuple[str, str]:
        return _digest(before), _digest(after)


def _digest(state: object) -> str:
    return f"in state {hashlib.sha256(repr(state).encode()).hexdigest()[:8]}"


def _words(key: bytes) -> list[int]:
    return [int.from_bytes(key[at : at + 4], sys.byteorder) for at in range(0, len(key), 4)]


def _numpy() -> _Generator | None:
    """`numpy.random`, if anybody has loaded it."""
    return cast("_Generator | None", sys.modules.get("numpy.random"))
