"""``regrow comply``: a package and its application, checked against what supervision promises."""

import logging
import os
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Final

import click

from regrow.cli.exits import ExitCode
from regrow.cli.output import json_option
from regrow.comply.formats import FORMATS
from regrow.comply.model import Report
from regrow.comply.run import comply as run_checks
from regrow.errors import BadSetting, ComplianceError
from regrow.errors.lint import LintError
from regrow.lint.configuration import discover
from regrow.testing.virtual.options import LoopSettings

EXAMPLES: Final = """\
\b
Examples:
  regrow comply --app myapp.main:make_system
  regrow comply --app myapp.main:make_system --report compliance.md --report compliance.json
  regrow comply src/mylib --excuse kill-child="a library has no application"
"""
SUFFIXES: Final = {".json": "json", ".md": "markdown"}

EXISTING: Final = click.Path(exists=True, path_type=Path)


@click.command(epilog=EXAMPLES)
@click.argument("paths", nargs=-1, type=EXISTING)
@click.option("--app", metavar="MODULE:FACTORY", help="A function that returns a new rg.System.")
@click.option("--package", metavar="NAME", help="The package to check (default: that of --app, or of PATHS).")
@click.option("--tests", multiple=True, type=EXISTING, help="Tests to audit (default: as the settings say).")
@click.option("--excuse", multiple=True, metavar="CHECK=REASON", help="A check that can't run here, and why.")
@click.option(
    "--environment", multiple=True, metavar="NAME:VARIABLE=VALUE", help="Where supervision must be the same."
)
@click.option(
    "--watch", type=float, default=60.0, show_default=True, help="Virtual seconds that it runs by itself."
)
@click.option(
    "--allow", multiple=True, metavar="KIND=REASON", help="What it may leave behind or change, and why."
)
@click.option("--sockets", is_flag=True, help="The application uses the network.")
@click.option("--threads", is_flag=True, help="The application uses threads of its own.")
@click.option("--subprocesses", is_flag=True, help="The application starts programs.")
@click.option(
    "--report", multiple=True, type=click.Path(path_type=Path), help="Write it to a .json or .md file."
)
@json_option
def comply(  # click's own way to tell arguments
    *,
    paths: tuple[Path, ...],
    app: str | None,
    package: str | None,
    tests: tuple[Path, ...],
    excuse: tuple[str, ...],
    environment: tuple[str, ...],
    watch: float,
    allow: tuple[str, ...],
    sockets: bool,
    threads: bool,
    subprocesses: bool,
    report: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Check a package and its application: lint, test audit, supervision, what a killed child takes along.

    Exit code 1 means that something was found, or that a check could not run and isn't excused.
    """
    for file in report:
        if file.suffix not in SUFFIXES:
            raise click.UsageError(f"--report {file}: its name has to end in {' or '.join(SUFFIXES)}")
    loop: LoopSettings = {"sockets": sockets, "threads": threads, "subprocesses": subprocesses}
    name = package or (app.partition(":")[0].partition(".")[0] if app else _package_of(paths))
    try:
        with _importable(), _quiet():
            found = run_checks(
                name,
                app=app,
                paths=paths,
                tests=tests,
                excuse=dict(_pair(one, "--excuse", "CHECK=REASON") for one in excuse),
                environments=_environments(environment),
                watch=watch,
                allow=dict(_pair(one, "--allow", "KIND=REASON") for one in allow),
                **loop,
            )
    except (ComplianceError, LintError, BadSetting) as error:
        raise click.UsageError(str(error)) from error
    for file in report:
        _write(file, found)
    for line in FORMATS["json" if as_json else "text"](found):
        click.echo(line)
    return ExitCode.CLEAN if found.passed else ExitCode.FINDINGS


def _package_of(paths: Iterable[Path]) -> str:
    """The dotted name of the package that the first path is, or is in."""
    first = next(iter(paths), None)
    if first is None:
        raise click.UsageError(
            "say what to check: --app MODULE:FACTORY, --package NAME, or the package's folder"
        )
    base = first.absolute()
    names = [base.stem] if base.is_file() or (base / "__init__.py").exists() else []
    while names and (base.parent / "__init__.py").exists():
        base = base.parent
        names.insert(0, base.name)
    if not names:
        raise click.UsageError(f"{first} is no package: say its name by --package")
    return ".".join(names)


def _pair(text: str, option: str, shape: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise click.UsageError(f"{option} {text!r} is not of the form {shape}")
    return name, value


def _environments(given: Iterable[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for text in given:
        name, colon, rest = text.partition(":")
        if not (name and colon):
            raise click.UsageError(f"--environment {text!r} is not of the form NAME:VARIABLE=VALUE")
        variable, value = _pair(rest, "--environment", "NAME:VARIABLE=VALUE")
        found.setdefault(name, {})[variable] = value
    return found


def _write(file: Path, report: Report) -> None:
    text = "\n".join(FORMATS[SUFFIXES[file.suffix]](report))
    try:
        file.write_text(f"{text}\n", "utf-8")
    except OSError as error:
        raise click.UsageError(f"--report {file}: {error.strerror}") from error


@contextmanager
def _importable() -> Generator[None]:
    """What is in the working directory, and in the folders of the setting ``src``, can be imported."""
    before = list(sys.path)
    configuration = discover(Path.cwd())
    folders = [os.path.normpath(configuration.root / one) for one in configuration.settings.src]
    sys.path[:0] = [one for one in (*folders, str(Path.cwd())) if one not in before]
    try:
        yield
    finally:
        sys.path[:] = before


@contextmanager
def _quiet() -> Generator[None]:
    """The application's own output goes elsewhere: its children are killed on purpose."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        logging.disable(before)
