"""What is wrong with the linter's settings, its baseline, or what it was asked to look at."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = (
    "BadBaseline",
    "BadLintSetting",
    "BadRule",
    "BaselineGrows",
    "GitFailed",
    "LintError",
    "NothingToCheck",
    "RuleFailed",
    "UnknownRule",
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
