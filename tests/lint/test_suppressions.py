"""Comments that switch rules off: what they are about, and what is said of them."""

import pytest

from regrow.lint.engine import findings_of
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding
from regrow.lint.parsing import parse
from regrow.lint.registry import own_rules
from regrow.lint.rule import known_names
from regrow.lint.settings import Settings
from tests.lint.cases import rule

RULES = own_rules()
SPAWN = "asyncio.create_task(f())"


def check(source: str, settings: Settings | None = None, *codes: str) -> list[Finding]:
    file = parse(f"import asyncio\n{source}\n".encode(), "a.py", settings=settings)
    assert isinstance(file, SourceFile), file
    rules = [rule(code) for code in codes] or RULES
    findings, failures = findings_of(file, rules, known_names(RULES))
    assert failures == []
    return findings


def seen(source: str, settings: Settings | None = None, *codes: str) -> list[tuple[str, int]]:
    return [(one.code, one.line) for one in check(source, settings, *codes)]


@pytest.mark.parametrize(
    "source",
    [
        f"{SPAWN}  # noqa: RG101 because",
        f"{SPAWN}  # noqa: BLE001,RG101 because",
        f"{SPAWN}  # noqa: BLE001 RG101 because",
        f"{SPAWN}  # type: ignore  # noqa: RG101 because",
        f"{SPAWN}  # regrow: ignore[unsupervised-spawn] because",
        f"# regrow: ignore[RG101] because\n\n{SPAWN}",
        f"def g():\n    # regrow: ignore[RG101] because\n    {SPAWN}",
        f"{SPAWN}\n\n# regrow: file-ignore[RG101] because",
        "asyncio.create_task(\n    f()\n)  # noqa: RG101 because",
        "asyncio.create_task(  # noqa: RG101 because\n    f()\n)",
    ],
)
def test_a_comment_switches_a_rule_off(source: str) -> None:
    assert seen(source) == []


@pytest.mark.parametrize(
    "source",
    [
        f"# noqa: RG102 because\n{SPAWN}",
        f"text = '# regrow: file-ignore[RG101] because'; {SPAWN}",
        f"{SPAWN}  # noqa",
        f"{SPAWN}  # regrow: ignored[RG101] because",
    ],
)
def test_other_comments_and_texts_do_not(source: str) -> None:
    assert [code for code, _ in seen(source, None, "RG101")] == ["RG101"]


def test_a_comment_within_what_is_found_is_about_something_else() -> None:
    lines = "asyncio.create_task(\n    f()  # noqa: RG101 because\n)"
    assert seen(lines, None, "RG101") == [("RG101", 2)]


def test_a_comment_is_about_its_own_line() -> None:
    assert seen(f"{SPAWN}  # noqa: RG101 because\n{SPAWN}") == [("RG101", 3)]


def test_what_is_wrong_with_a_comment_is_said_where_it_stands() -> None:
    (finding,) = check("x = 1  # type: int  # noqa: RG101 because")
    assert (finding.code, finding.name, finding.line, finding.column) == (
        "RG002",
        "unused-suppression",
        2,
        21,
    )
    assert finding.message == "RG101 finds nothing here: delete it from this comment"
    assert finding.end_column == 42
    assert finding.text == "x = 1  # type: int  # noqa: RG101 because"


def test_each_fault_of_a_comment_has_its_text() -> None:
    assert [one.message for one in check("# regrow: ignore\nx = 1  # regrow: ignore[RG77]\n")] == [
        "this comment names no rule: write `# regrow: ignore[name] reason`",
        "there is no rule RG77: correct it, or delete it from this comment",
        "say why RG77 may be broken here: write the reason after it",
    ]


def test_a_reason_is_asked_for_unless_the_settings_say_otherwise() -> None:
    source = f"{SPAWN}  # noqa: RG101"
    assert [one.message for one in check(source)] == [
        "say why RG101 may be broken here: write the reason after it"
    ]
    assert check(source, Settings(require_reason=False)) == []


def test_only_rules_that_are_on_are_judged() -> None:
    source = "x = 1  # noqa: RG101 because"
    assert seen(source, None, "RG002", "RG601") == []
    assert seen(source, None, "RG002", "RG101") == [("RG002", 2)]
    assert seen(source, None, "RG101") == []
