"""Who a send is for: a name, or one process."""

from __future__ import annotations

from asyncio import get_running_loop
from typing import TYPE_CHECKING, TypeAlias

from regrow.core.texts import is_name
from regrow.errors import BadAddress
from regrow.runtime.engine import ENGINES
from regrow.runtime.pid import Address, Ref
from regrow.runtime.process import Process, current_process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Timeout

__all__ = ("Recipient", "Recipients", "recipient_of", "seconds_of")

Recipient: TypeAlias = "str | Process"
Recipients: TypeAlias = "Address[object] | str"


def recipient_of(to: object, *, anywhere: bool = False) -> tuple[Engine, Recipient]:
    """The engine that a send goes through, and its name or process.

    Raises:
        BadAddress: It is no Pid, Ref or name; or a name, and which System is meant can't be known.
    """
    if isinstance(to, Process):
        return to.engine, to
    if isinstance(to, Ref):
        return to._engine, to.name  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # ours
    if is_name(to):
        return _engine_here(to, anywhere=anywhere), to
    raise BadAddress(to, "a Pid, a Ref, or a registered name")


def _engine_here(name: str, *, anywhere: bool) -> Engine:
    process = current_process.get(None)
    if process is not None:
        return process.engine
    if anywhere:
        raise BadAddress(
            name, "a Ref, system.ref(name, cls): outside a process a name says nothing of its System"
        )
    loop = get_running_loop()
    here = [engine for engine in ENGINES if engine.running and engine.loop is loop]
    if len(here) != 1:
        raise BadAddress(name, f"a Ref, system.ref(name, cls): {len(here)} Systems run on this loop")
    return here[0]


def seconds_of(engine: Engine, to: Recipient, message: object, timeout: Timeout) -> float:
    """The timeout in seconds. Raises `BadTimeout`, `UnknownTimeout`."""
    process = engine.names.get(to) if isinstance(to, str) else to
    handler = getattr(message, "__handler__", None)
    server = process.blueprint.server if process is not None else None
    operation: str | None = handler.name if handler is not None else None
    return engine.timeouts.resolve(timeout, server=server, operation=operation)
