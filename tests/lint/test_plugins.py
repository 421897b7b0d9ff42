"""Rules of other distributions: found by their entry points, and a broken one is one error."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from regrow.errors import BadRule
from regrow.lint.command import main
from regrow.lint.registry import all_rules, own_rules
from tests.docs.blocks import blocks_of

Captured = pytest.CaptureFixture[str]
RULE = '''"""Calls of print.

## What it does

Finds `print(...)`.
"""
from regrow.lint.rule import Rule

class NoPrint(Rule):
    code, name = "ACME001", "no-print"

    def check(self, file):
        for call in file.calls_named("print"):
            yield file.finding(self, call, "use logging")

RULE = NoPrint()
'''


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of distributions on the path."""
    (tmp_path / "site").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.chdir(tmp_path / "work")
    (tmp_path / "work" / "pyproject.toml").write_text("[tool.regrow.check]\n")
    (tmp_path / "work" / "a.py").write_text("print(1)\n")
    all_rules.cache_clear()
    yield tmp_path / "site"
    all_rules.cache_clear()
    sys.modules.pop("acme_rules", None)


def install(site: Path, source: str = RULE, points: str = "acme = acme_rules:RULE") -> None:
    (site / "acme_rules.py").write_text(source)
    folder = site / "acme-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[regrow.rules]\n{points}\n")


def test_without_any_there_are_our_own() -> None:
    assert all_rules() == own_rules()


def test_a_rule_of_another_distribution_is_a_rule(site: Path, capsys: Captured) -> None:
    install(site)
    assert main(["check", "--format", "sarif"]) == 1
    assert '"ACME001"' in capsys.readouterr().out
    assert main(["check", "--select", "no-print"]) == 1
    assert capsys.readouterr().out == "a.py:1:1: ACME001 [no-print] use logging\n"
    assert main(["rule", "ACME001"]) == 0
    assert capsys.readouterr().out.startswith("# ACME001 no-print\n\nCalls of print.\n")
    assert main(["baseline", "write"]) == 0
    assert main(["check", "--ignore", "ACME"]) == 0
    (site.parent / "work" / "a.py").write_text("print(1)  # regrow: ignore[no-print] a script\n")
    assert main(["check"]) == 0


def test_its_source_counts_for_the_cache(site: Path, capsys: Captured) -> None:
    install(site)
    assert main(["check"]) == 1
    (site / "acme_rules.py").write_text(RULE.replace("use logging", "use a logger"))
    sys.modules.pop("acme_rules")
    all_rules.cache_clear()
    capsys.readouterr()
    assert main(["check"]) == 1
    assert capsys.readouterr().out == "a.py:1:1: ACME001 [no-print] use a logger\n"


@pytest.mark.parametrize(
    ("source", "points", "problem"),
    [
        (RULE, "acme = gone:RULE", "ModuleNotFoundError: No module named 'gone'"),
        (RULE, "acme = acme_rules:GONE", "AttributeError: module 'acme_rules' has no attribute 'GONE'"),
        ("1 / 0", "acme = acme_rules:RULE", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(0)", "acme = acme_rules:RULE", "SystemExit: 0"),
        ("raise ValueError('two\\nlines')", "acme = acme_rules:RULE", "ValueError: two lines"),
        ("def f(:", "acme = acme_rules:RULE", "SyntaxError: invalid syntax"),
        (RULE, "acme = acme_rules:NoPrint", "it is <class 'acme_rules.NoPrint'>"),
        ("RULE = 3", "acme = acme_rules:RULE", "it is 3"),
        (RULE.replace("def check", "def chck"), "acme = acme_rules:RULE", "TypeError: Can't instantiate"),
        (RULE.replace('code, name = "ACME001", ', "name = "), "acme = acme_rules:RULE", "it has no code"),
        (RULE.replace("ACME001", "RG999"), "acme = acme_rules:RULE", "its code 'RG999' has to be capitals"),
        (RULE.replace("no-print", "No_Print"), "acme = acme_rules:RULE", "has to be in kebab-case"),
        (RULE.replace("no-print", "raw-send"), "acme = acme_rules:RULE", "raw-send is the code or name of a"),
        (RULE, "acme = acme_rules:RULE\nacme2 = acme_rules:RULE", "ACME001 is the code or name of a rule of"),
    ],
)
def test_a_broken_one_is_one_error(
    site: Path, source: str, points: str, problem: str, capsys: Captured
) -> None:
    install(site, source, points)
    with pytest.raises(BadRule) as caught:
        all_rules()
    assert problem in str(caught.value)
    assert main(["check"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("python -m regrow.lint: entry point acme")


def test_the_rule_of_the_page_works(site: Path, capsys: Captured) -> None:
    blocks = [block.text for block in blocks_of("docs/checking.md")]
    (source,) = [text for text in blocks if text.startswith("# acme_rules.py\n")]
    (points,) = [text for text in blocks if "regrow.rules" in text]
    install(site, source.partition("\n")[2], points.splitlines()[-1].replace('"', ""))
    (site.parent / "work" / "a.py").write_text("from builtins import print as p\np(1)\n")
    assert main(["check"]) == 1
    assert capsys.readouterr().out == "a.py:2:1: ACME001 [no-print] log it instead\n"
    assert main(["rule", "no-print"]) == 0
    assert "Nobody reads the output of a service." in capsys.readouterr().out


def test_one_that_fails_on_a_file_is_told_and_the_others_go_on(site: Path, capsys: Captured) -> None:
    install(site, RULE.replace("yield file", "yield call.gone or file"))
    (site.parent / "work" / "a.py").write_text("import asyncio\nasyncio.create_task(print(1))\n")
    assert main(["check"]) == 101
    out, err = capsys.readouterr()
    assert out.startswith("a.py:2:1: RG101")
    assert (
        "a.py: ACME001 failed, a bug of its own: AttributeError: 'Call' object has no attribute 'gone'" in err
    )
    assert f"acme_rules.py:{14}" in err


def test_a_process_that_ends_is_told(site: Path, capsys: Captured) -> None:
    install(site, RULE.replace("for call in", "__import__('os')._exit(9)\n        for call in"))
    for number in range(4):
        (site.parent / "work" / f"m{number}.py").write_text("print(1)\n")
    assert main(["check", "-j", "2"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("python -m regrow.lint: a worker process ended before its files were looked at")
