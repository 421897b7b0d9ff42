"""What commands on a journal share: giving commands to it, its errors as exit codes, progress, consent."""

import asyncio
import getpass
import os
import sys
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from regrow.cli.exits import ExitCode
from regrow.delivery.control.client import Admin, open_admin
from regrow.delivery.control.commands import Asks
from regrow.errors import OwnerRefused, RegrowError

F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")


class Problem(click.ClickException):
    """An error with an exit code of its own."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """The exit code."""
        return self.code


def journal_argument(function: F) -> F:
    """Add the journal file."""
    path = click.Path(dir_okay=False, path_type=Path)
    return click.argument("journal", type=path)(function)


def actor_option(function: F) -> F:
    """Add who does it."""
    option = click.option(
        "--actor",
        default=_login,
        metavar="NAME",
        help="Who does it, for the audit. Default: your login name.",
    )
    return option(function)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name in the environment and no entry for the user id
        return f"uid {os.getuid()}"


def with_journal(journal: Path, work: Callable[[Admin], Coroutine[object, object, T]]) -> T:
    """Run `work` with a journal, through its owner or on the file itself, and turn errors into exit codes."""

    async def body() -> T:
        async with open_admin(journal) as admin:
            return await work(admin)

    try:
        return asyncio.run(body())
    except FileNotFoundError as error:
        raise Problem(f"there is no journal {journal}", ExitCode.NO_SUCH_THING) from error
    except OwnerRefused as error:
        raise Problem(str(error), ExitCode.NO_SUCH_THING if error.missing else ExitCode.BAD_USE) from error
    except RegrowError as error:
        missing = isinstance(error, LookupError)
        raise Problem(str(error), ExitCode.NO_SUCH_THING if missing else ExitCode.BAD_USE) from error
    except OSError as error:
        raise Problem(f"{journal}: {error.strerror or error}", ExitCode.BAD_USE) from error


def ask_journal(journal: Path, command: Asks[T]) -> T:
    """Give one command to a journal."""
    return with_journal(journal, lambda admin: admin.run(command))


@contextmanager
def progress(label: str, total: int | None = None) -> Generator[Callable[[int], object]]:
    """Show on a terminal how far long work is. Gives a function that is told how many are done."""
    if not sys.stderr.isatty():
        yield id
        return
    columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)


def consent(what: str, *, yes: bool) -> None:
    """Ask before something that can't be undone; off a terminal it has to be said with --yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Problem(f"{what}: say --yes, as nobody can be asked here", ExitCode.BAD_USE)
    click.confirm(f"{what}?", abort=True, err=True)


def plain(value: object) -> object:
    """A value for JSON: bytes as base64, what nobody knows as its repr."""
    return msgspec.to_builtins(value, str_keys=True, enc_hook=repr)


def clean(text: str) -> str:
    """A text that can do nothing to a terminal; line ends stay."""
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
