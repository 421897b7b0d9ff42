"""``baseline write|check|tighten|explain``: what they print, write and refuse."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from regrow.lint.command import main
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding
from regrow.lint.registry import own_rules
from regrow.lint.rule import Rule

Captured = pytest.CaptureFixture[str]
HEAD = "import asyncio\n"
FILE = "regrow-baseline.json"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.regrow.check]\nselect = ["RG101", "RG001"]\n')
    return tmp_path


def spawns(name: str, *functions: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(HEAD + "".join(f"asyncio.create_task({one}())\n" for one in functions))


def baseline(*arguments: str) -> int:
    return main(["baseline", *arguments])


def counts() -> dict[str, int]:
    findings = json.loads(Path(FILE).read_text())["findings"]
    return {file: len(entry["fingerprints"]) for file, rules in findings.items() for entry in rules.values()}


def test_what_is_written_is_known(capsys: Captured) -> None:
    spawns("a.py", "f", "g")
    assert baseline("write") == 0
    assert capsys.readouterr() == ("", f"{FILE}: 2 findings, +2\n")
    assert baseline("check") == 0
    assert capsys.readouterr() == ("", "no new findings and 2 known in 1 file (3 lines)\n")


def test_what_is_new_is_shown_and_refused(capsys: Captured) -> None:
    spawns("a.py", "f")
    baseline("write")
    spawns("a.py", "g", "f")
    capsys.readouterr()
    assert baseline("check") == 1
    out, err = capsys.readouterr()
    assert out.startswith("a.py:2:1: RG101")
    assert out.count("\n") == 1
    assert err == "1 new finding and 1 known in 1 file (3 lines)\n"
    before = Path(FILE).read_bytes()
    for arguments in (
        ["--allow-increase", "RG101"],
        ["--reason", "x"],
        ["--allow-increase", "RG1", "--reason", " "],
    ):
        assert baseline("write", *arguments) == 2
        assert "the baseline would grow: RG101 +1." in capsys.readouterr().err
        assert Path(FILE).read_bytes() == before
    assert baseline("tighten") == 1
    assert Path(FILE).read_bytes() == before
    assert capsys.readouterr().err.endswith("1 new finding left out: `regrow baseline check` shows them\n")


def test_an_increase_is_logged(capsys: Captured) -> None:
    spawns("a.py", "f")
    baseline("write")
    spawns("a.py", "f", "g")
    assert baseline("write", "--allow-increase", "unsupervised-spawn", "--reason", "the old parser") == 0
    document = json.loads(Path(FILE).read_text())
    assert [(one["rule"], one["by"], one["reason"]) for one in document["increases"]] == [
        ("RG101", 1, "the old parser")
    ]
    assert document["findings"]["a.py"]["RG101"]["reason"] == "the old parser"
    capsys.readouterr()
    assert baseline("explain") == 0
    out = capsys.readouterr().out
    assert out.startswith("      2  RG101  unsupervised-spawn, in 1 file, since 20")
    assert out.endswith(": RG101 +1: the old parser\n")


@pytest.mark.parametrize(("mode", "code"), [("exact", 1), ("no-grow", 0)])
def test_slack_is_an_error_unless_the_mode_allows_it(mode: str, code: int, capsys: Captured) -> None:
    Path("pyproject.toml").write_text(f'[tool.regrow.ratchet]\nmode = "{mode}"\n')
    spawns("a.py", "f", "g")
    baseline("write")
    spawns("a.py", "g")
    capsys.readouterr()
    assert baseline("check") == code
    assert capsys.readouterr().err.splitlines()[:2] == [
        "a.py: 1 RG101 finding fewer than the baseline has",
        "run `regrow baseline tighten`, and commit what it writes",
    ]
    assert baseline("tighten") == 0
    assert baseline("check") == 0
    assert counts() == {"a.py": 1}


def test_a_swap_is_refused(capsys: Captured) -> None:
    spawns("a.py", "f")
    spawns("b.py", "f")
    baseline("write")
    spawns("a.py")
    spawns("b.py", "f", "g")
    assert baseline("check") == 1
    assert baseline("write") == 2
    assert counts() == {"a.py": 1, "b.py": 1}


def test_a_line_that_was_changed_is_written_without_a_reason(capsys: Captured) -> None:
    spawns("a.py", "f")
    baseline("write")
    spawns("a.py", "renamed")
    capsys.readouterr()
    assert baseline("check") == 1
    assert "where lines only changed, run `regrow baseline write`\n" in capsys.readouterr().err
    assert baseline("write") == 0
    assert baseline("check") == 0


def test_a_renamed_file_is_the_same(root: Path, capsys: Captured) -> None:
    spawns("a.py", "f")
    baseline("write")
    (root / "a.py").rename(root / "b.py")
    capsys.readouterr()
    assert baseline("check") == 1
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[0]) == ("", "1 finding in another file than the baseline says")
    assert baseline("write") == 0
    assert counts() == {"b.py": 1}


def test_paths_are_posix_and_relative_to_the_settings(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    spawns("src/a.py", "f")
    spawns("b.py", "f")
    baseline("write")
    monkeypatch.chdir(root / "src")
    spawns("a.py")
    assert baseline("check") == 1
    assert baseline("tighten") == 0  # what isn't below this folder stays
    monkeypatch.chdir(root)
    assert counts() == {"b.py": 1}
    spawns("src/a.py", "g")
    assert baseline("check", "b.py") == 0
    assert baseline("check", "src") == 1


def test_max_total_holds(capsys: Captured) -> None:
    Path("pyproject.toml").write_text("[tool.regrow.ratchet]\nmax-total = { RG1 = 1 }\n")
    spawns("a.py", "f", "g")
    assert baseline("write") == 1
    assert baseline("check") == 1
    assert capsys.readouterr().err.splitlines()[-2] == "RG1: 2 findings, and max-total allows 1"
    spawns("a.py", "f")
    assert baseline("tighten") == 0
    assert baseline("check") == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, f"{FILE}:1:1: can't be read: No such file or directory"),
        ("<<<<<<< ours\n", f"{FILE}:1:1: not JSON: "),
    ],
)
@pytest.mark.parametrize("action", ["check", "tighten", "explain"])
def test_without_a_baseline_there_is_no_answer(
    action: str, text: str | None, message: str, capsys: Captured
) -> None:
    spawns("a.py", "f")
    if text is not None:
        Path(FILE).write_text(text)
        assert baseline("write") == 2
    assert baseline(action) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_an_unknown_rule_in_max_total_is_one_error_with_its_place(root: Path, capsys: Captured) -> None:
    (root / "pyproject.toml").write_text("[tool.regrow.ratchet]\nmax-total = { RG1O1 = 1 }\n")
    spawns("a.py", "f")
    assert baseline("write") == 2
    assert f"{root / 'pyproject.toml'}:2:15: max-total: no rule has" in capsys.readouterr().err


def test_nothing_looked_at_is_an_error(root: Path, capsys: Captured) -> None:
    spawns("a.py", "f")
    baseline("write")
    (root / "a.py").unlink()
    for action in ("write", "check", "tighten"):
        assert baseline(action) == 2
        assert "no files to check" in capsys.readouterr().err
    spawns("a.py", "f")
    (root / "pyproject.toml").write_text("[tool.regrow.check]\nselect = []\n")
    assert baseline("check") == 2
    assert counts() == {"a.py": 1}


def test_what_cant_be_read_is_neither_known_nor_gone(capsys: Captured) -> None:
    spawns("a.py", "f")
    baseline("write")
    Path("a.py").write_text("def (:\n")
    before = Path(FILE).read_bytes()
    capsys.readouterr()
    for action in ("write", "tighten"):
        assert baseline(action) == 1
        out, err = capsys.readouterr()
        assert out.startswith("a.py:1:5: RG001")
        assert err.endswith("the baseline is left as it was: mend these first, or exclude them\n")
    assert baseline("check") == 1
    out, err = capsys.readouterr()
    assert (out.startswith("a.py:1:5: RG001"), "fewer" in err) == (True, False)
    assert Path(FILE).read_bytes() == before


class Broken(Rule):
    """Raises."""

    code, name = "RG901", "broken"

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        raise ZeroDivisionError("oh")


def test_a_rule_that_fails_is_our_bug_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    spawns("a.py", "f")
    Path("pyproject.toml").write_text("[tool.regrow.check]\n")
    baseline("write")
    before = Path(FILE).read_bytes()
    monkeypatch.setattr("regrow.lint.checker.all_rules", lambda: (*own_rules(), Broken()))
    assert [baseline(action) for action in ("write", "check", "tighten")] == [101, 101, 101]
    assert Path(FILE).read_bytes() == before


# -- git -------------------------------------------------------------------------------------------


def git(*arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def test_explain_says_how_it_became_less(capsys: Captured) -> None:
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "none yet")
    git("tag", "-m", "start", "start")
    for functions in ("fgh", "fg"):
        spawns("a.py", *functions)
        baseline("write")
        git("add", ".")
        git("commit", "-q", "-m", "less")
    spawns("a.py", "f")
    baseline("tighten")
    capsys.readouterr()
    assert baseline("explain", "--since", "start") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[2:] for line in lines[:3]] == [["0"], ["3", "RG101", "+3"], ["2", "RG101", "-1"]]
    assert lines[3:] == [
        ["now", "1", "RG101", "-1"],
        ["RG101:", "0", "->", "1", "(+1)"],
        ["all:", "0", "->", "1", "(+1)"],
    ]


def test_what_git_cant_say_is_one_error(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    spawns("a.py", "f")
    baseline("write")
    assert baseline("explain", "--since", "HEAD") == 2
    assert "git rev-parse" in capsys.readouterr().err
    git("init", "-q")
    for name in ("v9", "--all"):
        assert baseline("explain", f"--since={name}") == 2
        assert "git rev-parse --verify --end-of-options " in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    assert baseline("explain", "--since", "HEAD") == 2
    assert "failed: 'No such file or directory'" in capsys.readouterr().err
