"""The command line: ``check`` and ``rule``, on the standard library alone."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import IntEnum
from pathlib import Path
from typing import Final, cast

from regrow.errors.lint import LintError, NothingToCheck, UnknownRule
from regrow.lint.configuration import Configuration, discover, misplaced, read
from regrow.lint.discovery import source
from regrow.lint.formats import FORMATS
from regrow.lint.registry import own_rules, page, summary
from regrow.lint.run import Checker, Report, check_paths, check_text
from regrow.lint.selection import nearest

_BUG: Final = """\
{prog}: this is a bug of ours, not yours: {error}
  at {place}
  Please report it, with the command and the file if you can share it."""


class Exit(IntEnum):
    """The exit codes: the same as those of every ``regrow`` command."""

    CLEAN = 0
    """There are files and rules, and nothing was found."""
    FINDINGS = 1
    """Something was found, or a file couldn't be looked at."""
    BAD_USE = 2
    """Wrong arguments or settings, no files, or no rules."""
    OUR_BUG = 101
    """A rule or the linter failed."""
    INTERRUPTED = 130
    """Ctrl-C."""


def main(argv: Sequence[str] | None = None, *, prog: str = "python -m regrow.lint") -> int:
    """Run one command.

    Args:
        argv: Its name and arguments. Default: those of this process.
        prog: What it is called in its help and messages.

    Returns:
        The exit code: see `Exit`.
    """
    try:
        arguments = _parser(prog).parse_args(argv)
        run = cast("Callable[[argparse.Namespace], int]", arguments.run)
        code = run(arguments)
        sys.stdout.flush()
    except SystemExit as stop:  # the parser's, which has said why
        return stop.code if isinstance(stop.code, int) else Exit.BAD_USE
    except LintError as error:
        _say(f"{prog}: {error}")
        return Exit.BAD_USE
    except KeyboardInterrupt:
        _say(f"{prog}: interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; the interpreter would fail once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.CLEAN
    except Exception as error:  # noqa: BLE001  # the last stop: every other exception is our bug
        last = traceback.extract_tb(error.__traceback__)[-1]
        shown = "".join(traceback.format_exception_only(error)).strip()
        _say(_BUG.format(prog=prog, error=shown, place=f"{last.filename}:{last.lineno}, in {last.name}"))
        if os.environ.get("REGROW_TRACEBACK"):
            _say("".join(traceback.format_exception(error)).rstrip())
        return Exit.OUR_BUG
    return code


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog, description="Rules for supervised asyncio code, on any Python code base."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="find what breaks a rule", description=_CHECK)
    check.set_defaults(run=_check)
    add = check.add_argument
    add(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="files and folders (default: the working directory)",
    )
    add("--select", metavar="RULES", action="append", help="only these: codes, their beginnings, or names")
    add(
        "--extend-select", metavar="RULES", action="append", help="these too, those off by default among them"
    )
    add("--ignore", metavar="RULES", action="append", help="not these")
    add("--exclude", metavar="GLOB", action="append", help="leave out files and folders; can be repeated")
    add("--config", type=Path, metavar="FILE", help="settings (default: the nearest pyproject.toml)")
    add("--format", choices=FORMATS, default="concise", help="what findings look like (default: concise)")
    add("--statistics", action="store_true", help="how many findings there are of each rule, nothing else")
    add("-j", "--jobs", type=_jobs, default=1, metavar="N", help="processes: a number, or auto (default: 1)")
    add("--stdin-filename", type=Path, metavar="FILE", help="check the standard input, which is this file")
    rule = commands.add_parser("rule", help="print what a rule is about", description=_RULE)
    rule.set_defaults(run=_rule)
    which = rule.add_mutually_exclusive_group(required=True)
    which.add_argument("rule", nargs="?", metavar="RULE", help="its code or name")
    which.add_argument("--all", action="store_true", help="list all rules, a line each")
    return parser


_CHECK: Final = """\
Find what breaks a rule. Exit code 0: nothing found; 1: something found, or a file that couldn't be read;
2: wrong arguments or settings, no files, or no rules; 101: a bug of ours."""
_RULE: Final = "Print what a rule finds, why that is bad, and what to write instead."


# -- check -----------------------------------------------------------------------------------------


def _check(arguments: argparse.Namespace) -> int:
    configuration = _configuration(arguments)
    paths = cast("list[Path]", arguments.paths)
    name = cast("Path | None", arguments.stdin_filename)
    if name is None:
        report = check_paths(paths or [Path()], configuration, jobs=cast("int", arguments.jobs))
    else:
        file = Path(os.path.normpath(Path.cwd() / name))
        report = check_text(sys.stdin.buffer.read(), source(file, configuration), configuration)
    stdout: object = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):  # names of files may hold anything
        cast("io.TextIOWrapper", stdout).reconfigure(errors="backslashreplace")
    show = _statistics if arguments.statistics else FORMATS[cast("str", arguments.format)]
    for line in show(report):
        _print(line)
    _summarize(report)
    if report.failures:
        return Exit.OUR_BUG
    return Exit.FINDINGS if report.findings else Exit.CLEAN


def _configuration(arguments: argparse.Namespace) -> Configuration:
    file = cast("Path | None", arguments.config)
    configuration = discover(Path.cwd()) if file is None else read(file)
    settings = configuration.settings
    try:
        with suppress(NothingToCheck):  # the options may still name rules
            Checker(settings)
    except UnknownRule as error:
        raise misplaced(configuration, error) from error
    settings = replace(
        settings,
        select=_split(arguments.select) or settings.select,
        extend_select=settings.extend_select + _split(arguments.extend_select),
        ignore=settings.ignore + _split(arguments.ignore),
        exclude=settings.exclude + tuple(cast("list[str] | None", arguments.exclude) or ()),
    )
    return replace(configuration, settings=settings)


def _split(given: list[str] | None) -> tuple[str, ...]:
    return tuple(one.strip() for text in given or () for one in text.split(",") if one.strip())


def _jobs(text: str) -> int:
    if text == "auto":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if text.isdecimal() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} has to be a number from 1 on, or auto")  # noqa: TRY003  # argparse's


def _statistics(report: Report) -> Iterator[str]:
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    for (code, name), count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        yield f"{count:>7,}  {code}  {name}"


def _summarize(report: Report) -> None:
    for path in report.skipped:
        _say(f"skipped: {path}: notebooks aren't looked at")
    for failure in report.failures:
        _say(
            f"{failure.path}: {failure.code} failed, a bug of its own: {failure.error}\n  at {failure.place}"
        )
    found = _counted(len(report.findings), "finding")
    _say(f"{found} in {_counted(report.files, 'file')} ({_counted(report.lines, 'line')})")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}" if count else f"no {noun}s"


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


# -- rule ------------------------------------------------------------------------------------------


def _rule(arguments: argparse.Namespace) -> int:
    rules = own_rules()
    if arguments.all:
        for rule in rules:
            _print(f"{rule.code}  {rule.name}{'' if rule.default else '  (off by default)'}: {summary(rule)}")
        return Exit.CLEAN
    wanted = cast("str", arguments.rule)
    for rule in rules:
        if wanted.upper() == rule.code or wanted == rule.name:
            _print(f"# {rule.code} {rule.name}\n\n{page(rule)}")
            return Exit.CLEAN
    raise UnknownRule(wanted, "rule", nearest(wanted, rules))
