"""What is wrong with a child spec, a supervisor's options or a list of children."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = (
    "BadArguments",
    "BadAutoShutdown",
    "BadBackoff",
    "BadChildId",
    "BadChildName",
    "BadChildSpec",
    "BadIntensity",
    "BadKind",
    "BadLimit",
    "BadMetadata",
    "BadRestart",
    "BadShutdown",
    "BadSignificant",
    "BadStartTimeout",
    "BadStrategy",
    "BadTarget",
    "DuplicateChild",
    "NotAChildSpec",
)


class BadChildSpec(RegrowError):
    """A child spec or a supervisor's options can't be used; each cause is a subclass.

    You don't get it for a child that fails while it starts: that is a `StartError`.

    Attributes:
        value: What was given.
        child: The id of the child, None if it has none yet or a supervisor's option is wrong.
    """

    def __init__(self, text: str, value: object, child: str | None = None) -> None:
        super().__init__(text if child is None else f"child {show(child)}: {text}")
        self.value = value
        self.child = child


class NotAChildSpec(BadChildSpec):
    """Something else stands where a child spec belongs."""

    def __init__(self, value: object) -> None:
        hint = f": write child({value.__name__})" if isinstance(value, type) else ""
        super().__init__(
            f"{show(value)} is no child spec: make each with child() or supervisor(){hint}", value
        )


class BadTarget(BadChildSpec):
    """The target is neither a GenServer class nor an `async def`."""

    def __init__(self, value: object, hint: str, child: str | None = None) -> None:
        super().__init__(
            f"target={show(value)} can't be started: it has to be a subclass of GenServer or an"
            f" async def function. {hint}",
            value,
            child,
        )


class BadArguments(BadChildSpec):
    """`args` and `kwargs` don't fit what the target takes.

    Attributes:
        problem: What Python says about the call.
        signature: What the target takes, as text.
    """

    def __init__(self, value: object, problem: str, signature: str, child: str | None) -> None:
        super().__init__(
            f"args and kwargs don't fit {signature}: {problem} (given {show(value)})."
            " Change args= and kwargs= of the spec, or the signature",
            value,
            child,
        )
        self.problem = problem
        self.signature = signature


class BadChildId(BadChildSpec):
    """The id of a child isn't a string with at least one character."""

    def __init__(self, value: object) -> None:
        super().__init__(
            f"id={show(value)} is no child id: it has to be a string that isn't empty."
            " Leave it out to use the name, or else the target's own name",
            value,
        )


class BadChildName(BadChildSpec):
    """The name of a child isn't None or a string with at least one character."""

    def __init__(self, value: object, child: str | None = None) -> None:
        super().__init__(
            f"name={show(value)} is no process name: it has to be a string that isn't empty and can"
            " be written as UTF-8, or None for a process without one",
            value,
            child,
        )


class BadRestart(BadChildSpec):
    """The restart type is unknown."""

    def __init__(self, value: object, child: str | None = None) -> None:
        super().__init__(
            f"restart={show(value)} is no restart type: use 'permanent' (always restarted),"
            " 'transient' (unless it ended normally) or 'temporary' (never)",
            value,
            child,
        )


class BadShutdown(BadChildSpec):
    """`shutdown` isn't a number of seconds from 0 to a day, nor 'brutal_kill', nor None."""

    def __init__(self, value: object, child: str | None = None) -> None:
        super().__init__(
            f"shutdown={show(value)} can't be used: give the seconds that it has to end (0 to"
            " 86400), 'brutal_kill' to kill it at once, or None for the default (5.0; for a"
            " supervisor the sum of its own children's)",
            value,
            child,
        )


class BadStartTimeout(BadChildSpec):
    """`start_timeout` isn't None or a positive number of seconds up to a day."""

    def __init__(self, value: object, child: str | None = None) -> None:
        super().__init__(
            f"start_timeout={show(value)} can't be used: give the seconds that init may take"
            " (above 0, at most 86400), or None for the system's own (Settings.start_timeout)",
            value,
            child,
        )


class BadSignificant(BadChildSpec):
    """`significant` isn't a bool, or doesn't go with the restart type or `auto_shutdown`."""

    def __init__(self, value: object, problem: str, child: str | None = None) -> None:
        super().__init__(f"significant={show(value)} can't be used: {problem}", value, child)


class BadKind(BadChildSpec):
    """The kind of a child is unknown."""

    def __init__(self, value: object, child: str | None = None) -> None:
        super().__init__(
            f"kind={show(value)} is no kind of child: use 'worker' or 'supervisor', or make the"
            " spec with child() or supervisor(), which know it",
            value,
            child,
        )


class BadLimit(BadChildSpec):
    """How many children a supervisor may have, or partitions it has, is no usable number.

    Attributes:
        option: ``"max_children"`` or ``"partitions"``.
    """

    def __init__(self, option: str, value: object) -> None:
        allowed = "a whole number of at least 1"
        if option == "max_children":
            allowed += ", or None for no limit"
        super().__init__(f"{option}={show(value)} can't be used: it has to be {allowed}", value)
        self.option = option


class BadMetadata(BadChildSpec):
    """The metadata isn't None or a mapping with string keys."""

    def __init__(self, value: object, child: str | None = None) -> None:
        super().__init__(
            f"metadata={show(value)} can't be used: give a mapping whose keys are strings, or None",
            value,
            child,
        )


class DuplicateChild(BadChildSpec):
    """Two children of one supervisor have the same id.

    Attributes:
        positions: Where they stand in the list, counted from 0.
    """

    def __init__(self, value: str, positions: tuple[int, ...] = ()) -> None:
        where = f" (children {', '.join(map(str, positions))} of the list)" if positions else ""
        super().__init__(
            f"id {show(value)} is there twice{where}: give each child of a supervisor its own id= or name=",
            value,
        )
        self.positions = positions


class BadStrategy(BadChildSpec):
    """The strategy is unknown."""

    def __init__(self, value: object) -> None:
        hint = ". For children of one kind started at run time use DynamicSupervisor"
        super().__init__(
            f"strategy={show(value)} is no strategy: use 'one_for_one', 'one_for_all' or"
            f" 'rest_for_one'{hint if value == 'simple_one_for_one' else ''}",
            value,
        )


class BadIntensity(BadChildSpec):
    """The restart budget is negative, not finite, or no number.

    Attributes:
        option: ``"max_restarts"`` or ``"max_seconds"``.
    """

    def __init__(self, option: str, value: object) -> None:
        allowed = {
            "max_restarts": "a whole number, 0 (no restart at all) or more",
            "max_seconds": "a finite number of seconds above 0",
        }[option]
        super().__init__(f"{option}={show(value)} is no restart budget: it has to be {allowed}", value)
        self.option = option


class BadAutoShutdown(BadChildSpec):
    """`auto_shutdown` is unknown."""

    def __init__(self, value: object) -> None:
        super().__init__(
            f"auto_shutdown={show(value)} can't be used: use 'never', 'any_significant' (stop when"
            " one significant child has ended by itself) or 'all_significant' (when the last has)",
            value,
        )


class BadBackoff(BadChildSpec):
    """A restart back-off isn't None or a usable `Backoff`.

    Attributes:
        option: Which field of it, or ``"backoff"``.
    """

    def __init__(self, option: str, value: object, allowed: str) -> None:
        super().__init__(f"{option}={show(value)} can't be used: it has to be {allowed}", value)
        self.option = option
