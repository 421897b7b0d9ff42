"""How a baseline became what it is, as git tells it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from regrow.errors.lint import GitFailed
from regrow.lint.ratchet.baseline import Baseline, loads


@dataclass(frozen=True, slots=True)
class Point:
    """The baseline at one time.

    Attributes:
        date: The commit's day, ``2026-11-21``; empty for what isn't committed.
        commit: Its short name, empty for what isn't committed.
        counts: Code of a rule -> how many findings were known of it.
    """

    date: str
    commit: str
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """How many findings were known."""
        return sum(self.counts.values())


def history(file: Path, now: Baseline, since: str) -> list[Point]:
    """The baseline at a commit, at each later one that changed it, and now.

    Args:
        file: The baseline's file, absolute.
        now: What is in it.
        since: The commit: its name, a branch, a tag.

    Raises:
        GitFailed: There is no git, no repository, or no such commit.
        BadBaseline: What was committed is no baseline.
    """
    folder = file.parent
    start = _git(folder, "rev-parse", "--verify", "--end-of-options", f"{since}^{{commit}}").strip()
    later = _git(folder, "rev-list", "--reverse", f"{start}..HEAD", "--", file.name).split()
    points = [_point(file, commit) for commit in (start, *later)]
    counts = now.counts()
    if counts != points[-1].counts:
        points.append(Point("", "", counts))
    return points


def _point(file: Path, commit: str) -> Point:
    date, short = _git(file.parent, "show", "--no-patch", "--format=%cs %h", commit).split()
    there = _git(file.parent, "ls-tree", "--name-only", commit, "--", file.name).strip()
    if not there:
        return Point(date, short, {})
    data = _git(file.parent, "show", f"{commit}:./{file.name}").encode()
    return Point(date, short, loads(data, f"{commit[:12]}:{file.name}").counts())


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8", errors="replace")  # noqa: S603  # no shell, fixed options
    except OSError as error:
        raise GitFailed(arguments, error.strerror or str(error)) from error
    if done.returncode != 0:
        raise GitFailed(arguments, done.stderr or f"exit code {done.returncode}, nothing said")
    return done.stdout
