"""Every rule finds what its marker files say, on these lines and no others."""

from pathlib import Path

import pytest

from regrow.lint.file import SourceFile
from regrow.lint.parsing import parse
from regrow.lint.registry import own_rules
from regrow.lint.rule import Rule
from tests.lint.cases import FILES, expected, found, parsed


@pytest.mark.parametrize(("code", "path"), FILES, ids=lambda one: one.stem if isinstance(one, Path) else one)
def test_finds_what_is_marked(code: str, path: Path) -> None:
    file = parsed(path)
    assert [finding.line for finding in found(file, code)] == expected(file, code)


@pytest.mark.parametrize(("code", "path"), FILES, ids=lambda one: one.stem if isinstance(one, Path) else one)
def test_messages_are_one_line(code: str, path: Path) -> None:
    for finding in found(parsed(path), code):
        assert finding.message.isprintable()
        assert finding.fix is None or finding.fix.message.isprintable()


# A file that can't be parsed is no marker file: see test_bad_input.py.
MARKED = [rule for rule in own_rules() if rule.code != "RG001"]


@pytest.mark.parametrize("rule", MARKED, ids=lambda rule: rule.code)
def test_every_rule_has_bad_and_good_lines(rule: Rule) -> None:
    files = [parsed(path) for code, path in FILES if code == rule.code]
    marked = sum(len(expected(file, rule.code)) for file in files)
    assert marked >= 3
    assert sum(file.text.lines for file in files) >= 3 * marked // 2


@pytest.mark.parametrize(
    ("module", "lines"),
    [
        ("docs.how-to.example", []),
        ("benchmarks.gzip", []),
        ("t.unit.case", []),
        ("shop.examples.one", [1]),
        ("shop.t", [1]),
    ],
)
def test_folders_beside_the_packages_dont_ship(module: str, lines: list[int]) -> None:
    file = parse(b"import pytest\n", "case.py", module=module)
    assert isinstance(file, SourceFile)
    assert [finding.line for finding in found(file, "RG105")] == lines
