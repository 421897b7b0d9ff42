"""Twelve planted differences: each breaks the runtime's behaviour, and some written scenario must notice.

They are patches of the running runtime, not of the traces: what is caught here would be caught if it were in
the source. They name the runtime's insides, so a change there fails loudly here (AttributeError) and not in
silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from regrow.core.budget import RestartBudget
from regrow.core.reasons import KILLED, SHUTDOWN, Crash, Shutdown
from regrow.core.specs import ChildSpec
from regrow.runtime import supervisor as supervisor_module
from regrow.runtime.exits import Exits
from regrow.runtime.items import Down
from regrow.runtime.monitors import Monitor
from regrow.runtime.registry import Registry
from regrow.runtime.scheduler import Scheduler
from regrow.runtime.supervisor import Supervisor
from tests.conformance.compare import RunRegrow, differences
from tests.conformance.model import Scenario
from tests.conformance.trace import Trace

Plant = Callable[[], Any]


def _method(owner: type, name: str, make: Callable[[Any], Any]) -> Any:
    return mock.patch.object(owner, name, make(getattr(owner, name)))


def _wrong_restart_set() -> Any:
    """rest_for_one restarts the dead child alone."""
    return _method(
        Supervisor,
        "_group",
        lambda real: lambda self, slot: [slot] if len(real(self, slot)) > 1 else real(self, slot),
    )


def _restart_order_reversed() -> Any:
    return _method(Supervisor, "_group", lambda real: lambda self, slot: list(reversed(real(self, slot))))


def _group_counted_per_child() -> Any:
    def make(real: Any) -> Any:
        def group(self: Supervisor, slot: Any) -> Any:
            found = real(self, slot)
            for _ in found[1:]:
                self._budget.attempt(self._engine.loop.time())
            return found

        return group

    return _method(Supervisor, "_group", make)


def _stop_order_reversed() -> Any:
    async def stop_all(self: Supervisor) -> None:
        for slot in list(self._slots):
            await self._stop_slot(slot)

    return _method(Supervisor, "_stop_all", lambda real: stop_all)


def _budget_off_by_one() -> Any:
    def make(real: Any) -> Any:
        return lambda self, max_restarts, max_seconds: real(self, max_restarts + 1, max_seconds)

    return _method(RestartBudget, "__init__", make)


def _lost_down() -> Any:
    """The DOWN of a killed process never comes."""

    def make(real: Any) -> Any:
        def signal(self: Scheduler, target: Any, item: Any, *args: Any, **options: Any) -> None:
            if not (isinstance(item, Down) and item.reason is KILLED):
                real(self, target, item, *args, **options)

        return signal

    return _method(Scheduler, "signal", make)


def _doubled_down() -> Any:
    def make(real: Any) -> Any:
        def signal(self: Scheduler, target: Any, item: Any, *args: Any, **options: Any) -> None:
            real(self, target, item, *args, **options)
            if isinstance(item, Down):
                old = item.monitor
                owner: Any = old.owner
                pid: Any = old.pid
                twin = Monitor(owner, old.target, pid, old.tag, long_lived=False, at=old.created_at)
                twin.state = "fired"
                real(self, target, Down(twin, item.pid, item.reason))

        return signal

    return _method(Scheduler, "signal", make)


def _wrong_reason_class() -> Any:
    """A shutdown with a detail loses it."""

    def make(real: Any) -> Any:
        def finish(self: Exits, process: Any, reason: Any, *args: Any, **options: Any) -> None:
            real(self, process, SHUTDOWN if isinstance(reason, Shutdown) else reason, *args, **options)

        return finish

    return _method(Exits, "finish", make)


def _terminate_missing() -> Any:
    """After a crash in a handler."""

    def make(real: Any) -> Any:
        def terminate(self: Exits, process: Any, reason: Any, *args: Any, **options: Any) -> None:
            if isinstance(reason, Crash):
                self.finish(process, reason)
            else:
                real(self, process, reason, *args, **options)

        return terminate

    return _method(Exits, "_terminate", make)


def _name_not_freed() -> Any:
    return _method(Registry, "forget", lambda real: lambda self, process: None)


def _transient_restarted_on_normal() -> Any:
    def is_restarted(spec: ChildSpec, _reason: object) -> bool:
        return spec.restart != "temporary"

    return mock.patch.object(supervisor_module, "is_restarted", is_restarted)


def _significant_ignored() -> Any:
    return _method(Supervisor, "_auto_shutdown", lambda real: lambda self, slot: None)


PLANTS: Mapping[str, tuple[Plant, tuple[str, ...]]] = {
    "wrong restart set": (_wrong_restart_set, ("strategies",)),
    "stop order reversed": (_stop_order_reversed, ("stopping",)),
    "budget off by one": (_budget_off_by_one, ("budget",)),
    "lost DOWN": (_lost_down, ("monitors",)),
    "doubled DOWN": (_doubled_down, ("monitors",)),
    "wrong reason class": (_wrong_reason_class, ("exits", "links", "monitors")),
    "terminate missing": (_terminate_missing, ("exits",)),
    "name not freed": (_name_not_freed, ("naming",)),
    "transient restarted on normal": (_transient_restarted_on_normal, ("exits",)),
    "group restart counted per child": (_group_counted_per_child, ("budget", "strategies")),
    "restart order reversed": (_restart_order_reversed, ("strategies",)),
    "significant ignored": (_significant_ignored, ("significance",)),
}
"""Name -> what breaks the runtime, and the themes whose scenarios are tried on it."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The runtime with this difference in it."""
    with PLANTS[name][0]():
        yield


def caught_by(
    name: str, scenarios: Mapping[str, Scenario], erlang: Mapping[str, Trace], regrow: RunRegrow
) -> str | None:
    """The first scenario whose trace shows the difference; None if all miss it.

    A plant that makes the runtime raise is a broken plant: the error is not caught here.
    """
    with planted(name):
        for title, scenario in scenarios.items():
            theme = title.partition("/")[0]
            if (
                theme in PLANTS[name][1]
                and title in erlang
                and differences(scenario, erlang[title], regrow(scenario))
            ):
                return title
    return None
