"""`kit`: checks what a test asks for, and makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from typing_extensions import Unpack

from regrow.errors import BadSetting
from regrow.runtime.system import System
from regrow.testing.contamination.guard import contamination_guard
from regrow.testing.isolation.globals import OwnGlobals
from regrow.testing.isolation.identity import current_test_id, seed_of
from regrow.testing.isolation.kit import Kit
from regrow.testing.isolation.plan import MODES, KitMode, Plan, SystemOptions

__all__ = ("kit",)


def kit(
    mode: KitMode = "registry",
    *,
    system: System | None = None,
    test_id: str | None = None,
    seed: int | None = None,
    package: str | Sequence[str] = (),
    allow: Sequence[str] = (),
    reason: str = "",
    **options: Unpack[SystemOptions],
) -> Kit:
    """What one test has for itself: `async with rt.kit() as kit:`.

    What was started, subscribed or added is undone at the end in reverse order, the System last. Whatever
    goes wrong with that is raised, as one `TeardownFailed` with the test's own error first.

    Args:
        mode: `"basic"`: unique names, and processes on a System that runs and is given. `"registry"`
            (default): a System of its own, so a registry, events and a supervisor. `"full"`: also random
            streams by a seed of the test's own, a wall clock that starts anew, and global state (environment,
            working directory, logging and what else `contamination_guard` compares) that is put back at the
            end; only one test of an OS process at a time. `"contamination"`: the same, but a test that
            changes global state fails.
        system: In mode `"basic"` one that runs, in the others one that the kit is to start and stop, as that
            of the program under test. Default: none in mode `"basic"`, in the others an empty one.
        test_id: Which test this is. Default: what pytest says, or else the name of the function that asks.
        seed: Default: made of the test's id.
        package: The package under test, or several: in modes `"full"` and `"contamination"` its module
            globals belong to what is put back.
        allow: What may stay changed in mode `"contamination"`: see `contamination_guard`.
        reason: Why.
        **options: Of the System that the kit makes: `services`, `settings`, `ports`, `timeouts`, `debug`,
            `strict`.

    Raises:
        BadSetting: An option can't be used, or not in this mode.
        AlreadyIsolated: At the beginning of the block: another test has the global state for itself.
        TeardownFailed: At its end.
    """
    if mode not in MODES:
        raise BadSetting("mode", mode, f"one of {', '.join(map(repr, MODES))}", owner="kit")
    _check_system(mode, system, options)
    if allow and mode != "contamination":
        raise BadSetting("allow", allow, "left out unless mode is 'contamination'", owner="kit")
    _check_identity(test_id, seed)
    guard = contamination_guard(package, allow=allow, reason=reason)
    who = test_id if test_id is not None else current_test_id(2)
    number = seed if seed is not None else seed_of(who)
    packages = (package,) if isinstance(package, str) else package
    own_globals = None
    if mode in {"full", "contamination"}:
        own_globals = OwnGlobals(who, number, packages, guard if mode == "contamination" else None)
    plan = Plan(mode, who, number, system=system, own_globals=own_globals, options=options)
    return Kit(plan)


def _check_identity(test_id: object, seed: object) -> None:
    if test_id is not None and (not isinstance(test_id, str) or not test_id):
        raise BadSetting("test_id", test_id, "a text that isn't empty", owner="kit")
    if seed is not None and type(seed) is not int:
        raise BadSetting("seed", seed, "a whole number", owner="kit")


def _check_system(mode: KitMode, system: System | None, options: SystemOptions) -> None:
    given = cast("object", system)
    if given is None:
        if options and mode == "basic":
            raise BadSetting("options", tuple(options), "left out: mode 'basic' makes no System", owner="kit")
        return
    if not isinstance(given, System):
        raise BadSetting("system", given, "a System", owner="kit")
    if options:
        raise BadSetting("options", tuple(options), "left out: the System is given", owner="kit")
    runs = given.state == "running"
    if runs != (mode == "basic"):
        allowed = "one that runs" if mode == "basic" else "one that doesn't run: the kit starts it"
        raise BadSetting("system", given, f"{allowed}, in mode {mode!r}", owner="kit")
