"""What the checks are given, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from regrow.errors import BadApplication, BadCompliance
from regrow.testing.contamination.resources import KINDS as CHANGES
from regrow.testing.leaks.kinds import KINDS as LEAKS
from regrow.testing.optouts import OptOuts
from regrow.testing.virtual.options import LoopSettings, check_options

KINDS: Final = (*LEAKS, *CHANGES)


@dataclass(frozen=True, slots=True)
class Options:
    """What the checks are about.

    Attributes:
        package: The dotted name of the package, or module, whose files and classes are looked at.
        app: ``module:factory`` of the application, None for none.
        paths: Files and folders to lint. Default: the package's own.
        tests: Files and folders to audit. Default: those of the settings.
        watch: Seconds of virtual time that the application runs while nothing is asked of it.
        environments: Name -> variables of the environment; the application's supervision has to be the same
            in all of them. Default: the test's and the production's, which differ in what pytest sets.
        loop: Options of the virtual loop, for applications that use threads, sockets or subprocesses.
        allow: What a run may leave behind or change (kinds of `rt.LeakKind` and `rt.ContaminationKind`, or
            ``"kind:pattern"`` for names that match) -> the reason.
    """

    package: str
    app: str | None = None
    paths: tuple[Path, ...] = ()
    tests: tuple[Path, ...] = ()
    watch: float = 60.0
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    loop: LoopSettings = field(default_factory=LoopSettings)
    allow: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def opt_outs(self) -> OptOuts:
        """`allow` for guards; raises `BadSetting` where it can't be used."""
        for reason in self.allow.values():
            OptOuts("compliance", tuple(self.allow), reason, KINDS)
        return OptOuts("compliance", tuple(self.allow), "; ".join(self.allow.values()), KINDS)


def checked(options: Options) -> Options:
    """Check the options.

    Raises:
        BadApplication: `app` isn't of the form ``module:factory``.
        BadCompliance, BadSetting: Another one can't be used.
    """
    if not _is_dotted(options.package):
        raise BadCompliance("package", options.package, "the dotted name of a package or module")
    if options.app is not None:
        module, colon, name = options.app.partition(":")
        if not (colon and _is_dotted(module) and _is_dotted(name)):
            raise BadApplication(options.app, "it is not of the form 'module:factory'")
    if not 0 < options.watch < math.inf:
        raise BadCompliance("watch", options.watch, "a number of seconds above 0")
    for name, variables in options.environments.items():
        if not name or not all(variables):
            raise BadCompliance("environments", {name: dict(variables)}, "names, each with variables by name")
    check_options(options.loop)
    _ = options.opt_outs
    return options


def options_of(  # noqa: PLR0917  # as `comply` and `suite` are given them
    package: str,
    app: str | None,
    paths: Sequence[str | Path],
    tests: Sequence[str | Path],
    watch: float,
    environments: Mapping[str, Mapping[str, str]] | None,
    loop: LoopSettings,
    allow: Mapping[str, str] | None,
) -> Options:
    """The options, made of what a user gives."""
    return Options(
        package,
        app,
        paths=tuple(map(Path, paths)),
        tests=tuple(map(Path, tests)),
        watch=watch,
        environments=dict(environments or {}),
        loop=loop,
        allow=dict(allow or {}),
    )


def _is_dotted(name: object) -> bool:
    return isinstance(name, str) and bool(name) and all(part.isidentifier() for part in name.split("."))
