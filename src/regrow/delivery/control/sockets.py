"""Where the control socket of a journal is, and who may use it."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
from collections.abc import Generator
from hashlib import blake2b
from pathlib import Path
from typing import Final

__all__ = ("accept_owner_only", "connect", "listen", "socket_path", "unlink")

LONGEST: Final = 100
"""Bytes of a socket's path that every system takes; Linux allows 107, macOS 103."""
BACKLOG: Final = 16
PATIENCE: Final = 5.0
"""Seconds to wait for an owner that has too many clients to take one more."""
_CREDENTIALS: Final = struct.Struct("3i")
_DESCRIPTORS: Final = Path("/proc/self/fd")


def socket_path(journal: str | os.PathLike[str]) -> Path:
    """`<journal>.sock`; a short name beside it where that would be too long for a socket's name."""
    path = Path(os.fspath(journal)).resolve()
    beside = path.with_name(f"{path.name}.sock")
    if len(os.fsencode(beside.name)) <= LONGEST - len("/proc/self/fd/00000/"):
        return beside
    return path.with_name(blake2b(os.fsencode(path.name), digest_size=8).hexdigest() + ".sock")


def listen(path: Path) -> socket.socket:
    """A socket that its owner alone can connect to. The journal is ours, so that an old one is a left-over.

    Raises:
        OSError: It can't be made there.
    """
    unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(path) as name:
            listener.bind(name)
        path.chmod(0o600)
        listener.listen(BACKLOG)  # only now can anybody connect
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def connect(path: Path) -> socket.socket:
    """Connect to an owner.

    Raises:
        OSError: Nobody listens there, or takes no more clients.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(PATIENCE)
        with _short(path) as name:
            connection.connect(name)
        connection.setblocking(False)
    except BaseException:
        connection.close()
        raise
    return connection


def accept_owner_only(connection: socket.socket) -> bool:
    """Whether who connected is our user, or root; where a system doesn't tell, the file's mode decides."""
    peer_credentials: int | None = getattr(socket, "SO_PEERCRED", None)
    if peer_credentials is None:
        return True
    data = connection.getsockopt(socket.SOL_SOCKET, peer_credentials, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(data)
    return user in (os.geteuid(), 0)


def unlink(path: Path) -> None:
    """Remove a socket; nothing if there is none. What isn't a socket stays."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()


@contextlib.contextmanager
def _short(path: Path) -> Generator[str]:
    """A name for `path` that is short enough for a socket's address."""
    if len(os.fsencode(path)) <= LONGEST or not _DESCRIPTORS.is_dir():
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_DESCRIPTORS / str(directory) / path.name)
    finally:
        os.close(directory)
