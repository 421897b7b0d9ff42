"""Globs of the settings, matched against posix paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_PIECE: Final = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]/]+\]|.", re.DOTALL)


class Globs:
    """What several globs match: a path, or a folder with all that is in it.

    ``*`` and ``?`` stop at a ``/``, ``**`` doesn't. A glob without a ``/`` matches a name in any folder.

    Args:
        globs: Relative to what the paths are relative to.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        either = "|".join(_regex(glob) for glob in globs if glob.strip("./"))
        self._regex = re.compile(f"(?:{either})(?:/.*)?", re.DOTALL) if either else None

    def match(self, path: str) -> bool:
        """Whether one of them matches a posix path without a leading ``/``, or a folder that it is in."""
        return self._regex is not None and self._regex.fullmatch(path) is not None


def _regex(glob: str) -> str:
    glob = glob.removeprefix("./").rstrip("/")
    anywhere = "" if "/" in glob else "(?:.*/)?"
    return anywhere + "".join(_translated(piece) for piece in _PIECE.findall(glob.removeprefix("/")))


def _translated(piece: str) -> str:
    if piece == "**/":
        return "(?:.*/)?"
    if piece == "**":
        return ".*"
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if len(piece) > 1:  # a set of characters
        inside = piece[1:-1].replace("\\", r"\\")
        return f"[^/{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
    return re.escape(piece)
