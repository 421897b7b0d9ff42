"""``regrow journal``: looking after the file itself."""

from pathlib import Path
from typing import Final

import click

from regrow.cli.admin import ask_journal, clean, journal_argument, plain, progress
from regrow.cli.dlq import pairs, table
from regrow.cli.exits import ExitCode
from regrow.cli.output import json_option, print_json
from regrow.cli.where import at
from regrow.delivery.control import commands as ask

EXAMPLES: Final = """\
\b
Examples:
  regrow journal stats app.db             what was accepted, and what became of it
  regrow journal check app.db             look for damage
  regrow journal backup app.db copy.db    a consistent copy, while the program runs
"""


@click.group(epilog=EXAMPLES)
def journal() -> None:
    """Look after a journal file, whether or not its program runs."""


@journal.command()
@journal_argument
@json_option
def check(*, journal: Path, as_json: bool) -> int:
    """Look for damage, and whether anything was lost. Exit code 1 means that there is."""
    with progress("checking"):
        problems = ask_journal(journal, ask.Check())
    if as_json:
        print_json({"ok": not problems, "problems": problems}, schema=1)
    else:
        for problem in problems:
            click.echo(clean(problem))
        click.echo("something is wrong: see above" if problems else "all is well")
    return ExitCode.FINDINGS if problems else ExitCode.CLEAN


@journal.command()
@journal_argument
@click.argument("copy", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def backup(*, journal: Path, copy: Path, as_json: bool) -> None:
    """Write a consistent copy, which must not be there yet."""
    target = copy.absolute()
    with progress("copying"):
        ask_journal(journal, ask.Backup(path=str(target)))
    if as_json:
        print_json({"backup": str(target)}, schema=1)
    else:
        click.echo(f"a copy is in {target}")


@journal.command()
@journal_argument
@json_option
def vacuum(*, journal: Path, as_json: bool) -> None:
    """Give unused space back to the file system; takes as much again meanwhile."""

    def size() -> int:
        files = (journal, journal.with_name(f"{journal.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    before = size()
    with progress("compacting"):
        ask_journal(journal, ask.Vacuum())
    if as_json:
        print_json({"bytes_before": before, "bytes_after": size()}, schema=1)
    else:
        click.echo(f"{before:,} bytes before, {size():,} after")


@journal.command()
@journal_argument
@json_option
def stats(*, journal: Path, as_json: bool) -> int:
    """Tell what was accepted and what became of it. Exit code 1 means that something was lost."""
    state = ask_journal(journal, ask.JournalReport())
    if as_json:
        print_json({"journal": plain(state)}, schema=1)
    else:
        counts = state.counts
        verdict = "balanced" if state.balanced else "NOT BALANCED: please report this"
        lines = [
            ("journal", state.path),
            ("owner", "running" if state.running else "not running"),
            ("accepted", f"{counts.accepted:,}"),
            ("= live", f"{counts.live:,}"),
            ("+ done", f"{counts.done:,}"),
            ("+ dead", f"{counts.dead:,}"),
            ("+ discarded", f"{counts.discarded:,}"),
            ("", verdict),
        ]
        pairs(lines)
    return ExitCode.CLEAN if state.balanced else ExitCode.FINDINGS


@journal.command()
@journal_argument
@click.option("--limit", default=50, show_default=True, metavar="N", help="How many, up to 1000.")
@json_option
def audit(*, journal: Path, limit: int, as_json: bool) -> None:
    """List what operators did, the last first."""
    entries = ask_journal(journal, ask.Audit(limit=limit))
    if as_json:
        print_json({"audit": plain(entries)}, schema=1)
        return
    rows = [
        (at(one.at_us / 1_000_000), one.actor, one.action, one.target, one.detail or "-") for one in entries
    ]
    table(("AT", "ACTOR", "ACTION", "TARGET", "DETAIL"), rows)
