"""The cache: the same findings as without it, for whatever changed; and a corrupt one is told and left."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from regrow.lint.cache import NAME
from regrow.lint.command import main
from regrow.lint.configuration import Configuration
from regrow.lint.file import SourceFile
from regrow.lint.model import Edit, Finding, Fix, Safety, Severity
from regrow.lint.registry import own_rules
from regrow.lint.rule import Rule
from regrow.lint.run import Report, check_paths
from regrow.lint.settings import Settings

SPAWN = "import asyncio\n\nasyncio.create_task(f())\n"
SERVER = "import regrow as rg\n\nclass Base(rg.GenServer):\n    pass\n"
CLIENT = (
    "from base import Base\n\nclass Own(Base):\n    async def ask(self):\n        await self.ref.call(1)\n"
)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(SPAWN)
    (tmp_path / "b.py").write_text("def f(:\n")
    (tmp_path / "c.py").write_text("x = 1\n")
    return tmp_path


def check(settings: Settings | None = None, *, path: str = ".", jobs: int = 1) -> Report:
    configuration = Configuration(Path.cwd(), None, settings or Settings())
    cached = check_paths([Path(path)], configuration, cached=True, jobs=jobs)
    plain = check_paths([Path(path)], configuration)
    assert (cached.findings, cached.lines, cached.spared) == (plain.findings, plain.lines, plain.spared)
    assert cached.failures == plain.failures
    return cached


def caches() -> list[Path]:
    return sorted(Path(NAME).glob("*.json"))


def test_what_hasnt_changed_isnt_checked_again(root: Path) -> None:
    assert check().cached == 0
    assert check().cached == 3
    (root / "c.py").write_text(SPAWN)
    assert check().cached == 2
    assert check().cached == 3
    (root / "d.py").write_text("")
    (root / "a.py").unlink()
    assert check().cached == 2


def test_content_counts_and_not_time(root: Path) -> None:
    check()
    os.utime(root / "a.py", (1, 1))
    assert check().cached == 3
    status = (root / "a.py").stat()
    (root / "a.py").write_text(SPAWN.replace("create_task", "create_tusk"))
    os.utime(root / "a.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert check().cached == 2


def test_findings_come_back_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    fix = Fix("m\udcff", (Edit(0, 1, "é"), Edit(3, 3, "")), Safety.DISPLAY, ("import x",))

    class Odd(Rule):
        code, name = "RG901", "odd"

        @override
        def check(self, file: SourceFile) -> Iterator[Finding]:
            yield Finding("RG901", "odd", "界", file.path, 1, 2, 3, 4, Severity.WARNING, "f.g", "\x00", fix)

    monkeypatch.setattr("regrow.lint.checker.all_rules", lambda: (*own_rules(), Odd()))
    check()
    report = check()
    assert report.cached == 3
    assert [one.fix for one in report.findings if one.code == "RG901"] == [fix, fix]


def test_paths_are_those_of_this_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "src").mkdir()
    (root / "src" / "e.py").write_text(SPAWN)
    check()
    monkeypatch.chdir(root / "src")
    configuration = Configuration(root, None, Settings())
    report = check_paths([Path("e.py")], configuration, cached=True)
    assert [one.path for one in report.findings] == ["e.py"]


def test_other_settings_have_another_cache() -> None:
    check()
    narrow = Settings(select=("RG2",))
    assert check(narrow).cached == 0
    assert (check(narrow).cached, check().cached) == (3, 3)
    assert len(caches()) == 2


def test_a_file_that_gets_another_role_is_checked_again() -> None:
    first = check(Settings(tests=("tests",)))
    Path("tests").mkdir()
    Path("a.py").rename("tests/a.py")
    second = check(Settings(tests=("tests",)))
    assert [one.code for one in first.findings] == ["RG101", "RG001"]
    assert second.cached == 2


def test_what_other_files_say_of_a_class_counts(root: Path) -> None:
    for one in root.iterdir():
        one.unlink()
    (root / "base.py").write_text(SERVER)
    (root / "own.py").write_text(CLIENT)
    check()
    assert check().cached == 2
    (root / "base.py").write_text(SERVER.replace("rg.GenServer", "object"))
    assert check().cached == 0
    (root / "base.py").write_text(SERVER)
    (root / "own.py").write_text(CLIENT + "\n")
    assert check().cached < 2


def test_the_rules_own_source_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    monkeypatch.setattr("regrow.lint.cache.sources_of", lambda folder: [Path("c.py")])
    assert check().cached == 0


def test_a_part_of_the_files_leaves_the_others_known() -> None:
    check()
    Path("c.py").write_text(SPAWN)
    assert check(path="c.py").cached == 0
    assert check().cached == 3


def test_two_processes_fill_it_as_one_does(root: Path) -> None:
    for number in range(8):
        (root / f"m{number}.py").write_text(SPAWN * number)
    assert check(jobs=2).cached == 0
    assert check().cached == 11


def test_a_rule_that_failed_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Rule):
        code, name = "RG901", "broken"

        @override
        def check(self, file: SourceFile) -> Iterator[Finding]:
            raise ZeroDivisionError

    monkeypatch.setattr("regrow.lint.checker.all_rules", lambda: (*own_rules(), Broken()))
    assert len(check().failures) == 2
    report = check()
    assert (len(report.failures), report.cached) == (2, 1)


def test_the_folder_is_left_out_of_backups_and_repositories() -> None:
    check()
    assert Path(NAME, ".gitignore").read_text() == "*\n"
    assert Path(NAME, "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert {one.suffix for one in Path(NAME).iterdir()} == {"", ".TAG", ".json"}


def test_old_caches_go() -> None:
    for number in range(12):
        check(Settings(send_names=(f"send{number}",)))
    assert len(caches()) == 8


# -- what may be wrong with it ---------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "other"])
def test_a_corrupt_cache_is_one_warning_and_written_anew(
    damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check"]) == 1
    (file,) = caches()
    data = file.read_bytes()
    middle = len(data) // 2
    file.write_bytes(
        {
            "empty": b"",
            "cut": data[:middle],
            "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
            "other": json.dumps({"files": 3}).encode(),
        }[damage]
    )
    before = capsys.readouterr()
    assert main(["check"]) == 1
    out, err = capsys.readouterr()
    assert out == before.out
    warning = f"warning: {file.absolute()} is corrupt: all files are checked, and it is written anew\n"
    assert err == warning + before.err
    assert main(["check"]) == 1
    assert capsys.readouterr() == before


def test_a_cache_that_cant_be_written_is_one_warning(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / NAME).write_text("a file")
    assert main(["check"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"warning: {root / NAME} can't be written: File exists; `--no-cache` does without",
        "2 findings in 3 files (5 lines)",
    ]


def test_a_cache_that_cant_be_read_is_one_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 1
    (file,) = caches()
    file.unlink()
    file.mkdir()
    capsys.readouterr()
    assert main(["check"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"warning: {file.absolute().parent} can't be written: ")
    assert second.startswith("2 findings")


def test_without_a_cache_nothing_is_kept() -> None:
    assert main(["check", "--no-cache"]) == 1
    assert not Path(NAME).exists()


def test_only_an_unchanged_cache_isnt_written_again() -> None:
    check()
    (file,) = caches()
    before = file.stat().st_mtime_ns, file.stat().st_ino
    check()
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before
