"""Exit reasons: why a process ended.

A reason is one of the four singletons ``NORMAL``, ``SHUTDOWN``, ``KILLED`` and ``NOPROC``,
a ``Shutdown`` with a detail, a ``Crash``, or any other object that a process ended with.
"""

from __future__ import annotations

import itertools
from traceback import FrameSummary, StackSummary, TracebackException
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Final, TypeAlias, cast, final

import msgspec
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = (
    "KILLED",
    "NOPROC",
    "NORMAL",
    "SHUTDOWN",
    "Crash",
    "ExitReason",
    "Reason",
    "Shutdown",
    "format_reason",
    "is_normal",
    "is_silent",
)

ExitReason: TypeAlias = object
"""Any object may be an exit reason; these are the ones that the runtime itself gives."""

MAX_CHAIN = 8
MAX_GROUP = 15
MAX_NODES = 32
MAX_FRAMES = 128
MAX_TEXT = 300

RawFrame: TypeAlias = tuple[CodeType, int]
Frame: TypeAlias = tuple[str, int | None, int | None, int | None, int | None, str]
_WITH_MORE: Final = (BaseExceptionGroup, SyntaxError)
_SYNTAX_FIELDS: Final = ("filename", "lineno", "end_lineno", "text", "offset", "end_offset", "msg")
_TEXTS: Final = {
    "NORMAL": "normal",
    "SHUTDOWN": "shutdown",
    "KILLED": "killed",
    "NOPROC": "no such process",
}
_NO_OTHER: Final = "there is no other Reason: any object can be an exit reason, pass your own"


@final
class Reason:
    """One of the runtime's own reasons; compare with ``is``. There is no way to make another."""

    __slots__ = ("_name", "text")

    text: str
    """What `format_reason` says, e.g. ``"normal"``."""

    def __init__(self, name: str) -> None:
        if name in globals() or name not in _TEXTS:
            raise TypeError(_NO_OTHER)
        self._name = name
        self.text = _TEXTS[name]

    @override
    def __init_subclass__(cls) -> None:
        raise TypeError(_NO_OTHER)

    @override
    def __repr__(self) -> str:
        return self._name

    @override
    def __reduce__(self) -> str:
        return self._name


NORMAL: Final = Reason("NORMAL")
"""The process did what it was for and ended."""
SHUTDOWN: Final = Reason("SHUTDOWN")
"""Its supervisor, or the system, told it to stop."""
KILLED: Final = Reason("KILLED")
"""It was killed: `terminate` didn't run."""
NOPROC: Final = Reason("NOPROC")
"""There was no such process when it was linked to or monitored."""


@final
class Shutdown(msgspec.Struct, frozen=True):
    """An orderly stop with a detail: equal when the details are, and regarded as normal.

    Args:
        detail: Why, for those who see the reason (any object).
    """

    detail: object

    @override
    def __repr__(self) -> str:
        return f"Shutdown({self.detail!r})"


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
    """The exception's `__context__`, unless it was suppressed."""
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
        return f"Crash({format_reason(self)})"

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
    """Copies one exception with its chain and parts; stops at cycles and at the bounds."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def copy(self, exception: BaseException, depth: int) -> Crash:
        self._seen.add(id(exception))
        frames, left_out = _frames_of(exception.__traceback__)
        hidden = exception.__suppress_context__
        return Crash(
            exception_type=type(exception),
            message=_text_of(exception),
            frames=frames,
            frames_left_out=left_out,
            notes=_notes_of(exception),
            cause=self._linked(exception.__cause__, depth),
            context=None if hidden else self._linked(exception.__context__, depth),
            exceptions=self._parts(exception, depth),
            syntax=_syntax_of(exception),
        )

    def _linked(self, exception: BaseException | None, depth: int) -> Crash | None:
        if exception is None or depth >= MAX_CHAIN or len(self._seen) >= MAX_NODES:
            return None
        return None if id(exception) in self._seen else self.copy(exception, depth + 1)

    def _parts(self, exception: BaseException, depth: int) -> tuple[Crash, ...] | None:
        if not isinstance(exception, BaseExceptionGroup):
            return None
        group = cast(BaseExceptionGroup[BaseException], exception)
        parts = (self._linked(part, depth) for part in group.exceptions[:MAX_GROUP])
        return tuple(part for part in parts if part is not None)


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


def is_normal(reason: ExitReason) -> bool:
    """Whether a `transient` child that ended so is left alone: NORMAL, SHUTDOWN, Shutdown(...)."""
    return reason is NORMAL or reason is SHUTDOWN or type(reason) is Shutdown


def is_silent(reason: ExitReason) -> bool:
    """Whether the process itself writes no crash report.

    So it is for the normal reasons and for KILLED, where the process ran no code any more and its
    supervisor's report says all there is.
    """
    return reason is KILLED or is_normal(reason)


def format_reason(reason: ExitReason) -> str:
    """The reason on one line of at most 300 characters, whatever it is."""
    if type(reason) is Reason:
        return reason.text
    if isinstance(reason, Crash):
        text = f"{reason.type_name}: {reason.message}" if reason.message else reason.type_name
    elif isinstance(reason, Shutdown):
        text = f"shutdown: {_safe_repr(reason.detail)}"
    else:
        text = _safe_repr(reason)
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 3] + "..."


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # noqa: BLE001  # a death report can't fail
        return f"<{type(value).__name__} whose __repr__ raised {type(failure).__name__}>"
