"""What is wrong with the linter's settings, its baseline, or what it was asked to look at."""

from __future__ import annotations

from collections.abc import Sequence

from regrow.errors.base import RegrowError, show

__all__ = (
    "BadBaseline",
    "BadLintSetting",
    "BadRule",
    "BaselineGrows",
    "CantUndo",
    "DirtyTree",
    "FailsAlready",
    "GitFailed",
    "LintError",
    "NoSuchJournal",
    "NothingToCheck",
    "RuleFailed",
    "StreamFailed",
    "UnknownMigration",
    "UnknownRule",
    "WorkerEnded",
)


class LintError(RegrowError):
    """The linter can't do what it was asked to do."""


class BadLintSetting(LintError, ValueError):
    """The linter's settings in a ``pyproject.toml`` can't be used.

    Attributes:
        file: The settings' file.
        line: Where in it, from 1 on; 1 if that isn't known.
        column: Where in the line, from 1 on.
        problem: What is wrong.
    """

    def __init__(self, file: str, line: int, column: int, problem: str) -> None:
        super().__init__(f"{file}:{line}:{column}: {problem}")
        self.file = file
        self.line = line
        self.column = column
        self.problem = problem


class UnknownRule(LintError, LookupError):
    """No rule has this code, prefix of a code, or name.

    Attributes:
        selector: What was given.
        where: The option or setting that it was given in.
    """

    def __init__(self, selector: str, where: str, nearest: str | None = None) -> None:
        hint = f"; did you mean {nearest}?" if nearest else "; `regrow rule --all` lists them"
        super().__init__(f"{where}: no rule has the code, prefix or name {show(selector)}{hint}")
        self.selector = selector
        self.where = where


class NothingToCheck(LintError):
    """There are no files or no rules: a run that looks at nothing finds nothing, which means nothing.

    Attributes:
        missing: ``files`` or ``rules``.
    """

    def __init__(self, missing: str, where: str) -> None:
        super().__init__(f"no {missing} to check: {where}")
        self.missing = missing


class RuleFailed(LintError):
    """A rule raised an exception: a bug of the rule's, not of the file that it looked at.

    Attributes:
        code: The rule.
        error: The exception's type and text.
        place: Where it was raised.
    """

    def __init__(self, code: str, error: str, place: str) -> None:
        super().__init__(f"{code} failed at {place}: {error}; please report this bug of the rule's")
        self.code = code
        self.error = error
        self.place = place


class BadRule(LintError, TypeError):
    """What an entry point of the group ``regrow.rules`` names is no rule, or contradicts another one.

    Attributes:
        entry_point: Its name and value.
        problem: What is wrong.
    """

    def __init__(self, entry_point: str, problem: str) -> None:
        super().__init__(
            f"entry point {entry_point} of group 'regrow.rules' can't be used: {problem}; it has to name"
            " an instance of regrow.lint.rule.Rule"
        )
        self.entry_point = entry_point
        self.problem = problem


class WorkerEnded(LintError):
    """A process of a run in several processes ended before its files were looked at."""

    def __init__(self) -> None:
        super().__init__(
            "a worker process ended before its files were looked at: it may have been killed, as systems do"
            " that are short of memory; run with fewer processes, `-j 1` needs none"
        )


class BadBaseline(LintError, ValueError):
    """A baseline can't be read.

    Attributes:
        file: The baseline's file.
        line: Where in it, from 1 on.
        column: Where in the line, from 1 on.
        problem: What is wrong.
    """

    def __init__(self, file: str, line: int, column: int, problem: str) -> None:
        super().__init__(
            f"{file}:{line}:{column}: {problem}; restore it from version control, or delete it and run"
            " `regrow baseline write`"
        )
        self.file = file
        self.line = line
        self.column = column
        self.problem = problem


class BaselineGrows(LintError):
    """The baseline would allow more than before, and nobody said why.

    Attributes:
        grown: Code of a rule -> how many findings more there are.
    """

    def __init__(self, grown: dict[str, int]) -> None:
        listed = ", ".join(f"{code} +{count}" for code, count in sorted(grown.items()))
        first = min(grown)
        super().__init__(
            f"the baseline would grow: {listed}. Mend what is new, or say why it may:"
            f' `regrow baseline write --allow-increase {first} --reason "..."`'
        )
        self.grown = grown


class GitFailed(LintError):
    """``git`` couldn't say what was asked of it.

    Attributes:
        command: Its arguments.
        output: What it said instead.
    """

    def __init__(self, command: tuple[str, ...], output: str) -> None:
        super().__init__(f"git {' '.join(command)} failed: {show(output.strip())}")
        self.command = command
        self.output = output


class UnknownMigration(LintError, LookupError):
    """No migration has this code or name.

    Attributes:
        wanted: What was given.
    """

    def __init__(self, wanted: str, nearest: str | None = None) -> None:
        hint = f"did you mean {nearest}?" if nearest else "`regrow migrate --list` lists them"
        super().__init__(f"no migration has the code or name {show(wanted)}; {hint}")
        self.wanted = wanted


class DirtyTree(LintError):
    """What isn't committed couldn't be told from what a migration does.

    Attributes:
        files: What git says has changed, or isn't known to it.
    """

    def __init__(self, files: Sequence[str]) -> None:
        shown = ", ".join(files[:3]) + (f" and {len(files) - 3:,} more" if len(files) > 3 else "")
        super().__init__(
            f"the git tree isn't clean: {shown}. Commit or stash it first, or say --allow-dirty; nothing was"
            " written"
        )
        self.files: tuple[str, ...] = tuple(files)


class FailsAlready(LintError):
    """What is to tell whether a change broke anything fails before there is one.

    Attributes:
        command: The command.
        code: Its exit code.
    """

    def __init__(self, command: str, code: int, last_line: str) -> None:
        super().__init__(
            f"`{command}` fails before anything has changed (exit code {code}): {show(last_line)}; make it"
            " pass first, or leave --verify out. Nothing was written"
        )
        self.command = command
        self.code = code


class NoSuchJournal(LintError, LookupError):
    """There is no journal of a migration with this id, or it can't be read.

    Attributes:
        id: What was given.
    """

    def __init__(self, id: str, folder: str, problem: str, known: Sequence[str] = ()) -> None:
        there = f"there are {', '.join(known)}" if known else "there is none"
        super().__init__(f"no journal {show(id)} in {folder}: {problem}; {there}")
        self.id = id


class StreamFailed(LintError):
    """The standard input can't be read, or the standard output can't be written.

    Attributes:
        stream: ``"input"`` or ``"output"``.
    """

    def __init__(self, stream: str, problem: str) -> None:
        verb = "read" if stream == "input" else "written, so that what is there isn't all"
        super().__init__(
            f"the standard {stream} can't be {verb}: {problem}; give it a file or a pipe that works"
        )
        self.stream = stream


class CantUndo(LintError):
    """Files have changed since a migration wrote them, so that undoing it would lose that.

    Attributes:
        files: These files.
    """

    def __init__(self, files: Sequence[str], journal: str) -> None:
        super().__init__(
            f"changed since: {', '.join(files)}; nothing was undone. What they held before is in {journal}"
        )
        self.files: tuple[str, ...] = tuple(files)
