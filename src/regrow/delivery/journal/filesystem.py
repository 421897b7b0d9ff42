"""Which file system a journal would stand on, and how its directory is made safe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from regrow.errors import JournalNotLocal

__all__ = ("refuse_network", "sync_directory", "type_of")

MOUNTS: Final = Path("/proc/self/mountinfo")

# Their locks or syncs can't be relied on, or SQLite can't share memory through them.
_NETWORK: Final = frozenset(
    {
        *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "gfs", "gfs2", "glusterfs", "gpfs", "lustre"),
        *("ncpfs", "nfs", "nfs4", "ocfs2", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs"),
        *("fuse.ceph-fuse", "fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
        "fuse.vmhgfs-fuse",
    }
)


def refuse_network(directory: Path) -> None:
    """See that the directory is on a local file system, where that can be told (Linux).

    Raises:
        JournalNotLocal: It is on a network file system.
    """
    if MOUNTS.exists():
        found = type_of(directory.resolve(), MOUNTS.read_text(errors="surrogateescape"))
        if found in _NETWORK:
            raise JournalNotLocal(directory, found)


def type_of(path: Path, mounts: str) -> str:
    """Type of the file system that holds an absolute path; empty if `mounts` doesn't tell.

    Args:
        path: Without symbolic links.
        mounts: Text of Linux' `/proc/self/mountinfo`. A later line covers an earlier one.
    """
    best, found = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(_unescaped(before.split(" ")[4]))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), after.split(" ")[0]
    return found


def _unescaped(text: str) -> str:
    return text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")


def sync_directory(directory: Path) -> None:
    """Make the names of the directory's files survive the loss of power."""
    file = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
