"""Checks of an application's own run: does it start, does it keep quiet, does it end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from typing_extensions import override

from regrow.comply.check import Check
from regrow.comply.checks.sources import shown
from regrow.comply.context import Context, text_of
from regrow.errors import CouldNotRun, NotDeclared
from regrow.errors.lint import NothingToCheck
from regrow.lint.facts.addresses import uses_regrow

RUN_TIME: Final = "at run time"
_CALLS: Final = ("call", "down", "reserve", "supervised_send", "broadcast")
_RULES: Final = ("RG202", "RG204")


class _OfTheApp(Check):
    """A check whose one subject is the application."""

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        context.running(self.name)
        return [str(context.options.app)]


class Builds(_OfTheApp):
    """The factory makes a System, and its tree comes up."""

    name = "builds"
    title = "the application's tree starts, in strict mode: specs valid, child ids unique, names free"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        context.needs_app(self.name)
        return [str(context.options.app)]

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        error = context.steady.error
        if error is None:
            return []
        causes = _causes(error)
        option = next((one.option for one in (error, *causes) if isinstance(one, NotDeclared)), None)
        hint = (
            [] if option is None else [f"if it uses {option}, say so: suite(..., {option}=True), --{option}"]
        )
        return [text_of(error), *(f"because of {text_of(one)}" for one in causes), *hint]


class Supervised(_OfTheApp):
    """Nothing runs that no process owns: the System refuses such tasks, and lists what it can't refuse."""

    name = "supervised"
    title = "every task, thread, executor and child process belongs to a supervised process"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        if context.running(self.name).processes <= 1:
            raise CouldNotRun(self.name, "the application runs no process but its root supervisor")
        return [str(context.options.app)]

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        seen = context.steady
        assert seen.stage is not None
        found = [
            f"{one.kind} {one.name}" + (f", made at {one.where}" if one.where else "")
            for one in seen.unsupervised
        ]
        return [*found, *(one for one in seen.stage.unhandled if "UnsupervisedTask" in one)]


class SteadyRun(_OfTheApp):
    """While nothing is asked of the application, nothing crashes."""

    name = "steady"
    title = "the application runs by itself without a crash, a restart, an orphan or an unhandled error"

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        stage = context.steady.stage
        assert stage is not None
        return [*stage.crashes, *(one for one in stage.unhandled if "UnsupervisedTask" not in one)]


class BoundedCalls(Check):
    """No call waits for ever: where it is written, and when it is made."""

    name = "bounded-calls"
    title = "every call has a finite timeout, in the source and at run time"

    @property
    @override
    def nothing(self) -> str:
        return "no file calls a process, and none was called while the application ran"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        files = [
            path for path, file in context.files.items() if uses_regrow(file) and file.calls_named(*_CALLS)
        ]
        if context.options.app is not None and context.steady.error is None:
            stage = context.steady.stage
            assert stage is not None
            files += [RUN_TIME] if stage.calls or stage.unbounded else []
        return files

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        if subject == RUN_TIME:
            stage = context.steady.stage
            assert stage is not None
            return stage.unbounded
        try:
            findings = context.lint_by(*_RULES).findings
        except NothingToCheck as error:
            raise CouldNotRun(self.name, str(error)) from error
        return [shown(one) for one in findings if one.path == subject and one.code in _RULES]


class Shutdown(_OfTheApp):
    """The System ends in order and leaves nothing."""

    name = "shutdown"
    title = "shutdown ends each child in its time and leaves no task, timer, thread, name, monitor, handler"

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        seen = context.steady
        assert seen.stage is not None
        return [*seen.stage.stopped_badly, *seen.left]


def _causes(error: BaseException) -> Sequence[BaseException]:
    causes: list[BaseException] = []
    cause = error.__cause__
    while cause is not None and len(causes) < 10:
        causes.append(cause)
        cause = cause.__cause__
    return causes
