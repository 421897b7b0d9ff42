"""`migrate`: scan by default, a clean tree to write, a journal with undo, verification, a report."""

import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from regrow.errors.lint import CantUndo, NoSuchJournal, UnknownMigration
from regrow.lint.command import main
from regrow.lint.migrate import journal
from regrow.lint.migrate.catalogue import MIGRATIONS, chosen
from regrow.lint.migrate.checks import Verifier
from regrow.lint.migrate.journal import FOLDER, Journal, undo
from regrow.lint.registry import own_rules

Captured = pytest.CaptureFixture[str]
CALL = "import requests\n\n\ndef load(url):\n    return requests.get(url)\n"
FIXED = CALL.replace("(url)\n", "(url, timeout=30)\n").replace("load(url, timeout=30)", "load(url)")
SWALLOWS = "def f():\n    try:\n        g()\n    except Exception:\n        pass\n"
NO_SENDS = "no sends to oneself kept"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.regrow.check]\n")
    (tmp_path / "a.py").write_text(CALL)
    (tmp_path / "b.py").write_text(SWALLOWS)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "all")
    return tmp_path


def journal_of(err: str) -> str:
    """The id in the line that says how to undo it."""
    line = next(line for line in err.splitlines() if line.startswith("regrow migrate undo "))
    return line.split()[3]


# -- which ones ------------------------------------------------------------------------------------


def test_every_migration_is_made_of_rules_that_exist() -> None:
    known = {rule.code for rule in own_rules()}
    assert [one.code for one in MIGRATIONS] == [f"M00{number}" for number in range(1, 10)]
    assert len({one.name for one in MIGRATIONS}) == len(MIGRATIONS)
    codes = [code for one in MIGRATIONS for code in one.rules]
    assert set(codes) <= known
    assert len(codes) == len(set(codes)), "a finding belongs to one migration"


def test_migrations_are_chosen_by_code_and_name() -> None:
    assert chosen([]) == MIGRATIONS
    assert [one.code for one in chosen(["call-add-timeout", "M001"])] == ["M001", "M003"]
    with pytest.raises(UnknownMigration, match="did you mean M001"):
        chosen(["M011"])


def test_they_are_listed(capsys: Captured) -> None:
    assert main(["migrate", "--list"]) == 0
    assert capsys.readouterr().out.count("\n") == len(MIGRATIONS)


# -- scan, diff, write -----------------------------------------------------------------------------


def test_a_scan_writes_nothing_and_says_what_could_be_done(root: Path, capsys: Captured) -> None:
    assert main(["migrate"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith("b.py:4:5: M006 [RG401] only you know which exceptions may happen")
    assert out.splitlines()[1:] == [
        "M003 call-add-timeout: 1 can be mended, 0 for a human",
        "M006 broad-except-narrow-stub: 0 can be mended, 1 for a human",
        f"2 files checked; 1 file would be edited; 1 call to fix; 1 place for a human; {NO_SENDS}",
    ]
    assert err == ""
    assert ((root / "a.py").read_text(), (root / FOLDER).exists()) == (CALL, False)


def test_a_diff_shows_it_and_writes_nothing(root: Path, capsys: Captured) -> None:
    assert main(["migrate", "M003", "--diff"]) == 1
    out = capsys.readouterr().out
    assert "+    return requests.get(url, timeout=30)" in out
    assert (root / "a.py").read_text() == CALL
    subprocess.run(["git", "apply"], input=out, text=True, cwd=root, check=True)
    assert (root / "a.py").read_text() == FIXED
    assert main(["migrate", "M003", "--diff"]) == 0


def test_only_what_was_chosen_is_written_and_the_second_run_has_nothing_to_do(root: Path) -> None:
    assert main(["migrate", "M008", "--write", "."]) == 0
    assert (root / "a.py").read_text() == CALL
    assert main(["migrate", "M003", "--write", "a.py"]) == 0
    assert (root / "a.py").read_text() == FIXED
    git(root, "commit", "-q", "-am", "timeouts")
    assert main(["migrate", "M003", "--write"]) == 0
    assert (root / "a.py").read_text() == FIXED
    assert len(list((root / FOLDER).glob("*/journal.jsonl"))) == 1


def test_what_isnt_committed_stops_it(root: Path, capsys: Captured) -> None:
    (root / "new.py").write_text("x = 1\n")
    assert main(["migrate", "--write"]) == 2
    assert "the git tree isn't clean: new.py. Commit or stash it first" in capsys.readouterr().err
    assert (root / "a.py").read_text() == CALL
    assert main(["migrate", "--write", "--allow-dirty", "a.py"]) == 0
    assert (root / "a.py").read_text() == FIXED


def test_without_git_there_is_nothing_to_be_clean(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root))
    assert main(["migrate", "M003", "--write"]) == 0
    assert (root / "a.py").read_text() == FIXED


def test_its_own_journal_is_not_what_makes_a_tree_dirty_or_is_migrated(root: Path) -> None:
    assert main(["migrate", "M003", "--write"]) == 0
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=True
    )
    assert status.stdout == " M a.py\n"
    assert [path.read_text() for path in (root / FOLDER).glob("*/*.py")] == [CALL]
    assert main(["migrate", "M003"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["M999"], "no migration has the code or name 'M999'"),
        (["M003", "none.py"], "RG001"),
        (["--diff", "--write"], "not allowed with argument"),
        (["--verify", "true"], "--verify needs --write"),
        (["--diff", "--verify", "true"], "--verify needs --write"),
        (["undo"], "takes the id of one run"),
        (["undo", "never"], "no journal 'never' in"),
        (["--config", "none.toml"], "none.toml:1:1: can't be read"),
    ],
)
def test_bad_use(arguments: list[str], message: str, capsys: Captured) -> None:
    code = main(["migrate", *arguments])
    out, err = capsys.readouterr()
    assert message in out + err
    assert code == (1 if message == "RG001" else 2)


# -- undo ------------------------------------------------------------------------------------------


def test_a_run_can_be_undone_byte_by_byte(root: Path, capsys: Captured) -> None:
    data = ("\ufeff" + CALL.replace("\n", "\r\n")).encode()
    (root / "c.py").write_bytes(data)
    assert main(["migrate", "M003", "--write", "--allow-dirty"]) == 0
    id_ = journal_of(capsys.readouterr().err)
    assert (root / "c.py").read_bytes() != data
    assert main(["migrate", "undo", id_]) == 0
    assert capsys.readouterr() == ("a.py\nc.py\n", "2 files put back\n")
    assert ((root / "c.py").read_bytes(), (root / "a.py").read_text()) == (data, CALL)
    assert main(["migrate", "undo", id_]) == 0
    assert capsys.readouterr() == ("", "no files put back\n")


def test_undo_loses_nothing_that_was_written_since(root: Path, capsys: Captured) -> None:
    (root / "c.py").write_text(CALL)
    main(["migrate", "M003", "--write", "--allow-dirty", "--backup", "journals"])
    id_ = journal_of(capsys.readouterr().err)
    (root / "c.py").write_text("x = 1\n")
    assert main(["migrate", "undo", id_, "--backup", "journals"]) == 2
    assert "changed since: c.py; nothing was undone" in capsys.readouterr().err
    assert ((root / "a.py").read_text(), (root / "c.py").read_text()) == (FIXED, "x = 1\n")


def test_undo_says_which_file_it_cant_put_back(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert main(["migrate", "M003", "--write"]) == 0
    run = journal_of(capsys.readouterr().err)
    (root / "other").hardlink_to(root / "a.py")
    assert main(["migrate", "undo", run]) == 2
    assert capsys.readouterr().err.startswith("a.py: it has 2 names (hard links), and the others would keep")
    assert (root / "a.py").read_text() == FIXED

    def refuse(path: Path, old: bytes, new: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (root / "other").unlink()
    monkeypatch.setattr(journal, "write_back", refuse)
    assert main(["migrate", "undo", run]) == 2
    said = capsys.readouterr().err
    assert "a.py: Permission denied; when that is mended `migrate undo " in said
    assert said.count("\n") == 1


def test_a_file_with_hard_links_isnt_migrated(root: Path, capsys: Captured) -> None:
    (root / ".git" / "other").hardlink_to(root / "a.py")
    assert main(["migrate", "M003", "--write"]) == 1
    out, err = capsys.readouterr()
    assert "a.py: it has 2 names (hard links)" in out
    assert "migrate undo" not in err
    assert (root / "a.py").read_text() == CALL
    assert not (root / FOLDER).exists()


def test_a_journal_whose_last_line_was_cut_short_is_undone(root: Path) -> None:
    folder = root / "journals"
    journal = Journal(folder, root, NOW)
    (root / "a.py").write_text("new")
    journal.record(root / "a.py", b"old", b"new")
    lines = folder / journal.id / "journal.jsonl"
    lines.write_text(lines.read_text() + '{"file": "b.p')
    assert undo(folder, root, journal.id) == [root / "a.py"]
    assert (root / "a.py").read_text() == "old"


def test_a_damaged_journal_undoes_nothing(root: Path) -> None:
    folder = root / "journals"
    journal = Journal(folder, root, NOW)
    (root / "a.py").write_text("new")
    journal.record(root / "a.py", b"old", b"new")
    (folder / journal.id / "00001.py").write_text("older")
    with pytest.raises(NoSuchJournal, match=r"00001\.py isn't what was kept"):
        undo(folder, root, journal.id)
    wrong = b'{"file": 1, "backup": 2, "before": 3, "after": 4}\n'
    for line in (b"[]\n", b"\xff\n", wrong):
        (folder / journal.id / "journal.jsonl").write_bytes(line)
        with pytest.raises(NoSuchJournal, match="line 1 of it can't be read"):
            undo(folder, root, journal.id)
    assert (root / "a.py").read_text() == "new"
    (folder / journal.id / "journal.jsonl").unlink()  # killed before the first file was written
    assert undo(folder, root, journal.id) == []


def test_two_runs_of_one_second_have_two_journals(root: Path) -> None:
    ids: list[str] = []
    for number in range(3):
        journal = Journal(root / "journals", root, NOW)
        journal.record(root / "a.py", b"old", b"%d" % number)
        ids.append(journal.id)
    assert ids == ["20261121-120000", "20261121-120000-2", "20261121-120000-3"]
    with pytest.raises(CantUndo, match=r"changed since: a\.py"):
        undo(root / "journals", root, ids[0])


# -- verification ----------------------------------------------------------------------------------


def command(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def test_a_file_with_which_the_command_fails_is_put_back_and_the_others_stay(
    root: Path, capsys: Captured
) -> None:
    (root / "c.py").write_text(CALL)
    check = command("import pathlib; assert 'timeout' not in pathlib.Path('c.py').read_text(), 'not c'")
    assert main(["migrate", "M003", "--write", "--allow-dirty", "--verify", check]) == 1
    out, err = capsys.readouterr()
    assert ((root / "a.py").read_text(), (root / "c.py").read_text()) == (FIXED, CALL)
    assert "fails with its fixes (exit code 1): AssertionError: not c; the file is as it was" in out
    assert "1 file edited; 1 call fixed" in out
    assert "1 file left unchanged" in out
    assert main(["migrate", "undo", journal_of(err)]) == 0
    assert capsys.readouterr().out == "a.py\n"


def test_a_file_that_was_being_verified_is_put_back_on_an_interrupt(
    root: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        if (root / "a.py").read_text() == FIXED:
            raise KeyboardInterrupt
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", interrupted)
    assert main(["migrate", "M003", "--write", "--allow-dirty", "--verify", command("")]) == 130
    assert (root / "a.py").read_text() == CALL
    assert capsys.readouterr().err.endswith("interrupted\n")


def test_an_interrupted_run_says_how_it_is_undone(
    root: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "c.py").write_text(CALL)

    def check(self: Verifier, file: Path, *_: bytes) -> None:
        if file.name == "c.py":
            raise KeyboardInterrupt

    monkeypatch.setattr(Verifier, "check", check)
    assert main(["migrate", "M003", "--write", "--allow-dirty", "--verify", command("")]) == 130
    err = capsys.readouterr().err
    assert err.endswith("interrupted\n")
    monkeypatch.undo()
    monkeypatch.chdir(root)
    assert main(["migrate", "undo", journal_of(err)]) == 0
    assert ((root / "a.py").read_text(), (root / "c.py").read_text()) == (CALL, CALL)


def test_what_changed_while_the_command_ran_is_not_lost(root: Path, capsys: Captured) -> None:
    check = command("t = open('a.py').read(); 'timeout' in t and [open('a.py', 'a').write('# x'), exit(1)]")
    assert main(["migrate", "M003", "--write", "--verify", check]) == 1
    assert "a.py: `" in (out := capsys.readouterr().out)
    assert "it changed while that ran, and holds the fixes still" in out
    assert (root / "a.py").read_text() == f"{FIXED}# x"


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (
            command("print('no'); raise SystemExit(3)"),
            "fails before anything has changed (exit code 3): 'no'",
        ),
        ("no-such-command -q", "(exit code 127): 'No such file or directory'"),
        ("", "(exit code 127)"),
        ("pytest 'a", "(exit code 127): 'No closing quotation'"),
    ],
)
def test_a_command_that_fails_already_stops_it(root: Path, capsys: Captured, check: str, said: str) -> None:
    assert main(["migrate", "M003", "--write", "--verify", check]) == 2
    assert said in capsys.readouterr().err
    assert (root / "a.py").read_text() == CALL


# -- reports ---------------------------------------------------------------------------------------


def test_the_report_as_json(root: Path, capsys: Captured) -> None:
    (root / "mixed.py").write_bytes(CALL.replace("\n", "\r\n", 1).encode())
    (root / "broken.py").write_text("def\n")
    assert main(["migrate", "M003", "M006", "--write", "--allow-dirty", "--format", "json"]) == 1
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert (report["mode"], report["files_checked"], report["files_edited"]) == ("write", 4, ["a.py"])
    assert (report["calls_fixed"], report["self_sends_kept"]) == (1, None)
    assert report["migrations"]["M003"] == {"name": "call-add-timeout", "fixes": 1, "manual": 0}
    places = [(one["path"], one["line"], one["rule"], one["migration"]) for one in report["manual"]]
    assert places == [("b.py", 4, "RG401", "M006"), ("broken.py", 1, "RG001", "")]
    assert "its lines end in different ways" in report["left_alone"]["mixed.py"]
    assert report["journal"] == journal_of(err)


def test_the_report_as_markdown(capsys: Captured) -> None:
    assert main(["migrate", "M003", "M006", "--format", "md"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# Migration"
    assert "| M003 call-add-timeout | 1 | 0 |" in lines
    assert lines[lines.index("## Would be edited") + 2] == "- `a.py`"
    assert any(line.startswith("| `b.py:4` | M006 | RG401 | only you know") for line in lines)
