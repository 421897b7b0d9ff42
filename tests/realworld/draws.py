"""Which findings are judged, and what their readers see of them."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from regrow.lint.registry import own_rules, page
from regrow.lint.text import Text
from tests.realworld.corpus import Package, packages
from tests.realworld.scan import Site

SEED = 20261122
MANY, FEW = 30, 15
READERS = ("a", "b")
_AROUND = 12
_NAME = re.compile(r"\w+")


def drawn(sites: Iterable[Site], seed: int = SEED) -> dict[str, list[Site]]:
    """By rule: 30 findings, 15 where half of them or more are one idiom, all where there are fewer."""
    by_rule: dict[str, list[Site]] = {}
    for site in sites:
        by_rule.setdefault(site.rule, []).append(site)
    return {
        rule: sorted(found, key=lambda site: site.rank(seed))[: wanted(found)]
        for rule, found in sorted(by_rule.items())
    }


def wanted(sites: Sequence[Site]) -> int:
    """How many of a rule's findings are judged."""
    commonest = max(Counter(_idiom(site) for site in sites).values(), default=0)
    return FEW if 2 * commonest >= len(sites) > FEW else MANY


def _idiom(site: Site) -> str:
    """The line with all words alike."""
    return _NAME.sub("_", site.text)


def excerpt(site: Site) -> str:
    """Some 25 lines, with the line numbers, and the line marked."""
    lines = _content((_package(site).folder / site.path).read_bytes()).split("\n")
    first = max(0, site.line - 1 - _AROUND)
    return "\n".join(
        f"{'>' if number == site.line else ' '}{number:>5}  {line}"
        for number, line in enumerate(lines[first : site.line + _AROUND], first + 1)
    )


def _content(data: bytes) -> str:
    try:
        return Text(data).content
    except (SyntaxError, UnicodeDecodeError):  # that is what was found
        return data.decode(errors="replace")


def _package(site: Site) -> Package:
    return next(one for one in packages() if str(one) == site.package)


def for_reader(site: Site, seed: int) -> dict[str, object]:
    """What a reader is given: where it is, and the code. The rule's text is a file of its own."""
    return {
        "id": site.rank(seed),
        "rule": site.rule,
        "where": f"{site.package} {site.path}:{site.line}:{site.column}",
        "message": site.message,
        "excerpt": excerpt(site),
    }


def hand_out(draws: dict[str, list[Site]], folder: Path, seed: int) -> Iterator[Path]:
    """A file per reader, each with an order of its own, and the pages of the rules."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    for one in own_rules():
        if one.code in draws:
            (folder / "rules" / f"{one.code}.md").write_text(f"# {one.code} {one.name}\n\n{page(one)}\n")
    for reader in READERS:
        file = folder / f"reader-{reader}.jsonl"
        with file.open("w") as out:
            for rule, sites in draws.items():
                order = list(sites)
                random.Random(f"{seed} {rule} {reader}").shuffle(order)
                out.writelines(json.dumps(for_reader(site, seed)) + "\n" for site in order)
        yield file


def readable(draws: dict[str, list[Site]], seed: int) -> Iterator[str]:
    """For the terminal: each rule's page, then its sites."""
    pages = {one.code: f"# {one.code} {one.name}\n\n{page(one)}" for one in own_rules()}
    for rule, sites in draws.items():
        yield f"{'=' * 100}\n{pages[rule]}\n"
        for number, site in enumerate(sites, 1):
            where = f"{site.package} {site.path}:{site.line}:{site.column}"
            yield f"--- {rule} {number}/{len(sites)} {site.rank(seed)} {where}\n    {site.message}\n"
            yield f"{excerpt(site)}\n"
