"""What is kept of an exception that ended a process: no exception, and no frames."""

from __future__ import annotations

import itertools
from traceback import FrameSummary, StackSummary, TracebackException
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Final, TypeAlias, cast, final

import msgspec
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ("Crash",)

MAX_CHAIN: Final = 8
MAX_GROUP: Final = 15
MAX_NODES: Final = 32
MAX_FRAMES: Final = 128

RawFrame: TypeAlias = tuple[CodeType, int]
Frame: TypeAlias = tuple[str, int | None, int | None, int | None, int | None, str]
_WITH_MORE: Final = (BaseExceptionGroup, SyntaxError)
_SYNTAX_FIELDS: Final = ("filename", "lineno", "end_lineno", "text", "offset", "end_offset", "msg")


@final
class Crash(msgspec.Struct, frozen=True, eq=False, kw_only=True, weakref=False):
    """An exception that ended a process, without the exception and without its frames.

    Make one with ``Crash.of``. Nothing of the exception stays alive but its class and the code
    objects that it passed through; texts are bounded by what the exception itself says.
    """

    exception_type: type[BaseException]
    """The exception's class."""
    message: str
    """`str(exception)`, or a stand-in where that itself raised."""
    frames: tuple[RawFrame | Frame, ...] = ()
    """Where it was raised, outermost first, as the runtime keeps it; read `traceback` instead."""
    frames_left_out: int = 0
    """Frames dropped from the middle, when there were more than 128."""
    notes: tuple[str, ...] = ()
    """What `add_note` added."""
    cause: Crash | None = None
    """The exception's `__cause__`."""
    context: Crash | None = None
    """The exception's `__context__`, unless it was suppressed or there is a cause."""
    exceptions: tuple[Crash, ...] | None = None
    """The parts of an exception group (at most 15), None for any other exception."""
    syntax: tuple[object, ...] | None = None

    @classmethod
    def of(cls, exception: BaseException) -> Crash:
        """Take what is worth keeping from `exception`, cheaply and without holding it.

        Chains are followed 8 deep, groups 15 wide, and at most 32 exceptions in all are kept.
        """
        if (
            exception.__cause__ is None
            and exception.__context__ is None
            and "__notes__" not in exception.__dict__
            and not issubclass(type(exception), _WITH_MORE)
        ):
            frames, left_out = _frames_of(exception.__traceback__)
            return cls(
                exception_type=type(exception),
                message=_text_of(exception),
                frames=frames,
                frames_left_out=left_out,
            )
        return _Copier().copy(exception, 0)

    @property
    def type_name(self) -> str:
        """The class as a traceback shows it: ``"ValueError"``, ``"app.errors.NotFound"``."""
        kind = self.exception_type
        if kind.__module__ in ("builtins", "__main__"):
            return kind.__qualname__
        return f"{kind.__module__}.{kind.__qualname__}"

    @property
    def summary(self) -> str:
        """The last line of the traceback: ``"ValueError: bad input"``."""
        return f"{self.type_name}: {self.message}" if self.message else self.type_name

    @property
    def traceback(self) -> TracebackException:
        """The whole crash for `format()`: made when asked, source lines read when formatted."""
        shown = TracebackException(
            self.exception_type, _StandIn(self), None, lookup_lines=False, compact=True
        )
        shown.stack = StackSummary.from_list(list(self._summaries()))
        shown.__cause__ = self.cause.traceback if self.cause is not None else None
        shown.__context__ = self.context.traceback if self.context is not None else None
        shown.__suppress_context__ = self.context is None
        if self.exceptions is not None:
            shown.exceptions = [part.traceback for part in self.exceptions]
        return shown

    def format(self) -> str:
        """The traceback as text, ending with a newline."""
        return "".join(self.traceback.format())

    def _summaries(self) -> Iterator[FrameSummary]:
        head = MAX_FRAMES // 2
        for number, raw in enumerate(self.frames):
            if number == head and self.frames_left_out:
                yield FrameSummary(f"<{self.frames_left_out} frames left out>", 0, "...", lookup_line=False)
            filename, lineno, end_lineno, colno, end_colno, name = _resolve(raw)
            yield FrameSummary(
                filename,
                lineno,
                name,
                lookup_line=False,
                end_lineno=end_lineno,
                colno=colno,
                end_colno=end_colno,
            )

    @override
    def __repr__(self) -> str:
        return f"Crash({' '.join(self.summary.split())})"

    @override
    def __reduce__(self) -> tuple[object, ...]:
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        values["frames"] = tuple(_resolve(raw) for raw in self.frames)
        return _rebuild_crash, (values,)


def _rebuild_crash(values: dict[str, object]) -> Crash:
    return Crash(**values)  # type: ignore[arg-type]  # fields of another Crash


class _StandIn(Exception):
    """What `TracebackException` reads of an exception, where the exception is gone."""

    def __init__(self, crash: Crash) -> None:
        super().__init__()
        self._message = crash.message
        if crash.notes:
            self.__notes__ = list(crash.notes)
        if crash.syntax is not None:
            for name, value in zip(_SYNTAX_FIELDS, crash.syntax, strict=True):
                setattr(self, name, value)

    @override
    def __str__(self) -> str:
        return self._message


class _Copier:
    """Copies one exception with its chain and parts; stops at cycles and at the bounds.

    Which of two places shows an exception that is met twice is the same as in Python's own
    tracebacks: each claims its neighbours first, then parts go before context and cause.
    """

    __slots__ = ("_left", "_seen")

    def __init__(self) -> None:
        self._left = MAX_NODES - 1
        self._seen: set[int] = set()

    def copy(self, exception: BaseException, depth: int) -> Crash:
        self._seen.add(id(exception))
        cause = self._claim_link(exception.__cause__, depth)
        hidden = cause is not None or exception.__suppress_context__
        context = None if hidden else self._claim_link(exception.__context__, depth)
        parts = self._claim_parts(exception, depth)
        copied = [self.copy(part, depth + 1) for part in reversed(parts or ())]
        frames, left_out = _frames_of(exception.__traceback__)
        return Crash(
            exception_type=type(exception),
            message=_text_of(exception),
            frames=frames,
            frames_left_out=left_out,
            notes=_notes_of(exception),
            context=None if context is None else self.copy(context, depth + 1),
            cause=None if cause is None else self.copy(cause, depth + 1),
            exceptions=None if parts is None else tuple(reversed(copied)),
            syntax=_syntax_of(exception),
        )

    def _claim_link(self, exception: BaseException | None, depth: int) -> BaseException | None:
        if exception is None or id(exception) in self._seen:
            return None
        return exception if self._claim(exception, depth) else None

    def _claim_parts(self, exception: BaseException, depth: int) -> list[BaseException] | None:
        if not isinstance(exception, BaseExceptionGroup):
            return None
        # Also those seen before: a part is often the context of its group as well.
        group = cast(BaseExceptionGroup[BaseException], exception)
        return [part for part in group.exceptions[:MAX_GROUP] if self._claim(part, depth)]

    def _claim(self, exception: BaseException, depth: int) -> bool:
        if depth >= MAX_CHAIN or self._left <= 0:
            return False
        self._left -= 1
        self._seen.add(id(exception))
        return True


def _frames_of(tb: TracebackType | None) -> tuple[tuple[RawFrame, ...], int]:
    # Code and offset, not file and line: reading a line number costs more than all the rest, and
    # most tracebacks are never shown.
    frames: list[RawFrame] = []
    while tb is not None:
        frames.append((tb.tb_frame.f_code, tb.tb_lasti))
        tb = tb.tb_next
    left_out = len(frames) - MAX_FRAMES
    if left_out <= 0:
        return tuple(frames), 0
    half = MAX_FRAMES // 2
    return (*frames[:half], *frames[-half:]), left_out


def _resolve(raw: RawFrame | Frame) -> Frame:
    if len(raw) == 6:
        return raw
    code, offset = raw
    if offset < 0:
        return (code.co_filename, code.co_firstlineno, None, None, None, code.co_name)
    nowhere = (None, None, None, None)
    position = next(itertools.islice(code.co_positions(), offset // 2, None), nowhere)
    lineno, end_lineno, colno, end_colno = position
    return (code.co_filename, lineno, end_lineno, colno, end_colno, code.co_name)


def _text_of(exception: BaseException) -> str:
    try:
        return str(exception)
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # noqa: BLE001  # a death report can't fail
        return f"<{type(exception).__name__} whose __str__ raised {type(failure).__name__}>"


def _notes_of(exception: BaseException) -> tuple[str, ...]:
    notes: object = exception.__dict__.get("__notes__")
    if not isinstance(notes, (list, tuple)):
        return ()
    some = cast(list[object], notes[:MAX_GROUP])
    return tuple(note for note in some if isinstance(note, str))


def _syntax_of(exception: BaseException) -> tuple[object, ...] | None:
    if not isinstance(exception, SyntaxError):
        return None
    return tuple(getattr(exception, name, None) for name in _SYNTAX_FIELDS)
