"""What became of a file, as a patch."""

from __future__ import annotations

import difflib
import io
import tokenize
from collections.abc import Iterator


def unified(path: str, old: bytes, new: bytes) -> Iterator[str]:
    """The lines of a unified diff, without their ends; ``git apply`` takes it.

    Args:
        path: Posix, relative to where the patch will be applied.
        old: What the file holds.
        new: What it would hold, in the same encoding.
    """
    encoding = tokenize.detect_encoding(io.BytesIO(old).readline)[0].removesuffix("-sig")  # it stays
    name = path.lstrip("/")
    before, after = _lines(old.decode(encoding)), _lines(new.decode(encoding))
    for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm="\n"):
        if line.endswith("\n"):
            yield line.removesuffix("\n")
        else:
            yield from (line, "\\ No newline at end of file")


def _lines(text: str) -> list[str]:
    """The lines with their ends: nothing but a line feed ends one, as in git."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()
    return [*lines, last.removesuffix("\n")] if last != "\n" else lines
