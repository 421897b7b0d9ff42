"""One test that uses the kit, from its set-up to its end."""

from __future__ import annotations

import asyncio
import functools
import inspect
import warnings
from collections.abc import Callable, Coroutine, Generator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import TypeAlias, cast, final
from unittest import IsolatedAsyncioTestCase

import pytest

from regrow.errors.plugin import LeftBehind
from regrow.testing.plugin.abandoning import Leavable
from regrow.testing.plugin.alarm import prepare
from regrow.testing.plugin.backends import on_own_loop
from regrow.testing.plugin.blocking import blocking_refused
from regrow.testing.plugin.limits import TimeLimit
from regrow.testing.plugin.plan import Plan, Settings, plan_key, plan_of
from regrow.testing.plugin.sleeping import sleep_refused
from regrow.testing.plugin.unhandled import Unhandled
from regrow.testing.virtual.loop import VirtualLoop

__all__ = ("KitTest",)

Loop: TypeAlias = asyncio.AbstractEventLoop
Test: TypeAlias = "Callable[..., Coroutine[object, object, object]]"


@final
class KitTest:
    """Runs a test by its plan: on its loop, within its time, and to blame for what it leaves behind.

    Args:
        item: The test.
        settings: Those of the project.
        new_loop: Makes a loop for whoever needs one now.
    """

    def __init__(self, item: pytest.Item, settings: Settings, new_loop: Callable[[], Loop]) -> None:
        self._item = item
        self._unhandled = Unhandled()
        self._patches = ExitStack()
        self._plan: Plan | None = None
        self._settings = settings
        self._new_loop = new_loop

    def begin(self) -> None:
        """Before its fixtures are set up."""
        prepare()
        self._unhandled.begin()
        self._patches.callback(self._unhandled.end)
        # In the report of a run that makes errors of warnings, as well.
        warnings.filterwarnings("default", category=LeftBehind)
        self._patches.enter_context(on_own_loop(self._item.config, self._new_loop))

    def read_marks(self) -> None:
        """Fails it if its marks can't be used."""
        item = self._item
        plan = self._plan = item.stash[plan_key] = plan_of(item, self._settings)
        if isinstance(item, pytest.Function) and not plan.sleep:
            self._patches.enter_context(sleep_refused(vars(item.module)))

    def new_loop(self) -> Loop:
        """A loop for this test alone."""
        plan = self._plan
        loop: Loop
        if plan is not None and plan.time == "virtual":
            loop = VirtualLoop(
                sockets=plan.sockets,
                threads=plan.threads,
                subprocesses=plan.subprocesses,
                limit=plan.real_timeout,
            )
        else:
            loop = asyncio.new_event_loop()
        self._unhandled.watch(loop)
        # Once more when it runs: anyio sets a handler of its own on the loop that it is given.
        loop.call_soon(self._unhandled.watch, loop)
        return loop

    @contextmanager
    def calling(self) -> Generator[None]:
        """While its function runs."""
        __tracebackhide__ = True
        plan, item = self._plan, self._item
        if plan is None or not isinstance(item, pytest.Function):
            yield
            return
        _skip_other_backends(item)
        with ExitStack() as patches:
            patch = patches.enter_context(pytest.MonkeyPatch.context())
            holder, name = _place_of(item)
            test: object = getattr(holder, name)
            if inspect.iscoroutinefunction(test):
                patch.setattr(holder, name, self._limited(test, plan))
            if plan.blocking:
                scanned = plan.package or cast("ModuleType", item.module)
                patches.enter_context(blocking_refused(scanned, self._unhandled.problems))
            yield

    def _limited(self, test: Test, plan: Plan) -> Test:
        @functools.wraps(test)
        async def limited(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            loop = _loop_of(plan)
            self._unhandled.watch(loop)
            with TimeLimit(seconds=plan.timeout, real=plan.real_timeout) as limit:
                await Leavable(test(*args, **kwargs), limit.refused)

        return limited

    @contextmanager
    def ending(self) -> Generator[None]:
        """While its fixtures are torn down; then it fails if anything is left that nobody handled."""
        __tracebackhide__ = True
        try:
            yield
        except BaseException as error:
            for text in self._end():
                error.add_note(text)
            raise
        problems = self._end()
        if problems:
            text = "\n\n".join(["the test left behind what nobody handled", *problems])
            pytest.fail(text, pytrace=False)

    def _end(self) -> list[str]:
        self._patches.close()
        return self._unhandled.problems


def _place_of(item: pytest.Function) -> tuple[object, str]:
    """Where whoever runs the test takes its function from: an object, and the name of an attribute."""
    hypothesis: object = getattr(item.obj, "hypothesis", None)
    if hypothesis is not None:
        return hypothesis, "inner_test"
    instance: object = item.instance
    return (instance, item.name) if isinstance(instance, IsolatedAsyncioTestCase) else (item, "obj")


def _skip_other_backends(item: pytest.Function) -> None:
    backend: object = item.funcargs.get("anyio_backend", "asyncio")
    name = backend if isinstance(backend, str) else cast("tuple[str, object]", backend)[0]
    if name != "asyncio":
        pytest.skip(f"Regrow runs on asyncio, not on {name}")


def _loop_of(plan: Plan) -> Loop:
    loop = asyncio.get_running_loop()
    if plan.time == "virtual" and not isinstance(loop, VirtualLoop):
        pytest.fail(
            f"this test was promised virtual time and runs on a {type(loop).__qualname__}. Virtual time needs"
            " a loop of the test's own: with pytest-asyncio 1.4 or later loop_scope='function' and no"
            " loop_factories of its own, with anyio no async fixture of a wider scope and no other"
            " loop_factory, with unittest rt.VirtualTestCase. Or leave it on real time:"
            " @pytest.mark.regrow(time='real')",
            pytrace=False,
        )
    return loop
