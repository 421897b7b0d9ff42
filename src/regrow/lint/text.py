"""A file's text: its bytes decoded, and positions in it."""

from __future__ import annotations

import codecs
import io
import tokenize
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import Final

_EXCERPT: Final = 400


class Text:
    """The text of a file, with line feeds as line ends, and what it takes to write it back as it was.

    Args:
        data: The file's bytes.

    Raises:
        SyntaxError: Its coding line names no known encoding, or contradicts its byte order mark.
        UnicodeDecodeError: It can't be decoded.
    """

    def __init__(self, data: bytes) -> None:
        self.encoding: str = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        self.marked: bool = data.startswith(codecs.BOM_UTF8)
        raw = data.decode(self.encoding)
        self.newline: str = _newline(raw)
        self.content: str = raw if "\r" not in raw else raw.replace("\r\n", "\n").replace("\r", "\n")
        self.is_mixed: bool = "\r" in raw and raw != self.content.replace("\n", self.newline)
        """Whether its lines end in different ways: such a file can't be written back as it was."""

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate([len(line) + 1 for line in self.content.split("\n")[:-1]], initial=0))

    @cached_property
    def _ascii(self) -> bool:
        return self.content.isascii()

    def offset(self, line: int, column: int) -> int:
        """The offset in characters of what `ast` calls `line` (from 1) and `column` (in bytes of UTF-8)."""
        start = self._starts[line - 1]
        if self._ascii:
            return start + column
        text = self.content[start : start + column]
        if text.isascii():
            return start + column
        return start + len(text.encode()[:column].decode(errors="ignore"))

    def position(self, offset: int) -> tuple[int, int]:
        """The line and the column of a character, both from 1 on."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """A line (from 1 on) without its end."""
        start = self._starts[number - 1]
        end = self.content.find("\n", start)
        return self.content[start:] if end < 0 else self.content[start:end]

    def excerpt(self, number: int, column: int) -> str:
        """A line (from 1 on) without the space around it; of a very long one what begins at a column."""
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.content)
        if end - start > _EXCERPT:  # whoever has a thousand findings in it would hold it a thousand times
            start += column - 1
            end = min(end, start + _EXCERPT)
        return self.content[start:end].strip()

    @property
    def lines(self) -> int:
        """How many there are."""
        return self.content.count("\n") + (bool(self.content) and not self.content.endswith("\n"))

    def encode(self, content: str) -> bytes:
        """The bytes of the file with another text: same encoding, byte order mark and line ends.

        Raises:
            UnicodeEncodeError: The encoding hasn't these characters.
        """
        text = content if self.newline == "\n" else content.replace("\n", self.newline)
        return text.encode(self.encoding)


def _newline(raw: str) -> str:
    """The line end that comes first."""
    at = raw.find("\n")
    if at > 0 and raw[at - 1] == "\r":
        return "\r\n"
    return "\n" if at >= 0 or "\r" not in raw else "\r"
