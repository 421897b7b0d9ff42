"""Services: what starts before and stops after all children, and is offered to them by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast, final, runtime_checkable

import msgspec

from regrow.core.specs import ChildSpec, check_child_spec
from regrow.errors.settings import BadService

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ("Service", "ServiceEntry", "check_services")


@runtime_checkable
class Service(Protocol):
    """What a System takes in `services`, beside child specs that have a name.

    The System starts `child_spec()` before its children, in the order given, stops it after them,
    and offers the object itself to the tree as `system.service(service_name)`.
    """

    @property
    def service_name(self) -> str:
        """What it is offered as: unique within the System."""
        ...

    def child_spec(self) -> ChildSpec:
        """How its process is started; asked once per start of the System."""
        ...


@final
class ServiceEntry(msgspec.Struct, frozen=True):
    """One service, ready to start.

    Args:
        name: What it is offered as.
        spec: How it is started.
        offered: What `system.service(name)` gives: the service, or the child spec itself.
    """

    name: str
    spec: ChildSpec
    offered: Service | ChildSpec


def check_services(services: Iterable[Service | ChildSpec]) -> tuple[ServiceEntry, ...]:
    """Check a System's services and ask each for its child spec; starts nothing.

    Raises:
        BadService: If something isn't a service, or two have the same name.
        BadChildSpec: If a child spec can't be used.
    """
    entries: dict[str, ServiceEntry] = {}
    for service in services:
        entry = _entry_of(service)
        check_child_spec(entry.spec)
        if entry.name in entries:
            raise BadService(service, f"there is already a service {entry.name!r}")
        entries[entry.name] = entry
    return tuple(entries.values())


def _entry_of(service: object) -> ServiceEntry:
    if isinstance(service, ChildSpec):
        if service.name is None:
            raise BadService(service, "this child spec has no name to be offered by")
        return ServiceEntry(service.name, service, service)
    if isinstance(service, type) or not isinstance(service, Service):
        raise BadService(service, "it isn't one")
    name = cast(object, service.service_name)
    if not isinstance(name, str) or not name:
        raise BadService(service, f"its service_name is {name!r}, no name")
    return ServiceEntry(name, service.child_spec(), service)
