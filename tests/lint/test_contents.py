"""Files are read once, as far as there is room for what they hold."""

from pathlib import Path

import pytest

from regrow.lint.configuration import Configuration
from regrow.lint.contents import Contents
from regrow.lint.discovery import Source, source


def made(folder: Path, name: str, data: bytes) -> Source:
    file = folder / name
    file.write_bytes(data)
    return source(file, Configuration(folder))


def test_what_was_looked_at_is_not_read_again_when_it_is_taken(tmp_path: Path) -> None:
    one, contents = made(tmp_path, "a.py", b"x = 1"), Contents()
    assert contents.look(one) == b"x = 1"
    one.file.unlink()
    assert contents.look(one) == b"x = 1"
    assert contents.take(one) == b"x = 1"
    with pytest.raises(FileNotFoundError):
        contents.take(one)


def test_what_there_is_no_room_for_is_read_again(tmp_path: Path) -> None:
    first, second = made(tmp_path, "a.py", b"12345"), made(tmp_path, "b.py", b"67890")
    contents = Contents(most=8)
    assert (contents.look(first), contents.look(second)) == (b"12345", b"67890")
    first.file.write_bytes(b"new")
    second.file.write_bytes(b"newer")
    assert contents.take(second) == b"newer"
    assert contents.take(first) == b"12345"
    assert contents.look(second) == b"newer"  # there is room now
    second.file.unlink()
    assert contents.take(second) == b"newer"
