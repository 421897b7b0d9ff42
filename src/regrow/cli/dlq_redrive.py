"""``regrow dlq retry``, ``redrive`` and ``redrives``: delivering dead letters again."""

from pathlib import Path
from typing import Literal, TypedDict

import click
from typing_extensions import Unpack

from regrow.cli.admin import actor_option, consent, journal_argument, plain, progress, with_journal
from regrow.cli.dlq import table
from regrow.cli.exits import ExitCode
from regrow.cli.output import json_option, print_json
from regrow.cli.where import Letter, at, chosen, where_options
from regrow.delivery.control import commands as ask
from regrow.delivery.control.client import Admin
from regrow.delivery.journal.rows import RedriveJob


class Options(TypedDict):
    """How a redrive goes."""

    target: str | None
    rate: float | None
    limit: int | None
    dry_run: bool
    canary: int | None
    stop_ratio: float | None


@click.command()
@journal_argument
@click.argument("ids", type=Letter(), nargs=-1, required=True)
@click.option("--target", metavar="NAME", help="Another recipient.")
@actor_option
@json_option
def retry(
    *, journal: Path, ids: tuple[int | str, ...], target: str | None, actor: str, as_json: bool
) -> None:
    """Deliver some dead letters again, by their numbers or their messages' ids."""

    async def work(admin: Admin) -> None:
        for id in ids:
            await admin.run(ask.Retry(id=id, actor=actor, target=target))

    with_journal(journal, work)
    if as_json:
        print_json({"retried": ids}, schema=1)
    else:
        click.echo(f"{len(ids):,} on the way again")


@click.command()
@journal_argument
@where_options
@click.option("--target", metavar="NAME", help="Another recipient.")
@click.option("--rate", type=float, metavar="N", help="How many per second; default as fast as it goes.")
@click.option("--limit", type=int, metavar="N", help="How many at most.")
@click.option("--dry-run", is_flag=True, help="Only tell how many it would be.")
@click.option("--canary", type=int, metavar="N", help="So many first; the rest if they end well.")
@click.option("--stop-ratio", type=float, metavar="SHARE", help="Stop if more than this share dies again.")
@click.option("--detach", is_flag=True, help="Don't wait for its end.")
@click.option("--yes", is_flag=True, help="Don't ask, where no condition is given.")
@actor_option
@json_option
def redrive(
    *,
    journal: Path,
    detach: bool,
    yes: bool,
    actor: str,
    as_json: bool,
    **options: Unpack[Options],
) -> int:
    """Deliver dead letters again, oldest first, as a job that survives a crash.

    Where the program doesn't run they are put back for it to handle when it starts; a canary or a stop
    ratio waits until then. Ctrl-C leaves the job running: see `redrives`. Exit code 1 means that it stopped
    because too many died again.
    """
    where = chosen(dict(options))
    if not where and not options["dry_run"]:
        consent("deliver all dead letters again", yes=yes)
    given = Options(**{name: options[name] for name in Options.__annotations__})  # type: ignore[literal-required, typeddict-item]

    async def work(admin: Admin) -> RedriveJob:
        job = await admin.run(ask.Redrive(where=where, actor=actor, **given))
        if detach or job.status != "running":
            return job
        with progress(f"redrive {job.id}") as report:
            return await admin.run(ask.Wait(job=job.id), report)

    job = with_journal(journal, work)
    if as_json:
        print_json({"dry_run": options["dry_run"], "redrive": plain(job)}, schema=1)
    elif options["dry_run"]:
        click.echo(f"{job.moved:,} dead letters would be delivered again")
    else:
        click.echo(f"redrive {job.id} is {job.status}: {outcome(job)}")
        if job.status == "running" and not detach:
            click.echo("it goes on when the journal's program runs", err=True)
    return ExitCode.FINDINGS if job.status == "stopped" else ExitCode.CLEAN


@click.command()
@journal_argument
@click.option("--pause", type=int, metavar="JOB", help="Have it stand still.")
@click.option("--resume", type=int, metavar="JOB", help="Have it go on.")
@click.option("--cancel", type=int, metavar="JOB", help="End it.")
@actor_option
@json_option
def redrives(
    *, journal: Path, pause: int | None, resume: int | None, cancel: int | None, actor: str, as_json: bool
) -> None:
    """List the redrives, or pause, resume or cancel one."""
    steers: dict[Literal["pause", "resume", "cancel"], int | None] = {
        "pause": pause,
        "resume": resume,
        "cancel": cancel,
    }

    async def work(admin: Admin) -> tuple[RedriveJob, ...]:
        for action, job in steers.items():
            if job is not None:
                await admin.run(ask.Steer(job=job, action=action, actor=actor))
        return await admin.run(ask.Redrives())

    jobs = with_journal(journal, work)
    if as_json:
        print_json({"redrives": plain(jobs)}, schema=1)
        return
    rows = [
        (str(job.id), job.status, at(job.started_us / 1_000_000), job.actor, job.target or "-", outcome(job))
        for job in jobs
    ]
    table(("JOB", "STATUS", "STARTED", "ACTOR", "TARGET", "OUTCOME"), rows)


def outcome(job: RedriveJob) -> str:
    """What came of it so far."""
    known = f", {job.succeeded:,} handled, {job.failed:,} dead again" if job.succeeded or job.failed else ""
    return f"{job.moved:,} moved{known}"
