"""Files are fixed whole or not at all, and keep their encoding, line ends, comments and mode."""

import codecs
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrow.errors.fixing import CantEncode, FileChanged, FixesDontSettle, HardLinked, MixedLineEnds
from regrow.lint.file import SourceFile
from regrow.lint.fixing import Check, Fixed, compiles, fix_file, write_back
from regrow.lint.model import Edit, Finding, Fix, Safety
from regrow.lint.parsing import parse
from regrow.lint.project import Project


def renames(old: str, new: str, safety: Safety = Safety.SAFE) -> Check:
    """Finds calls of `old` and makes them calls of `new`."""

    def check(file: SourceFile) -> Iterator[Finding]:
        for call in file.calls_named(old):
            edit = Edit(file.start(call.func), file.end(call.func), new)
            fix = Fix(f"{old} is {new}", (edit,), safety)
            yield Finding("RG900", "renamed", old, file.path, call.lineno, 1, call.lineno, 2, fix=fix)

    return check


def fix(data: bytes, check: Check, *, unsafe: bool = False) -> Fixed:
    file = parse(data, "a.py")
    assert isinstance(file, SourceFile)
    return fix_file(data, file, check, unsafe=unsafe)


@pytest.mark.parametrize(
    "data",
    [
        "x = 'é'; old()  # é\n".encode(),
        "# coding: latin-1\nx = 'é'; old()\n".encode("latin-1"),
        codecs.BOM_UTF8 + "x = 'é'; old()\r\ny = 1\r\n".encode(),
        b"if x:\r\told()\t# tabs\r",
        b"old(  # one\n    old(),\n)\f\n# last",
        b"old()",
    ],
    ids=["utf-8", "latin-1", "bom-crlf", "cr-tabs", "comments", "no-last-newline"],
)
def test_only_what_is_fixed_changes(data: bytes) -> None:
    result = fix(data, renames("old", "néw" if b"coding" not in data and b"\xa9" in data else "new"))
    assert result.data.replace("néw".encode(), b"old").replace(b"new", b"old") == data
    assert b"old(" not in result.data
    assert fix(result.data, renames("old", "new")).data == result.data


def test_mixed_line_ends_are_refused_if_there_is_something_to_fix() -> None:
    with pytest.raises(MixedLineEnds, match="its lines end in different ways"):
        fix(b"a = 1\r\nold()\n", renames("old", "new"))
    assert fix(b"a = 1\r\nb()\n", renames("old", "new")).data == b"a = 1\r\nb()\n"


def test_an_encoding_that_lacks_a_character_is_refused() -> None:
    with pytest.raises(CantEncode, match="iso-8859-1 lacks"):
        fix(b"# coding: latin-1\nold()\n", renames("old", "ω"))


def test_a_fix_that_breaks_the_file_or_loses_a_comment_is_refused_and_the_others_are_made() -> None:
    def check(file: SourceFile) -> Iterator[Finding]:
        yield from renames("old", "new")(file)
        yield from renames("bad", "return")(file)
        for call in file.calls_named("wide"):
            edit = Edit(file.start(call), file.end(call), "wide()")
            where = ("a.py", call.lineno, 1, call.lineno, 2)
            yield Finding("RG901", "n", "m", *where, fix=Fix("narrow", (edit,), Safety.SAFE))

    result = fix(b"old()\nbad()\nwide(  # why\n)\n", check)
    assert result.data == b"new()\nbad()\nwide(  # why\n)\n"
    assert sorted(one.line for one in result.refused) == [2, 3]


def test_unsafe_fixes_are_made_when_asked_for_and_display_only_ones_never() -> None:
    check = renames("old", "new", Safety.UNSAFE)
    assert fix(b"old()\n", check).data == b"old()\n"
    assert fix(b"old()\n", check, unsafe=True).data == b"new()\n"
    assert fix(b"old()\n", renames("old", "new", Safety.DISPLAY), unsafe=True).made == ()


def test_fixes_that_never_settle_change_nothing() -> None:
    def check(file: SourceFile) -> Iterator[Finding]:
        for call in file.calls_named("old"):
            fix = Fix("grow", (Edit(file.start(call), file.start(call), "a."),), Safety.SAFE)
            yield Finding("RG900", "grows", "old", file.path, 1, 1, 1, 2, fix=fix)

    with pytest.raises(FixesDontSettle, match="RG900 still change it after 10 rounds"):
        fix(b"old()\n", check)


def test_nested_fixes_are_made_one_after_the_other() -> None:
    assert fix(b"old(old(old()))\n", renames("old", "new")).data == b"new(new(new()))\n"


@given(st.text(alphabet="old()\n\t\r #'é:=", max_size=40).map(str.encode))
def test_whatever_the_text_is_it_parses_afterwards_and_a_second_run_is_empty(data: bytes) -> None:
    file = parse(data, "a.py")
    if not isinstance(file, SourceFile):
        return
    try:
        result = fix_file(data, file, renames("old", "new"))
    except MixedLineEnds:
        assert b"\r" in data
        return
    assert isinstance(parse(result.data, "a.py"), SourceFile)
    assert fix(result.data, renames("old", "new")).made == ()


def test_a_file_is_replaced_whole_with_its_mode_and_through_its_link(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    path.chmod(0o751)
    link = tmp_path / "link.py"
    link.symlink_to(path)
    write_back(link, b"old", b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777, link.is_symlink()) == (b"new", 0o751, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone may give files away")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    os.chown(path, 4711, 4712)
    path.chmod(0o640)
    write_back(path, b"old", b"new")
    now = path.stat()
    assert (now.st_uid, now.st_gid, now.st_mode & 0o777, path.read_bytes()) == (4711, 4712, 0o640, b"new")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        write_back(path, b"old", b"new")
    assert ([one.name for one in tmp_path.iterdir()], path.read_bytes()) == (["a.py"], b"old")


def test_a_file_with_several_names_is_left_alone(tmp_path: Path) -> None:
    path, other = tmp_path / "a.py", tmp_path / "other"
    path.write_bytes(b"old")
    other.hardlink_to(path)
    with pytest.raises(HardLinked, match=r"a\.py: it has 2 names \(hard links\), and the others would"):
        write_back(path, b"old", b"new")
    assert (path.read_bytes(), other.read_bytes(), path.samefile(other)) == (b"old", b"old", True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.py", "other"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"newer")
    with pytest.raises(FileChanged, match="changed on disk"):
        write_back(path, b"old", b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["a.py"]
    assert path.read_bytes() == b"newer"


def test_an_await_outside_a_function_is_no_program() -> None:
    assert not compiles("await x\n")
    result = fix(b"old()\n", renames("old", "await x; new"))
    assert (result.data, len(result.refused)) == (b"old()\n", 1)


def test_what_was_no_program_before_is_fixed_if_it_still_parses() -> None:
    assert fix(b"return old()\n", renames("old", "new")).data == b"return new()\n"
    assert len(fix(b"return old()\n", renames("old", "(")).refused) == 1


def test_what_a_fix_writes_is_looked_for_though_no_file_held_it() -> None:
    def check(file: SourceFile) -> Iterator[Finding]:
        yield from renames("old", "regrow.new")(file)
        if file.mentions("regrow"):
            yield from renames("late", "regrow.last")(file)

    data = b"old()\nlate()\n"
    file = parse(data, "a.py", project=Project(absent=frozenset({"regrow"})))
    assert isinstance(file, SourceFile)
    assert fix_file(data, file, check).data == b"regrow.new()\nregrow.last()\n"
