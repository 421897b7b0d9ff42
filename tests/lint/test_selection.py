"""Rules are selected by codes, prefixes, names and ALL."""

from collections.abc import Iterator

import pytest
from typing_extensions import override

from regrow.errors import UnknownRule
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding
from regrow.lint.rule import Rule
from regrow.lint.selection import selected
from regrow.lint.settings import Settings


class Quiet(Rule):
    """Finds nothing."""

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        return iter(())


class First(Quiet):
    code, name = "RG901", "first-rule"


class Second(Quiet):
    code, name = "RG902", "second-rule"
    default = False


RULES = (First(), Second())


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        (Settings(), ["RG901"]),
        (Settings(select=("RG9",)), ["RG901"]),
        (Settings(select=("RG902",)), ["RG902"]),
        (Settings(extend_select=("second-rule",)), ["RG901", "RG902"]),
        (Settings(select=("RG901", "RG902"), ignore=("first-rule",)), ["RG902"]),
        (Settings(ignore=("RG",)), []),
        (Settings(select=()), []),
    ],
)
def test_what_is_on(settings: Settings, codes: list[str]) -> None:
    assert [rule.code for rule in selected(RULES, settings)] == codes


def test_what_means_no_rule_is_an_error() -> None:
    with pytest.raises(UnknownRule) as caught:
        selected(RULES, Settings(select=("frist-rule",)))
    assert str(caught.value) == (
        "select: no rule has the code, prefix or name 'frist-rule'; did you mean first-rule?"
    )
