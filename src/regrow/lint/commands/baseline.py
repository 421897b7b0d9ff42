"""``baseline``: hold the number of findings down."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from regrow.errors.lint import BaselineGrows, UnknownRule
from regrow.lint.commands import options
from regrow.lint.commands.check import show_report, summarize
from regrow.lint.configuration import Configuration, misplaced
from regrow.lint.console import Exit, counted, say, show_all, take_any_name
from regrow.lint.formats import FORMATS, rendered
from regrow.lint.parsing import CODE
from regrow.lint.ratchet.baseline import Baseline, load, save
from regrow.lint.ratchet.comparing import Comparison, compare, grown, located, relative, tightened
from regrow.lint.ratchet.history import history
from regrow.lint.registry import all_rules
from regrow.lint.run import Report
from regrow.lint.selection import matching

DESCRIPTION: Final = """\
Hold the number of findings down. What is known stands in a file that is committed: what is new is an error,
and so is what is gone until it is taken out. Exit codes are those of `check`."""

_WRITE: Final = """\
Make what is found now the baseline. Without --allow-increase no rule may have more findings in a file than
before; a file that was renamed is the same file."""
_CHECK: Final = """\
Say what is new and what is gone since the baseline was written. Exit code 1 for either; with
`mode = "no-grow"` in [tool.regrow.ratchet] for what is new alone."""
_TIGHTEN: Final = "Take what is gone out of the baseline. Nothing new gets in."
_EXPLAIN: Final = "Say what is in the baseline, since when and why; with --since how it became less."


@dataclass(frozen=True, slots=True)
class _State:
    """Everything that a command goes by."""

    configuration: Configuration
    file: Path
    report: Report
    baseline: Baseline
    comparison: Comparison


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    write = actions.add_parser("write", help="make what is found now the baseline", description=_WRITE)
    check = actions.add_parser("check", help="say what is new and what is gone", description=_CHECK)
    tighten = actions.add_parser("tighten", help="take out what is gone", description=_TIGHTEN)
    explain = actions.add_parser("explain", help="say what is in it, and its history", description=_EXPLAIN)
    for action, run in ((write, _write), (check, _check), (tighten, _tighten)):
        action.set_defaults(act=run)
        options.add_paths(action)
        options.add_config(action)
        options.add_work(action)
    help_ = "what is new looks like this (default: concise)"
    check.add_argument("--format", choices=FORMATS, default="concise", help=help_)
    help_ = "let a rule have more findings than before; can be repeated"
    write.add_argument("--allow-increase", metavar="RULE", action="append", help=help_)
    write.add_argument("--reason", metavar="TEXT", help="why; it is written into the baseline")
    explain.set_defaults(act=_explain)
    options.add_config(explain)
    explain.add_argument("--since", metavar="COMMIT", help="how it became less since then, from git")


def run(arguments: argparse.Namespace) -> int:
    """Do one of the four."""
    take_any_name()
    act = cast("Callable[[argparse.Namespace], int]", arguments.act)
    return act(arguments)


# -- write, check, tighten -------------------------------------------------------------------------


def _write(arguments: argparse.Namespace) -> int:
    reasons = _reasons(arguments)
    state = _state(arguments, is_new=True)
    if _is_unsure(state.report):
        return _unsure(state.report)
    first = not state.file.exists()
    growth: Counter[str] = Counter()
    for (_, code), count in state.comparison.growth().items():
        growth[code] += count
    forbidden = {code: count for code, count in growth.items() if code not in reasons}
    if forbidden and not first:
        raise BaselineGrows(forbidden)
    today = datetime.now(UTC).date().isoformat()
    baseline = grown(state.baseline, state.comparison, today=today, reasons=None if first else reasons)
    save(state.file, baseline)
    known = sum(baseline.counts().values())
    say(f"{state.configuration.ratchet.baseline}: {counted(known, 'finding')}, {_change(state, known)}")
    over = list(_over(state.configuration, baseline.counts()))
    for line in over:
        say(line)
    return Exit.FINDINGS if over else Exit.CLEAN


def _check(arguments: argparse.Namespace) -> int:
    state = _state(arguments)
    new = tuple(finding for _, finding in state.comparison.new)
    shown = state.report._replace(findings=new, known=frozenset())
    show_report(shown, cast("str", arguments.format), state.configuration)
    problems = list(_over(state.configuration, Counter(one.code for one in state.report.findings)))
    for line in (*problems, *_slack(state.comparison)):
        say(line)
    summarize(state.report._replace(findings=new), "new finding", known=len(state.comparison.known))
    if state.report.failures:
        return Exit.OUR_BUG
    loose = state.comparison.is_loose and state.configuration.ratchet.exact
    return Exit.FINDINGS if new or problems or loose else Exit.CLEAN


def _tighten(arguments: argparse.Namespace) -> int:
    state = _state(arguments)
    if _is_unsure(state.report):
        return _unsure(state.report)
    baseline = tightened(state.baseline, state.comparison)
    if baseline != state.baseline:
        save(state.file, baseline)
    known = sum(baseline.counts().values())
    say(f"{state.configuration.ratchet.baseline}: {counted(known, 'finding')}, {_change(state, known)}")
    if state.comparison.new:
        left = counted(len(state.comparison.new), "new finding")
        say(f"{left} left out: `regrow baseline check` shows them")
    return Exit.FINDINGS if state.comparison.new else Exit.CLEAN


def _state(arguments: argparse.Namespace, *, is_new: bool = False) -> _State:
    configuration = options.configuration(arguments)
    root = configuration.root.absolute()
    file = root / configuration.ratchet.baseline
    # Before the files are looked at: that takes longer.
    baseline = Baseline() if is_new and not file.exists() else load(file)
    try:
        for selector in configuration.ratchet.max_total:
            matching(all_rules(), [selector], "max-total")
    except UnknownRule as error:
        raise misplaced(configuration, error) from error
    report = options.checked(arguments, configuration)
    starts = [relative(root, path) for path in options.paths(arguments)]
    unread = {relative(root, Path(one.path)) for one in report.findings if one.code == CODE}

    def judged(name: str) -> bool:
        below = any(start in {".", name} or name.startswith(f"{start}/") for start in starts)
        return below and name not in unread

    found = located(report.findings, root)
    return _State(configuration, file, report, baseline, compare(baseline, found, judged))


def _is_unsure(report: Report) -> bool:
    return bool(report.failures) or any(one.code == CODE for one in report.findings)


def _unsure(report: Report) -> int:
    """What is in a file that can't be looked at isn't known, and so isn't written down."""
    unread = tuple(one for one in report.findings if one.code == CODE)
    show_all(rendered(report._replace(findings=unread), "concise"))
    summarize(report._replace(findings=unread))
    say("the baseline is left as it was: mend these first, or exclude them")
    return Exit.OUR_BUG if report.failures else Exit.FINDINGS


def _reasons(arguments: argparse.Namespace) -> dict[str, str]:
    """The codes of the rules that may grow, and why."""
    allowed = options.split(cast("list[str] | None", arguments.allow_increase))
    reason = (cast("str | None", arguments.reason) or "").strip()
    codes = matching(all_rules(), allowed, "allow-increase")
    return dict.fromkeys(codes, reason) if reason else {}


def _slack(comparison: Comparison) -> Iterator[str]:
    for (file, code), count in comparison.gone.items():
        yield f"{file}: {counted(count, f'{code} finding')} fewer than the baseline has"
    if comparison.moved:
        yield f"{counted(comparison.moved, 'finding')} in another file than the baseline says"
    if comparison.new and not comparison.growth():
        yield "no rule has more findings than before: where lines only changed, run `regrow baseline write`"
    elif comparison.gone or comparison.moved:
        yield "run `regrow baseline tighten`, and commit what it writes"


def _over(configuration: Configuration, counts: dict[str, int]) -> Iterator[str]:
    for selector, limit in configuration.ratchet.max_total.items():
        codes = matching(all_rules(), [selector], "max-total")
        total = sum(counts.get(code, 0) for code in codes)
        if total > limit:
            yield f"{selector}: {counted(total, 'finding')}, and max-total allows {limit:,}"


def _change(state: _State, known: int) -> str:
    before = sum(state.baseline.counts().values())
    return "as before" if known == before else f"{known - before:+,}"


# -- explain ---------------------------------------------------------------------------------------


def _explain(arguments: argparse.Namespace) -> int:
    configuration = options.configuration(arguments)
    file = configuration.root.absolute() / configuration.ratchet.baseline
    baseline = load(file)
    since = cast("str | None", arguments.since)
    show_all(_contents(baseline) if since is None else _burn_down(file, baseline, since))
    return Exit.CLEAN


def _contents(baseline: Baseline) -> Iterator[str]:
    names = {rule.code: rule.name for rule in all_rules()}
    counts = baseline.counts()
    for code, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        entries = [(file, entry) for (file, rule), entry in baseline.entries.items() if rule == code]
        oldest = min(entry.since for _, entry in entries)
        files = counted(len(entries), "file")
        yield f"{count:>7,}  {code}  {names.get(code, '(no such rule)')}, in {files}, since {oldest}"
    yield f"{sum(counts.values()):>7,}  in all"
    for one in baseline.increases:
        yield f"{one.date}: {one.rule} {one.by:+,}: {one.reason}"


def _burn_down(file: Path, baseline: Baseline, since: str) -> Iterator[str]:
    points = history(file, baseline, since)
    before: dict[str, int] = points[0].counts
    for point in points:
        changes = {code: point.counts.get(code, 0) - before.get(code, 0) for code in {*before, *point.counts}}
        listed = ", ".join(f"{code} {change:+,}" for code, change in sorted(changes.items()) if change)
        yield f"{point.date or 'now':<10}  {point.commit:<10}  {point.total:>7,}  {listed}".rstrip()
        before = point.counts
    first, last = points[0], points[-1]
    for code in sorted({*first.counts, *last.counts}):
        was, is_ = first.counts.get(code, 0), last.counts.get(code, 0)
        yield f"{code}: {was:,} -> {is_:,} ({is_ - was:+,})"
    yield f"all: {first.total:,} -> {last.total:,} ({last.total - first.total:+,})"
