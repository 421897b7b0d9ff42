"""What is new and what is gone since the baseline was written."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from regrow.lint.model import Finding
from regrow.lint.ratchet.baseline import Baseline, Entry, Increase, Key
from regrow.lint.ratchet.fingerprints import fingerprint

Located: TypeAlias = tuple[str, Finding]
"""The file of a finding, relative to the configuration's root, and the finding."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Findings against a baseline.

    Attributes:
        new: Those that aren't known.
        known: Those that are.
        gone: How many known findings of each entry aren't there any more.
        moved: How many are in another file than the baseline says.
        kept: The entries without what is gone, in the files where the findings are now.
    """

    new: tuple[Located, ...]
    known: frozenset[Finding]
    gone: Mapping[Key, int]
    moved: int
    kept: Mapping[Key, Entry]

    @property
    def is_loose(self) -> bool:
        """Whether the baseline says what isn't so any more."""
        return bool(self.gone or self.moved)

    def growth(self) -> dict[Key, int]:
        """By how much each entry grows if what is new becomes known; a line that changed is no growth."""
        new = Counter((file, finding.code) for file, finding in self.new)
        more = {key: count - self.gone.get(key, 0) for key, count in sorted(new.items())}
        return {key: count for key, count in more.items() if count > 0}


def relative(root: Path, path: Path) -> str:
    """A path as baselines have it: posix, relative to the configuration's root."""
    return Path(os.path.relpath(path, root)).as_posix()


def located(findings: Iterable[Finding], root: Path) -> list[Located]:
    """Findings and their files relative to the configuration's root."""
    return [(relative(root, Path(one.path)), one) for one in findings]


def compare(baseline: Baseline, findings: Iterable[Located], judged: Callable[[str], bool]) -> Comparison:
    """Hold findings against a baseline.

    A finding is known if the baseline has its fingerprint in the same file; or in another one where it
    isn't any more, as after a file was renamed.

    Args:
        baseline: What is known.
        findings: What was found.
        judged: Whether a file of the baseline is one of those that the findings are about.
    """
    left = {key: Counter(one.fingerprints) for key, one in baseline.entries.items() if judged(key[0])}
    kept = {key: Counter(one.fingerprints) for key, one in baseline.entries.items() if not judged(key[0])}
    matching = _Matching(left, kept)
    others = [one for one in findings if not matching.take(one, (one[0], one[1].code))]
    spare = _spare(left)
    new: list[Located] = []
    for one in others:
        places = spare.get((one[1].code, fingerprint(one[1])))
        if not (places and matching.take(one, places.pop())):
            new.append(one)
    entries: dict[Key, Entry] = {}
    for key, counter in sorted(kept.items()):
        old = baseline.entries.get(key) or baseline.entries[matching.origins[key]]
        entries[key] = Entry(tuple(sorted(counter.elements())), old.since, old.reason)
    gone = {key: counter.total() for key, counter in sorted(left.items()) if counter.total()}
    return Comparison(tuple(new), frozenset(matching.known), gone, len(others) - len(new), entries)


@dataclass(slots=True)
class _Matching:
    """Which findings are known.

    Attributes:
        left: What no finding has taken yet, by entry.
        kept: What is known and there, by the entry where it is now.
        origins: An entry that is now -> one of the baseline's that its findings are from.
        known: The findings that are known.
    """

    left: dict[Key, Counter[str]]
    kept: dict[Key, Counter[str]]
    origins: dict[Key, Key] = field(default_factory=dict[Key, Key])
    known: list[Finding] = field(default_factory=list[Finding])

    def take(self, one: Located, origin: Key) -> bool:
        """Take a finding for one that an entry of the baseline has; whether it has it."""
        file, finding = one
        mark = fingerprint(finding)
        if origin not in self.left or self.left[origin][mark] <= 0:
            return False
        key = (file, finding.code)
        self.left[origin][mark] -= 1
        self.kept.setdefault(key, Counter())[mark] += 1
        self.origins.setdefault(key, origin)
        self.known.append(finding)
        return True


def _spare(left: Mapping[Key, Counter[str]]) -> dict[tuple[str, str], list[Key]]:
    """Rule and fingerprint -> the entries that still have it, once for each time."""
    spare: dict[tuple[str, str], list[Key]] = {}
    for key, counter in sorted(left.items(), reverse=True):  # the last one is taken first
        for mark, count in counter.items():
            spare.setdefault((key[1], mark), []).extend([key] * count)
    return spare


def tightened(baseline: Baseline, comparison: Comparison) -> Baseline:
    """The baseline without what is gone, and nothing new in it."""
    return Baseline(comparison.kept, baseline.increases)


def grown(
    baseline: Baseline, comparison: Comparison, *, today: str, reasons: Mapping[str, str] | None = None
) -> Baseline:
    """The baseline with what is new in it, and without what is gone.

    Args:
        baseline: As it was.
        comparison: What is new and what is gone.
        today: The day, ``2026-11-21``.
        reasons: Code of a rule -> why it may grow. Default: nobody has to say.
    """
    entries = dict(comparison.kept)
    for file, finding in comparison.new:
        key = (file, finding.code)
        old = entries.get(key) or baseline.entries.get(key) or Entry((), today)
        marks = entries[key].fingerprints if key in entries else ()
        entries[key] = Entry(tuple(sorted([*marks, fingerprint(finding)])), old.since, old.reason)
    by_rule: Counter[str] = Counter()
    for key, count in comparison.growth().items():
        reason = (reasons or {}).get(key[1])
        if reason is not None:
            by_rule[key[1]] += count
            entries[key] = Entry(entries[key].fingerprints, entries[key].since, reason)
    log = (Increase(today, code, count, (reasons or {})[code]) for code, count in sorted(by_rule.items()))
    return Baseline(entries, (*baseline.increases, *log))
