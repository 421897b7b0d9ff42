"""PartitionSupervisor: the same server several times, each key always with the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast
from zlib import crc32

import msgspec

from regrow.core.specs import ChildSpec, SupervisorSpec, child
from regrow.errors import NoProcess, NoSuchPartition
from regrow.errors.settings import BadSetting
from regrow.runtime.pid import Ref
from regrow.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

S = TypeVar("S")


class PartitionSupervisor(Supervisor):
    """Runs one child spec `partitions` times, registered as `name:0`, `name:1`, ..."""

    __slots__ = ("partitions",)

    partitions: int

    def init(self, spec: ChildSpec, name: str, partitions: int) -> SupervisorSpec:  # type: ignore[override]
        """Make the children's specs."""
        self.partitions = partitions
        children = (
            msgspec.structs.replace(spec, id=str(number), name=f"{name}:{number}") for number in range(partitions)
        )
        return SupervisorSpec.of(children, max_restarts=max(3, partitions))


def partition_supervisor(spec: ChildSpec, *, name: str, partitions: int) -> ChildSpec:
    """Describe a PartitionSupervisor as a child.

    Args:
        spec: what each partition runs.
        name: its name; the partitions are registered as `name:0`, `name:1`, ...
        partitions: how many, at least 1.

    Raises:
        BadSetting: fewer than one partition.
        BadChildSpec: one subclass for each option that can't be used.
    """
    if type(partitions) is not int or partitions < 1:
        raise BadSetting("partitions", partitions, "a whole number of at least 1")
    return child(PartitionSupervisor, name=name, args=(spec, name, partitions))


def partition_of(engine: Engine, name: str, key: object, server: type[S]) -> Ref[S]:
    """The Ref of the partition that `key` belongs to.

    Equal keys of str, bytes, int, float, bool, None and tuples of them go to the same partition in
    every run: the choice is by CRC-32 of the key's type and value, not by `hash`.
    """
    process = engine.names.get(name)
    if process is None:
        raise NoProcess(name)
    instance = cast("object", process.instance)
    if not isinstance(instance, PartitionSupervisor):
        raise NoSuchPartition(name)
    number = crc32(msgspec.msgpack.encode(key)) % instance.partitions
    return Ref(engine, f"{name}:{number}", server)
