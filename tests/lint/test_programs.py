"""Small programs do the same after all their fixes, the unsafe ones too."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from regrow.lint.checker import Checker
from regrow.lint.discovery import Source
from regrow.lint.mending import Mended, mend
from regrow.lint.model import Role
from regrow.lint.settings import Settings
from tests.lint.cases import CASES

PROGRAMS = sorted((CASES / "programs").glob("*.py"))
ROLE = re.compile(rb"\A# role: (\w+)\n")


def mended(path: Path, data: bytes) -> Mended:
    role = ROLE.match(data)
    source = Source(path, path.name, path.name, Role(role[1].decode()) if role else Role.CODE, path.stem)
    return mend(data, source, Checker(Settings()), unsafe=True)


def printed(data: bytes, path: Path) -> str:
    """What a program prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(data, str(path), "exec", dont_inherit=True), {"__name__": "__main__"})
    return out.getvalue()


def test_there_are_enough_programs() -> None:
    assert len(PROGRAMS) >= 20


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_prints_the_same_before_and_after_its_fixes(path: Path) -> None:
    data = path.read_bytes()
    result = mended(path, data)
    assert result.made
    assert (result.refused, result.failures, result.error) == ((), (), None)
    before = printed(data, path)
    assert before.strip()
    assert printed(result.new, path) == before
    again = mended(path, result.new)
    assert (again.made, again.new) == ((), result.new)


def test_another_encoding_and_other_line_ends_stay() -> None:
    lines = [
        "# coding: latin-1",
        "from urllib.request import urlopen as fetch",
        "def read(url): text = 'äöü'; return text, fetch(url).read()  # ß",
        "print(*read('data:,%E4'))",
        "TESTING = False",
        "if not TESTING:",
        "    print('é')",
    ]
    data = "\r\n".join(lines).encode("latin-1")
    path = Path("latin.py")
    result = mended(path, data)
    assert sorted(one.code for one in result.made) == ["RG105", "RG202"]
    expected = data.replace(b"fetch(url)", b"fetch(url, timeout=30)").replace(b"if not TESTING:\r\n    ", b"")
    assert result.new == expected
    assert printed(result.new, path) == printed(data, path) == "äöü b'\\xe4'\né\n"


def test_together_they_take_the_fixes_of_most_rules() -> None:
    codes = {one.code for path in PROGRAMS for one in mended(path, path.read_bytes()).made}
    assert codes >= {"RG101", "RG104", "RG105", "RG201", "RG202", "RG205", "RG402"}
    assert codes >= {"RG601", "RG602", "RG604", "RG606"}
