"""Waiting for processes and trees: until one has ended, has been replaced, or all are up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar, cast

from regrow.core.reasons import ExitReason
from regrow.errors.references import WaitTimeout
from regrow.errors.waiting import BadWait, NotReady, NotRestarted, StillAlive
from regrow.runtime.engine import ENGINES
from regrow.runtime.links import children_of
from regrow.runtime.listing import STATES
from regrow.runtime.pid import Address, Pid, Ref
from regrow.runtime.process import DEAD, RUNNING, STARTING, STOPPING, Process
from regrow.runtime.supervision import Branch, SupervisorBase
from regrow.runtime.supervisor import Supervisor
from regrow.runtime.system import System
from regrow.testing.waiting.attempts import Attempt
from regrow.testing.waiting.watch import checked_seconds, until
from regrow.testing.waiting.world import world

S = TypeVar("S")

__all__ = ("wait_down", "wait_restart", "wait_tree_ready")

NOT_UP = frozenset({STARTING, STOPPING, DEAD})
ALL = 1_000_000
"""Children of one supervisor that are looked at."""


async def wait_down(ref: Address[object], *, timeout: float = 1.0) -> ExitReason:
    """Wait until a process has ended and return its reason, `NOPROC` if it had ended before.

    Args:
        ref: A Pid, or a Ref, which stands for who holds the name at the time of the call.
        timeout: Seconds of the loop's time, default 1.0.

    Raises:
        WaitFailed: It still lived at the end.
        BadWait: `ref` is no Pid or Ref, or the timeout no such number.
    """
    __tracebackhide__ = True
    seconds = checked_seconds("timeout", timeout)
    if not isinstance(ref, Process | Ref):
        raise BadWait(ref, "give a Pid or a Ref")
    try:
        return await ref.down(timeout=seconds)
    except WaitTimeout:
        raise StillAlive(ref, seconds, world()) from None


async def wait_restart(pid: Pid[S], *, timeout: float = 1.0) -> Pid[S]:
    """Wait until another process has taken the place of `pid`, with its `init` done, and return it.

    The Pid says which incarnation is meant, so it makes no difference whether the crash and the restart
    lie before or after the call:

        old = system.ref("counter", Counter).whereis()
        ...  # whatever makes it crash
        new = await rt.wait_restart(old)

    That is why a Ref, which stands for whoever has the name just now, isn't taken. The place is
    the process's name; without one, the child's id under a supervisor that tells its children apart by ids.

    Args:
        pid: The process as it was before the crash.
        timeout: Seconds of the loop's time, default 1.0.

    Raises:
        WaitFailed: Nobody had taken its place in time, or `pid` still lived.
        BadWait: It is no Pid; nobody restarts it; or its successor couldn't be told from other processes.
    """
    __tracebackhide__ = True
    seconds = checked_seconds("timeout", timeout)
    if not isinstance(pid, Process):
        raise BadWait(pid, "give the Pid that is to be replaced, taken before the crash: old = ref.whereis()")
    _check_restarted(pid)
    attempt = Attempt(lambda: _successor(pid))
    if not await attempt.comes_true(seconds):
        raise NotRestarted(pid, seconds, alive=pid.alive, world=world())
    return cast("Pid[S]", attempt.value)


def _check_restarted(old: Process) -> None:
    parent, spec = old.parent, old.child
    if parent is None or spec is None:
        raise BadWait(old, "it is no supervisor's child, so nobody restarts it")
    if spec.restart == "temporary":
        raise BadWait(old, "it is a temporary child, which is never restarted")
    if old.name is None and parent.alive and not isinstance(parent.instance, Supervisor):
        raise BadWait(old, f"it has no name, by which its successor under {parent} could be known; give one")


def _successor(old: Process) -> Process | None:
    """Who is up in the place of `old`."""
    if old.status != DEAD:
        return None
    new = old.engine.names.get(old.name) if old.name is not None else _same_id(old)
    return None if new is None or new.status in (STARTING, DEAD) else new


def _same_id(old: Process) -> Process | None:
    parent, spec = old.parent, old.child
    if parent is None or spec is None or not isinstance(parent.instance, Supervisor):
        return None
    branches, _ = parent.instance.branches(ALL)
    return next((one.process for one in branches if one.spec.id == spec.id), None)


async def wait_tree_ready(target: System | Address[SupervisorBase], *, timeout: float = 1.0) -> None:
    """Wait until every process of a tree is up: no `init` runs, and nothing is being restarted.

    Children that are stopped, by `rg.Ignore` or by hand, don't count. What a child does after its `init`, in
    `handle_continue`, isn't waited for; `await rt.wait_idle()` does that too.

    Args:
        target: A System, for all its trees; or the Pid or Ref of a supervisor.
        timeout: Seconds of the loop's time, default 1.0.

    Raises:
        WaitFailed: Something wasn't up in time; the text names it.
        BadWait: `target` is neither System nor Pid nor Ref, or the timeout no such number.
    """
    __tracebackhide__ = True
    seconds = checked_seconds("timeout", timeout)
    if not isinstance(target, System | Process | Ref):
        raise BadWait(target, "give a System, or the Pid or Ref of a supervisor")
    missing: list[str] = []

    def ready() -> bool:
        missing[:] = _missing(target)
        return not missing

    if not await until(ready, seconds):
        raise NotReady(target, seconds, missing, world())


def _missing(target: System | Process | Ref[SupervisorBase]) -> Iterator[str]:
    if isinstance(target, System):
        engine = next((one for one in ENGINES if one.system is target and one.running), None)
        if engine is None or target.state != "running":
            yield f"{target}"
        for root in list(engine.rootless) if engine is not None else []:
            yield from _below(root)
        return
    process = cast("Process | None", target if isinstance(target, Process) else target.whereis())
    if process is None:
        yield f"{target}"
    elif process.alive and not isinstance(process.instance, SupervisorBase):
        raise BadWait(target, "it is no supervisor; wait for a process by wait_for(lambda: pid.alive)")
    else:
        yield from _below(process)


def _below(process: Process) -> Iterator[str]:
    """What isn't up of a process and all that is under it."""
    if process.status in NOT_UP:
        yield f"{process} ({STATES[process.status]})"
    instance = process.instance
    if not isinstance(instance, SupervisorBase) or not instance.up:
        return
    branches, _ = instance.branches(ALL)
    shown = {branch.process for branch in branches}
    missing = [line for branch in branches for line in _of_branch(process, branch)]
    # While a supervisor restarts children, they stand in its links and not yet in its list.
    missing += [line for child in children_of(process) if child not in shown for line in _below(child)]
    if process.status == RUNNING and not missing:
        missing = [f"{process} (at work)"]
    yield from missing


def _of_branch(supervisor: Process, branch: Branch) -> Iterator[str]:
    if branch.process is not None:
        yield from _below(branch.process)
    elif branch.state != "stopped":
        yield f"child {branch.spec.id!r} of {supervisor} ({branch.state})"
