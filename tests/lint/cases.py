"""The rules' marker files: bad and good lines, with what is to be found beside them."""

import re
from collections.abc import Sequence
from pathlib import Path

from regrow.lint.engine import findings_of
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Role
from regrow.lint.parsing import parse
from regrow.lint.registry import own_rules
from regrow.lint.rule import Rule, known_names
from regrow.lint.suppressions import UNUSED

CASES = Path(__file__).parent / "cases"
FILES = [
    (folder.name.upper(), path)
    for folder in sorted(CASES.glob("rg*"))
    for path in sorted(folder.glob("*.py"))
]
"""The code of a rule, and one of its marker files."""
_EXPECTED = re.compile(r"# expect( below)?(?: (\d))?: ((?:RG\d{3})(?:, RG\d{3})*)")
_ROLE = re.compile(r"\A# role: (\w+)\n")


def rule(code: str) -> Rule:
    """The rule with this code."""
    return next(one for one in own_rules() if one.code == code)


def parsed(path: Path, data: bytes | None = None) -> SourceFile:
    """A marker file, or what has become of it; its first line may say its role."""
    data = path.read_bytes() if data is None else data
    role = _ROLE.match(data.decode())
    file = parse(data, path.name, role=Role(role[1]) if role else Role.CODE)
    assert isinstance(file, SourceFile), file
    return file


def expected(file: SourceFile, code: str) -> Sequence[int]:
    """The lines on which this rule has to find something, once for each time that they say so.

    A line above may say it, ``# expect below: RG105``, ``# expect below 2: RG105``: a comment there doesn't
    hinder a fix.
    """
    return [
        number + int(found[2] or bool(found[1]))
        for number, line in enumerate(file.text.content.split("\n"), 1)
        for found in _EXPECTED.finditer(line)
        for one in found[3].split(", ")
        if one == code
    ]


def found(file: SourceFile, code: str) -> list[Finding]:
    """What the rule finds, from top to bottom."""
    if code == UNUSED:  # takes all rules to know
        every = own_rules()
        return [one for one in findings_of(file, every, known_names(every))[0] if one.code == code]
    return sorted(rule(code).check(file), key=lambda finding: (finding.line, finding.column))
