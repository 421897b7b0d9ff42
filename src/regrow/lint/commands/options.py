"""Options that several commands have, and the configuration that comes of them."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from pathlib import Path
from typing import cast

from regrow.errors.lint import NothingToCheck, UnknownRule
from regrow.lint.checker import Checker
from regrow.lint.configuration import Configuration, discover, misplaced, read
from regrow.lint.console import Progress, say
from regrow.lint.run import Report, check_paths


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Add the files and folders to look at."""
    help_ = "files and folders (default: the working directory)"
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=help_)


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Add which rules are on, which files are left out, and where the settings are."""
    add = parser.add_argument
    add("--select", metavar="RULES", action="append", help="only these: codes, their beginnings, or names")
    add(
        "--extend-select", metavar="RULES", action="append", help="these too, those off by default among them"
    )
    add("--ignore", metavar="RULES", action="append", help="not these")
    add("--exclude", metavar="GLOB", action="append", help="leave out files and folders; can be repeated")
    add_config(parser)


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add where the settings are."""
    help_ = "settings (default: the nearest pyproject.toml)"
    parser.add_argument("--config", type=Path, metavar="FILE", help=help_)


def add_work(parser: argparse.ArgumentParser) -> None:
    """Add how many processes do it, and whether what is known of earlier runs is used."""
    help_ = "processes: a number, or auto (default: 1)"
    parser.add_argument("-j", "--jobs", type=_jobs, default=1, metavar="N", help=help_)
    help_ = "check all files, and keep nothing in .regrow_cache"
    parser.add_argument("--no-cache", action="store_true", help=help_)


def paths(arguments: argparse.Namespace) -> list[Path]:
    """The files and folders to look at."""
    return cast("list[Path]", arguments.paths) or [Path()]


def has_two_inputs(arguments: argparse.Namespace) -> bool:
    """Whether it is the standard input and files that are to be looked at; that is said."""
    if arguments.stdin_filename is None or not arguments.paths:
        return False
    say("--stdin-filename takes no PATH beside it: the standard input is all that is looked at")
    return True


def configuration(arguments: argparse.Namespace) -> Configuration:
    """The settings, and what the options of `add_rules` make of them where a command has these.

    Raises:
        BadLintSetting: They can't be read or used.
        UnknownRule: An option names a rule that there isn't.
    """
    file = cast("Path | None", arguments.config)
    found = discover(Path.cwd()) if file is None else read(file)
    settings = found.settings
    try:
        with suppress(NothingToCheck):  # the options may still name rules
            Checker(settings)
    except UnknownRule as error:
        raise misplaced(found, error) from error
    if "select" not in arguments:
        return found
    settings = settings._replace(
        select=split(arguments.select) or settings.select,
        extend_select=settings.extend_select + split(arguments.extend_select),
        ignore=settings.ignore + split(arguments.ignore),
        exclude=settings.exclude + tuple(cast("list[str] | None", arguments.exclude) or ()),
    )
    return found._replace(settings=settings)


def checked(arguments: argparse.Namespace, configuration: Configuration) -> Report:
    """Check the files, as the options of `add_paths` and `add_work` say; tell how far it is."""
    progress = Progress("file")
    try:
        return check_paths(
            paths(arguments),
            configuration,
            jobs=cast("int", arguments.jobs),
            cached=not arguments.no_cache,
            progress=progress,
        )
    finally:
        progress.clear()


def split(given: list[str] | None) -> tuple[str, ...]:
    """The parts of an option that can be repeated and takes lists with commas."""
    return tuple(one.strip() for text in given or () for one in text.split(",") if one.strip())


def _jobs(text: str) -> int:
    if text == "auto":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if text.isdecimal() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} has to be a number from 1 on, or auto")  # noqa: TRY003  # argparse's
