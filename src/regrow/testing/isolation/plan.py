"""What a kit is to be, before it is opened; and how what a test asks for becomes a child spec."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypedDict, final, get_args

import msgspec

from regrow.core.options import Restart, ShutdownOption
from regrow.core.ports import Ports
from regrow.core.services import Service
from regrow.core.settings import Settings
from regrow.core.specs import ChildSpec, child
from regrow.core.timeouts import TimeoutTable
from regrow.runtime.genserver import GenServer
from regrow.runtime.system import System
from regrow.testing.isolation.globals import OwnGlobals
from regrow.testing.isolation.ports import own_ports

if TYPE_CHECKING:
    from typing import Never

__all__ = ("MODES", "Function", "KitMode", "Plan", "SystemOptions", "spec_of")

Function: TypeAlias = "Callable[..., Coroutine[object, Never, object]]"
KitMode: TypeAlias = Literal["basic", "registry", "full", "contamination"]
"""How much a test has for itself: see `kit`."""
MODES: Final[tuple[KitMode, ...]] = get_args(KitMode)


class SystemOptions(TypedDict, total=False):
    """Options of the `rg.System` that a kit makes."""

    services: Sequence[Service | ChildSpec]
    settings: Settings
    ports: Ports
    timeouts: TimeoutTable
    debug: bool
    strict: bool


@final
class Plan:
    """What a kit is to be.

    Args:
        mode: How much the test has for itself.
        test_id: Which test it is.
        seed: Of its random streams.
        system: The System that was given, if any.
        own_globals: Global state, if it has that for itself.
        options: Of the System that it makes.
    """

    __slots__ = ("mode", "options", "own_globals", "seed", "system", "test_id")

    def __init__(
        self,
        mode: KitMode,
        test_id: str,
        seed: int,
        *,
        system: System | None,
        own_globals: OwnGlobals | None,
        options: SystemOptions,
    ) -> None:
        self.mode: Final = mode
        self.test_id: Final = test_id
        self.seed: Final = seed
        self.system: Final = system
        self.own_globals: Final = own_globals
        self.options: Final = options

    async def started_system(self, name: str) -> System:
        """The System that was given, or one of the test's own, running."""
        system = self.system
        if system is None:
            options = self.options.copy()
            if self.mode != "registry" and "ports" not in options:
                options["ports"] = own_ports(self.seed)
            system = System(name=name, **options)
        return await system.__aenter__()


def spec_of(
    target: type[GenServer] | ChildSpec | Function,
    *,
    name: str | None,
    args: tuple[object, ...],
    kwargs: Mapping[str, object] | None,
    restart: Restart | None,
    shutdown: ShutdownOption,
) -> ChildSpec:
    """A child spec; what is asked for goes before what the spec says."""
    if not isinstance(target, ChildSpec):
        whole = "permanent" if restart is None else restart
        return child(target, name=name, args=args, kwargs=kwargs, restart=whole, shutdown=shutdown)
    given: dict[str, object] = {
        "name": name,
        "args": args or None,
        "kwargs": kwargs,
        "restart": restart,
        "shutdown": shutdown,
    }
    return msgspec.structs.replace(target, **{key: one for key, one in given.items() if one is not None})
