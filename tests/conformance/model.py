"""What a scenario is: a supervision tree and a list of driver actions, the same for both sides.

Every process has a *slot*: an id that is unique in its scenario and stays the same over restarts; the n-th
process in a slot is its n-th incarnation. A *target* names a process in a step: ``"a"`` the newest
incarnation of slot a, ``"a#1"`` its first, ``"@name"`` whoever holds the name.

Reasons are written as text, the same text that the traces hold (see ``reasons.py``): ``normal``,
``shutdown``, ``shutdown:detail``, ``other:detail``, ``crash``; as a signal also ``kill``.
"""

from __future__ import annotations

import hashlib
from typing import Literal, TypeAlias

import msgspec

Restart = Literal["permanent", "transient", "temporary"]
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
Stop: TypeAlias = int | Literal["brutal_kill"]


class Worker(msgspec.Struct, frozen=True, kw_only=True, tag="worker"):
    """A child process.

    Attributes:
        shutdown: Milliseconds, or ``brutal_kill``.
        trap_exit: True unless a scenario is about not trapping: OTP calls ``terminate`` at a supervisor's
            shutdown only then (a listed difference, see ``differences.py``).
        init: What the n-th start does: ``ok``, ``crash``, ``stop:REASON``, ``ignore``, ``continue``,
            ``continue_crash``; ``ok`` when the list is over.
        terminate: What ``terminate`` does: ``ok``, ``crash``, ``hang`` (for ever, when the reason is
            ``shutdown``).
        plain: A plain process instead of a GenServer; if it traps, it does with its parent's EXIT what
            ``terminate`` says: leaves with the reason or hangs.
    """

    id: str
    restart: Restart = "permanent"
    shutdown: Stop = 2000
    significant: bool = False
    trap_exit: bool = True
    name: str | None = None
    init: tuple[str, ...] = ()
    terminate: str = "ok"
    plain: bool = False


class Sup(msgspec.Struct, frozen=True, kw_only=True, tag="sup"):
    """A supervisor with static children. ``max_seconds`` is 3600 wherever time plays no part."""

    id: str
    children: tuple[Worker | Sup | Dyn, ...] = ()
    strategy: Strategy = "one_for_one"
    max_restarts: int = 3
    max_seconds: int = 3600
    auto_shutdown: AutoShutdown = "never"
    restart: Restart = "permanent"
    significant: bool = False
    name: str | None = None


class Dyn(msgspec.Struct, frozen=True, kw_only=True, tag="dyn"):
    """A dynamic supervisor (simple_one_for_one): the template's fields stand here, children come by
    ``StartDynamic``."""

    id: str
    child_restart: Restart = "permanent"
    child_shutdown: Stop = 2000
    max_restarts: int = 3
    max_seconds: int = 3600
    restart: Restart = "permanent"
    significant: bool = False
    name: str | None = None


class Cast(msgspec.Struct, frozen=True, tag="cast"):
    """``ping``, ``crash``, ``stop:REASON``, ``reply`` (answers deferred calls), ``call:TARGET:ACT``."""

    target: str
    act: str = "ping"


class Call(msgspec.Struct, frozen=True, tag="call"):
    """``ping``, ``crash``, ``stop:REASON`` (with a reply), ``stop_noreply:REASON``, ``defer``,
    ``kill_self``."""

    target: str
    act: str = "ping"


class Send(msgspec.Struct, frozen=True, tag="send"):
    """A plain message from the driver."""

    target: str
    text: str


class Signal(msgspec.Struct, frozen=True, tag="signal"):
    """An exit signal from the driver, which is linked to nobody."""

    target: str
    reason: str


class Spawn(msgspec.Struct, frozen=True, tag="spawn", kw_only=True):
    """A plain process outside the tree: an observer.

    Attributes:
        mode: ``eager`` takes and records every message as it comes; ``manual`` leaves them queued until
            ``Take``.
    """

    id: str
    trap_exit: bool = False
    mode: Literal["eager", "manual"] = "eager"
    name: str | None = None


class Monitor(msgspec.Struct, frozen=True, tag="monitor"):
    """``by`` may be an observer or a worker, here and below."""

    by: str
    target: str
    tag: str = "m"


class Demonitor(msgspec.Struct, frozen=True, tag="demonitor"):
    by: str
    tag: str = "m"


class Link(msgspec.Struct, frozen=True, tag="link"):
    by: str
    target: str


class Unlink(msgspec.Struct, frozen=True, tag="unlink"):
    by: str
    target: str


class TrapExit(msgspec.Struct, frozen=True, tag="trap_exit"):
    by: str
    on: bool


class Tell(msgspec.Struct, frozen=True, tag="tell"):
    """A plain message from a process."""

    by: str
    target: str
    text: str


class ExitSignal(msgspec.Struct, frozen=True, tag="exit_signal"):
    """An exit signal from a process."""

    by: str
    target: str
    reason: str


class Leave(msgspec.Struct, frozen=True, tag="leave"):
    """An observer ends: ``normal`` returns, ``crash`` raises, anything else exits with that reason."""

    by: str
    reason: str = "normal"


class Take(msgspec.Struct, frozen=True, tag="take"):
    """A manual observer receives selectively: the first message with this text, a DOWN or EXIT, or all that
    is there.

    Attributes:
        match: ``*`` everything queued; ``DOWN`` or ``EXIT`` the first such; else the first plain message
            with that text (waits for it if it is not there yet).
    """

    by: str
    match: str = "*"


class SendAfter(msgspec.Struct, frozen=True, tag="send_after"):
    """A timer. ``delay`` is in milliseconds; ``tag`` names it for ``CancelTimer``."""

    by: str
    target: str
    text: str
    delay: int
    tag: str = "t"


class CancelTimer(msgspec.Struct, frozen=True, tag="cancel_timer"):
    by: str
    tag: str = "t"


class Wait(msgspec.Struct, frozen=True, tag="wait"):
    """Lets time pass, in milliseconds."""

    ms: int


class StartChild(msgspec.Struct, frozen=True, tag="start_child"):
    sup: str
    child: Worker | Sup | Dyn


class RestartChild(msgspec.Struct, frozen=True, tag="restart_child"):
    sup: str
    id: str


class TerminateChild(msgspec.Struct, frozen=True, tag="terminate_child"):
    """Of a static supervisor by id; of a dynamic one by target (``id`` is then a target)."""

    sup: str
    id: str


class DeleteChild(msgspec.Struct, frozen=True, tag="delete_child"):
    sup: str
    id: str


class StartDynamic(msgspec.Struct, frozen=True, tag="start_dynamic"):
    """``child.restart`` and ``child.shutdown`` are the supervisor's template, whatever stands there."""

    sup: str
    child: Worker


class WhichChildren(msgspec.Struct, frozen=True, tag="which_children"):
    sup: str


class CountChildren(msgspec.Struct, frozen=True, tag="count_children"):
    sup: str


class Whereis(msgspec.Struct, frozen=True, tag="whereis"):
    name: str


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    target: str


class Register(msgspec.Struct, frozen=True, tag="register"):
    """The process gives itself a name."""

    by: str
    name: str


class Unregister(msgspec.Struct, frozen=True, tag="unregister"):
    by: str
    name: str


class Shutdown(msgspec.Struct, frozen=True, tag="shutdown"):
    """The root supervisor is shut down by its parent."""


class Atomically(msgspec.Struct, frozen=True, tag="atomically"):
    """All supervisors suspended, each step's deaths confirmed before the next step, then all resumed."""

    steps: tuple[Cast | Signal | Send | Tell | ExitSignal | Leave | Spawn | Register | Unregister, ...]


Step: TypeAlias = (
    Cast
    | Call
    | Send
    | Signal
    | Spawn
    | Monitor
    | Demonitor
    | Link
    | Unlink
    | TrapExit
    | Tell
    | ExitSignal
    | Leave
    | Take
    | SendAfter
    | CancelTimer
    | Wait
    | StartChild
    | RestartChild
    | TerminateChild
    | DeleteChild
    | StartDynamic
    | WhichChildren
    | CountChildren
    | Whereis
    | Alive
    | Register
    | Unregister
    | Shutdown
    | Atomically
)


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A tree and what is done to it. At the end the driver looks at the tree and shuts it down."""

    name: str
    root: Sup
    steps: tuple[Step, ...] = ()

    @property
    def digest(self) -> str:
        """Sixteen hex digits that change with anything in the scenario."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]

    def names(self) -> list[str]:
        """Every registered name that the scenario mentions, sorted."""
        return sorted(_names(msgspec.to_builtins(self)))

    def specs(self) -> dict[str, Worker | Sup | Dyn]:
        """Slot -> spec, for the tree and for what the steps start."""
        found: dict[str, Worker | Sup | Dyn] = {}
        _collect(self.root, found)
        for step in self.steps:
            if isinstance(step, StartChild | StartDynamic):
                _collect(step.child, found)
        return found

    def parents(self) -> dict[str, str]:
        """Slot -> slot of its supervisor, for static children only."""
        found: dict[str, str] = {}
        for spec in self.specs().values():
            if isinstance(spec, Sup):
                found.update({child.id: spec.id for child in spec.children})
        found.update({step.child.id: step.sup for step in self.steps if isinstance(step, StartChild)})
        return found


def _collect(spec: Worker | Sup | Dyn, found: dict[str, Worker | Sup | Dyn]) -> None:
    found.setdefault(spec.id, spec)
    if isinstance(spec, Sup):
        for child in spec.children:
            _collect(child, found)


def _names(value: object) -> set[str]:
    if isinstance(value, dict):
        here = {v for k, v in value.items() if k == "name" and isinstance(v, str) and ("root" not in value)}
        here |= {v[1:] for v in value.values() if isinstance(v, str) and v.startswith("@")}
        return here.union(*(_names(v) for v in value.values()), set())
    if isinstance(value, list | tuple):
        return set().union(*(_names(v) for v in value))
    return set()
