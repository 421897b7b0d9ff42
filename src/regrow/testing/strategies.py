"""Hypothesis strategies for child specs, supervision trees, and what happens to them.

Hypothesis draws the inputs, and the seeds of `rt.simulate` and `rt.explore` the schedules; never draw a seed.

    @given(data=st.data(), tree=rts.trees(Counter))
    def test_survives(data: st.DataObject, tree: rg.ChildSpec) -> None:
        actions = data.draw(rts.actions(tree, {Counter: st.builds(Counter.add, st.integers())}))

        async def body(sim: rt.Simulation) -> None:
            async with rg.System([tree], max_restarts=1000) as system:
                for action in actions:
                    await action.perform(system)

        report = rt.explore(body, seeds=20)
        assert not report.failures
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Never, TypeAlias, TypeVar, cast

import hypothesis.strategies as st
from msgspec.structs import replace

from regrow.core.messages import CallMessage, CastMessage
from regrow.core.options import AutoShutdown, Restart, ShutdownOption, Strategy
from regrow.core.specs import ChildSpec, SupervisorSpec, child
from regrow.core.targets import Target
from regrow.runtime.supervisor import supervisor
from regrow.testing.actions import (
    Action,
    Call,
    Cast,
    DeleteChild,
    Exit,
    Kill,
    RestartChild,
    StartChild,
    TerminateChild,
    Wait,
)

__all__ = ("Placed", "actions", "child_specs", "placed_in", "trees")

# The simplest first: that is what Hypothesis reduces to.
RESTARTS: Final[tuple[Restart, ...]] = ("permanent", "transient", "temporary")
STRATEGIES: Final[tuple[Strategy, ...]] = ("one_for_one", "one_for_all", "rest_for_one")
AUTO_SHUTDOWNS: Final[tuple[AutoShutdown, ...]] = ("never", "any_significant", "all_significant")
SHUTDOWNS: Final[tuple[ShutdownOption, ...]] = (None, 0.1, "brutal_kill")
MAX_WAIT: Final = 2.0

T = TypeVar("T", bound=Target)
AnyMessage: TypeAlias = CallMessage[Never, object] | CastMessage[Never]
"""A call or a cast, of whatever class."""


class Placed(NamedTuple):
    """A child and where it stands in its tree.

    Attributes:
        spec: Its spec.
        supervisor: The registered name of its supervisor, None at the top.
    """

    spec: ChildSpec
    supervisor: str | None


def child_specs(
    target: Target,
    *,
    name: str | None = None,
    args: st.SearchStrategy[tuple[object, ...]] | None = None,
    restarts: Sequence[Restart] = RESTARTS,
    shutdowns: Sequence[ShutdownOption] = SHUTDOWNS,
) -> st.SearchStrategy[ChildSpec]:
    """Specs of one child.

    Args:
        target: A GenServer class or an `async def` function.
        name: Its name and id. Default none.
        args: Arguments of its `init`, or of the function. Default none.
        restarts: Which of `"permanent"`, `"transient"` and `"temporary"` are drawn. Default all.
        shutdowns: Seconds, `"brutal_kill"` or None for the default. Default one of each.
    """

    def made(given: tuple[object, ...], restart: Restart, shutdown: ShutdownOption) -> ChildSpec:
        return child(target, id=name, name=name, args=given, restart=restart, shutdown=shutdown)

    return st.builds(
        made,
        args if args is not None else st.just(()),
        st.sampled_from(restarts),
        st.sampled_from(shutdowns),
    )


def trees(
    *targets: Target,
    args: Mapping[Target, st.SearchStrategy[tuple[object, ...]]] | None = None,
    max_depth: int = 2,
    max_children: int = 4,
    max_restarts: int = 5,
    restarts: Sequence[Restart] = RESTARTS,
    strategies: Sequence[Strategy] = STRATEGIES,
    auto_shutdowns: Sequence[AutoShutdown] = AUTO_SHUTDOWNS,
) -> st.SearchStrategy[ChildSpec]:
    """Supervisors with children, to be a child of a System.

    Each process has a name of its own, which is its id as well: `s1` and so on for supervisors, of which
    `s1` is the top, `w1` and so on for the others.

    Args:
        targets: GenServer classes or `async def` functions, of which each child is one.
        args: For a target, arguments of its `init`, or of the function. Default none.
        max_depth: Most supervisors above a worker. Default 2.
        max_children: Most children of one supervisor. Default 4.
        max_restarts: Most restarts that a supervisor allows, within 5.0 s. Default 5.
        restarts: Of the children. Default all.
        strategies: Of the supervisors. Default all.
        auto_shutdowns: Of the supervisors. Default all.
    """
    leaves = {
        target: child_specs(target, args=(args or {}).get(target), restarts=restarts) for target in targets
    }
    some_target, some_restart = st.sampled_from(targets), st.sampled_from(restarts)
    some_strategy, some_auto = st.sampled_from(strategies), st.sampled_from(auto_shutdowns)
    how_many, how_often, perhaps = st.integers(1, max_children), st.integers(0, max_restarts), st.booleans()

    @st.composite
    def tree(draw: st.DrawFn) -> ChildSpec:
        made = {"s": 0, "w": 0}

        def named(kind: str) -> str:
            made[kind] += 1
            return f"{kind}{made[kind]}"

        def leaf() -> ChildSpec:
            name = named("w")
            return replace(draw(leaves[draw(some_target)]), id=name, name=name)

        def branch(depth: int, restart: Restart) -> ChildSpec:
            name = named("s")
            auto = draw(some_auto)
            children: list[ChildSpec] = []
            for _ in range(draw(how_many)):
                deeper = depth < max_depth and draw(perhaps)
                made_child = branch(depth + 1, draw(some_restart)) if deeper else leaf()
                # Where an own end may count for something, it may be made to.
                counts = auto != "never" and made_child.restart != "permanent" and draw(perhaps)
                children.append(replace(made_child, significant=True) if counts else made_child)
            return supervisor(
                children,
                name=name,
                strategy=draw(some_strategy),
                max_restarts=draw(how_often),
                max_seconds=5.0,
                auto_shutdown=auto,
                restart=restart,
            )

        return branch(1, "permanent")

    return tree()


def placed_in(tree: ChildSpec, supervisor: str | None = None) -> Iterator[Placed]:
    """All children of a tree of `trees`, itself first, each with the name of its supervisor.

    Args:
        tree: The tree.
        supervisor: The name of what it stands under. Default None: nothing that has a name.
    """
    yield Placed(tree, supervisor)
    for inner in _children(tree):
        yield from placed_in(inner, tree.name)


def actions(
    tree: ChildSpec, messages: Mapping[T, st.SearchStrategy[AnyMessage]], *, max_actions: int = 20
) -> st.SearchStrategy[list[Action]]:
    """What happens to the processes of a tree: calls, casts, ends, stops, starts, and time that passes.

    Args:
        tree: A tree of `trees`.
        messages: For a target, the calls and casts that its processes get.
        max_actions: Most actions. Default 20.
    """
    known = cast("Mapping[Target, st.SearchStrategy[AnyMessage]]", messages)
    everybody = list(placed_in(tree))
    names = [spec.name for spec, _ in everybody if spec.name is not None]
    kinds: list[st.SearchStrategy[Action]] = [
        *(_messages(spec, known[spec.target]) for spec, _ in everybody if spec.target in known),
        st.builds(Wait, st.floats(0.0, MAX_WAIT)),
        st.builds(Kill, st.sampled_from(names)),
        st.builds(Exit, st.sampled_from(names)),
        *(_managing(spec, above) for spec, above in everybody if above is not None),
    ]
    return st.lists(st.one_of(kinds), max_size=max_actions)


def _messages(spec: ChildSpec, messages: st.SearchStrategy[AnyMessage]) -> st.SearchStrategy[Action]:
    name = spec.name
    assert name is not None

    def sent(message: AnyMessage) -> Action:
        return Cast(name, message) if isinstance(message, CastMessage) else Call(name, message)

    return messages.map(sent)


def _managing(spec: ChildSpec, above: str) -> st.SearchStrategy[Action]:
    """What a supervisor can be asked to do with one of its children, as it is or under another id."""
    another = replace(spec, id=f"{spec.id}+", name=None, significant=False)
    return st.sampled_from(
        [
            TerminateChild(above, spec.id),
            RestartChild(above, spec.id),
            DeleteChild(above, spec.id),
            StartChild(above, spec),
            *([] if list(_children(spec)) else [StartChild(above, another)]),
        ]
    )


def _children(spec: ChildSpec) -> tuple[ChildSpec, ...]:
    inner = spec.args[0] if spec.args else None
    return inner.children if isinstance(inner, SupervisorSpec) else ()
