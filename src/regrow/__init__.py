"""Regrow: an OTP-grade fault-tolerance runtime for Python.

Everything for everyday use is here: ``import regrow as rg``. Names are loaded when they are
first asked for, so that ``import regrow`` alone costs next to nothing. Errors are in
``rg.errors``.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

# A public name is added in two places of this file: in the imports here, for the type checkers
# (`import X as X` is what they take for public), and in the table below, for the interpreter.
# tests/api/test_lazy.py holds the two together.
if TYPE_CHECKING:
    from regrow import errors as errors
    from regrow.core.backoff import Backoff as Backoff
    from regrow.core.handlers import call as call
    from regrow.core.handlers import cast as cast
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
    from regrow.core.specs import child as child
    from regrow.core.timeouts import TimeoutTable as TimeoutTable

# The public names by the module each comes from.
_HOMES: dict[str, tuple[str, ...]] = {
    "regrow.core.backoff": ("Backoff",),
    "regrow.core.handlers": ("call", "cast"),
    "regrow.core.ports": ("Ports",),
    "regrow.core.reasons": ("KILLED", "NOPROC", "NORMAL", "SHUTDOWN", "Crash", "ExitReason", "Shutdown"),
    "regrow.core.settings": ("Settings",),
    "regrow.core.specs": ("ChildSpec", "child"),
    "regrow.core.timeouts": ("TimeoutTable",),
}

# Public sub-modules, reached as attributes: `rg.errors`.
_SUBMODULES: tuple[str, ...] = ("errors",)

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
