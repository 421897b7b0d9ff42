"""``migrate``: a code base moved to supervised code, step by step."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Final, cast

from regrow.errors.fixing import FixError
from regrow.lint.commands import options
from regrow.lint.configuration import discover, read
from regrow.lint.console import Exit, counted, say, show, show_all, take_any_name, visible
from regrow.lint.diffs import unified
from regrow.lint.discovery import shown
from regrow.lint.migrate.catalogue import MIGRATIONS, chosen
from regrow.lint.migrate.journal import FOLDER, how_to_undo, undo
from regrow.lint.migrate.reports import REPORTS, summary
from regrow.lint.migrate.run import Report, migrate

DESCRIPTION: Final = """\
Move a code base to supervised code. Without --diff or --write it only says what could be done, and what needs
a human. `migrate undo ID` puts back what a run has written. Exit code 0: nothing is left to do; 1: something
is; 2: wrong arguments or settings, no files, or a git tree that isn't clean; 101: a bug of ours."""

_MIGRATION: Final = re.compile(r"M\d+|[a-z0-9]+(?:-[a-z0-9]+)+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    add = parser.add_argument
    help_ = "migrations by code or name (default: all), then files and folders; or: undo ID"
    add("paths", nargs="*", type=Path, metavar="M00n|PATH", help=help_)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--diff", action="store_true", help="show what would change, and write nothing")
    how.add_argument("--write", action="store_true", help="write it")
    how.add_argument("--list", action="store_true", help="list the migrations, a line each")
    add("--allow-dirty", action="store_true", help="write though not everything is committed")
    add("--backup", type=Path, metavar="DIR", help=f"where journals are (default: {FOLDER})")
    help_ = "with --write: run this after each file, and put the file back if it fails"
    add("--verify", metavar="COMMAND", help=help_)
    add("--format", choices=REPORTS, default="text", help="what the report looks like (default: text)")
    options.add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Scan, show, write, or undo."""
    if arguments.list:
        for one in MIGRATIONS:
            show(f"{one.code}  {one.name} ({', '.join(one.rules)}): {one.about}")
        return Exit.CLEAN
    what = cast("list[Path]", arguments.paths)
    if what[:1] == [Path("undo")]:
        return _undo(arguments, [str(one) for one in what[1:]])
    if arguments.verify is not None and not arguments.write:
        say("migrate --verify needs --write: there is nothing to verify where nothing is written")
        return Exit.BAD_USE
    codes = [one for one in what if _MIGRATION.fullmatch(str(one)) and not one.exists()]
    paths = [one for one in what if one not in codes] or [Path()]
    mode = "write" if arguments.write else "diff" if arguments.diff else "scan"
    report = migrate(
        paths,
        options.configuration(arguments),
        chosen(map(str, codes)),
        mode=mode,
        allow_dirty=bool(arguments.allow_dirty),
        backup=_backup(arguments),
        verify=cast("str | None", arguments.verify),
    )
    take_any_name()
    if mode == "diff":
        for file in report.files:
            show_all(unified(file.source.path, file.old, file.new))
        say(summary(report))
    else:
        show_all(REPORTS[cast("str", arguments.format)](report))
    return _told(report)


def _told(report: Report) -> int:
    for bug in report.bugs:
        say(bug)
    if report.journal is not None:
        say(how_to_undo(report.journal))
    if report.bugs:
        return Exit.OUR_BUG
    return Exit.CLEAN if report.is_done else Exit.FINDINGS


def _undo(arguments: argparse.Namespace, ids: list[str]) -> int:
    if len(ids) != 1:
        say("migrate undo takes the id of one run, which it has printed")
        return Exit.BAD_USE
    file = cast("Path | None", arguments.config)
    root = (discover(Path.cwd()) if file is None else read(file)).root.absolute()
    try:
        files = undo(_backup(arguments) or root / FOLDER, root, ids[0])
    except FixError as error:
        say(visible(str(error)))
        return Exit.BAD_USE
    except OSError as error:
        say(f"{error.filename}: {error.strerror}; when that is mended `migrate undo {ids[0]}` does the rest")
        return Exit.BAD_USE
    for one in files:
        show(shown(one))
    say(f"{counted(len(files), 'file')} put back")
    return Exit.CLEAN


def _backup(arguments: argparse.Namespace) -> Path | None:
    given = cast("Path | None", arguments.backup)
    return None if given is None else given.absolute()
