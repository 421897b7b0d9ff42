"""``regrow dlq export`` and ``import``: dead letters as lines of JSON."""

from pathlib import Path
from typing import IO

import click

from regrow.cli.admin import actor_option, clean, journal_argument, plain, progress, with_journal
from regrow.cli.exits import ExitCode
from regrow.cli.output import json_option, print_json
from regrow.cli.where import chosen, where_options
from regrow.delivery.control import commands as ask
from regrow.delivery.control.client import Admin
from regrow.delivery.deadletters.views import ImportReport

LINES = 200
BYTES = 4_000_000
LONGEST = 8 * 1024 * 1024 + 2


@click.command()
@journal_argument
@where_options
@click.option(
    "--output",
    "-o",
    type=click.File("w", encoding="utf-8", lazy=False),
    default="-",
    metavar="FILE",
    help="Where to.",
)
@json_option
def export(*, journal: Path, output: IO[str], as_json: bool, **options: object) -> None:
    """Write dead letters as lines of JSON, one CloudEvent each; secrets are not hidden.

    They stay where they are.
    """
    where = chosen(options)

    async def work(admin: Admin) -> int:
        count, after = 0, None
        with progress("exporting") as report:
            while True:
                page = await admin.run(ask.ExportPage(where=where, after=after))
                for line in page.lines:
                    output.write(line + "\n")
                count, after = count + len(page.lines), page.next
                report(count)
                if after is None:
                    output.flush()
                    return count

    count = with_journal(journal, work)
    if as_json:
        click.echo(f'{{"schema": 1, "exported": {count}}}', err=True)
    else:
        click.echo(f"{count:,} dead letters exported", err=True)


@click.command("import")
@journal_argument
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"))
@actor_option
@json_option
def import_(*, journal: Path, file: IO[str], actor: str, as_json: bool) -> int:
    """Add dead letters that were exported, here or elsewhere.

    Message id, key and history stay; the number is new. Lines that can't be used, or whose message is here
    already, are named and left out; exit code 1 says that there were any.
    """

    async def work(admin: Admin) -> ImportReport:
        read = 0
        with progress("importing") as report:
            while lines := _some(file):
                await admin.run(ask.Import(lines=lines, actor=actor, last=False))
                read += len(lines)
                report(read)
            done = await admin.run(ask.Import(lines=[], actor=actor, last=True))
            assert done is not None
            return done

    report = with_journal(journal, work)
    if as_json:
        print_json({"imported": report.imported, "refused": plain(report.refused)}, schema=1)
    else:
        for refused in report.refused:
            click.echo(f"line {refused.line}: {clean(refused.problem)}", err=True)
        click.echo(f"{report.imported:,} dead letters imported, {len(report.refused):,} lines refused")
    return ExitCode.FINDINGS if report.refused else ExitCode.CLEAN


def _some(file: IO[str]) -> list[str]:
    """The next lines, as many as one frame takes; one that is too long comes cut, and is refused."""
    lines: list[str] = []
    size = 0
    while len(lines) < LINES and size < BYTES and (line := file.readline(LONGEST)):
        lines.append(line)
        size += len(line.encode())
        while line and not line.endswith("\n"):
            line = file.readline(LONGEST)
    return lines
