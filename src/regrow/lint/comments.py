"""The tokens of a text, and where its comments stand."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator


def comments(content: str) -> list[tuple[int, str]]:
    """The offset and the text of each comment, from top to bottom, as far as `tokens` goes."""
    if "#" not in content:
        return []
    found: list[tuple[int, str]] = []
    starts = [0]
    for line in content.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for token in tokens(content):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            found.append((starts[row - 1] + column, token.string))
    return found


def tokens(content: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of a text that was parsed.

    What only the parser understands ends them: `tokenize` is stricter in places.
    """
    try:
        yield from tokenize.generate_tokens(io.StringIO(content).readline)
    except (tokenize.TokenError, SyntaxError):
        return
