"""One run of an application in which one child is killed: who comes back, who else falls, what it leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from regrow.comply.options import Options
from regrow.comply.stage import READY, Stage, run
from regrow.comply.steady import remaining
from regrow.comply.tree import Child, Node, children_in, nodes_of
from regrow.core.reasons import KILLED, NORMAL, format_reason
from regrow.errors import LeaksFound, SystemFailed, WaitFailed
from regrow.runtime.process import Process
from regrow.runtime.supervision import is_restarted
from regrow.testing.leaks.guard import leak_guard
from regrow.testing.virtual.passing import pass_time
from regrow.testing.waiting.processes import wait_tree_ready

SETTLE: Final = 1.0
"""Seconds of virtual time before and after the kill."""
COUNTED: Final = ("processes", "names", "monitors", "timers", "subscribers")
"""What a restart may not leave more of."""

Fate: TypeAlias = Literal["restarted", "gone", "gives up"]


@dataclass(slots=True)
class Kill:
    """What was seen.

    Attributes:
        fate: What had to become of the child: it comes back, it stays away, or its supervisor gives up.
        group: The paths of those that had to be restarted.
        problems: What was not as it had to be.
        grown: Name -> how many more there were after the restart.
        left: What the run left behind after its end.
        error: What kept it from being seen.
    """

    fate: Fate = "restarted"
    group: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list[str])
    grown: dict[str, int] = field(default_factory=dict[str, int])
    left: list[str] = field(default_factory=list[str])
    error: BaseException | None = None


def fate_of(node: Node, child: Child) -> Fate:
    """What has to become of a child that is killed."""
    flags, spec = node.flags, child.spec
    if node.is_top and child is node.children[-1]:
        return "gives up"
    if is_restarted(spec, KILLED):
        return "restarted" if flags.max_restarts > 0 else "gives up"
    if spec.significant and flags.auto_shutdown != "never":
        others = any(
            one.spec.significant and one.process is not None for one in node.children if one is not child
        )
        if flags.auto_shutdown == "any_significant" or not others:
            return "gives up"
    return "gone"


def group_of(node: Node, child: Child) -> tuple[Child, ...]:
    """Who is restarted with a child, by the supervisor's strategy."""
    strategy = node.flags.strategy if node.by_id else "one_for_one"
    if strategy == "one_for_one":
        return (child,)
    start = node.children.index(child) if strategy == "rest_for_one" else 0
    return node.children[start:]


def kill(options: Options, path: str) -> Kill:
    """Run an application and kill the child at `path`."""
    seen = Kill()
    ended, grown = 0.0, dict[str, int]()
    try:
        try:
            with leak_guard():
                _, (ended, grown) = run(options, lambda stage: _kill(seen, stage, path))
        except LeaksFound as error:
            seen.left = remaining(error.leaks, options)
        if grown:
            # What there is at that time anyway, while nothing is killed, isn't the restart's.
            _, usual = run(options, lambda stage: _counts_at(stage, ended))
            seen.grown = {name: count - usual[name] for name, count in grown.items() if count > usual[name]}
    except SystemFailed as error:
        if seen.fate != "gives up":
            seen.problems.append(f"the whole System came down: {error}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # an application may raise anything
        seen.error = error
    return seen


async def _kill(seen: Kill, stage: Stage, path: str) -> tuple[float, dict[str, int]]:
    """Kill one child and look around; the time of the end, and what there are more of then than before."""
    assert stage.engine is not None
    await pass_time(SETTLE)
    there = children_in(nodes_of(stage.engine))
    counts = _counts(stage)
    if path not in there:
        seen.problems.append("it wasn't there any more when it was to be killed")
        return 0.0, {}
    node, child = there[path]
    assert child.process is not None
    seen.fate = fate_of(node, child)
    group = group_of(node, child)
    seen.group = tuple(one.path for one in group) if seen.fate == "restarted" else ()
    child.process.kill()
    try:
        await wait_tree_ready(stage.system, timeout=READY)
        await pass_time(SETTLE)
    except WaitFailed as error:
        seen.problems.append(f"not all was up again {READY:g} s later: {error}")
    _compare(seen, stage, node, child, there)
    after = _counts(stage)
    grown = {name: after[name] for name in COUNTED if after[name] > counts[name]}
    return stage.engine.loop.time(), grown if seen.fate == "restarted" else {}


async def _counts_at(stage: Stage, time: float) -> dict[str, int]:
    assert stage.engine is not None
    await pass_time(max(0.0, time - stage.engine.loop.time()))
    return _counts(stage)


def _counts(stage: Stage) -> dict[str, int]:
    statistics = stage.system.statistics()
    return {name: int(getattr(statistics, name)) for name in COUNTED}


def _compare(
    seen: Kill, stage: Stage, node: Node, child: Child, before: dict[str, tuple[Node, Child]]
) -> None:
    assert stage.engine is not None
    if seen.fate == "gives up":
        if node.process.alive:
            seen.problems.append(f"its supervisor {node.path} had to give up, and still runs")
        return
    now = nodes_of(stage.engine)
    if not node.process.alive:
        reason = stage.exits.get(node.process, "an unknown reason")
        seen.problems.append(f"its supervisor {node.path} ended: {reason}")
        return
    after = children_in(now)
    group = {one.path for one in group_of(node, child)} if seen.fate == "restarted" else {child.path}
    if node.by_id:
        for path in sorted(group):
            _compare_member(seen, path, child, before.get(path), after.get(path))
    else:
        _compare_dynamic(seen, node, now)
    for path, (_, other) in sorted(before.items()):
        if any(path == one or path.startswith(f"{one}/") for one in group):
            continue
        _compare_other(seen, stage, node, path, other)


def _compare_member(
    seen: Kill,
    path: str,
    killed: Child,
    old: tuple[Node, Child] | None,
    new: tuple[Node, Child] | None,
) -> None:
    """One of those that the strategy restarts."""
    if old is None:
        return  # it was stopped before
    _, was = old
    stays_away = seen.fate == "gone" or (was.spec.restart == "temporary" and path != killed.path)
    if stays_away:
        if new is not None:
            seen.problems.append(f"{path} is temporary, and was started again")
    elif new is None:
        seen.problems.append(f"{path} didn't come back")
    elif new[1].process is was.process:
        seen.problems.append(f"{path} had to be restarted with it, and wasn't")


def _compare_dynamic(seen: Kill, node: Node, now: tuple[Node, ...]) -> None:
    """A dynamic supervisor's children have no ids: one of them is new, or one is missing."""
    old = {one.process for one in node.children}
    new = {one.process for other in now if other.process is node.process for one in other.children}
    if seen.fate == "restarted" and not new - old:
        seen.problems.append("it didn't come back")
    if seen.fate == "gone" and new - old:
        seen.problems.append("it is temporary, and was started again")


def _compare_other(seen: Kill, stage: Stage, node: Node, path: str, other: Child) -> None:
    """One that has nothing to do with it."""
    process = other.process
    assert isinstance(process, Process)
    if process.alive:
        return
    reason = stage.exits.get(process, "an unknown reason")
    if reason != format_reason(NORMAL):  # what has done its work may end
        strategy = node.flags.strategy if node.by_id else "one_for_one"
        seen.problems.append(f"{path} ended too, which {strategy} of {node.path} doesn't ask for: {reason}")
