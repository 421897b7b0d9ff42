"""The baseline's file: read, checked and written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, cast

from regrow.errors.lint import BadBaseline
from regrow.lint.regular import oddity
from regrow.lint.replacing import replacing

SCHEMA: Final = 1

Key: TypeAlias = tuple[str, str]
"""A file, posix, relative to the configuration's root; and the code of a rule."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The known findings of a rule in a file.

    Attributes:
        fingerprints: One for each finding, sorted.
        since: The day on which the entry was made, ``2026-11-21``.
        reason: Why it was allowed to grow, empty if it never was.
    """

    fingerprints: tuple[str, ...]
    since: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Increase:
    """A time that the baseline was allowed to grow.

    Attributes:
        date: When, ``2026-11-21``.
        rule: The rule's code.
        by: How many findings were added.
        reason: Why.
    """

    date: str
    rule: str
    by: int
    reason: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known.

    Attributes:
        entries: By file and rule.
        increases: Each time that it grew, oldest first.
    """

    entries: Mapping[Key, Entry] = field(default_factory=dict[Key, Entry])
    increases: tuple[Increase, ...] = ()

    def counts(self) -> dict[str, int]:
        """Code of a rule -> how many findings are known of it."""
        counts: dict[str, int] = {}
        for (_, code), entry in sorted(self.entries.items()):
            counts[code] = counts.get(code, 0) + len(entry.fingerprints)
        return counts


def dumps(baseline: Baseline) -> str:
    """The text of the file: sorted, so that it is the same for the same findings and merges well.

    No number of findings is in it: two branches that mend one each would merge to a wrong one.
    """
    findings: dict[str, dict[str, object]] = {}
    for (file, code), entry in sorted(baseline.entries.items()):
        reason = {"reason": entry.reason} if entry.reason else {}
        findings.setdefault(file, {})[code] = {
            "fingerprints": list(entry.fingerprints),
            "since": entry.since,
            **reason,
        }
    increases = [
        {"date": one.date, "rule": one.rule, "by": one.by, "reason": one.reason} for one in baseline.increases
    ]
    document = {"schema": SCHEMA, "findings": findings, "increases": increases}
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace").decode()  # names of files needn't be UTF-8


def save(file: Path, baseline: Baseline) -> None:
    """Write the file: wholly or not at all.

    Raises:
        BadBaseline: It can't be written.
    """
    try:
        with replacing(file) as made:
            made.write_text(dumps(baseline), encoding="utf-8", newline="\n")
            made.chmod(file.stat().st_mode if file.exists() else 0o666 & ~_umask())
    except OSError as error:
        raise BadBaseline(str(file), 1, 1, f"can't be written: {error.strerror}") from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def load(file: Path) -> Baseline:
    """Read the file.

    Raises:
        BadBaseline: It can't be read, or isn't a baseline.
    """
    odd = oddity(file)
    if odd is not None:
        raise BadBaseline(str(file), 1, 1, f"can't be read: {odd}")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadBaseline(str(file), 1, 1, f"can't be read: {error.strerror}") from error
    return loads(data, str(file))


def loads(data: bytes, name: str) -> Baseline:
    """Read a baseline.

    Args:
        data: What is in the file.
        name: The file, for errors.

    Raises:
        BadBaseline: It isn't a baseline.
    """
    reader = _Reader(name)
    try:
        reader.text = data.decode("utf-8")
        document: object = json.loads(reader.text, object_pairs_hook=reader.once)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise BadBaseline(name, line, column, f"not UTF-8: byte {data[error.start]:#04x}") from error
    except json.JSONDecodeError as error:
        is_merge = "<<<<<<< " in reader.text
        why = "a merge's conflict: keep one side of each, and check again" if is_merge else error.msg
        raise BadBaseline(name, error.lineno, error.colno, f"not JSON: {why}") from error
    except RecursionError:
        raise BadBaseline(name, 1, 1, "not a baseline: nested too deeply") from None
    except BadBaseline:
        raise
    except ValueError as error:  # a number of more digits than Python reads
        raise BadBaseline(name, 1, 1, f"not a baseline: {error}") from error
    return reader.baseline(document)


class _Reader:
    """Checks what JSON holds, and knows where it stands."""

    def __init__(self, name: str) -> None:
        self.text = ""
        self._name = name

    def once(self, pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) < len(pairs):
            twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
            raise self._error([twice], f"{twice!r} stands here twice")
        return made

    def baseline(self, document: object) -> Baseline:
        top = self._mapping(document, "the file")
        if top.get("schema") != SCHEMA:
            raise self._error(["schema"], f"schema {top.get('schema')!r} isn't known, only {SCHEMA}")
        self._only(top, ("schema", "findings", "increases"))
        entries: dict[Key, Entry] = {}
        for file, rules in self._mapping(top.get("findings"), "findings", "findings").items():
            for code, entry in self._mapping(rules, "a file", file).items():
                entries[file, code] = self._entry(entry, file, code)
        increases = top.get("increases", [])
        if not isinstance(increases, list):
            raise self._error(["increases"], "increases has to be a list")
        listed = cast("list[object]", increases)
        return Baseline(entries, tuple(self._increase(one) for one in listed))

    def _entry(self, value: object, *place: str) -> Entry:
        entry = self._mapping(value, "a rule", *place)
        self._only(entry, ("fingerprints", "since", "reason"), *place)
        marks = entry.get("fingerprints")
        known: Iterable[object] = cast("list[object]", marks) if isinstance(marks, list) else [None]
        fingerprints = tuple(one for one in known if isinstance(one, str))
        if marks != list(fingerprints) or not fingerprints:
            raise self._error(place, "fingerprints have to be texts, one at least")
        since, reason = entry.get("since"), entry.get("reason", "")
        if not isinstance(since, str) or not isinstance(reason, str):
            raise self._error(place, "since and reason have to be texts")
        return Entry(tuple(sorted(fingerprints)), since, reason)

    def _increase(self, value: object) -> Increase:
        one = self._mapping(value, "an increase", "increases")
        keys = ("date", "rule", "by", "reason")
        self._only(one, keys, "increases")
        date, rule, by, reason = map(one.get, keys)
        if not (isinstance(date, str) and isinstance(rule, str) and isinstance(reason, str)):
            raise self._error(["increases"], "an increase's date, rule and reason have to be texts")
        if type(by) is not int or by < 1:
            raise self._error(["increases", "by"], "an increase's by has to be a number from 1 on")
        return Increase(date, rule, by, reason)

    def _only(self, mapping: Mapping[str, object], keys: Sequence[str], *place: str) -> None:
        for key in mapping:
            if key not in keys:
                raise self._error([*place, key], f"{key!r} isn't known, only {', '.join(keys)}")

    def _mapping(self, value: object, what: str, *place: str) -> Mapping[str, object]:
        if isinstance(value, dict):
            return cast("dict[str, object]", value)
        raise self._error(place, f"{what} has to be an object")

    def _error(self, place: Sequence[str], problem: str) -> BadBaseline:
        at = 0
        for key in place:  # one after another: a rule's code stands below its file
            at = max(self.text.find(json.dumps(key, ensure_ascii=False), at), 0)
        line = self.text.count("\n", 0, at) + 1
        return BadBaseline(self._name, line, at - self.text.rfind("\n", 0, at), f"not a baseline: {problem}")
