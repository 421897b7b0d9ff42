"""Where the comments of a text stand."""

from __future__ import annotations

import io
import tokenize


def comments(content: str) -> list[tuple[int, str]]:
    """The offset and the text of each comment, from top to bottom.

    What only the parser understands ends the list: `tokenize` is stricter in places.
    """
    if "#" not in content:
        return []
    found: list[tuple[int, str]] = []
    starts = [0]
    for line in content.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    try:
        for token in tokenize.generate_tokens(io.StringIO(content).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                found.append((starts[row - 1] + column, token.string))
    except (tokenize.TokenError, SyntaxError):
        pass
    return found
