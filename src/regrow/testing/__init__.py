"""The test kit: virtual time, waiting, probes, isolation, leak guards, and seeded simulation.

``import regrow.testing as rt``. Names are loaded when they are first asked for: nothing here imports
pytest or Hypothesis before it is used. The pytest plugin of the same name brings the fixtures and marks;
what is here works without it, in any test runner.
"""

from typing import TYPE_CHECKING

# As in the root: a name stands in the imports, for the type checkers, and in the table, for the interpreter.
if TYPE_CHECKING:
    from regrow.errors.testing import Waiting as Waiting
    from regrow.testing.contamination.guard import ContaminationGuard as ContaminationGuard
    from regrow.testing.contamination.guard import contamination_guard as contamination_guard
    from regrow.testing.contamination.resources import Change as Change
    from regrow.testing.contamination.resources import ContaminationKind as ContaminationKind
    from regrow.testing.isolation.factory import kit as kit
    from regrow.testing.isolation.kit import Kit as Kit
    from regrow.testing.isolation.plan import KitMode as KitMode
    from regrow.testing.isolation.plan import SystemOptions as SystemOptions
    from regrow.testing.leaks.guard import LeakGuard as LeakGuard
    from regrow.testing.leaks.guard import leak_guard as leak_guard
    from regrow.testing.leaks.kinds import Leak as Leak
    from regrow.testing.leaks.kinds import LeakKind as LeakKind
    from regrow.testing.observing import EventKind as EventKind
    from regrow.testing.observing import Events as Events
    from regrow.testing.observing import Where as Where
    from regrow.testing.observing import assert_event as assert_event
    from regrow.testing.observing import capture_events as capture_events
    from regrow.testing.observing import refute_event as refute_event
    from regrow.testing.probes.probe import Probe as Probe
    from regrow.testing.probes.records import Received as Received
    from regrow.testing.sim.decorator import simulate as simulate
    from regrow.testing.sim.explore import Report as Report
    from regrow.testing.sim.explore import explore as explore
    from regrow.testing.sim.faults import Faults as Faults
    from regrow.testing.sim.faults import StoreFaults as StoreFaults
    from regrow.testing.sim.fence.options import Fence as Fence
    from regrow.testing.sim.invariants import Invariant as Invariant
    from regrow.testing.sim.run import Outcome as Outcome
    from regrow.testing.sim.simulation import Simulation as Simulation
    from regrow.testing.sync.barrier import Barrier as Barrier
    from regrow.testing.sync.casts import cast_and_sync as cast_and_sync
    from regrow.testing.sync.gate import Gate as Gate
    from regrow.testing.sync.sequencer import Sequencer as Sequencer
    from regrow.testing.virtual.case import VirtualTestCase as VirtualTestCase
    from regrow.testing.virtual.loop import VirtualLoop as VirtualLoop
    from regrow.testing.virtual.loop import virtual_loop as virtual_loop
    from regrow.testing.virtual.options import LoopSettings as LoopSettings
    from regrow.testing.virtual.passing import pass_time as pass_time
    from regrow.testing.virtual.run import run_virtual as run_virtual
    from regrow.testing.waiting.idle import wait_idle as wait_idle
    from regrow.testing.waiting.predicates import never as never
    from regrow.testing.waiting.predicates import wait_for as wait_for
    from regrow.testing.waiting.predicates import wait_for_all as wait_for_all
    from regrow.testing.waiting.predicates import wait_for_assertion as wait_for_assertion
    from regrow.testing.waiting.processes import wait_down as wait_down
    from regrow.testing.waiting.processes import wait_restart as wait_restart
    from regrow.testing.waiting.processes import wait_tree_ready as wait_tree_ready

_HOMES: dict[str, tuple[str, ...]] = {
    "regrow.errors.testing": ("Waiting",),
    "regrow.testing.contamination.guard": ("ContaminationGuard", "contamination_guard"),
    "regrow.testing.contamination.resources": ("Change", "ContaminationKind"),
    "regrow.testing.isolation.factory": ("kit",),
    "regrow.testing.isolation.kit": ("Kit",),
    "regrow.testing.isolation.plan": ("KitMode", "SystemOptions"),
    "regrow.testing.leaks.guard": ("LeakGuard", "leak_guard"),
    "regrow.testing.leaks.kinds": ("Leak", "LeakKind"),
    "regrow.testing.observing": (
        "EventKind",
        "Events",
        "Where",
        "assert_event",
        "capture_events",
        "refute_event",
    ),
    "regrow.testing.probes.probe": ("Probe",),
    "regrow.testing.probes.records": ("Received",),
    "regrow.testing.sim.decorator": ("simulate",),
    "regrow.testing.sim.explore": ("Report", "explore"),
    "regrow.testing.sim.faults": ("Faults", "StoreFaults"),
    "regrow.testing.sim.fence.options": ("Fence",),
    "regrow.testing.sim.invariants": ("Invariant",),
    "regrow.testing.sim.run": ("Outcome",),
    "regrow.testing.sim.simulation": ("Simulation",),
    "regrow.testing.sync.barrier": ("Barrier",),
    "regrow.testing.sync.casts": ("cast_and_sync",),
    "regrow.testing.sync.gate": ("Gate",),
    "regrow.testing.sync.sequencer": ("Sequencer",),
    "regrow.testing.virtual.case": ("VirtualTestCase",),
    "regrow.testing.virtual.loop": ("VirtualLoop", "virtual_loop"),
    "regrow.testing.virtual.options": ("LoopSettings",),
    "regrow.testing.virtual.passing": ("pass_time",),
    "regrow.testing.virtual.run": ("run_virtual",),
    "regrow.testing.waiting.idle": ("wait_idle",),
    "regrow.testing.waiting.predicates": ("never", "wait_for", "wait_for_all", "wait_for_assertion"),
    "regrow.testing.waiting.processes": ("wait_down", "wait_restart", "wait_tree_ready"),
}

if not TYPE_CHECKING:
    _MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

    __all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - a list, though not a literal one

    def __getattr__(name: str) -> object:
        from importlib import import_module  # noqa: PLC0415 - only a first look-up pays for it

        if name not in _MODULE_OF:
            raise AttributeError(f"module 'regrow.testing' has no attribute {name!r}")  # noqa: TRY003
        value = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
