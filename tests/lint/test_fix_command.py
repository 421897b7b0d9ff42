"""`fix`: what it writes, what it leaves alone, and its exit codes."""

import ast
import codecs
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from regrow.lint.command import main
from regrow.lint.file import SourceFile
from regrow.lint.fixing import write_back
from regrow.lint.model import Edit, Finding, Fix, Safety
from regrow.lint.rule import Rule
from tests.lint.cases import rule

Captured = pytest.CaptureFixture[str]
TREE = "import regrow as rg\n\ntree = rg.supervisor([])\n"
FIXED = TREE.replace("[]", '[], strategy="one_for_one", max_restarts=3, max_seconds=5.0')
CALL = "import requests\n\nrequests.get('x')\n"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.regrow.check]\n")
    return tmp_path


def test_safe_fixes_are_made_and_the_second_run_has_nothing_to_do(root: Path, capsys: Captured) -> None:
    (root / "a.py").write_text(TREE)
    assert main(["fix"]) == 0
    assert (root / "a.py").read_text() == FIXED
    assert capsys.readouterr() == ("", "1 fix made in 1 file of 1; no findings left\n")
    assert main(["fix"]) == 0
    assert capsys.readouterr().err == "no fixes made in no files of 1; no findings left\n"


def test_notebooks_alone_are_nothing_to_fix(root: Path, capsys: Captured) -> None:
    (root / "a.ipynb").write_text("{}")
    assert main(["fix"]) == 2
    why = "no files to check: no .py or .pyi file is below .; notebooks aren't looked at (a.ipynb)"
    assert capsys.readouterr() == ("", f"python -m regrow.lint: {why}\n")


def test_why_a_file_is_left_alone_is_one_line_whatever_it_is_called(root: Path, capsys: Captured) -> None:
    file = root / "a\x1b[31m\n.py"
    file.write_text(TREE)
    (root / "other").hardlink_to(file)
    assert main(["fix"]) == 1
    why, _ = capsys.readouterr().err.splitlines()
    assert why.startswith("a\\x1b[31m\\n.py: it has 2 names (hard links)")
    assert file.read_text() == TREE


def test_unsafe_fixes_are_made_when_asked_for(root: Path, capsys: Captured) -> None:
    (root / "a.py").write_text(CALL)
    assert main(["fix", "a.py"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("a.py:3:1: RG202 [call-without-timeout]")
    assert err == "no fixes made in no files of 1; 1 finding left (1 with an unsafe fix: --unsafe)\n"
    assert (root / "a.py").read_text() == CALL
    assert main(["fix", "a.py", "--unsafe"]) == 0
    assert (root / "a.py").read_text() == CALL.replace("'x'", "'x', timeout=30")


def test_a_diff_shows_what_would_change_and_git_takes_it(root: Path, capsys: Captured) -> None:
    data = codecs.BOM_UTF8 + TREE.replace("\n", "\r\n").removesuffix("\r\n").encode()
    (root / "a.py").write_bytes(data)
    assert main(["fix", "--diff"]) == 1
    out, err = capsys.readouterr()
    assert err == "1 fix would be made in 1 file of 1; no findings left\n"
    assert "\\ No newline at end of file" in out
    assert (root / "a.py").read_bytes() == data
    subprocess.run(["git", "apply", "-"], input=out.encode(), cwd=root, check=True)
    changed = (root / "a.py").read_bytes()
    assert changed == codecs.BOM_UTF8 + FIXED.replace("\n", "\r\n").removesuffix("\r\n").encode()
    assert main(["fix", "--diff"]) == 0


def test_rules_are_selected_and_suppressed_findings_are_left(root: Path) -> None:
    source = TREE + "other = rg.supervisor([])  # noqa: RG104 as the defaults are what it is about\n"
    (root / "a.py").write_text(source)
    assert main(["fix", "--select", "RG202", "--unsafe"]) == 0
    assert (root / "a.py").read_text() == source
    assert main(["fix"]) == 0
    assert (root / "a.py").read_text() == source.replace(TREE, FIXED)


def test_what_an_editor_hands_over_comes_back(
    root: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TREE.encode())))
    assert main(["fix", "--stdin-filename", "b.py"]) == 0
    assert capsysbinary.readouterr().out == FIXED.encode()
    assert not (root / "b.py").exists()


def test_files_that_cant_be_fixed_whole_are_left_and_the_others_are_fixed(
    root: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed = TREE.replace("\n", "\r\n", 1).encode()
    (root / "broken.py").write_text("def\n")
    (root / "mixed.py").write_bytes(mixed)
    (root / "good.py").write_text(TREE)
    (root / "full.py").write_text(TREE)

    def full(path: Path, old: bytes, new: bytes) -> None:
        if path.name == "full.py":
            raise OSError(28, "No space left on device")
        write_back(path, old, new)

    monkeypatch.setattr("regrow.lint.commands.fix.write_back", full)
    assert main(["fix"]) == 1
    out, err = capsys.readouterr()
    assert (root / "good.py").read_text() == FIXED
    assert ((root / "mixed.py").read_bytes(), (root / "full.py").read_text()) == (mixed, TREE)
    assert "broken.py:1:4: RG001" in out
    assert "mixed.py: its lines end in different ways; nothing was written" in err
    assert "full.py: can't be written: No space left on device; it is as it was" in err
    assert err.endswith("1 fix made in 1 file of 4; 3 findings left\n")


def test_a_rule_or_a_fix_with_a_bug_is_told_and_the_others_are_made(
    root: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking = Fix("break it", (Edit(0, 0, "("),), Safety.SAFE)

    def breaks(self: Rule, file: SourceFile) -> Iterator[Finding]:
        yield file.finding(self, file.index.of(ast.Call)[0], "broken", fix=breaking)

    def fails(self: Rule, file: SourceFile) -> Iterator[Finding]:
        raise ZeroDivisionError(file.path)

    monkeypatch.setattr(type(rule("RG202")), "check", breaks)
    monkeypatch.setattr(type(rule("RG204")), "check", fails)
    source = TREE + "rg.sync(tree, timeout=1)\n"
    (root / "a.py").write_text(source)
    assert main(["fix"]) == 101
    assert (root / "a.py").read_text() == source.replace(TREE, FIXED)
    err = capsys.readouterr().err
    assert "the fix of RG202 would have broken the file, a bug of ours; it wasn't made" in err
    assert "a.py: RG204 failed, a bug of its own: ZeroDivisionError: a.py" in err


@pytest.mark.parametrize("arguments", [[], ["--select", "RG1O4", "a.py"], ["--ignore", "RG", "a.py"]])
def test_nothing_to_look_at_is_bad_use(root: Path, arguments: list[str]) -> None:
    (root / "a.txt").write_text("")
    assert main(["fix", *arguments]) == 2
