"""An application by its name: its factory is found, and a System made."""

from __future__ import annotations

import inspect
from importlib import import_module

from regrow.errors import BadApplication
from regrow.runtime.system import System


def load(app: str) -> object:
    """Import an application's module and find its factory.

    Args:
        app: ``module:factory``.

    Raises:
        BadApplication: There is no such module or factory.
        Exception: What the module raised.
    """
    module, _, path = app.partition(":")
    try:
        found: object = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise BadApplication(app, f"there is no module {error.name!r}") from error
        raise
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise BadApplication(app, f"{found!r} has no {name!r}") from None
    return found


def make(app: str) -> System:
    """Make the System of an application.

    Args:
        app: ``module:factory``; the factory takes no arguments and returns a System that doesn't run yet.

    Raises:
        BadApplication: There is no such module or factory, or it returned no System, or one that runs.
        Exception: What the module or the factory raised.
    """
    found = load(app)
    if inspect.iscoroutinefunction(found):
        raise BadApplication(app, "it is an async function; what it awaits goes into `init`")
    made: object = found() if callable(found) else found
    if not isinstance(made, System):
        raise BadApplication(app, f"it is, or returned, {type(made).__name__}, not a System")
    if made.state not in {"not started", "stopped"}:
        raise BadApplication(app, f"its System is {made.state}: the checks start and stop it themselves")
    return made
