"""The verdicts of two readers, and the page that they make."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from regrow.lint.registry import own_rules
from tests.realworld.corpus import ROOT
from tests.realworld.scan import Scan, Site

HERE = Path(__file__).parent
VERDICTS = HERE / "verdicts.jsonl"
FOUND = HERE / "found.json"
PAGE = ROOT / "docs" / "precision.md"
RIGHT, FALSE = "right", "false"
_OFF_FROM = 0.1
"""A rule with a greater share of false alarms is off by default."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What two readers said of a finding, each without the other.

    Attributes:
        id: The site's name in the draw.
        package: ``name==version``.
        path: Of the file in the package.
        line: From 1 on.
        rule: The rule's code.
        a: The first reader's verdict: ``right`` or ``false``.
        b: The second reader's.
        settled: What both say after they talked, empty if they didn't have to.
        reason: Why it is false, or what they didn't agree on.
    """

    id: str
    package: str
    path: str
    line: int
    rule: str
    a: str
    b: str
    settled: str = ""
    reason: str = ""

    @property
    def is_false_alarm(self) -> bool:
        """A disagreement counts as one until it is settled."""
        return (self.settled or (self.a if self.a == self.b else FALSE)) == FALSE

    @property
    def problem(self) -> str | None:
        """What is wrong with the entry."""
        if not {self.a, self.b} <= {RIGHT, FALSE} or self.settled not in {"", RIGHT, FALSE}:
            return f"{self.id}: a verdict is {RIGHT!r} or {FALSE!r}"
        if (self.is_false_alarm or self.a != self.b) and not self.reason:
            return f"{self.id}: says no reason"
        return None


def read() -> list[Verdict]:
    """All verdicts there are."""
    if not VERDICTS.exists():
        return []
    return [Verdict(**json.loads(line)) for line in VERDICTS.read_text().splitlines()]


def write(verdicts: Iterable[Verdict]) -> None:
    """Keep them, by rule and id."""
    ordered = sorted(verdicts, key=lambda one: (one.rule, one.id))
    VERDICTS.write_text("".join(json.dumps(asdict(one)) + "\n" for one in ordered))


def collect(
    draws: Mapping[str, Sequence[Site]], said: Sequence[Mapping[str, tuple[str, str]]], seed: int
) -> int:
    """Take over what the readers say of the drawn sites; how many of these have both verdicts now.

    Args:
        draws: The current draws; verdicts about other sites are dropped.
        said: By reader: a site's id, and verdict and reason.
        seed: Of the draws.
    """
    kept = {one.id: one for one in read()}
    verdicts: list[Verdict] = []
    for site in (site for sites in draws.values() for site in sites):
        name = site.rank(seed)
        if all(name in one for one in said):
            (a, why), (b, why_not) = (one[name] for one in said)
            reason = "; ".join(dict.fromkeys(text for text in (why, why_not) if text))
            verdicts.append(Verdict(name, site.package, site.path, site.line, site.rule, a, b, reason=reason))
        elif name in kept:
            verdicts.append(kept[name])
    write(verdicts)
    return len(verdicts)


def misfits(draws: Mapping[str, Sequence[Site]], seed: int) -> Iterator[str]:
    """Drawn sites that nobody judged, and verdicts on what isn't drawn."""
    names = {site.rank(seed): site for sites in draws.values() for site in sites}
    verdicts = {one.id: one for one in read()}
    for name in sorted(names.keys() - verdicts.keys(), key=lambda name: names[name]):
        site = names[name]
        yield f"not judged: {site.rule} {name} {site.package} {site.path}:{site.line}"
    for name in sorted(verdicts.keys() - names.keys()):
        yield f"not drawn: {verdicts[name].rule} {name}"


def keep_counts(found: Scan, seed: int) -> None:
    """Keep what the page says of the corpus."""
    counts: dict[str, int] = {}
    for site in found.sites:
        counts[site.rule] = counts.get(site.rule, 0) + 1
    kept = {
        "seed": seed,
        "files": found.files,
        "lines": found.lines,
        "findings": dict(sorted(counts.items())),
    }
    FOUND.write_text(json.dumps(kept, indent=1) + "\n")


def rendered() -> str:
    """The page."""
    kept = json.loads(FOUND.read_text())
    verdicts = read()
    lines = sum(kept["lines"].values())
    text = _HEAD.format(
        packages=len(kept["lines"]), files=kept["files"], lines=lines, seed=kept["seed"], judged=len(verdicts)
    )
    rows = [_row(code, name, kept, verdicts) for code, name in ((one.code, one.name) for one in own_rules())]
    head = "| rule | name | default | findings | judged | right | false alarms | not agreed | precision |\n"
    text += f"\n## By rule\n\n{head}|---|---|---|---:|---:|---:|---:|---:|---:|\n{''.join(rows)}"
    text += "\n## What was looked at\n\n| package | lines |\n|---|---:|\n"
    text += "".join(f"| {name} | {count:,} |\n" for name, count in kept["lines"].items())
    false = [one for one in verdicts if one.is_false_alarm]
    if false:
        text += "\n## False alarms\n\n| rule | where | first | second | reason |\n|---|---|---|---|---|\n"
        text += "".join(_false_row(one) for one in false)
    return text


def _row(code: str, name: str, kept: Mapping[str, Mapping[str, int]], verdicts: Sequence[Verdict]) -> str:
    judged = [one for one in verdicts if one.rule == code]
    false = sum(one.is_false_alarm for one in judged)
    apart = sum(one.a != one.b and not one.settled for one in judged)
    share = f"{1 - false / len(judged):.0%}" if judged else ""
    default = "on" if next(one for one in own_rules() if one.code == code).default else "off"
    found = kept["findings"].get(code, 0)
    return (
        f"| {code} | {name} | {default} | {found:,} | {len(judged)} | {len(judged) - false} | {false}"
        f" | {apart} | {share} |\n"
    )


def _false_row(one: Verdict) -> str:
    where = f"{one.package} {one.path}:{one.line}"
    return f"| {one.rule} | {where} | {one.a} | {one.b} | {one.reason.replace('|', '/')} |\n"


def too_often_wrong() -> list[str]:
    """Rules that are on by default although more than one in ten of their findings is a false alarm."""
    verdicts = read()
    wrong: list[str] = []
    for rule in own_rules():
        judged = [one for one in verdicts if one.rule == rule.code]
        false = sum(one.is_false_alarm for one in judged)
        if rule.default and judged and false > _OFF_FROM * len(judged):
            wrong.append(f"{rule.code} {rule.name}: {false} of {len(judged)} are false alarms, and it is on")
    return wrong


_HEAD = """# How often the linter is right

Written by `python -m tests.realworld table`. All rules, those that are off by default among them, looked at
{packages} distributions of other people's code: {files:,} files, {lines:,} lines. For each rule findings were
drawn with the seed {seed}: 30, 15 where half of them or more are the same line but for its words, all where
there are fewer. {judged} of them were judged by two readers, each alone, who saw the code around the place
and the rule's page, and nothing else. Where the two don't agree it counts as a false alarm until they have
talked about it. A rule with more than one false alarm in ten is off by default. The readers were language
models, each in sessions of its own; no people.

The figures lean to the good side. Rules were mended after a first draw (seed 20261121) was judged, and again
after this one: 6 of 30 findings of RG101, 4 of RG301, 2 of RG602 and 1 of RG402 were false then and are gone,
and what the draw shows in their place was judged anew. On code that nobody has looked at expect somewhat more
false alarms. Rules about Regrow's own API find nothing in code that doesn't use it, and have no figure.

`python -m tests.realworld draw RG101` shows the same places again; {seed} is its default seed. The code is
fetched from the package index for that; none of it is in this repository.
"""
