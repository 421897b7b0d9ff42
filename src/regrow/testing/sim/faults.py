"""Which faults strike a simulated run by chance, and how often."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Final, TypeAlias

import msgspec
from typing_extensions import override

from regrow.errors.faults import BadFault
from regrow.runtime.pid import Pid

__all__ = ("Faults", "StoreFaults", "Who")

Who: TypeAlias = Callable[[Pid[object]], bool]
"""Says of a process whether it is meant."""


PROBABILITIES: Final = (
    "kill",
    "crash",
    "crash_init",
    "crash_terminate",
    "hang",
    "slow",
    "storm",
    "delay",
    "drop",
    "duplicate",
    "wall_jump",
)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124  # NaN


def _check(
    options: object,
    probabilities: tuple[str, ...],
    seconds: tuple[str, ...],
    counts: tuple[str, ...],
) -> None:
    owner = type(options).__name__
    for name in probabilities:
        value = getattr(options, name)
        if not _is_number(value) or not 0 <= value <= 1:
            raise BadFault(owner, name, value, "a probability from 0 to 1")
    for name in seconds:
        value = getattr(options, name)
        if not _is_number(value) or not 0 < value < inf:
            raise BadFault(owner, name, value, "a number of seconds above 0")
    for name in counts:
        value = getattr(options, name)
        if type(value) is not int or value < 1:
            raise BadFault(owner, name, value, "a whole number of at least 1")


def _check_sum(options: object, names: tuple[str, ...]) -> None:
    total = sum(getattr(options, name) for name in names)
    if total > 1:
        shares = ", ".join(f"{name}={getattr(options, name):g}" for name in names)
        raise BadFault("Faults", names[0], getattr(options, names[0]), f"at most 1 together with {shares}")


class StoreFaults(msgspec.Struct, frozen=True, kw_only=True):
    """How often the journal's disk fails. Probabilities are per commit or read, from 0 to 1.

    While a System starts its disk may be slow and the power may go, but nothing fails by chance.

    Attributes:
        slow: A commit takes up to `max_slow`. Default 0.
        max_slow: The longest such commit in seconds. Default 1.0.
        full: A commit finds the disk full. Default 0.
        fail: A commit's sync fails with an input/output error, so the journal refuses all that comes after
            it until it is opened anew. Default 0.
        fail_read: A read fails with an input/output error. Default 0.
        power_cut: The power goes during a commit; the test says by `sim.survive` how it goes on. Default 0.
        cuts: Most power cuts of one run. Default 3.

    Raises:
        BadFault: One of them is no such number.
    """

    slow: float = 0.0
    max_slow: float = 1.0
    full: float = 0.0
    fail: float = 0.0
    fail_read: float = 0.0
    power_cut: float = 0.0
    cuts: int = 3

    def __post_init__(self) -> None:
        """Checks the numbers."""
        _check(self, ("slow", "full", "fail", "fail_read", "power_cut"), ("max_slow",), ("cuts",))


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How often faults strike processes, mailboxes, clock and journal of a simulated run.

    Probabilities are from 0 to 1, all 0 by default. Those of processes are per callback: a handler, `init`
    or `terminate`. They strike children of supervisors only, once their System is up, and neither services
    nor what the test itself spawns; `only` and `spare` make it fewer. At most one of them strikes a
    callback: their probabilities are shares of one draw, and so are those of a message.

    Attributes:
        kill: The process is killed, before the handler or while it runs.
        crash: A handler raises `InjectedCrash` in the place of what it would do.
        crash_init: The same of `init`.
        crash_terminate: The same of `terminate`.
        hang: A callback waits for ever: until its process is killed or shut down, or `sim.calm()`.
        slow: A callback takes up to `max_slow` longer.
        max_slow: In seconds, default 5.0.
        storm: A child is killed, and up to `storm_kills` times in all as soon as it is there again.
        storm_kills: Default 5: more than the 3 restarts that supervisors allow by default.
        delay: A message takes up to `max_delay`; what comes after it from the same sender waits behind it.
        max_delay: In seconds, default 1.0.
        drop: A cast or a plain send is lost. Calls, supervised messages and signals never are.
        duplicate: A cast or a plain send arrives twice.
        wall_jump: The wall clock has jumped by up to `max_wall_jump`, forth or back, when it is read.
        max_wall_jump: In seconds, default 3600.0.
        thread_latency: Longest time in seconds that work for a thread waits before it begins; default 0.0.
        store: Faults of the journal's disk.
        until: Virtual seconds from which on none of these strikes any more. Default: for ever.
        only: Says who may be struck, of those who may be at all. Default: everybody.
        spare: Says who may not. Default: nobody.

    Raises:
        BadFault: One of them can't be used.
    """

    kill: float = 0.0
    crash: float = 0.0
    crash_init: float = 0.0
    crash_terminate: float = 0.0
    hang: float = 0.0
    slow: float = 0.0
    max_slow: float = 5.0
    storm: float = 0.0
    storm_kills: int = 5
    delay: float = 0.0
    max_delay: float = 1.0
    drop: float = 0.0
    duplicate: float = 0.0
    wall_jump: float = 0.0
    max_wall_jump: float = 3600.0
    thread_latency: float = 0.0
    store: StoreFaults = StoreFaults()
    until: float = inf
    only: Who | None = None
    spare: Who | None = None

    def __post_init__(self) -> None:
        """Checks the numbers."""
        _check(self, PROBABILITIES, ("max_slow", "max_delay", "max_wall_jump"), ("storm_kills",))
        for option in ("only", "spare"):
            who = getattr(self, option)
            if who is not None and not callable(who):
                raise BadFault("Faults", option, who, "a function that takes a Pid")
        _check_sum(self, ("kill", "crash", "hang", "slow", "storm"))
        _check_sum(self, ("delay", "drop", "duplicate"))
        if not _is_number(self.thread_latency) or not 0 <= self.thread_latency < inf:
            raise BadFault("Faults", "thread_latency", self.thread_latency, "a number of seconds")
        if not _is_number(self.until) or self.until < 0:
            raise BadFault("Faults", "until", self.until, "a number of virtual seconds")

    @override
    def __repr__(self) -> str:
        """What isn't as by default, functions by their names: equal for equal options in every program."""
        shown: list[str] = []
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value != getattr(NONE, name):
                text = repr(value) if not callable(value) else getattr(value, "__qualname__", "a function")
                shown.append(f"{name}={text}")
        return f"Faults({', '.join(shown)})"


NONE: Final = Faults()
