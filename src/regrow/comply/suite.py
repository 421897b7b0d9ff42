"""The checks as tests of pytest: one item for each check and each thing that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol
from unittest import SkipTest

from typing_extensions import Unpack

from regrow.comply.check import Check
from regrow.comply.checks import CHECKS
from regrow.comply.context import Context
from regrow.comply.options import options_of
from regrow.comply.run import checked_excuses
from regrow.errors import CouldNotRun, NotCompliant
from regrow.testing.virtual.options import LoopSettings

SUBJECT: Final = "subject"


class Metafunc(Protocol):
    """What pytest gives to `pytest_generate_tests`, as far as it is needed here."""

    function: Callable[..., object]

    def parametrize(self, name: str, values: Sequence[object], /, *, ids: Sequence[str]) -> None:
        """Make an item for each value."""


class Compliance:
    """Base of the classes that `suite` makes. pytest makes the items; nothing is to be called by hand."""

    context: Context
    excuses: Mapping[str, str]

    def pytest_generate_tests(self, metafunc: Metafunc) -> None:
        """Make an item for everything that a check looks at."""
        check: Check = vars(metafunc.function)["check"]
        found = self._found(check)
        names = ["could not run"] if isinstance(found, CouldNotRun) else found
        metafunc.parametrize(SUBJECT, [found] if isinstance(found, CouldNotRun) else found, ids=names)

    def _found(self, check: Check) -> Sequence[str] | CouldNotRun:
        try:
            return check.subjects(self.context) or CouldNotRun(check.name, check.nothing)
        except CouldNotRun as error:
            return error

    def examine(self, check: Check, subject: str | CouldNotRun) -> None:
        """Run one item.

        Raises:
            NotCompliant: Something is wrong.
            CouldNotRun: The check had nothing to look at, and isn't excused.
            unittest.SkipTest: It had nothing to look at, and is excused.
        """
        __tracebackhide__ = True
        try:
            if isinstance(subject, CouldNotRun):
                raise subject
            problems = check.examine(self.context, subject)
        except CouldNotRun as error:
            reason = self.excuses.get(check.name)
            if reason is None:
                raise CouldNotRun(error.check, error.reason) from None
            text = f"{error.check} could not run: {error.reason}; excused: {reason}"
            raise SkipTest(text) from None
        if problems:
            raise NotCompliant(check.name, str(subject), problems)


def suite(
    package: str,
    *,
    app: str | None = None,
    paths: Sequence[str | Path] = (),
    tests: Sequence[str | Path] = (),
    excuse: Mapping[str, str] | None = None,
    watch: float = 60.0,
    environments: Mapping[str, Mapping[str, str]] | None = None,
    allow: Mapping[str, str] | None = None,
    **loop: Unpack[LoopSettings],
) -> type[Compliance]:
    """Make a class of tests that check a package and its application.

    One line in a file of tests is enough::

        TestCompliance = regrow.comply.suite("myapp", app="myapp.main:make_system")

    pytest names an item by the check and what it looks at: ``test_kill_child[root/mailer]``. The application
    is run once when tests are collected, to know its children. A check that could not run fails; if that is
    as it has to be, `excuse` it, and it is skipped with the reason.

    Args:
        package: The dotted name of the package, or module.
        app: ``module:factory``; the factory takes no arguments and returns a new `rg.System`. Default: none.
        paths: Files and folders to lint. Default: those of the package.
        tests: Files and folders to audit. Default: the setting ``tests``.
        excuse: Name of a check that can't run here -> the reason. It is still run where it can.
        watch: Seconds of virtual time that the application runs by itself. Default 60.
        environments: Name -> variables. Supervision has to be the same in each of them, beside the test's and
            the production's, which differ in what pytest sets. Default: no other.
        allow: What a run may leave behind or change (kinds of `rt.LeakKind` and `rt.ContaminationKind`, or
            ``"kind:pattern"``) -> the reason. Default: nothing.
        **loop: Options of the virtual loop, as ``sockets=True``.

    Raises:
        BadApplication, BadCompliance, BadExcuse, BadSetting: Something can't be used.
    """
    options = options_of(package, app, paths, tests, watch, environments, loop, allow)
    members: dict[str, object] = {"context": Context(options), "excuses": checked_excuses(excuse)}
    for check in CHECKS:
        members[f"test_{check.name.replace('-', '_')}"] = _test(check)
    members["__doc__"] = f"Compliance of {package}."
    return type("Compliance", (Compliance,), members)


def _test(check: Check) -> Callable[[Compliance, str | CouldNotRun], None]:
    def test(self: Compliance, subject: str | CouldNotRun) -> None:
        __tracebackhide__ = True
        self.examine(check, subject)

    test.__doc__ = check.title
    vars(test)["check"] = check
    return test
