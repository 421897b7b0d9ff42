"""Many files through all rules: the same findings in one process and in two, and bad files as findings."""

import os
from pathlib import Path

import pytest

from regrow.errors import NothingToCheck, UnknownRule
from regrow.lint.configuration import Configuration
from regrow.lint.run import Report, check_paths
from regrow.lint.settings import Settings

SPAWN = b"import asyncio\n\nasyncio.create_task(f())\n"
RG101 = Settings(select=("RG101",))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(
    root: Path, settings: Settings = RG101, *, paths: tuple[str, ...] = (".",), jobs: int = 1
) -> Report:
    return check_paths([Path(path) for path in paths], Configuration(root, None, settings), jobs=jobs)


def seen(report: Report) -> list[tuple[str, int, str]]:
    return [(one.path, one.line, one.code) for one in report.findings]


def test_findings_are_sorted_and_all_is_counted(root: Path) -> None:
    (root / "b.py").write_bytes(SPAWN * 2)
    (root / "a.py").write_bytes(SPAWN)
    (root / "c.py").write_bytes(b"")
    (root / "n.ipynb").write_bytes(b"{}")
    report = check(root)
    assert seen(report) == [("a.py", 3, "RG101"), ("b.py", 3, "RG101"), ("b.py", 6, "RG101")]
    assert (report.files, report.lines, report.skipped, report.failures) == (3, 9, ("n.ipynb",), ())


def test_two_processes_find_what_one_finds(root: Path) -> None:
    for number in range(20):
        (root / f"m{number}.py").write_bytes(SPAWN * (number % 3))
    (root / "broken.py").write_bytes(b"def f(:\n")
    one, two = check(root), check(root, jobs=2)
    assert one.findings == two.findings
    assert len(one.findings) == 20
    assert (one.files, one.lines) == (two.files, two.lines) == (21, 58)


def test_ignores_per_file(root: Path) -> None:
    for name in ("a.py", "old/b.py", "old/c.py"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(SPAWN)
    (root / "old/broken.py").write_bytes(b"def f(:\n")
    ignores = {"old/b.py": ("RG1",), "broken.py": ("unreadable-file",)}
    report = check(root, Settings(select=("RG101",), per_file_ignores=ignores))
    assert seen(report) == [("a.py", 3, "RG101"), ("old/c.py", 3, "RG101")]


DEEP = b"(" * 100_000 + b")" * 100_000


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        (b"x = 1\ndef f(:\n", (2, 7), "can't be parsed: invalid syntax"),
        (b"x = 1\ny = '\xff'\n", (2, 1), "can't be parsed: not utf-8: byte 0xff"),
        (b"x = 1\ny = '\0'\n", (2, 1), "can't be parsed: it holds a null byte"),
        (b"# coding: klingon\n", (1, 1), "can't be parsed: unknown encoding: klingon"),
        (b"\n" + DEEP, (2, 201), "can't be parsed: too many nested parentheses"),
        (b"-" * 100_000 + b"1\n", (1, 1), "can't be parsed: nested too deeply for Python's own parser"),
    ],
    ids=["syntax", "undecodable", "null", "coding", "parentheses", "deep"],
)
def test_a_bad_file_is_one_finding_and_the_run_goes_on(
    root: Path, data: bytes, place: tuple[int, int], message: str
) -> None:
    (root / "bad.py").write_bytes(data)
    (root / "good.py").write_bytes(SPAWN)
    report = check(root)
    bad, other = report.findings
    assert (bad.path, bad.code, bad.name) == ("bad.py", "RG001", "unreadable-file")
    assert (bad.line, bad.column) == place
    assert bad.message == message
    assert (other.path, other.code) == ("good.py", "RG101")
    assert report.failures == ()


def test_a_million_characters_in_a_line_are_a_line(root: Path) -> None:
    (root / "long.py").write_bytes(
        b"import asyncio\nx = '" + b"y" * 1_000_000 + b"'; asyncio.create_task(f())\n"
    )
    (finding,) = check(root).findings
    assert (finding.line, finding.column) == (2, 1_000_009)


def test_a_file_that_nobody_may_read_is_a_finding(root: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (root / "a.py").write_bytes(SPAWN)
    (root / "a.py").chmod(0)
    (finding,) = check(root).findings
    assert finding.message == "can't be read: Permission denied"


def test_what_is_not_there_is_a_finding_and_the_run_goes_on(root: Path) -> None:
    (root / "a.py").write_bytes(SPAWN)
    report = check(root, paths=("gone.py", "a.py"))
    assert seen(report) == [("a.py", 3, "RG101"), ("gone.py", 1, "RG001")]
    assert report.findings[1].message == "can't be read: No such file or directory"


def test_nothing_to_check_is_an_error(root: Path) -> None:
    with pytest.raises(NothingToCheck) as caught:
        check(root)
    assert str(caught.value) == "no files to check: no .py or .pyi file is below ."
    (root / "n.ipynb").write_bytes(b"{}")
    with pytest.raises(NothingToCheck) as caught:
        check(root)
    assert str(caught.value).endswith("; notebooks aren't looked at (n.ipynb)")


def test_no_rules_is_an_error(root: Path) -> None:
    (root / "a.py").write_bytes(SPAWN)
    with pytest.raises(NothingToCheck) as caught:
        check(root, Settings(select=("RG101",), ignore=("RG1",)))
    assert str(caught.value) == "no rules to check: select and ignore leave none on"


def test_a_rule_that_is_unknown_for_some_files_is_an_error(root: Path) -> None:
    with pytest.raises(UnknownRule) as caught:
        check(root, Settings(per_file_ignores={"a/*": ("RG1O1",)}))
    assert str(caught.value) == (
        "per-file-ignores 'a/*': no rule has the code, prefix or name 'RG1O1'; did you mean RG101?"
    )
