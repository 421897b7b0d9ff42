"""The rules, their files, their pages, their marker files and the changelog name the same codes."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from regrow.lint import rules as package
from regrow.lint.registry import own_rules, page, summary
from regrow.lint.rule import Rule
from tests.lint.cases import CASES

REPOSITORY = Path(__file__).parents[2]
PAGES = REPOSITORY / "docs" / "rules"
CODES = [rule.code for rule in own_rules()]
SECTIONS = [
    *("What it does", "Why is this bad?", "Example", "Use instead", "Fix safety", "Options"),
    *("Known problems", "References"),
]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rule_pages", REPOSITORY / "tools" / "rule_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_codes_and_names_are_used_once() -> None:
    assert sorted(set(CODES)) == CODES
    assert len({rule.name for rule in own_rules()}) == len(CODES)


def test_files_are_called_like_their_rules() -> None:
    files = sorted(file.stem for file in Path(package.__path__[0]).glob("rg*.py"))
    assert files == [f"{rule.code.lower()}_{rule.name.replace('-', '_')}" for rule in own_rules()]


def test_every_rule_has_marker_files() -> None:
    assert sorted(folder.name.upper() for folder in CASES.glob("rg*")) == [
        code for code in CODES if code != "RG001"
    ]


def test_every_rule_has_a_page_and_a_row(tool: ModuleType) -> None:
    assert tool.stale() == []
    assert sorted(file.stem.upper() for file in PAGES.glob("rg*.md")) == CODES
    table = (PAGES / "index.md").read_text()
    rows = re.findall(r"^\| \[(RG\d{3})\]\((\w+)\.md\) \| `([a-z-]+)` \|", table, re.MULTILINE)
    assert rows == [(rule.code, rule.code.lower(), rule.name) for rule in own_rules()]


def test_stale_pages_are_noticed_and_written_anew(tool: ModuleType, tmp_path: Path) -> None:
    tool.write(tmp_path)
    assert tool.stale(tmp_path) == []
    (tmp_path / "rg101.md").unlink()
    (tmp_path / "rg102.md").write_text("another text")
    (tmp_path / "rg999.md").write_text("no such rule")
    assert tool.stale(tmp_path) == ["rg101.md", "rg102.md", "rg999.md"]
    tool.write(tmp_path)
    assert tool.stale(tmp_path) == []


def test_the_changelog_names_all_rules() -> None:
    """One by one, or as `RG101 to RG107`."""
    text = (REPOSITORY / "CHANGELOG.md").read_text()
    told = set(re.findall(r"\bRG\d{3}\b", text))
    for first, last in re.findall(r"\b(RG\d{3}) (?:to|and) (RG\d{3})\b", text):
        assert first[:3] == last[:3]
        told |= {code for code in CODES if first <= code <= last}
    assert sorted(told) == CODES


@pytest.mark.parametrize("document", ["README.md", "docs/checking.md", "docs/migration.md", "docs/ci.md"])
def test_documents_name_rules_that_there_are(document: str) -> None:
    text = (REPOSITORY / document).read_text()
    assert set(re.findall(r"\bRG\d{3}\b", text)) <= set(CODES)
    known = {rule.code: rule.name for rule in own_rules()}
    for code, name in re.findall(r"\b(RG\d{3}) \[([a-z-]+)\]", text):
        assert known[code] == name


@pytest.mark.parametrize("rule", own_rules(), ids=lambda rule: rule.code)
def test_a_page_has_its_sections_in_their_order(rule: Rule) -> None:
    text = page(rule)
    assert summary(rule).endswith(".")
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert sections[:2] == ["What it does", "Why is this bad?"]
    assert sections == [section for section in SECTIONS if section in sections]
    assert not rule.options or "Options" in sections
    assert [option for option in rule.options if f"`{option}`" not in text] == []
    assert rule.fix is None or "Fix safety" in sections


@pytest.mark.parametrize("rule", own_rules(), ids=lambda rule: rule.code)
def test_a_page_names_rules_that_there_are(rule: Rule) -> None:
    assert set(re.findall(r"\bRG\d{3}\b", page(rule))) <= set(CODES)
