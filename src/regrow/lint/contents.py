"""The bytes of files, each read once where memory allows."""

from __future__ import annotations

from regrow.lint.discovery import Source


class Contents:
    """What was read for a first look is kept for the second one.

    Args:
        most: How many bytes are kept at the same time. Default: 64 MiB.
    """

    def __init__(self, most: int = 64 * 2**20) -> None:
        self._most = most
        self._kept: dict[str, bytes] = {}
        self._size = 0

    def look(self, source: Source) -> bytes:
        """A file's bytes, for a look before its turn comes.

        Raises:
            OSError: It can't be read.
        """
        data = self._kept.get(source.path)
        if data is None:
            data = source.file.read_bytes()
            if self._size + len(data) <= self._most:
                self._kept[source.path] = data
                self._size += len(data)
        return data

    def take(self, source: Source) -> bytes:
        """A file's bytes, which aren't needed again.

        Raises:
            OSError: It can't be read.
        """
        data = self._kept.pop(source.path, None)
        if data is None:
            return source.file.read_bytes()
        self._size -= len(data)
        return data
