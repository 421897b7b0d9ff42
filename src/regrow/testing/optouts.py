"""What a guard is told to let pass, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final, cast, final

from regrow.errors import BadSetting, StaleOptOut

__all__ = ("OptOuts",)


@final
class OptOuts:
    """Entries like `"thread"` or `"thread:pool-*"`: a kind, and a pattern of names if only some are meant.

    Args:
        owner: The guard that is asked, for errors.
        allow: The entries.
        reason: Why; without one there may be no entries.
        kinds: The kinds there are.

    Raises:
        BadSetting: An entry is of no known kind, or there is no reason.
    """

    __slots__ = ("_allow", "_owner", "_reason", "_used")

    def __init__(self, owner: str, allow: Sequence[str], reason: str, kinds: Iterable[str]) -> None:
        known = tuple(kinds)
        given = cast("object", allow)
        if isinstance(given, str) or not isinstance(given, Sequence):
            raise BadSetting("allow", allow, 'a tuple of texts, as ("thread",)', owner=owner)
        for entry in cast("Sequence[object]", allow):
            kind = entry.partition(":")[0] if isinstance(entry, str) else entry
            if kind not in known:
                raise BadSetting(
                    "allow", entry, f"one of {', '.join(known)}, or as kind:pattern", owner=owner
                )
        why = cast("object", reason)
        if not isinstance(why, str) or (allow and not why.strip()):
            raise BadSetting("reason", reason, "a text that says why something is let pass", owner=owner)
        self._owner: Final = owner
        self._allow: Final = tuple(allow)
        self._reason: Final = reason
        self._used: set[str] = set()

    def lets_pass(self, kind: str, name: str) -> bool:
        """Whether this one is let pass; the entries that say so were needed."""
        needed = [entry for entry in self._allow if entry == kind or fnmatchcase(f"{kind}:{name}", entry)]
        self._used.update(needed)
        return bool(needed)

    def stale(self) -> StaleOptOut | None:
        """The error about entries that were not needed, None if all were."""
        unused = [entry for entry in self._allow if entry not in self._used]
        return StaleOptOut(self._owner, unused, self._reason) if unused else None
