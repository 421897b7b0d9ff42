"""One file through all rules: a rule that fails is named, and the others go on."""

import gc
from collections.abc import Iterator

import pytest
from typing_extensions import override

from regrow.lint.engine import applies, check_file, without_gc
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Role, Scope
from regrow.lint.parsing import parse
from regrow.lint.rule import Rule
from tests.lint.cases import rule


class Broken(Rule):
    code, name = "RG901", "broken"

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        raise ZeroDivisionError(file.path)


class Deep(Broken):
    code, name = "RG902", "deep"

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        raise RecursionError


def test_a_rule_that_fails_is_named_and_the_others_go_on() -> None:
    file = parse(b"import asyncio\n\nasyncio.create_task(f())\n", "a.py")
    assert isinstance(file, SourceFile)
    findings, failures = check_file(file, [Broken(), Deep(), rule("RG101")])
    assert [(one.code, one.line) for one in findings] == [("RG001", 1), ("RG101", 3)]
    assert findings[0].message == "RG902 can't look at it: nested too deeply"
    assert [(one.path, one.code, one.error) for one in failures] == [
        ("a.py", "RG901", "ZeroDivisionError: a.py")
    ]


@pytest.mark.parametrize(("scope", "roles"), [(Scope.CODE, "code script"), (Scope.TESTS, "test support")])
def test_a_rule_looks_at_the_files_of_its_scope(scope: Scope, roles: str) -> None:
    kind = type("Scoped", (Broken,), {"scope": scope})
    assert {role for role in Role if applies(kind(), role)} == {Role(one) for one in roles.split()}


def test_the_collector_is_as_it_was() -> None:
    assert gc.isenabled()
    with without_gc():
        assert not gc.isenabled()
    assert gc.isenabled()
