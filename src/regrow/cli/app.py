"""The group of commands, and what becomes of their errors."""

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import click
from typing_extensions import override

import regrow
from regrow.cli.exits import ExitCode

# Command -> where it lives. A module is imported when its command runs or help is asked for.
COMMANDS = {
    "audit": "regrow.cli.lint:audit",
    "baseline": "regrow.cli.lint:baseline",
    "check": "regrow.cli.lint:check",
    "comply": "regrow.cli.comply:comply",
    "dlq": "regrow.cli.dlq:dlq",
    "doctor": "regrow.cli.doctor:doctor",
    "fix": "regrow.cli.lint:fix",
    "journal": "regrow.cli.journal:journal",
    "migrate": "regrow.cli.lint:migrate",
    "rule": "regrow.cli.lint:rule",
    "version": "regrow.cli.version:version",
}

_COMPLETION = "_REGROW_COMPLETE"  # click's: `_REGROW_COMPLETE=bash_source regrow`

_EXAMPLES = """\
\b
Examples:
  regrow doctor            what is installed here, and does it fit
  regrow doctor --json     the same, for a program or a bug report
  regrow dlq list app.db   what a journal's program could not deliver
  regrow check src         asyncio code that nobody supervises, and more
"""

_OUR_BUG = """\
regrow: this is a bug of ours, not yours: {error}
  at {place}
  Please report it, with the command and the output of 'regrow doctor --json'.
  REGROW_TRACEBACK=1 shows the whole traceback."""


class LazyGroup(click.Group):
    """A group whose commands are imported only when they are needed."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, sorted."""
        return sorted(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=LazyGroup,
    epilog=_EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(regrow.__version__, prog_name="regrow", message="%(prog)s %(version)s")
def group() -> None:
    """Look after programs built on Regrow."""


def run(argv: Sequence[str]) -> int:
    """Run one command and turn whatever comes of it into an exit code."""
    if _COMPLETION in os.environ:
        group.main(args=list(argv), prog_name="regrow")  # answers the shell and exits
    try:
        return _invoke(argv)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("regrow: interrupted", err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # noqa: BLE001 - the last stop: every other exception is our bug
        return _our_bug(error)


def _invoke(argv: Sequence[str]) -> int:
    # Not group.main: it makes exit code 1, "findings", of a closed pipe.
    with group.make_context("regrow", list(argv)) as context:
        code: object = group.invoke(context)
    if sys.stdout:  # None where it was closed
        sys.stdout.flush()
    return code if isinstance(code, int) else ExitCode.CLEAN


def _reader_left() -> int:
    """Whoever read our output has had enough (`regrow ... | head`): no error."""
    # The interpreter flushes on its way out, and would fail once more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.CLEAN


def _our_bug(error: Exception) -> int:
    last = traceback.extract_tb(error.__traceback__)[-1]
    shown = "".join(traceback.format_exception_only(error)).strip()
    click.echo(_OUR_BUG.format(error=shown, place=f"{last.filename}:{last.lineno}, in {last.name}"), err=True)
    if os.environ.get("REGROW_TRACEBACK"):
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    return ExitCode.OUR_BUG
