"""Frames on the control socket: four bytes of length, then msgpack of a declared type; never a pickle."""

from __future__ import annotations

import asyncio
import socket
from typing import Final, TypeVar

import msgspec

from regrow.delivery.control.commands import Answer, Command
from regrow.errors.control import BadFrame, FrameBroken, FrameTooLong

__all__ = ("MAX_FRAME", "decode_answer", "decode_command", "encode", "receive", "send")

T = TypeVar("T")
HEAD: Final = 4
MAX_FRAME: Final = 16 * 1024 * 1024
"""Bytes of the longest frame."""

_encoder: Final = msgspec.msgpack.Encoder()
_commands: Final[msgspec.msgpack.Decoder[Command]] = msgspec.msgpack.Decoder(Command)
_answers: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


def encode(value: Command | Answer) -> bytes:
    """A whole frame."""
    body = _encoder.encode(value)
    if len(body) > MAX_FRAME:
        raise FrameTooLong(len(body), MAX_FRAME)
    return len(body).to_bytes(HEAD, "big") + body


def decode_command(body: bytes) -> Command:
    """What a client asks for. Raises BadFrame."""
    return _decode(_commands, body)


def decode_answer(body: bytes) -> Answer:
    """What the owner says. Raises BadFrame."""
    return _decode(_answers, body)


def _decode(decoder: msgspec.msgpack.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadFrame(str(error)) from error


async def receive(connection: socket.socket) -> bytes | None:
    """The next frame's body; None if the other side closed before it.

    Raises:
        BadFrame: It is too long, or breaks off.
        OSError: The connection broke.
    """
    head = await _exactly(connection, HEAD)
    if head is None:
        return None
    size = int.from_bytes(head, "big")
    if size > MAX_FRAME:
        raise FrameTooLong(size, MAX_FRAME)
    body = await _exactly(connection, size)
    if body is None:
        raise FrameBroken
    return body


async def send(connection: socket.socket, value: Command | Answer) -> None:
    """Send one frame. Raises BadFrame if it is too long, OSError if the connection broke."""
    await asyncio.get_running_loop().sock_sendall(connection, encode(value))


async def _exactly(connection: socket.socket, size: int) -> bytes | None:
    """So many bytes; None if there was none at all."""
    loop = asyncio.get_running_loop()
    parts = bytearray()
    while len(parts) < size:
        part = await loop.sock_recv(connection, min(size - len(parts), 1 << 18))
        if not part:
            if parts:
                raise FrameBroken
            return None
        parts += part
    return bytes(parts)
