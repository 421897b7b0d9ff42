"""Every guarantee names tests that show it, and these exist."""

import ast
import re

import pytest

from tests.docs.blocks import REPOSITORY

PROMISES = (REPOSITORY / "docs" / "guarantees.md").read_text().partition("## What is not guaranteed")[0]
GUARANTEES = re.findall(r"^- (.+\n(?:  .*\n)*)", PROMISES, flags=re.MULTILINE)
NAMED = re.compile(r"^  - `(?P<file>[\w/]+\.py)::(?P<test>\w+)`$", flags=re.MULTILINE)


def functions_of(file: str) -> set[str]:
    tree = ast.parse((REPOSITORY / "tests" / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_guarantees() -> None:
    assert len(GUARANTEES) == PROMISES.count("\n- ") > 40


@pytest.mark.parametrize("guarantee", GUARANTEES, ids=lambda text: text.partition("\n")[0][:40])
def test_each_names_tests_that_exist(guarantee: str) -> None:
    named = [found.group("file", "test") for found in NAMED.finditer(guarantee)]
    assert named, "no test is named"
    assert [f"{file}::{test}" for file, test in named if test not in functions_of(file)] == []
