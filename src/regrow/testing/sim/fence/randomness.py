"""Random numbers at the fence: `random`, `secrets`, `uuid` and `os.urandom`."""

from __future__ import annotations

import os
import random
import secrets
import types
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from regrow.testing.sim.fence.guards import guard

if TYPE_CHECKING:
    from regrow.testing.sim.fence.clocks import Patch
    from regrow.testing.sim.fence.guards import FencedRun

__all__ = ("random_patches",)

VERSIONS: Final = {"uuid1": 1, "uuid4": 4, "uuid6": 6, "uuid7": 7}


def _bytes(run: FencedRun, size: int | None = None) -> bytes:
    return run.random.randbytes(32 if size is None else size)


def _text(run: FencedRun, size: int | None = None) -> str:
    return _bytes(run, size).hex()


def _choice(run: FencedRun, items: Sequence[object]) -> object:
    return run.random.choice(items)


def _bits(run: FencedRun, k: int) -> int:
    return run.random.getrandbits(k)


def _below(run: FencedRun, limit: int) -> int:
    return run.random.randrange(limit)


SECRETS: Final[dict[str, Callable[..., object]]] = {
    "token_bytes": _bytes,
    "token_hex": _text,
    "token_urlsafe": _text,
    "randbits": _bits,
    "randbelow": _below,
    "choice": _choice,
}


def random_patches() -> Iterator[Patch]:
    """What is guarded."""
    for name in random.__all__:
        function = getattr(random, name)
        if isinstance(function, types.MethodType | types.BuiltinMethodType):
            yield random, name, guard("randomness", f"random.{name}()", function, _method(name))
    yield random.Random, "seed", _seed(random.Random.seed)
    for name, route in SECRETS.items():
        yield secrets, name, guard("randomness", f"secrets.{name}()", getattr(secrets, name), route)
    for name, version in VERSIONS.items():
        if hasattr(uuid, name):
            yield uuid, name, guard("randomness", f"uuid.{name}()", getattr(uuid, name), _uuid(version))
    for module, name in ((os, "urandom"), (random, "_urandom"), (os, "getrandom")):
        if hasattr(module, name):
            real = getattr(module, name)
            yield module, name, guard("randomness", "os.urandom()", real, _urandom)


def _urandom(run: FencedRun, size: int, *_: object) -> bytes:
    return run.random.randbytes(size)


def _method(name: str) -> Callable[..., object]:
    def route(run: FencedRun, *args: object, **options: object) -> object:
        return getattr(run.random, name)(*args, **options)

    return route


def _uuid(version: int) -> Callable[..., uuid.UUID]:
    def route(run: FencedRun, *_: object, **__: object) -> uuid.UUID:
        bits = run.random.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62)
        return uuid.UUID(int=bits | version << 76 | 0x2 << 62)

    return route


def _seed(real: Callable[..., None]) -> Callable[..., None]:
    """Of a `random.Random`: one that is given no seed takes the operating system's entropy."""

    def route(run: FencedRun, self: random.Random, *_: object, **__: object) -> None:
        real(self, run.random.getrandbits(128))

    guarded = guard("randomness", "random.Random() without a seed", real, route)

    def seed(
        self: random.Random, a: int | float | str | bytes | bytearray | None = None, version: int = 2
    ) -> None:
        if a is None:
            guarded(self, a, version)
        else:
            real(self, a, version)

    return seed
