"""Every rule finds its page's example, and nothing in what the page says to write instead."""

import re

import pytest

from regrow.lint.file import SourceFile
from regrow.lint.model import Role, Scope
from regrow.lint.parsing import parse
from regrow.lint.registry import own_rules, page
from regrow.lint.rule import Rule

# No file (RG001), what a whole run tells (RG002), and more lines than a page shows (RG106, RG608).
WITHOUT = {"RG001", "RG002", "RG106", "RG608"}
RULES = [rule for rule in own_rules() if rule.code not in WITHOUT]


def blocks(rule: Rule, section: str) -> list[str]:
    """The code of a page's section."""
    text = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", page(rule), re.DOTALL | re.MULTILINE)
    return re.findall(r"```python\n(.*?)```", text[1], re.DOTALL) if text is not None else []


def findings(rule: Rule, code: str) -> int:
    """How much a rule finds in some code, in the kind of file that it looks at."""
    role, name = (Role.TEST, "test_it.py") if rule.scope is Scope.TESTS else (Role.CODE, "it.py")
    file = parse(code.encode(), name, role=role)
    assert isinstance(file, SourceFile), file
    return len(list(rule.check(file)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_finds_its_example_only(rule: Rule) -> None:
    bad, good = blocks(rule, "Example"), blocks(rule, "Use instead")
    assert bad
    assert good
    assert all(findings(rule, code) > 0 for code in bad)
    assert [findings(rule, code) for code in good] == [0] * len(good)
