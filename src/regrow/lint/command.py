"""The command line, on the standard library alone: ``python -m regrow.lint`` and ``regrow check`` run it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, cast

from regrow.errors.lint import LintError, StreamFailed
from regrow.lint.commands import COMMANDS, command
from regrow.lint.console import Exit, discard, flush, say

_BUG: Final = """\
{prog}: this is a bug of ours, not yours: {error}
  at {place}
  Please report it in Regrow's issue tracker, with the command and the file if you can share it.
  REGROW_TRACEBACK=1 shows the whole traceback."""


def main(argv: Sequence[str] | None = None, *, prog: str = "python -m regrow.lint") -> int:
    """Run one command.

    Args:
        argv: Its name and arguments. Default: those of this process.
        prog: What it is called in its help and messages.

    Returns:
        The exit code: see `Exit`.
    """
    try:
        arguments = _parsed(sys.argv[1:] if argv is None else argv, prog)
        run = cast("Callable[[argparse.Namespace], int]", arguments.run)
        code = run(arguments)
        flush()
    except SystemExit as stop:  # the parser's, which has said why
        return stop.code if isinstance(stop.code, int) else Exit.BAD_USE
    except LintError as error:
        say(f"{prog}: {error}")
        if isinstance(error, StreamFailed):
            discard()
        return Exit.BAD_USE
    except KeyboardInterrupt:
        say(f"{prog}: interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        discard()  # whoever read our output has had enough
        return Exit.CLEAN
    except Exception as error:  # noqa: BLE001  # the last stop: every other exception is our bug
        import traceback  # noqa: PLC0415  # hardly ever needed

        last = traceback.extract_tb(error.__traceback__)[-1]
        shown = "".join(traceback.format_exception_only(error)).strip()
        say(_BUG.format(prog=prog, error=shown, place=f"{last.filename}:{last.lineno}, in {last.name}"))
        if os.environ.get("REGROW_TRACEBACK"):
            say("".join(traceback.format_exception(error)).rstrip())
        return Exit.OUR_BUG
    return code


def _parsed(argv: Sequence[str], prog: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Rules for supervised asyncio code, on any Python code base.",
        formatter_class=_formatter,
    )
    # With `prog`, which it would find out by formatting a help text.
    commands = parser.add_subparsers(required=True, metavar="COMMAND", prog=prog)
    if argv and argv[0] in COMMANDS:
        name = argv[0]
        module = command(name)
        one = commands.add_parser(name, description=module.DESCRIPTION, formatter_class=_formatter)
        one.set_defaults(run=module.run)
        module.add_arguments(one)
        one.formatter_class = argparse.HelpFormatter
    else:
        for name, summary in COMMANDS.items():
            commands.add_parser(name, help=summary)
    parser.formatter_class = argparse.HelpFormatter
    arguments, late = parser.parse_known_args(argv)
    if late:  # `migrate M003 --write src`: argparse takes the positionals before the first option alone
        if "paths" not in arguments or any(one.startswith("-") for one in late):
            parser.error(f"unrecognized arguments: {' '.join(late)}")
        arguments.paths = [*cast("list[Path]", arguments.paths), *map(Path, late)]
    return arguments


def _formatter(prog: str) -> argparse.HelpFormatter:
    """While arguments are added: argparse makes one for each, and imports shutil to learn how wide it is."""
    return argparse.HelpFormatter(prog, width=80)
