"""Texts that can be written down: not every `str` can, as Python makes some of what isn't UTF-8.

The name of a file in another encoding, for example, has lone surrogates in it (`os.fsdecode`).
"""

from __future__ import annotations

from typing import TypeGuard

__all__ = ("is_name", "writable")


def is_name(value: object) -> TypeGuard[str]:
    """Whether it is a str that isn't empty and can be written as UTF-8."""
    return isinstance(value, str) and value != "" and (value.isascii() or _is_writable(value))


def writable(text: str) -> str:
    """The same, with what can't be written as UTF-8 escaped."""
    return text if _is_writable(text) else text.encode("utf-8", "backslashreplace").decode()


def _is_writable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
