"""Regrow: an OTP-grade fault-tolerance runtime for Python.

Everything for everyday use is here: ``import regrow as rg``. Names are loaded when they are
first asked for, so that ``import regrow`` alone costs next to nothing. Errors are in
``rg.errors``, events in ``rg.events``, what annotations need in ``rg.types``, what looks into a
running System in ``rg.debug``, and the test kit in ``regrow.testing``.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

# A public name is added in two places of this file: in the imports here, for the type checkers
# (`import X as X` is what they take for public), and in the table below, for the interpreter.
# tests/api/test_lazy.py holds the two together.
if TYPE_CHECKING:
    from regrow import debug as debug
    from regrow import errors as errors
    from regrow import events as events
    from regrow import testing as testing
    from regrow import types as types
    from regrow.core.backoff import Backoff as Backoff
    from regrow.core.decorators import call as call
    from regrow.core.decorators import cast as cast
    from regrow.core.deliveries import CurrentDelivery as CurrentDelivery
    from regrow.core.ports import Ports as Ports
    from regrow.core.reasons import KILLED as KILLED
    from regrow.core.reasons import NOPROC as NOPROC
    from regrow.core.reasons import NORMAL as NORMAL
    from regrow.core.reasons import SHUTDOWN as SHUTDOWN
    from regrow.core.reasons import Crash as Crash
    from regrow.core.reasons import ExitReason as ExitReason
    from regrow.core.reasons import Shutdown as Shutdown
    from regrow.core.settings import Settings as Settings
    from regrow.core.specs import ChildSpec as ChildSpec
    from regrow.core.specs import SupervisorFlags as SupervisorFlags
    from regrow.core.specs import SupervisorSpec as SupervisorSpec
    from regrow.core.specs import child as child
    from regrow.core.timeouts import TimeoutTable as TimeoutTable
    from regrow.delivery.broadcast import broadcast as broadcast
    from regrow.delivery.credit import Credit as Credit
    from regrow.delivery.journal.policy import DeadLetterPolicy as DeadLetterPolicy
    from regrow.delivery.persistence.declare import persistent as persistent
    from regrow.delivery.persistence.operate import forget_state as forget_state
    from regrow.delivery.persistence.operate import restore_state as restore_state
    from regrow.delivery.persistence.sourced import EventSourced as EventSourced
    from regrow.delivery.records import BroadcastResult as BroadcastResult
    from regrow.delivery.records import Delivery as Delivery
    from regrow.delivery.send import send_to_self as send_to_self
    from regrow.delivery.send import supervised_send as supervised_send
    from regrow.delivery.send import supervised_send_from_thread as supervised_send_from_thread
    from regrow.delivery.service import Journal as Journal
    from regrow.resilience.breakers import Breakers as Breakers
    from regrow.resilience.guard import CircuitBreaker as CircuitBreaker
    from regrow.resilience.retry import ExponentialBackoff as ExponentialBackoff
    from regrow.resilience.settings import BreakerSettings as BreakerSettings
    from regrow.runtime.aliases import Alias as Alias
    from regrow.runtime.delivering import current_delivery as current_delivery
    from regrow.runtime.dynamic import DynamicSupervisor as DynamicSupervisor
    from regrow.runtime.dynamic import dynamic_supervisor as dynamic_supervisor
    from regrow.runtime.genserver import Continue as Continue
    from regrow.runtime.genserver import GenServer as GenServer
    from regrow.runtime.genserver import Ignore as Ignore
    from regrow.runtime.genserver import ReplyHandle as ReplyHandle
    from regrow.runtime.genserver import reply_later as reply_later
    from regrow.runtime.items import Down as Down
    from regrow.runtime.items import Exit as Exit
    from regrow.runtime.mailbox import Mailbox as Mailbox
    from regrow.runtime.monitors import Monitor as Monitor
    from regrow.runtime.partition import PartitionSupervisor as PartitionSupervisor
    from regrow.runtime.partition import partition_supervisor as partition_supervisor
    from regrow.runtime.pid import Pid as Pid
    from regrow.runtime.pid import Ref as Ref
    from regrow.runtime.plain import alias as alias
    from regrow.runtime.plain import current as current
    from regrow.runtime.plain import demonitor as demonitor
    from regrow.runtime.plain import exit_process as exit_process
    from regrow.runtime.plain import link as link
    from regrow.runtime.plain import monitor as monitor
    from regrow.runtime.plain import monitoring as monitoring
    from regrow.runtime.plain import receive as receive
    from regrow.runtime.plain import send_after as send_after
    from regrow.runtime.plain import send_interval as send_interval
    from regrow.runtime.plain import spawn as spawn
    from regrow.runtime.plain import sync as sync
    from regrow.runtime.plain import trap_exit as trap_exit
    from regrow.runtime.plain import unlink as unlink
    from regrow.runtime.supervisor import Supervisor as Supervisor
    from regrow.runtime.supervisor import supervisor as supervisor
    from regrow.runtime.system import System as System
    from regrow.runtime.system import current_system as current_system
    from regrow.runtime.tasks import TaskHandle as TaskHandle
    from regrow.runtime.tasks import TaskSupervisor as TaskSupervisor
    from regrow.runtime.tasks import start_task as start_task
    from regrow.runtime.tasks import task_supervisor as task_supervisor
    from regrow.runtime.timers import Timer as Timer

# The public names by the module each comes from.
_HOMES: dict[str, tuple[str, ...]] = {
    "regrow.core.backoff": ("Backoff",),
    "regrow.core.decorators": ("call", "cast"),
    "regrow.core.deliveries": ("CurrentDelivery",),
    "regrow.core.ports": ("Ports",),
    "regrow.core.reasons": ("KILLED", "NOPROC", "NORMAL", "SHUTDOWN", "Crash", "ExitReason", "Shutdown"),
    "regrow.core.settings": ("Settings",),
    "regrow.core.specs": ("ChildSpec", "SupervisorFlags", "SupervisorSpec", "child"),
    "regrow.core.timeouts": ("TimeoutTable",),
    "regrow.delivery.broadcast": ("broadcast",),
    "regrow.delivery.credit": ("Credit",),
    "regrow.delivery.service": ("Journal",),
    "regrow.delivery.records": ("BroadcastResult", "Delivery"),
    "regrow.delivery.send": ("send_to_self", "supervised_send", "supervised_send_from_thread"),
    "regrow.resilience.breakers": ("Breakers",),
    "regrow.resilience.guard": ("CircuitBreaker",),
    "regrow.resilience.retry": ("ExponentialBackoff",),
    "regrow.resilience.settings": ("BreakerSettings",),
    "regrow.delivery.journal.policy": ("DeadLetterPolicy",),
    "regrow.delivery.persistence.declare": ("persistent",),
    "regrow.delivery.persistence.operate": ("forget_state", "restore_state"),
    "regrow.delivery.persistence.sourced": ("EventSourced",),
    "regrow.runtime.aliases": ("Alias",),
    "regrow.runtime.delivering": ("current_delivery",),
    "regrow.runtime.dynamic": ("DynamicSupervisor", "dynamic_supervisor"),
    "regrow.runtime.genserver": ("Continue", "GenServer", "Ignore", "ReplyHandle", "reply_later"),
    "regrow.runtime.items": ("Down", "Exit"),
    "regrow.runtime.mailbox": ("Mailbox",),
    "regrow.runtime.monitors": ("Monitor",),
    "regrow.runtime.partition": ("PartitionSupervisor", "partition_supervisor"),
    "regrow.runtime.pid": ("Pid", "Ref"),
    "regrow.runtime.plain": (
        "alias",
        "current",
        "demonitor",
        "exit_process",
        "link",
        "monitor",
        "monitoring",
        "receive",
        "send_after",
        "send_interval",
        "spawn",
        "sync",
        "trap_exit",
        "unlink",
    ),
    "regrow.runtime.supervisor": ("Supervisor", "supervisor"),
    "regrow.runtime.system": ("System", "current_system"),
    "regrow.runtime.tasks": ("TaskHandle", "TaskSupervisor", "start_task", "task_supervisor"),
    "regrow.runtime.timers": ("Timer",),
}

# Public sub-modules, reached as attributes: `rg.errors`.
_SUBMODULES: tuple[str, ...] = ("debug", "errors", "events", "testing", "types")

# The type checkers do not see this branch: a `__getattr__` would make every misspelt name legal.
if not TYPE_CHECKING:
    _MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

    __all__ = sorted([*_MODULE_OF, *_SUBMODULES])  # noqa: PLE0605 - a list, though not a literal one

    def __getattr__(name: str) -> object:
        from importlib import import_module  # noqa: PLC0415 - only a first look-up pays for it

        if name in _SUBMODULES:
            return import_module(f"regrow.{name}")
        if name not in _MODULE_OF:
            raise AttributeError(f"module 'regrow' has no attribute {name!r}")  # noqa: TRY003
        value = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
