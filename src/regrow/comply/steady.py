"""One run of an application in which nothing is asked of it: what starts, what happens, what is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from regrow.comply.application import load
from regrow.comply.options import Options
from regrow.comply.stage import Stage, run
from regrow.comply.tree import Node, nodes_of
from regrow.errors import Contaminated, LeaksFound
from regrow.runtime.system import System
from regrow.runtime.unsupervised import Unsupervised
from regrow.testing.contamination.guard import contamination_guard
from regrow.testing.contamination.resources import Change
from regrow.testing.leaks.guard import leak_guard
from regrow.testing.leaks.kinds import Leak
from regrow.testing.virtual.passing import pass_time
from regrow.testing.virtual.run import run_virtual


@dataclass(slots=True)
class Steady:
    """What was seen.

    Attributes:
        error: What kept it from running; None if it ran.
        stage: The run.
        nodes: Its supervisors once it was up.
        processes: How many processes there were then.
        unsupervised: What belonged to no process, then and at the end.
        left: What was left after its end.
    """

    error: BaseException | None = None
    stage: Stage | None = None
    nodes: tuple[Node, ...] = ()
    processes: int = 0
    unsupervised: tuple[Unsupervised, ...] = ()
    left: tuple[str, ...] = ()


def steady(options: Options) -> Steady:
    """Run an application for `Options.watch` seconds of virtual time."""
    seen = Steady()

    async def body(stage: Stage) -> None:
        seen.stage = stage
        assert stage.engine is not None
        seen.nodes = nodes_of(stage.engine)
        seen.processes = len(stage.system.processes())
        first = stage.system.unsupervised()
        await pass_time(options.watch)
        found = dict.fromkeys((*first, *stage.system.unsupervised()))
        seen.unsupervised = tuple(one for one in found if one not in foreign)

    left: list[str] = []
    foreign = run_virtual(_foreign())
    try:
        load(str(options.app))  # an import changes more than a run may
        try:
            with contamination_guard(options.package):
                try:
                    with leak_guard():
                        stage, _ = run(options, body)
                        left += stage.left
                except LeaksFound as error:
                    left += remaining(error.leaks, options)
        except Contaminated as error:
            left += remaining(error.changes, options)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # an application may raise anything
        seen.error = error
    seen.left = tuple(left)
    return seen


def remaining(found: Iterable[object], options: Options) -> list[str]:
    """The leaks and changes that nothing allows, as texts."""
    opt_outs = options.opt_outs
    known = (one for one in found if isinstance(one, Leak | Change))
    return [str(one) for one in known if not opt_outs.lets_pass(one.kind, one.name)]


async def _foreign() -> frozenset[Unsupervised]:
    """What runs in this program already, and isn't the application's: pytest's own threads, for example."""
    async with System(strict=True) as empty:
        return frozenset(empty.unsupervised())
