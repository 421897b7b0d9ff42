"""One owner at a time, on a local file system, with files that nobody else may read."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from regrow.delivery.journal import filesystem
from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.filesystem import type_of
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.errors import JournalFailed, JournalLocked, JournalNotLocal
from tests.journal.samples import START_US, burial, live

CHILD = """
    import sys
    from pathlib import Path
    from regrow.delivery.journal.sqlite import SqliteStore
    store = SqliteStore(Path(sys.argv[1]))
    store.open(node="there", pid=77, now_us=1)
    print("open", flush=True)
    sys.stdin.read()
"""


def take(path: Path, node: str = "here") -> SqliteStore:
    store = SqliteStore(path)
    store.open(node=node, pid=42, now_us=START_US)
    return store


def test_a_second_owner_is_refused_and_told_who_has_it(path: Path) -> None:
    store = take(path)
    with pytest.raises(JournalLocked, match="process 42 on here") as caught:
        take(path)
    assert caught.value.path == path
    store.commit([ops.Accept(live(1))])
    store.close(now_us=START_US)
    take(path).close(now_us=START_US)


def test_a_link_leads_to_the_same_owner_and_to_the_same_log(path: Path, directory: Path) -> None:
    link = directory / "link.db"
    link.symlink_to(path)
    store = take(link)
    for name in (link, path):
        with pytest.raises(JournalLocked) as caught:
            take(name)
        assert caught.value.path == path
    store.commit([ops.Accept(live(1))])
    store.close(now_us=START_US)
    with contextlib.closing(take(path).reader()) as reader:
        assert [row.id for row in reader.live()] == [1]
    assert list(directory.glob("link.db*")) == [link]


def test_what_is_no_file_is_refused_at_once(directory: Path) -> None:
    pipe = directory / "pipe.db"
    os.mkfifo(pipe)
    for path in (pipe, directory):
        with pytest.raises(JournalFailed, match="no regular file"):
            take(path)


def test_the_end_of_its_owner_frees_it_however_it_ends(path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        with pytest.raises(JournalLocked, match="process 77 on there"):
            take(path)
        child.kill()
    store = SqliteStore(path)
    opened = store.open(node="here", pid=1, now_us=START_US)
    assert (opened.boot, opened.clean) == (2, False)
    store.close(now_us=START_US)


def test_a_forked_child_neither_keeps_nor_uses_it(path: Path) -> None:
    store = take(path)
    ours, theirs = os.pipe()
    back, go = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover  # another process
        try:
            store.commit([ops.Accept(live(2))])
        except JournalFailed as error:
            os.write(theirs, str(error).encode())
        os.read(back, 1)
        os._exit(0)
    try:
        assert b"forked" in os.read(ours, 1000)
        store.commit([ops.Accept(live(1))])
        store.close(now_us=START_US)
        again = take(path)
        assert again.reader().live() == [live(1)]
        again.close(now_us=START_US)
    finally:
        os.write(go, b"x")
        os.waitpid(child, 0)
        for end in (ours, theirs, back, go):
            os.close(end)


def test_a_failed_start_gives_the_lock_back(path: Path) -> None:
    path.mkdir()
    with pytest.raises(JournalFailed, match="opening failed"):
        take(path)
    path.rmdir()
    take(path).close(now_us=START_US)


def test_a_missing_directory_is_told(directory: Path) -> None:
    with pytest.raises(JournalFailed, match="FileNotFoundError"):
        take(directory / "none" / "journal.db")


def test_all_files_are_for_their_owner_alone(path: Path, directory: Path) -> None:
    before = directory.stat().st_mode
    old = os.umask(0)
    try:
        store = take(path)
        store.commit([ops.Accept(live(1))])
        store.backup(directory / "copy.db")
    finally:
        os.umask(old)
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in directory.iterdir()}
    assert modes == dict.fromkeys(
        ["journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock", "copy.db"], "0o600"
    )
    assert directory.stat().st_mode == before
    store.close(now_us=START_US)
    assert sorted(file.name for file in directory.iterdir()) == ["copy.db", "journal.db", "journal.db.lock"]


def test_a_backup_is_a_whole_journal(path: Path, directory: Path) -> None:
    store = take(path)
    store.commit([ops.Accept(live(1)), ops.BuryNew(live(2), burial())])
    copy = directory / "copy.db"
    store.backup(copy)
    store.commit([ops.Settle(1)])
    other = take(copy)
    assert other.check() == []
    assert other.reader().live() == [live(1)]
    other.close(now_us=START_US)
    with pytest.raises(JournalFailed, match="FileExistsError"):
        store.backup(copy)
    store.close(now_us=START_US)


def test_readers_outlive_a_close(path: Path) -> None:
    store = take(path)
    store.commit([ops.Accept(live(1))])
    reader = store.reader()
    store.close(now_us=START_US)
    assert reader.live() == [live(1)]
    reader.close()


MOUNTS = r"""
21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 21 0:40 / /srv/data rw shared:5 master:1 - nfs4 server:/data rw
31 21 0:41 / /mnt/with\040space rw - fuse.sshfs me@there: rw
32 30 0:42 / /srv/data/local rw - xfs /dev/sdb rw
33 21 0:43 / /over rw - nfs server:/over rw
34 33 0:44 / /over rw - tmpfs tmpfs rw
""".lstrip()


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/lib/app", "ext4"),
        ("/srv/data", "nfs4"),
        ("/srv/data/deep/er", "nfs4"),
        ("/srv/database", "ext4"),
        ("/srv/data/local/app", "xfs"),
        ("/mnt/with space/app", "fuse.sshfs"),
        ("/over/app", "tmpfs"),
    ],
)
def test_the_file_system_is_that_of_the_innermost_mount(place: str, kind: str) -> None:
    assert type_of(Path(place), MOUNTS) == kind


def test_nothing_is_known_without_mounts() -> None:
    assert type_of(Path("/srv"), "") == ""


def test_a_network_file_system_is_refused(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / {path.parent.resolve()} rw - nfs4 x rw\n")
    monkeypatch.setattr(filesystem, "MOUNTS", mounts)
    with pytest.raises(JournalNotLocal, match="nfs4"):
        take(path)
    assert list(path.parent.iterdir()) == []
    monkeypatch.setattr(filesystem, "MOUNTS", tmp_path / "not there")
    take(path).close(now_us=START_US)
