"""`contamination_guard`: fails the test that changes global state, and puts it back for the next one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, cast, final

from regrow.errors import BadSetting, Contaminated, GuardUsed, PackageNotFound
from regrow.testing.contamination.resources import KINDS, Change
from regrow.testing.contamination.snapshot import Snapshot
from regrow.testing.optouts import OptOuts

if TYPE_CHECKING:
    from typing import Self

__all__ = ("ContaminationGuard", "contamination_guard")


@final
class ContaminationGuard:
    """Compares global state before and after a block. See `contamination_guard`.

    Attributes:
        changes: What was changed and not let pass; empty before the end.
    """

    __slots__ = ("_opt_outs", "_packages", "_snapshot", "_used", "changes")

    def __init__(self, packages: Sequence[str], opt_outs: OptOuts) -> None:
        self.changes: tuple[Change, ...] = ()
        self._packages = packages
        self._opt_outs = opt_outs
        self._snapshot: Snapshot | None = None
        self._used = False

    def __enter__(self) -> Self:
        if self._used:
            raise GuardUsed("contamination_guard")
        self._used = True
        self._snapshot = Snapshot(self._packages)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        snapshot, self._snapshot = self._snapshot, None
        assert snapshot is not None
        self.changes = tuple(snapshot.restore(self._opt_outs.lets_pass))
        problem = Contaminated(self.changes) if self.changes else self._opt_outs.stale()
        if problem is None:
            return
        if error is None:
            raise problem
        if self.changes:
            error.add_note(str(problem))  # what the test itself raised tells more

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


def contamination_guard(
    package: str | Sequence[str] = (), *, allow: Sequence[str] = (), reason: str = ""
) -> ContaminationGuard:
    """Fail a block that changes global state and doesn't put it back: `with` or `async with`.

    Compared are the environment, the working directory, what finds modules, `sys.modules`, hooks and switches
    of the interpreter, signal handlers, file mode mask, locale, event loop policy, logging, warnings, the
    shared random generators, what is built in, and the module globals, class attributes and singletons of the
    package under test, one level deep. Imports are fine; taking modules away or replacing them isn't. What
    was changed is put back, so that no other test is its victim. If the block itself fails, what it changed
    is added to its error as a note.

    Args:
        package: The package under test, or several; default none.
        allow: What may be changed: kinds of `rt.ContaminationKind`, or `"kind:pattern"` for names that match,
            as `"env:TZ"`. It stays changed.
        reason: Why; without one nothing is allowed.

    Raises:
        BadSetting: An entry of `allow` is of no known kind, or there is no reason, or `package` is no name.
        PackageNotFound: There is no such package.
        GuardUsed: At the beginning of the block: the guard was entered before.
        Contaminated: At the end of the block: something was changed.
        StaleOptOut: At the end of the block: an entry of `allow` was not needed.
    """
    names = (package,) if isinstance(package, str) else package
    if not _are_names(names):
        raise BadSetting("package", package, "the name of a package, or several", owner="contamination_guard")
    opt_outs = OptOuts("contamination_guard", allow, reason, KINDS)
    for name in names:
        if not _exists(name):
            raise PackageNotFound(name)
    return ContaminationGuard(tuple(names), opt_outs)


def _are_names(names: object) -> bool:
    given = cast("Sequence[object]", names) if isinstance(names, Sequence) else (None,)
    return all(isinstance(name, str) and name and name[0] != "." for name in given)


def _exists(name: str) -> bool:
    """Whether it is imported or could be; the packages that it is in are imported to find out."""
    if sys.modules.get(name) is not None:  # also one that was made by hand, and has no spec
        return True
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise  # one of those packages imports what isn't there
        return False
