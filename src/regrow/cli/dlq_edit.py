"""``regrow dlq edit``, ``quarantine`` and ``purge``: changing dead letters."""

import json
from pathlib import Path

import click
from msgspec import UNSET, UnsetType

from regrow.cli.admin import actor_option, ask_journal, consent, journal_argument, progress, with_journal
from regrow.cli.output import json_option, print_json
from regrow.cli.where import Letter, chosen, where_options
from regrow.delivery.control import commands as ask
from regrow.delivery.control.client import Admin


@click.command()
@journal_argument
@click.argument("id", type=Letter())
@click.option("--set", "changes", multiple=True, metavar="NAME=JSON", help="Another value of an argument.")
@click.option("--value", metavar="JSON", help="In the place of an info.")
@click.option("--note", metavar="TEXT", help="A remark for whoever looks next.")
@actor_option
@json_option
def edit(
    *,
    journal: Path,
    id: int | str,
    changes: tuple[str, ...],
    value: str | None,
    note: str | None,
    actor: str,
    as_json: bool,
) -> None:
    """Change what a redrive of a dead letter will deliver.

    Its handler's types are checked by the program that has them, so that this needs the program to run.
    The first message is kept beside the new one.
    """
    arguments = dict(_argument(change) for change in changes) or None
    given: object | UnsetType = UNSET if value is None else _json(value)
    command = ask.Edit(id=id, actor=actor, arguments=arguments, value=given, note=note)
    ask_journal(journal, command)
    if as_json:
        print_json({"edited": id}, schema=1)
    else:
        click.echo(f"dead letter {id} is edited")


@click.command()
@journal_argument
@click.argument("fingerprint")
@click.option("--release", is_flag=True, help="End the quarantine.")
@click.option("--note", default="", metavar="TEXT", help="Why, for the audit.")
@actor_option
@json_option
def quarantine(
    *, journal: Path, fingerprint: str, release: bool, note: str, actor: str, as_json: bool
) -> None:
    """Try nothing of a cause again: not what is dead, and what comes goes straight to the dead."""
    command = ask.Quarantine(fingerprint=fingerprint, actor=actor, note=note, on=not release)
    count = ask_journal(journal, command)
    if as_json:
        print_json({"fingerprint": fingerprint, "quarantined": not release, "count": count}, schema=1)
    else:
        done = "released" if release else "in quarantine"
        click.echo(f"{fingerprint} is {done}: {count:,} dead letters")


@click.command()
@journal_argument
@where_options
@click.option("--all", "everything", is_flag=True, help="All of them, where no condition is given.")
@click.option("--why", required=True, metavar="TEXT", help="For the audit.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@actor_option
@json_option
def purge(
    *, journal: Path, everything: bool, why: str, yes: bool, actor: str, as_json: bool, **options: object
) -> None:
    """Delete dead letters for good."""
    where = chosen(options)
    if not where and not everything:
        raise click.UsageError("say which, by conditions, or --all")

    async def work(admin: Admin) -> int:
        total = None
        if "id" not in where and "key" not in where:
            causes = await admin.run(ask.Groups(where=where))
            total = sum(cause.count for cause in causes)
        what = "these dead letters" if total is None else f"{total:,} dead letters"
        consent(f"delete {what} for good", yes=yes)
        command = ask.Purge(where=where, everything=everything, actor=actor, why=why)
        with progress("deleting", total) as report:
            return await admin.run(command, report)

    count = with_journal(journal, work)
    if as_json:
        print_json({"purged": count}, schema=1)
    else:
        click.echo(f"{count:,} dead letters are deleted")


def _argument(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.UsageError(f"--set {text}: write NAME=JSON, such as count=3 or 'name=\"tea\"'")
    return name, _json(value)


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(
            f"{text!r} is no JSON: {error}; a text needs quotes, as in '\"tea\"'"
        ) from error
    return value
