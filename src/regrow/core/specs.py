"""Child specs and supervisor options: pure values, checked without starting anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, cast, final

import msgspec

from regrow.core.backoff import Backoff, check_backoff
from regrow.core.options import (
    AutoShutdown,
    Kind,
    Restart,
    ShutdownOption,
    Strategy,
    check_auto_shutdown,
    check_id,
    check_kind,
    check_max_restarts,
    check_max_seconds,
    check_metadata,
    check_name,
    check_restart,
    check_shutdown,
    check_significant,
    check_start_timeout,
    check_strategy,
)
from regrow.core.targets import Target, check_target, kind_of, name_of, own_kwargs, unwrapped
from regrow.errors.specs import BadSignificant, DuplicateChild, NotAChildSpec

__all__ = (
    "ChildSpec",
    "SupervisorFlags",
    "SupervisorSpec",
    "check_child_spec",
    "check_children",
    "check_flags",
    "check_significance",
    "check_supervisor",
    "child",
)


PERMANENT: Final[Restart] = "permanent"
WORKER: Final[Kind] = "worker"


@final
class ChildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How one child is started, restarted and stopped; make it with `child` or `supervisor`.

    Made directly it is checked when it is started, or by `check_child_spec`.
    """

    id: str
    """What its supervisor calls it; unique among its siblings."""
    target: Target
    """The GenServer class or the `async def` function."""
    args: tuple[object, ...] = ()
    """Positional arguments of `init`, or of the function."""
    kwargs: Mapping[str, object] | None = None
    """Keyword arguments of the same; None for none."""
    name: str | None = None
    """The name it is registered under."""
    restart: Restart = PERMANENT
    """``"permanent"`` always, ``"transient"`` unless it ended normally, ``"temporary"`` never."""
    shutdown: ShutdownOption = None
    """Seconds that it has to end, ``"brutal_kill"``, or None for the default.

    The default is 5.0 s for a worker, and for a supervisor the sum of its own children's.
    """
    significant: bool = False
    """Whether its own end counts for the supervisor's `auto_shutdown`."""
    start_timeout: float | None = None
    """Seconds that its `init` may take; None for the system's `Settings.start_timeout`."""
    metadata: Mapping[str, object] | None = None
    """What stands beside its name in the registry."""
    kind: Kind = WORKER
    """``"supervisor"`` for a target that starts children of its own."""


def child(
    target: Target,
    *,
    id: str | None = None,  # the field's own word
    name: str | None = None,
    args: tuple[object, ...] = (),
    kwargs: Mapping[str, object] | None = None,
    restart: Restart = "permanent",
    shutdown: ShutdownOption = None,
    significant: bool = False,
    start_timeout: float | None = None,
    metadata: Mapping[str, object] | None = None,
) -> ChildSpec:
    """Describe a child: what runs, and what its supervisor does when it ends.

    Args:
        target: A GenServer class or an `async def` function.
        id: Its id among its siblings. Default: `name`, or else the target's own name.
        name: The name to register it under. Default: none.
        args: Positional arguments of `init`, or of the function.
        kwargs: Keyword arguments of the same.
        restart: ``"permanent"`` (default), ``"transient"`` or ``"temporary"``.
        shutdown: Seconds from 0 to a day, ``"brutal_kill"``, or None (default): 5.0 s, and for a
            supervisor the sum of its own children's.
        significant: Whether its own end counts for `auto_shutdown`. Default False.
        start_timeout: Seconds that `init` may take. Default: `Settings.start_timeout`, 5.0 s.
        metadata: What stands beside its name in the registry.

    Raises:
        BadChildSpec: One subclass for each option that can't be used, e.g. `BadRestart`.
    """
    if not isinstance(target, type):
        target = cast(Target, unwrapped(target))
    spec = ChildSpec(
        id=id if id is not None else name or name_of(target),
        target=target,
        args=args,
        kwargs=None if kwargs is None else own_kwargs(kwargs),
        name=name,
        restart=restart,
        shutdown=shutdown,
        significant=significant,
        start_timeout=start_timeout,
        metadata=metadata,
        kind=cast(Kind, kind_of(target)),
    )
    check_child_spec(spec)
    return spec


def check_child_spec(spec: object) -> None:
    """Check one child spec without starting anything.

    Raises:
        BadChildSpec: The subclass for the first option that can't be used.
    """
    if type(spec) is not ChildSpec:
        raise NotAChildSpec(spec)
    check_id(spec.id)
    mine = spec.id
    check_name(spec.name, mine)
    check_target(spec.target, spec.args, spec.kwargs, mine)
    # Most leave the rest as it is, and a spec is checked three times before its child is there.
    if spec.restart is not PERMANENT:
        check_restart(spec.restart, mine)
    if spec.shutdown is not None:
        check_shutdown(spec.shutdown, mine)
    if spec.significant is not False:
        check_significant(spec.significant, spec.restart, mine)
    if spec.start_timeout is not None:
        check_start_timeout(spec.start_timeout, mine)
    if spec.metadata is not None:
        check_metadata(spec.metadata, mine)
    if spec.kind is not WORKER:
        check_kind(spec.kind, mine)


@final
class SupervisorFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What a supervisor does when a child ends."""

    strategy: Strategy = "one_for_one"
    """Which others are restarted with it: none, all, or those started after it."""
    max_restarts: int = 3
    """Restart attempts allowed within `max_seconds`; the next one ends the supervisor."""
    max_seconds: float = 5.0
    """Length of the sliding window, in seconds."""
    auto_shutdown: AutoShutdown = "never"
    """Whether the end of one significant child, or of the last one, ends the supervisor."""
    backoff: Backoff | None = None
    """How long to wait before a restart; None (default) for not at all, as OTP does."""


@final
class SupervisorSpec(msgspec.Struct, frozen=True):
    """The children of a supervisor, in their order of start, and its flags."""

    children: tuple[ChildSpec, ...] = ()
    flags: SupervisorFlags = SupervisorFlags()

    @classmethod
    def of(
        cls,
        children: Iterable[ChildSpec],
        *,
        strategy: Strategy = "one_for_one",
        max_restarts: int = 3,
        max_seconds: float = 5.0,
        auto_shutdown: AutoShutdown = "never",
        backoff: Backoff | None = None,
    ) -> SupervisorSpec:
        """Build a checked one; the options are the fields of `SupervisorFlags`.

        Raises:
            BadChildSpec: The subclass for the first thing that can't be used.
        """
        flags = SupervisorFlags(
            strategy=strategy,
            max_restarts=max_restarts,
            max_seconds=max_seconds,
            auto_shutdown=auto_shutdown,
            backoff=backoff,
        )
        try:
            spec = cls(tuple(children), flags)
        except TypeError:
            raise NotAChildSpec(children) from None
        check_supervisor(spec)
        return spec


def check_flags(flags: SupervisorFlags) -> None:
    """Check a supervisor's options.

    Raises:
        BadStrategy: If the strategy is unknown.
        BadIntensity: If the restart budget is negative, not finite, or no number.
        BadAutoShutdown: If `auto_shutdown` is unknown.
        BadBackoff: If the back-off isn't one.
    """
    check_strategy(flags.strategy)
    check_max_restarts(flags.max_restarts)
    check_max_seconds(flags.max_seconds)
    check_auto_shutdown(flags.auto_shutdown)
    check_backoff(flags.backoff)


def check_children(specs: Iterable[ChildSpec], *, auto_shutdown: AutoShutdown | None = None) -> None:
    """Check the children of one supervisor without starting anything.

    Args:
        specs: Their specs, in the order of start.
        auto_shutdown: The supervisor's; None (default) to leave out whether significant children
            go with it.

    Raises:
        BadChildSpec: The subclass for the first thing that can't be used.
        DuplicateChild: If two have the same id.
    """
    positions: dict[str, int] = {}
    for position, spec in enumerate(specs):
        check_child_spec(spec)
        first = positions.setdefault(spec.id, position)
        if first != position:
            raise DuplicateChild(spec.id, (first, position))
        if auto_shutdown is not None:
            check_significance(spec, auto_shutdown)


def check_significance(spec: ChildSpec, auto_shutdown: AutoShutdown) -> None:
    """Raise BadSignificant if a significant child stands where its end would count for nothing."""
    if spec.significant and auto_shutdown == "never":
        raise BadSignificant(
            True,
            "its supervisor has auto_shutdown='never'; give that supervisor"
            " auto_shutdown='any_significant' or 'all_significant'",
            spec.id,
        )


def check_supervisor(spec: SupervisorSpec) -> None:
    """Check a supervisor's options and all of its children, without starting anything.

    Raises:
        BadChildSpec: The subclass for the first thing that can't be used.
    """
    if type(spec) is not SupervisorSpec:
        raise NotAChildSpec(spec)
    check_flags(spec.flags)
    check_children(spec.children, auto_shutdown=spec.flags.auto_shutdown)
