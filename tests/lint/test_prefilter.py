"""The prefilter: no file is spared in which a rule finds something."""

import ast
import re
from pathlib import Path

import pytest

from regrow.lint.checker import Checker
from regrow.lint.configuration import Configuration
from regrow.lint.discovery import source
from regrow.lint.file import SourceFile
from regrow.lint.prefilter import Prefilter
from regrow.lint.run import check_text
from regrow.lint.settings import Settings
from tests.lint.cases import FILES, found, parsed, rule


@pytest.mark.parametrize(("code", "path"), FILES, ids=lambda one: one.stem if isinstance(one, Path) else one)
def test_what_a_rule_finds_holds_a_trigger_of_it(code: str, path: Path) -> None:
    assert Prefilter([rule(code)]).passes(path.read_bytes()) or not found(parsed(path), code)


@pytest.mark.parametrize(("code", "path"), FILES, ids=lambda one: one.stem if isinstance(one, Path) else one)
def test_what_a_rule_finds_holds_a_trigger_of_it_without_the_rest_of_its_file(code: str, path: Path) -> None:
    whole = parsed(path)
    prefilter = Prefilter([rule(code)])
    for alone in {cut_out(whole, finding.line) for finding in found(whole, code)}:
        if found(parsed(path, alone), code):
            assert prefilter.passes(alone), alone.decode()


def cut_out(file: SourceFile, line: int) -> bytes:
    """A statement of the module alone, with the imports that it uses, and what the file says of its role."""
    around = [one for one in file.tree.body if one.lineno <= line <= (one.end_lineno or one.lineno)]
    text = "\n".join(map(ast.unparse, around))
    used = set(re.findall(r"\w+", text))
    imports = [
        ast.unparse(one)
        for one in file.tree.body
        if isinstance(one, ast.Import | ast.ImportFrom)
        and used & {(name.asname or name.name).partition(".")[0] for name in one.names}
    ]
    role = file.text.line(1)
    return "\n".join([role if role.startswith("# role: ") else "", *imports, text, ""]).encode()


def test_a_rule_without_triggers_may_find_something_anywhere() -> None:
    assert Prefilter([rule("RG001"), rule("RG301")]).passes(b"")
    assert not Prefilter([rule("RG001"), rule("RG101")]).passes(b"")


def test_whatever_was_asked_first_the_answer_is_the_same() -> None:
    prefilter = Prefilter([rule(code) for code in ("RG001", "RG002", "RG003", "RG101")])
    texts = [b"x = 1", b"create_task", b"# noqa", b"call_at", b"", b"x = 1", b"create_task"]
    answers = [False, True, True, True, False, False, True]
    assert [prefilter.passes(text) for text in texts] == answers
    assert [prefilter.passes(text) for text in reversed(texts)] == answers[::-1]


def test_what_the_settings_call_state_is_found_whatever_it_is_called(tmp_path: Path) -> None:
    lines = (
        *("import regrow as rg", "class Counter(rg.GenServer): pass"),
        *("def test_it():", "    counter = Counter()", "    assert counter.total == 1"),
    )
    settings = Settings(select=("RG603",), state_attributes=("total",))
    configuration = Configuration(tmp_path, None, settings)
    one = source(tmp_path / "test_a.py", configuration)
    report = check_text("\n".join(lines).encode(), one, configuration)
    assert [(one.line, one.message) for one in report.findings] == [
        (5, "total is the state of a process: ask it by a call")
    ]


def test_spared_lines_are_counted_and_still_have_to_be_a_program(tmp_path: Path) -> None:
    one = source(tmp_path / "a.py", Configuration(tmp_path))
    configuration = Configuration(tmp_path, None, Settings(select=("RG101",)))
    report = check_text(b"x = 1\ny = 2", one, configuration)
    assert (report.findings, report.lines, report.spared) == ((), 2, 2)
    report = check_text(b"x = 1\ndef f(:\n", one, configuration)
    assert ([finding.code for finding in report.findings], report.spared) == (["RG001"], 0)
    outcome = Checker(Settings(select=("RG101",), ignore=("RG001",))).check(b"def f(:\n", one)
    assert (outcome.findings, outcome.lines, outcome.spared) == ((), 1, True)
