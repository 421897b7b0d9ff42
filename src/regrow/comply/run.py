"""All checks, one after the other, and the report of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from typing_extensions import Unpack

from regrow.comply.check import Check
from regrow.comply.checks import CHECKS
from regrow.comply.context import Context
from regrow.comply.model import COULD_NOT_RUN, EXCUSED, FAILED, PASSED, Outcome, Report
from regrow.comply.options import options_of
from regrow.errors import BadExcuse, CouldNotRun
from regrow.testing.virtual.options import LoopSettings

NAMES: Final = tuple(check.name for check in CHECKS)
TITLES: Final = {check.name: check.title for check in CHECKS}


def comply(
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
) -> Report:
    """Run every check on a package and its application, and report what each says.

    A check that finds nothing to look at, or can't look at it, has not passed: it "could not run".

    Args:
        package: The dotted name of the package, or module.
        app: ``module:factory``; the factory takes no arguments and returns a new `rg.System`. Default: none,
            and what needs one could not run.
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
        BadLintSetting: The linter's settings can't be used.
    """
    options = options_of(package, app, paths, tests, watch, environments, loop, allow)
    excuses = checked_excuses(excuse)
    context = Context(options)
    outcomes = [one for check in CHECKS for one in outcomes_of(check, context, excuses)]
    return Report(package, app, tuple(outcomes), dict(TITLES))


def checked_excuses(excuse: Mapping[str, str] | None) -> dict[str, str]:
    """The excuses, each for a check that there is, and with a reason.

    Raises:
        BadExcuse: One of them isn't.
    """
    for check, reason in (excuse or {}).items():
        if check not in NAMES or not reason.strip():
            raise BadExcuse(check, reason, NAMES)
    return dict(excuse or {})


def outcomes_of(check: Check, context: Context, excuses: Mapping[str, str]) -> Iterator[Outcome]:
    """What one check says of each thing that it looks at."""
    began = time.perf_counter()
    try:
        subjects = check.subjects(context)
    except CouldNotRun as error:
        yield _could_not(check, "", error, excuses, time.perf_counter() - began)
        return
    if not subjects:
        nothing = CouldNotRun(check.name, check.nothing)
        yield _could_not(check, "", nothing, excuses, time.perf_counter() - began)
    for subject in subjects:
        yield outcome_of(check, subject, context, excuses, began)
        began = time.perf_counter()


def outcome_of(
    check: Check, subject: str, context: Context, excuses: Mapping[str, str], began: float
) -> Outcome:
    """What one check says of one thing."""
    try:
        problems = tuple(check.examine(context, subject))
    except CouldNotRun as error:
        return _could_not(check, subject, error, excuses, time.perf_counter() - began)
    seconds = time.perf_counter() - began
    return Outcome(check.name, subject, FAILED if problems else PASSED, problems, seconds)


def _could_not(
    check: Check, subject: str, error: CouldNotRun, excuses: Mapping[str, str], seconds: float
) -> Outcome:
    excuse = excuses.get(check.name)
    if excuse is None:
        return Outcome(check.name, subject, COULD_NOT_RUN, (error.reason,), seconds)
    return Outcome(check.name, subject, EXCUSED, (excuse, error.reason), seconds)
