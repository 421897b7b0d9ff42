"""What is looked at: every Python file once, nothing that isn't one, and nothing left out in silence."""

import os
import socket
from pathlib import Path

import pytest

from regrow.errors.lint import NothingToCheck
from regrow.lint.audit.run import audit_paths
from regrow.lint.configuration import Configuration
from regrow.lint.discovery import Found, find, find_any
from regrow.lint.globs import Globs
from regrow.lint.model import Role
from regrow.lint.settings import Settings


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")


def found(root: Path, *paths: str, settings: Settings | None = None) -> Found:
    return find([Path(path) for path in paths or (".",)], Configuration(root, None, settings or Settings()))


def names(found: Found) -> list[str]:
    return [source.path for source in found.sources]


def problems(found: Found) -> list[tuple[str, str]]:
    return [(one.path, one.message) for one in found.problems]


def test_python_files_are_found_once(root: Path) -> None:
    write(root, "b.py", "a/x.pyi", "a/y.txt", "__pycache__/c.py", ".git/d.py", "env/pyvenv.cfg", "env/e.py")
    assert names(found(root, ".", "a", "b.py")) == ["a/x.pyi", "b.py"]


def test_a_file_that_is_named_is_checked_whatever_it_is_called(root: Path) -> None:
    write(root, "tool", ".hidden.py", "out/x.py")
    settings = Settings(exclude=("out",))
    assert names(found(root, "tool", ".hidden.py", "out/x.py", settings=settings)) == [
        ".hidden.py",
        "out/x.py",
        "tool",
    ]


def test_files_outside_the_working_directory_keep_their_whole_path(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "here/a.py", "there/b.py")
    monkeypatch.chdir("here")
    assert names(found(root, "../there", ".")) == [(root / "there/b.py").as_posix(), "a.py"]


def test_an_audit_names_what_exclude_leaves_out(root: Path) -> None:
    write(root, "tests/test_a.py", "a.py")
    with pytest.raises(NothingToCheck, match=r"of tests below \.; exclude leaves out tests$"):
        audit_paths([Path()], Configuration(root, None, Settings(exclude=("tests",))))


def test_what_exclude_leaves_out_is_named_where_nothing_else_is_there(root: Path) -> None:
    write(root, "gen/x.py", "a.py", "b.pyi", "c/c.py", "notes.txt", "d.ipynb")

    def refused(*exclude: str) -> str:
        with pytest.raises(NothingToCheck) as caught:
            find_any([Path()], Configuration(root, None, Settings(exclude=exclude)))
        return str(caught.value)

    there = "no files to check: no .py or .pyi file is below ."
    assert refused("*") == f"{there}; exclude leaves out a.py, b.pyi, c and 2 more"
    assert refused("[a-c]*", "gen") == (
        f"{there}; exclude leaves out a.py, b.pyi, c and 1 more; notebooks aren't looked at (d.ipynb)"
    )


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("build", "a/build/x.py", True),
        ("build", "rebuild/x.py", False),
        ("*_pb2.py", "a/b/x_pb2.py", True),
        ("a/*", "a/b/c.py", True),
        ("a/*.py", "a/b/c.py", False),
        ("a/**/c.py", "a/c.py", True),
        ("a/**/c.py", "a/b/b/c.py", True),
        ("./a/", "a/b.py", True),
        ("a/b", "c/a/b", False),
        ("x[0-9].py", "x7.py", True),
        ("x[!0-9].py", "x7.py", False),
        ("a+b.py", "aab.py", False),
        ("?.py", "é.py", True),
    ],
)
def test_globs(glob: str, path: str, matches: bool) -> None:
    assert Globs([glob]).match(path) is matches
    assert Globs(["never", glob]).match(path) is matches


def test_no_globs_match_nothing() -> None:
    assert not Globs([]).match("a.py")
    assert not Globs(["", "./"]).match("a.py")


def test_excluded_files_are_left_out(root: Path) -> None:
    write(root, "a.py", "build/b.py", "gen/x_pb2.py", "gen/y.py")
    assert names(found(root, settings=Settings(exclude=("build", "*_pb2.py")))) == ["a.py", "gen/y.py"]


def test_notebooks_are_skipped_aloud(root: Path) -> None:
    write(root, "a.py", "n/b.ipynb")
    assert found(root).skipped == ("n/b.ipynb",)
    assert found(root, "n/b.ipynb").skipped == ("n/b.ipynb",)


def test_a_fifo_and_a_socket_are_never_opened(root: Path) -> None:
    write(root, "a.py")
    os.mkfifo("fifo.py")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.py")
        seen = found(root)
    assert names(seen) == ["a.py"]
    assert problems(seen) == [
        ("fifo.py", "can't be read: it is a FIFO, not a regular file"),
        ("socket.py", "can't be read: it is a socket, not a regular file"),
    ]


def test_a_link_to_a_folder_above_ends(root: Path) -> None:
    write(root, "a/b/c.py")
    (root / "a/b/up").symlink_to(root / "a")
    seen = found(root)
    assert names(seen) == ["a/b/c.py"]
    assert problems(seen) == [
        ("a/b/up", "can't be read: a symbolic link to a folder that it stands in"),
    ]


def test_a_link_to_itself_is_a_problem(root: Path) -> None:
    (root / "a.py").symlink_to("b.py")
    (root / "b.py").symlink_to("a.py")
    seen = found(root)
    assert [path for path, _ in problems(seen)] == ["a.py", "b.py"]
    assert {why for _, why in problems(seen)} == {"can't be read: Too many levels of symbolic links"}


def test_links_are_followed_and_folders_looked_at_once(root: Path) -> None:
    write(root, "z/a.py", "p/keep.py")
    outside = root.parent / f"{root.name}-outside"
    write(outside, "b.py")
    (root / "p/out").symlink_to(outside)
    (root / "p/again").symlink_to(root / "z")
    seen = found(root)
    assert names(seen) == ["p/keep.py", "p/out/b.py", "z/a.py"]
    assert seen.problems == ()


def test_what_is_not_there_is_a_problem(root: Path) -> None:
    assert problems(found(root, "gone.py")) == [("gone.py", "can't be read: No such file or directory")]


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("src/app/a.py", Role.CODE),
        ("src/app/test_a.py", Role.TEST),
        ("src/app/a_test.py", Role.TEST),
        ("tests/kit.py", Role.TEST),
        ("tests/conftest.py", Role.SUPPORT),
        ("tests/support/a.py", Role.SUPPORT),
        ("scripts/run.py", Role.SCRIPT),
    ],
)
def test_roles(root: Path, path: str, role: Role) -> None:
    write(root, path)
    seen = found(root, settings=Settings(test_support=("tests/support",)))
    assert [source.role for source in seen.sources] == [role]


def test_outside_the_root_only_what_was_named_says_a_role(tmp_path: Path) -> None:
    write(tmp_path, "tests/pack/inner/tests/x.py", "tests/pack/inner/y.py", "root/z.py")
    seen = find([tmp_path / "tests/pack"], Configuration(tmp_path / "root"))
    assert [source.role for source in seen.sources] == [Role.TEST, Role.CODE]


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("src/app/core/a.py", "app.core.a"),
        ("src/app/__init__.py", "app"),
        ("tests/test_a.py", "tests.test_a"),
        ("a.pyi", "a"),
    ],
)
def test_modules(root: Path, path: str, module: str) -> None:
    write(root, path)
    assert [source.module for source in found(root).sources] == [module]


def test_outside_the_root_the_package_says_the_module(tmp_path: Path) -> None:
    write(tmp_path, "lib/pack/__init__.py", "lib/pack/inner/__init__.py", "lib/pack/inner/a.py", "root/b.py")
    seen = find([tmp_path / "lib/pack/inner/a.py"], Configuration(tmp_path / "root"))
    assert [source.module for source in seen.sources] == ["pack.inner.a"]
