"""What each rule's fixes make of its marker files, and that a second run has nothing left to do."""

from pathlib import Path

import pytest

from regrow.lint.fixing import compiles
from regrow.lint.model import Safety
from regrow.lint.registry import own_rules, page
from tests.lint.cases import CASES, found, parsed, rule
from tests.lint.golden import fixed

GOLDEN = [(path.parent.name.upper(), path) for path in sorted(CASES.glob("rg*/*.fixed"))]
FIXING = [one for one in own_rules() if one.fix is not None]


def name(value: object) -> str:
    return value.stem if isinstance(value, Path) else str(value)


@pytest.mark.parametrize(("code", "golden"), GOLDEN, ids=name)
def test_fixes_make_what_the_golden_file_says_and_then_nothing_more(code: str, golden: Path) -> None:
    source = golden.with_suffix(".py")
    result = fixed(source, code)
    assert result.data.decode() == golden.read_text()
    assert result.made
    assert result.refused == ()
    assert compiles(result.data.decode())
    again = fixed(source, code, result.data)
    assert (again.made, again.refused, again.data) == ((), (), result.data)


@pytest.mark.parametrize("code", [one.code for one in FIXING])
def test_what_a_rule_says_of_its_fixes_is_so(code: str) -> None:
    one = rule(code)
    files = [parsed(path) for path in sorted((CASES / code.lower()).glob("*.py"))]
    fixes = [finding.fix for file in files for finding in found(file, code) if finding.fix is not None]
    made = {fix.safety for fix in fixes if fix.edits}
    assert fixes
    assert next((one for one in Safety if one in made), Safety.DISPLAY) is one.fix
    assert all(fix.safety is Safety.DISPLAY for fix in fixes if not fix.edits)
    assert all("\n" not in fix.message and not fix.message.endswith(".") for fix in fixes)
    golden = {path.stem for owner, path in GOLDEN if owner == code}
    assert bool(golden) == bool(made), "a golden file for what it fixes: python -m tests.lint.golden"


SOURCES = [(one.code, path) for one in FIXING for path in sorted((CASES / one.code.lower()).glob("*.py"))]


@pytest.mark.parametrize(("code", "source"), SOURCES, ids=name)
def test_every_marker_file_is_a_program_after_its_fixes_and_is_left_then(code: str, source: Path) -> None:
    result = fixed(source, code)
    assert result.refused == ()
    assert compiles(result.data.decode()) or not compiles(source.read_text())
    assert fixed(source, code, result.data).data == result.data


@pytest.mark.parametrize("code", [one.code for one in FIXING])
def test_the_page_of_a_rule_with_fixes_says_how_safe_they_are(code: str) -> None:
    assert "## Fix safety" in page(rule(code))
