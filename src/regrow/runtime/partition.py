"""PartitionSupervisor: the same server several times, each key always with the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar, cast
from zlib import crc32

import msgspec
from typing_extensions import override

from regrow.core.backoff import Backoff
from regrow.core.options import Restart, ShutdownOption
from regrow.core.specs import ChildSpec, SupervisorSpec, check_child_spec, child
from regrow.core.texts import is_name
from regrow.errors import BadPartitionKey, NoProcess, NoSuchPartition
from regrow.errors.specs import BadChildName, BadLimit
from regrow.runtime.pid import Ref
from regrow.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

S = TypeVar("S")
KEY_TYPES: Final = (str, bytes, int, float, bool, type(None))


class PartitionSupervisor(Supervisor):
    """Runs one child spec `partitions` times, registered as `name:0`, `name:1`, ..."""

    __slots__ = ("partitions",)
    __regrow_eager__ = True

    partitions: int

    @override
    def init(self, spec: SupervisorSpec) -> SupervisorSpec:  # type: ignore[override]
        """Take the children's specs."""
        self.partitions = len(spec.children)
        return spec


def partition_supervisor(
    spec: ChildSpec,
    *,
    name: str,
    partitions: int,
    max_restarts: int = 3,
    max_seconds: float = 5.0,
    backoff: Backoff | None = None,
    restart: Restart = "permanent",
    shutdown: ShutdownOption = None,
) -> ChildSpec:
    """Describe a PartitionSupervisor as a child.

    Args:
        spec: What each partition runs.
        name: Its name; the partitions are registered as `name:0`, `name:1`, ...
        partitions: How many, at least 1.
        max_restarts: Restart attempts allowed within `max_seconds`, default 3.
        max_seconds: Seconds, default 5.0.
        backoff: Wait before restarts, default none.
        restart: What the supervisor above does when this one ends, default `"permanent"`.
        shutdown: Seconds it has to stop; default the sum of its partitions'.

    Raises:
        BadChildSpec: One subclass for each option that can't be used.
    """
    if type(partitions) is not int or partitions < 1:
        raise BadLimit("partitions", partitions)
    check_child_spec(spec)
    _check_name(name)
    replace = msgspec.structs.replace
    children = (replace(spec, id=str(number), name=f"{name}:{number}") for number in range(partitions))
    flags = SupervisorSpec.of(children, max_restarts=max_restarts, max_seconds=max_seconds, backoff=backoff)
    return child(PartitionSupervisor, name=name, args=(flags,), restart=restart, shutdown=shutdown)


def partition_of(engine: Engine, name: str, key: object, server: type[S]) -> Ref[S]:
    """The Ref of the partition that `key` belongs to.

    The same key goes to the same partition in every run and over restarts: the choice is by CRC-32
    of the key's text, not by `hash`. So 1, 1.0, True and "1" are four different keys.

    Raises:
        NoProcess: Nobody has the name now.
        NoSuchPartition: Who has it is no PartitionSupervisor.
        BadPartitionKey: No str, bytes, int, float, bool, None or tuple of these.
    """
    _check_key(key)
    process = engine.names.get(name)
    if process is None:
        raise NoProcess(name)
    instance = process.instance
    if not isinstance(instance, PartitionSupervisor):
        raise NoSuchPartition(name)
    number = crc32(repr(key).encode("utf-8", "backslashreplace")) % instance.partitions
    return Ref(engine, f"{name}:{number}", server)


def _check_name(name: object) -> None:
    if not is_name(name):
        raise BadChildName(name)


def _check_key(key: object) -> None:
    if type(key) is tuple:
        for part in cast("tuple[object, ...]", key):
            _check_key(part)
    elif type(key) not in KEY_TYPES:
        raise BadPartitionKey(key)
