"""``python -m tests.realworld COMMAND``: the linter on other people's code."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from regrow.lint.registry import own_rules
from tests.realworld import draws, fixes, scan, sdists, table


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def progress(text: str) -> None:
    """One line that is written over, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    code: int = options.run(options)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.realworld", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--only", nargs="+", default=[], metavar="PACKAGE", help="these packages alone")
    shared.add_argument("--jobs", type=int, default=1, metavar="N", help="processes; default 1")
    shared.add_argument("--seed", type=int, default=draws.SEED, help=f"of the draws; default {draws.SEED}")
    shared.add_argument("--json", action="store_true", help="for programs")

    def command(name: str, run: Callable[[argparse.Namespace], int], help_: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[shared], help=help_, description=help_)
        made.set_defaults(run=run)
        return made

    command("check", _check, "look at all of it twice: no rule fails, both times find the same")
    command("scan", _scan, "look at all of it once, and keep the findings").add_argument(
        "--out", type=Path, required=True
    )
    draw = command("draw", _draw, "show the findings to be judged, with their code and the rule's text")
    draw.add_argument("rules", nargs="*", metavar="RULE", help="codes; default: all")
    draw.add_argument("--out", type=Path, metavar="FOLDER", help="a file for each reader instead")
    collect = command(
        "collect", _collect, "take over what two readers said: lines with id, verdict and reason"
    )
    collect.add_argument("said", nargs=2, type=Path, metavar="FILE", help="a reader's lines")
    shown = command("table", _table, "write docs/precision.md")
    how = shown.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="only see whether verdicts and page fit the draws")
    how.add_argument("--kept", action="store_true", help="out of what is kept, without looking at packages")
    command(
        "fix", _fix, "make all fixes in a copy, the unsafe ones too: it compiles as before, and twice is once"
    )
    command("sdist", _sdist, "run the tests of distributions before and after their fixes")
    return parser


def _check(options: argparse.Namespace) -> int:
    first, second = (scan.scan_apart(seed, only=options.only, jobs=options.jobs) for seed in (1, 2))
    unstable = set(first.sites) ^ set(second.sites)
    counts = Counter(site.rule for site in first.sites)
    lines = sum(first.lines.values())
    if options.json:
        kept = {"lines": first.lines, "files": first.files, "findings": counts, "seconds": first.seconds}
        say(json.dumps({**kept, "failures": first.failures, "unstable": len(unstable)}, indent=1))
    else:
        for rule in (one.code for one in own_rules()):
            count = counts[rule]
            say(f"{rule} {count:>6,} findings, {count / lines * 1e5:>7.2f} per 100,000 lines")
        say(f"{len(first.lines)} packages, {first.files:,} files, {lines:,} lines in {first.seconds:.0f} s")
        for failure in first.failures:
            say(f"FAILED {failure}")
        for site in sorted(unstable)[:20]:
            say(f"NOT FOUND TWICE {site.rule} {site.package} {site.path}:{site.line}")
    return int(bool(first.failures or unstable))


def _scan(options: argparse.Namespace) -> int:
    scan.write(scan.scan(progress, only=options.only, jobs=options.jobs), options.out)
    return 0


def _draws(options: argparse.Namespace) -> tuple[scan.Scan, dict[str, list[scan.Site]]]:
    found = scan.scan(progress, only=options.only, jobs=options.jobs)
    return found, draws.drawn(found.sites, options.seed)


def _draw(options: argparse.Namespace) -> int:
    _, drawn = _draws(options)
    if options.rules:
        drawn = {rule: drawn.get(rule, []) for rule in options.rules}
    if options.out:
        for file in draws.hand_out(drawn, options.out, options.seed):
            say(f"{file}: {sum(map(len, drawn.values()))} sites of {len(drawn)} rules")
        return 0
    if options.json:
        for site in (site for sites in drawn.values() for site in sites):
            say(json.dumps(draws.for_reader(site, options.seed)))
        return 0
    for text in draws.readable(drawn, options.seed):
        say(text)
    return 0


def _collect(options: argparse.Namespace) -> int:
    found, drawn = _draws(options)
    said: list[dict[str, tuple[str, str]]] = []
    for file in options.said:
        entries = map(json.loads, file.read_text().splitlines())
        said.append({one["id"]: (one["verdict"], one.get("reason", "")) for one in entries})
    count = table.collect(drawn, said, options.seed)
    table.keep_counts(found, options.seed)
    say(f"{count} of {sum(map(len, drawn.values()))} drawn findings are judged")
    return 0


def _table(options: argparse.Namespace) -> int:
    if options.kept:
        table.PAGE.write_text(table.rendered())
        return 0
    found, drawn = _draws(options)
    if not options.check:
        table.keep_counts(found, options.seed)
        table.PAGE.write_text(table.rendered())
    problems = [one.problem for one in table.read() if one.problem]
    problems += table.misfits(drawn, options.seed)
    problems += table.too_often_wrong()
    if table.PAGE.read_text() != table.rendered():
        problems.append(f"{table.PAGE.name} isn't what the verdicts make: python -m tests.realworld table")
    say(
        json.dumps(problems, indent=1)
        if options.json
        else "\n".join(problems) or "verdicts and page fit the draws"
    )
    return int(bool(problems))


def _fix(options: argparse.Namespace) -> int:
    outcome = fixes.fix_all(progress, only=options.only)
    if options.json:
        say(json.dumps(outcome.as_json(), indent=1))
        return int(not outcome.is_sound)
    say("rule   fixes  edits  in our marker files")
    for code in sorted({*outcome.fixes, *outcome.own, *outcome.without}):
        say(f"{code} {outcome.fixes[code]:>6,} {outcome.edits[code]:>6,} {outcome.own[code]:>6,}")
    say(f"{outcome.files:,} files changed, {len(outcome.left)} left alone")
    for kind, problems in (
        ("BROKEN", outcome.broken),
        ("CHANGED AGAIN", outcome.again),
        ("BUG", outcome.bugs),
        ("NOTHING FIXED BY", outcome.without),
    ):
        for problem in problems:
            say(f"{kind} {problem}")
    return int(not outcome.is_sound)


def _sdist(options: argparse.Namespace) -> int:
    found = list(sdists.run_all(progress, only=options.only))
    if options.json:
        say(
            json.dumps(
                [
                    {
                        "package": one.package,
                        "fixes": one.fixes,
                        "tests": len(one.before),
                        "differences": one.differences,
                    }
                    for one in found
                ],
                indent=1,
            )
        )
    for one in () if options.json else found:
        ends = ", ".join(f"{count} {end}" for end, count in sorted(Counter(one.before.values()).items()))
        made = ", ".join(f"{code} {count}" for code, count in sorted(one.fixes.items()))
        say(
            f"{one.package}: {ends}; fixes: {made or 'none'}; {len(one.differences)} tests end otherwise then"
        )
        for difference in one.differences:
            say(f"  {difference}")
    return int(not found or not all(one.is_sound for one in found))


if __name__ == "__main__":
    raise SystemExit(main())
