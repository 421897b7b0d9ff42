"""``fix``: mend what rules know how to mend."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final, cast

from regrow.lint.checker import Checker
from regrow.lint.commands import options
from regrow.lint.configuration import Configuration
from regrow.lint.console import (
    Exit,
    counted,
    say,
    show_all,
    show_bytes,
    standard_input,
    take_any_name,
    visible,
)
from regrow.lint.diffs import unified
from regrow.lint.discovery import NOTEBOOK, absolute, source
from regrow.lint.fixing import write_back
from regrow.lint.formats.texts import line_of
from regrow.lint.mending import Mended, Mending, all_of, mend, mend_paths
from regrow.lint.model import Safety

DESCRIPTION: Final = """\
Mend what rules know how to mend, and show what is left. A file is fixed whole or left as it was; its
encoding, line ends and comments stay. Exit code 0: nothing is left (with --diff: there is nothing to mend);
1: something is; 2: wrong arguments or settings, no files, or no rules; 101: a bug of ours."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    options.add_paths(parser)
    options.add_rules(parser)
    add = parser.add_argument
    add("--unsafe", action="store_true", help="make fixes too that may change what a program does")
    add("--diff", action="store_true", help="show what would change, and write nothing")
    help_ = "fix the standard input, which is this file, and write it to the standard output"
    add("--stdin-filename", type=Path, metavar="FILE", help=help_)


def run(arguments: argparse.Namespace) -> int:
    """Fix files, or what an editor hands over."""
    if options.has_two_inputs(arguments):
        return Exit.BAD_USE
    configuration = options.configuration(arguments)
    unsafe, diff = bool(arguments.unsafe), bool(arguments.diff)
    name = cast("Path | None", arguments.stdin_filename)
    if name is not None:
        return _stream(name, configuration, unsafe=unsafe, diff=diff)
    write = None if diff else write_back
    mending = mend_paths(options.paths(arguments), configuration, unsafe=unsafe, write=write)
    take_any_name()
    if diff:
        for one in mending.files:
            show_all(unified(one.source.path, one.old, one.new))
    else:
        show_all(line_of(finding) for finding in all_of(mending))
    return _told(mending, unsafe=unsafe, diff=diff)


def _stream(name: Path, configuration: Configuration, *, unsafe: bool, diff: bool) -> int:
    file = source(absolute(name), configuration)
    data = standard_input()
    if file.path.endswith(NOTEBOOK):
        show_bytes(b"" if diff else data)
        return _told(Mending(skipped=(file.path,)), unsafe=unsafe, diff=diff)
    mended = mend(data, file, Checker(configuration.settings), unsafe=unsafe)
    if diff:
        show_all(unified(mended.source.path, mended.old, mended.new))
    else:
        show_bytes(mended.new)
    return _told(Mending([mended]), unsafe=unsafe, diff=diff)


def _told(mending: Mending, *, unsafe: bool, diff: bool) -> int:
    """Say what was done and what wasn't, and return the exit code."""
    for one in mending.files:
        _complain(one)
    for path in mending.skipped:
        say(f"skipped: {path}: notebooks aren't looked at")
    made = sum(len(one.made) for one in mending.files)
    changed = sum(one.is_changed for one in mending.files)
    left = all_of(mending)
    could = sum(1 for one in left if one.fix and one.fix.safety is Safety.UNSAFE)
    would = "would be made" if diff else "made"
    hint = f" ({could:,} with an unsafe fix: --unsafe)" if could and not unsafe else ""
    say(
        f"{counted(made, 'fix', 'fixes')} {would} in {counted(changed, 'file')}"
        f" of {len(mending.files):,}; {counted(len(left), 'finding')} left{hint}"
    )
    if any(one.failures or one.refused for one in mending.files):
        return Exit.OUR_BUG
    failed = any(one.error for one in mending.files)
    return Exit.FINDINGS if failed or (changed if diff else left) else Exit.CLEAN


def _complain(mended: Mended) -> None:
    if mended.error:
        say(visible(mended.error))
    for failure in mended.failures:
        say(f"{failure}\n  at {failure.place}")
    for one in mended.refused:
        place = visible(f"{one.path}:{one.line}:{one.column}")
        say(f"{place}: the fix of {one.code} would have broken the file, a bug of ours; it wasn't made")
