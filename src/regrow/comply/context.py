"""What the checks share: sources, findings, classes, and runs of the application, each made once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from regrow.comply.classes import Classes, find_classes
from regrow.comply.describe import Descriptions, describe_all, trial
from regrow.comply.killing import Kill, kill
from regrow.comply.options import Options, checked
from regrow.comply.steady import Steady, steady
from regrow.errors import BadApplication, BadCompliance, CouldNotRun, RegrowError
from regrow.errors.lint import NothingToCheck
from regrow.lint.audit.model import Audit
from regrow.lint.audit.run import audit_paths
from regrow.lint.configuration import Configuration, discover
from regrow.lint.discovery import Found, absolute, find
from regrow.lint.file import SourceFile
from regrow.lint.parsing import parse
from regrow.lint.run import Report, check_paths


class Context:
    """What the checks share.

    Args:
        options: What they are about.

    Raises:
        BadApplication, BadCompliance, BadSetting: An option can't be used.
    """

    def __init__(self, options: Options) -> None:
        self.options: Options = checked(options)
        self._kills: dict[str, Kill] = {}
        self._lint_by: dict[tuple[str, ...], Report] = {}

    # -- sources -----------------------------------------------------------------------------------

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """The files and folders to lint: those given, or the package's own.

        Raises:
            BadCompliance: There is no such package.
        """
        if self.options.paths:
            return self.options.paths
        package = self.options.package
        try:
            spec = find_spec(package)
        except ModuleNotFoundError:
            spec = None
        if spec is None:
            raise BadCompliance("package", package, "a package or module that can be imported")
        if spec.submodule_search_locations:
            return tuple(Path(one) for one in spec.submodule_search_locations)
        return (Path(spec.origin),) if spec.origin else ()

    @cached_property
    def configuration(self) -> Configuration:
        """The linter's settings: those above the working directory, or above a package elsewhere."""
        here = Path.cwd()
        first = absolute(next(iter(self.paths), Path()))
        return discover(here if first.is_relative_to(here) else first.parent)

    @cached_property
    def found(self) -> Found:
        """The files to lint."""
        return find(self.paths, self.configuration)

    @cached_property
    def files(self) -> dict[str, SourceFile]:
        """Path -> what rules see, for the files that can be parsed."""
        parsed: dict[str, SourceFile] = {}
        for one in self.found.sources:
            try:
                data = one.file.read_bytes()
            except OSError:  # the linter's finding
                continue
            settings = self.configuration.settings
            file = parse(data, one.path, module=one.module, role=one.role, settings=settings)
            if isinstance(file, SourceFile):
                parsed[one.path] = file
        return parsed

    @cached_property
    def lint(self) -> Report:
        """What the linter says of them.

        Raises:
            NothingToCheck: There are no files, or no rules.
            UnknownRule: The settings name a rule that there isn't.
        """
        return check_paths(self.paths, self.configuration)

    def lint_by(self, *rules: str) -> Report:
        """What these rules alone say of them, whatever the settings select and ignore."""
        if rules not in self._lint_by:
            settings = self.configuration.settings._replace(
                select=rules, extend_select=(), ignore=(), per_file_ignores={}
            )
            self._lint_by[rules] = check_paths(self.paths, self.configuration._replace(settings=settings))
        return self._lint_by[rules]

    @cached_property
    def audit(self) -> Audit:
        """What the auditor says of the tests.

        Raises:
            NothingToCheck: There are no tests.
            UnknownRule: The settings name a rule that there isn't.
        """
        return audit_paths(self._tests(), self.configuration)

    def _tests(self) -> Sequence[Path]:
        if self.options.tests:
            return self.options.tests
        root = self.configuration.root
        folders = [root / name for name in self.configuration.settings.tests]
        there = [folder for folder in folders if folder.exists()]
        if not there:
            names = ", ".join(self.configuration.settings.tests)
            raise NothingToCheck("tests", f"there is no folder {names} in {root}")
        return there

    @cached_property
    def classes(self) -> Classes:
        """The package's process classes, of all its modules."""
        return find_classes(self.options.package)

    # -- the application ---------------------------------------------------------------------------

    def needs_app(self, check: str) -> None:
        """Raise `CouldNotRun` if no application was given."""
        if self.options.app is None:
            raise CouldNotRun(check, "no application was given; give app='module:factory'")

    def running(self, check: str) -> Steady:
        """The application's own run, for checks that need it.

        Raises:
            CouldNotRun: No application was given, or it doesn't run.
        """
        self.needs_app(check)
        if self.steady.error is not None:
            raise CouldNotRun(check, "the application doesn't run: see the check 'builds'")
        return self.steady

    @cached_property
    def hindrance(self) -> str | None:
        """Why the application, if there is one, can't be run in this process."""
        return None if self.options.app is None else trial(self.options)

    @cached_property
    def steady(self) -> Steady:
        """A run of the application in which nothing is asked of it."""
        if self.hindrance is not None:
            return Steady(error=BadApplication(str(self.options.app), self.hindrance))
        return steady(self.options)

    def kill(self, path: str) -> Kill:
        """A run of the application in which one child is killed."""
        if path not in self._kills:
            self._kills[path] = kill(self.options, path)
        return self._kills[path]

    @cached_property
    def descriptions(self) -> Descriptions:
        """The application's supervision in each environment."""
        return describe_all(self.options)


def text_of(error: BaseException) -> str:
    """An exception as a problem: what it is, and what it says."""
    name = type(error).__name__
    shown = str(error) if isinstance(error, RegrowError) else f"{name}: {error}"
    return shown or name
