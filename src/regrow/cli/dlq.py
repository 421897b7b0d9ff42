"""``regrow dlq``: looking at the dead letters of a journal."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, cast

import click
from typing_extensions import override

from regrow.cli.admin import Problem, ask_journal, clean, journal_argument, plain
from regrow.cli.exits import ExitCode
from regrow.cli.output import json_option, print_json
from regrow.cli.where import Letter, at, chosen, where_options
from regrow.delivery.control import commands as ask
from regrow.delivery.deadletters.views import (
    AttemptView,
    DeadLetterDetails,
    DeadLetterSummary,
)

EXAMPLES: Final = """\
\b
Examples:
  regrow dlq stats app.db                          how many, how old, of what
  regrow dlq groups app.db                         the causes, most frequent first
  regrow dlq list app.db --dest orders             who died on the way to orders
  regrow dlq show app.db 17                        everything about one
  regrow dlq redrive app.db --fingerprint 3f0c9a1be2d47a55 --canary 10
"""
MORE: Final = {
    "edit": "regrow.cli.dlq_edit:edit",
    "retry": "regrow.cli.dlq_redrive:retry",
    "redrive": "regrow.cli.dlq_redrive:redrive",
    "redrives": "regrow.cli.dlq_redrive:redrives",
    "quarantine": "regrow.cli.dlq_edit:quarantine",
    "purge": "regrow.cli.dlq_edit:purge",
    "export": "regrow.cli.dlq_files:export",
    "import": "regrow.cli.dlq_files:import_",
}


class DlqGroup(click.Group):
    """Those that look stand here, the others in modules of their own."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *MORE})

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = MORE.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = place.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=DlqGroup, epilog=EXAMPLES)
def dlq() -> None:
    """Look after the dead letters of a journal, whether or not its program runs."""


@dlq.command("list")
@journal_argument
@where_options
@click.option("--limit", default=50, show_default=True, metavar="N", help="How many, up to 1000.")
@click.option("--after", metavar="TOKEN", help="Go on after a page, with the token that it gave.")
@json_option
def list_(*, journal: Path, limit: int, after: str | None, as_json: bool, **options: object) -> None:
    """List dead letters, oldest first."""
    command = ask.List(where=chosen(options), after=after, limit=limit)
    page = ask_journal(journal, command)
    if as_json:
        print_json({"letters": plain(page.letters), "next": page.next}, schema=1)
        return
    rows = [
        (
            str(one.id),
            at(one.died_at),
            one.dest or "-",
            one.type,
            one.reason,
            one.error or one.error_type or "-",
        )
        for one in page.letters
    ]
    table(("ID", "DIED", "DEST", "TYPE", "REASON", "ERROR"), rows)
    if page.next is not None:
        click.echo(f"there are more: --after {page.next}", err=True)


@dlq.command()
@journal_argument
@click.argument("id", type=Letter())
@click.option("--raw", is_flag=True, help="Show secrets too.")
@json_option
def show(*, journal: Path, id: int | str, raw: bool, as_json: bool) -> None:
    """Show one, by its number or its message's id: its message, its metadata and every attempt."""
    found = ask_journal(journal, ask.Show(id=id, raw=raw))
    if as_json:
        print_json({"letter": plain(found)}, schema=1)
    else:
        details(found)


@dlq.command()
@journal_argument
@where_options
@json_option
def groups(*, journal: Path, as_json: bool, **options: object) -> None:
    """Count dead letters by cause, the most frequent first."""
    where = chosen(options)
    for field in ("id", "key"):
        if field in where:
            raise Problem(f"groups aren't chosen by --{field}: use list", ExitCode.BAD_USE)
    causes = ask_journal(journal, ask.Groups(where=where))
    if as_json:
        print_json({"groups": plain(causes)}, schema=1)
        return
    rows = [
        (
            str(one.count),
            one.fingerprint,
            one.dest or "-",
            one.type,
            one.reason,
            one.error_type or "-",
            one.status,
            "-" if one.example is None else str(one.example),
        )
        for one in causes
    ]
    table(("COUNT", "FINGERPRINT", "DEST", "TYPE", "REASON", "ERROR", "STATUS", "EXAMPLE"), rows)


@dlq.command()
@journal_argument
@json_option
def stats(*, journal: Path, as_json: bool) -> None:
    """Tell how many there are, how old, and of what."""
    found = ask_journal(journal, ask.Stats())
    if as_json:
        print_json({"stats": plain(found)}, schema=1)
        return
    lines = [
        ("dead letters", f"{found.depth:,} of {found.allowed:,} allowed"),
        ("in quarantine", f"{found.quarantined:,}"),
        ("oldest", "-" if found.oldest_age is None else f"{found.oldest_age:,.0f} s"),
        ("arrivals", f"{found.arrivals_per_minute:,} in the last minute"),
        ("next retry", at(found.next_retry_at)),
        ("causes", f"{found.causes:,}"),
        *((reason, f"{count:,}") for reason, count in sorted(found.by_reason.items())),
    ]
    if found.top is not None:
        lines.append(("most frequent", f"{found.top.fingerprint}, {found.top.count:,} times"))
    if found.redrive_failure_ratio is not None:
        lines.append(("redrives failed", f"{found.redrive_failure_ratio:.1%}"))
    pairs(lines)


def row(one: DeadLetterSummary) -> tuple[str, ...]:
    """One of a list."""
    error = one.error or one.error_type or "-"
    return (str(one.id), at(one.died_at), one.dest or "-", one.type, one.reason, error)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below their heads; the last column as long as it is, on one line."""
    if not rows:
        click.echo("nothing here")
        return
    cleaned = [[clean(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cleaned, strict=True)]
    for row in (head, *cleaned):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def pairs(lines: Sequence[tuple[str, str]]) -> None:
    """Print names and values."""
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        text = clean(value).replace("\n", f"\n{'':{width + 2}}")
        click.echo(f"{name:<{width}}  {text}".rstrip())


def details(found: DeadLetterDetails) -> None:
    """Print everything about one."""
    one = found.summary
    lines = [
        ("id", f"{one.id} (message {one.message_id})"),
        ("to", one.dest or "- (a process without a name)"),
        ("message", f"{one.type} ({found.kind})"),
        *((f"  {name}", value) for name, value in _contents(found.contents)),
        ("problem", found.problem or ""),
        (
            "original",
            "" if found.original is None else "".join(f"{n}={v} " for n, v in _contents(found.original)),
        ),
        ("key", one.key or ""),
        ("ordering key", found.ordering_key or ""),
        ("from", found.source or ""),
        ("metadata", "" if found.metadata is None else _json(found.metadata)),
        ("accepted", at(one.created_at)),
        ("died", f"{at(one.died_at)}, {one.reason}, {one.status}"),
        ("error", ": ".join(part for part in (one.error_type, one.error) if part)),
        ("fingerprint", one.fingerprint),
        ("counts", f"{one.attempts} failed, {one.crashes} crashed, {one.redrives} redriven"),
        ("next retry", "" if one.retry_at is None else at(one.retry_at)),
        ("deleted", "" if one.expires_at is None else f"{at(one.expires_at)}, by retention"),
        ("code", found.code_version or ""),
        ("note", one.note or ""),
    ]
    pairs([(name, value) for name, value in lines if value])
    traces: dict[str, int] = {}
    for number, attempt in enumerate(found.history, 1):
        _attempt(number, attempt, traces)


def _contents(contents: object) -> list[tuple[str, str]]:
    if not isinstance(contents, dict):
        return [("value", _json(contents))]
    items = cast("dict[object, object]", contents).items()
    return [(str(name), _json(value)) for name, value in items] or [("value", "{}")]


def _json(value: object) -> str:
    import msgspec

    return msgspec.json.encode(plain(value)).decode()


def _attempt(number: int, attempt: AttemptView, traces: dict[str, int]) -> None:
    lasted = attempt.ended_at - attempt.started_at
    click.echo(f"\nattempt {number}: {attempt.outcome} at {at(attempt.ended_at)}, after {lasted:.1f} s")
    if attempt.trace in traces:
        click.echo(f"  the same traceback as in attempt {traces[attempt.trace]}")
    elif attempt.trace:
        traces[attempt.trace] = number
        click.echo(clean(attempt.trace).rstrip())
    elif attempt.error:
        click.echo(f"  {clean(': '.join(part for part in (attempt.error_type, attempt.error) if part))}")
