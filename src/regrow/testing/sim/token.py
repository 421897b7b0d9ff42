"""Replay tokens: all that it takes to have one run again, as a short text."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections import defaultdict
from hashlib import blake2b
from typing import Final

import msgspec

from regrow import __version__
from regrow.errors.simulation import BadToken
from regrow.testing.sim.decisions import Deviation, Deviations

__all__ = ("Token", "digest", "read_token", "write_token")

PREFIX: Final = "rg1."
"""With the number of the format."""

_write = msgspec.msgpack.Encoder().encode


class Token(msgspec.Struct, frozen=True, array_like=True):
    """What a token says.

    Attributes:
        made_by: The version of Regrow that made it.
        test: A digest of the test's name.
        options: A digest of what the test was run with: faults, most steps.
        seed: The seed.
        trace_hash: Of the run.
        answers: The answers that weren't 0: by question, numbers and answers in turns, each number counted
            from the one before.
    """

    made_by: str
    test: str
    options: str
    seed: int
    trace_hash: str
    answers: dict[str, list[int]]

    @property
    def deviations(self) -> Deviations:
        """The answers that weren't 0."""
        found: dict[Deviation, int] = {}
        for question, row in self.answers.items():
            asked = 0
            for ahead, answer in zip(row[::2], row[1::2], strict=True):
                asked += ahead
                found[question, asked] = answer
        return found


_read = msgspec.msgpack.Decoder(Token).decode


def digest(text: str) -> str:
    """Eight hexadecimal digits of a text."""
    return blake2b(text.encode(), digest_size=4).hexdigest()


def write_token(test: str, options: str, seed: int, trace_hash: str, deviations: Deviations) -> str:
    """The token of a run.

    Args:
        test: The test's name.
        options: What it was run with, as text.
        seed: The seed.
        trace_hash: Of the run.
        deviations: The answers that weren't 0.
    """
    answers: defaultdict[str, list[int]] = defaultdict(list)
    last: dict[str, int] = {}
    for (question, asked), answer in sorted(deviations.items()):
        answers[question] += (asked - last.get(question, 0), answer)
        last[question] = asked
    token = Token(__version__, digest(test), digest(options), seed, trace_hash, dict(answers))
    packed = zlib.compress(_write(token), 9)
    return PREFIX + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_token(text: str) -> Token:
    """What a token says.

    Raises:
        BadToken: It is none, it was cut short, or another version of Regrow made it.
    """
    stripped = text.strip()
    if not stripped.startswith(PREFIX):
        raise BadToken(text, f"a token of this version of Regrow begins with {PREFIX}")
    packed = stripped[len(PREFIX) :]
    try:
        token = _read(zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))))
        _ = token.deviations  # raises ValueError where a row was cut
    except (binascii.Error, ValueError, zlib.error, msgspec.DecodeError):
        raise BadToken(text, "it was cut short or changed") from None
    if token.made_by != __version__:
        raise BadToken(
            text, f"Regrow {token.made_by} made it, and this is {__version__}, which goes other ways"
        )
    return token
