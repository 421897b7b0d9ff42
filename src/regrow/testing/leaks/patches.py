"""Methods that are watched for as long as a guard needs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ClassVar, Final, TypeAlias, cast, final

__all__ = ("Patch", "Patches", "Tell")

Tell: TypeAlias = Callable[[object, object], object]
"""Is told of a call: `self`, and the result, or the first argument where it is told before."""


@final
class Patch:
    """One method that is watched.

    Args:
        owner: The class, or the module of a function.
        name: Of the method.
        tell: Is told of each call.
        before: Whether it is told before the call, of its first argument, and not after it of its result.
    """

    __slots__ = ("before", "name", "owner", "tell")

    def __init__(self, owner: object, name: str, tell: Tell, *, before: bool = False) -> None:
        self.owner: Final = owner
        self.name: Final = name
        self.tell: Final = tell
        self.before: Final = before


@final
class Patches:
    """The methods that are watched now; one that several guards watch is wrapped once.

    Who wrapped a method on top of ours keeps his wrapper: ours stays under it, and looks away.
    """

    _users: ClassVar[int] = 0
    _set: ClassVar[list[tuple[Patch, object, object]]] = []

    @classmethod
    def enter(cls, patches: Callable[[], list[Patch]]) -> None:
        """A guard begins."""
        cls._users += 1
        if cls._users == 1:
            cls._set = [(patch, *_wrap(patch)) for patch in patches()]

    @classmethod
    def leave(cls) -> None:
        """A guard ends; the last one puts all back."""
        cls._users -= 1
        if cls._users == 0:
            for patch, original, ours in reversed(cls._set):
                if getattr(patch.owner, patch.name, None) is ours:
                    setattr(patch.owner, patch.name, original)
            cls._set = []


def _wrap(patch: Patch) -> tuple[object, object]:
    original = cast("Callable[..., object]", getattr(patch.owner, patch.name))
    tell = patch.tell

    if patch.before:

        @wraps(original)
        def watched(first: object, /, *args: object, **kwargs: object) -> object:
            tell(first, args[0] if args else None)
            return original(first, *args, **kwargs)

    else:

        @wraps(original)
        def watched(first: object, /, *args: object, **kwargs: object) -> object:
            result = original(first, *args, **kwargs)
            tell(first, result)
            return result

    setattr(patch.owner, patch.name, watched)
    return original, watched
