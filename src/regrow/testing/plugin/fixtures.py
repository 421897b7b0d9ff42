"""What the plugin's fixtures give a test, by its plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import pytest

from regrow.errors import Contaminated, LeaksFound, StaleOptOut, TestKitError
from regrow.errors.plugin import LeftBehind
from regrow.testing.contamination.guard import ContaminationGuard, contamination_guard
from regrow.testing.isolation.factory import kit
from regrow.testing.isolation.kit import Kit
from regrow.testing.leaks.guard import LeakGuard, leak_guard
from regrow.testing.plugin.plan import Report, plan_key

__all__ = ("guarding", "opened_kit")


@contextmanager
def guarding(item: pytest.Item) -> Generator[LeakGuard]:
    """Inside, the test is watched for leaks and for changes of what all tests share, as its plan says."""
    __tracebackhide__ = True
    plan = item.stash[plan_key]
    leaks = leak_guard(allow=plan.allow_leaks, reason=plan.reason)
    changes = contamination_guard(plan.package or (), allow=plan.allow_changes, reason=plan.reason)
    with _reported(item, plan.contamination, changes), _reported(item, plan.leak_check, leaks):
        yield leaks


@contextmanager
def _reported(item: pytest.Item, how: Report, guard: LeakGuard | ContaminationGuard) -> Generator[None]:
    __tracebackhide__ = True
    if how == "off":
        yield
        return
    found: TestKitError | None = None
    try:
        with guard:
            yield
    except (Contaminated, LeaksFound, StaleOptOut) as problem:
        found = problem
    if found is not None and how == "error":
        pytest.fail(str(found), pytrace=False)
    if found is not None:
        item.warn(LeftBehind(str(found)))


@asynccontextmanager
async def opened_kit(item: pytest.Item) -> AsyncGenerator[Kit]:
    """The test's kit, open."""
    plan = item.stash[plan_key]
    changes = plan.allow_changes if plan.isolation == "contamination" else ()
    own = kit(
        plan.isolation,
        test_id=item.nodeid,
        package=plan.package or (),
        allow=changes,
        reason=plan.reason if changes else "",
    )
    # In a task of its own, which a System that fails cancels: anyio runs everything else in this one.
    opened = await asyncio.create_task(own.__aenter__())
    try:
        yield opened
    finally:
        await own.__aexit__(None, None, None)
