"""Comments that switch rules off, and what is wrong with those comments.

- ``# noqa: RG101 reason``: this line; only codes of the form ``RG123`` are looked at.
- ``# regrow: ignore[RG101, raw-send] reason``: this line, or the next one with code if the comment stands
  alone.
- ``# regrow: file-ignore[RG101] reason``: the whole file.
"""

from __future__ import annotations

import re
import tokenize
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from regrow.lint.comments import tokens
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding
from regrow.lint.rule import Rule, known_names
from regrow.lint.text import Text

UNUSED: Final = "RG002"
UNUSED_NAME: Final = "unused-suppression"
TRIGGERS: Final = ("oqa", "OQA", "egrow:", "EGROW:")
"""Every such comment holds one of these, unless it mixes small letters and capitals."""

_MAYBE: Final = re.compile(
    r"#[^\n]*?(?:\bnoqa\b[^\n]*\bRG\d{3}\b|\bregrow:\s*(?:file-)?ignore\b)", re.IGNORECASE
)
_NOQA: Final = re.compile(
    r"#\s*noqa\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:(?:\s*,\s*|\s+)[A-Z]+[0-9]+)*)\b(?P<reason>.*)", re.IGNORECASE
)
_IGNORE: Final = re.compile(
    r"#\s*regrow:\s*(?P<kind>file-ignore|ignore)\b(?:\s*\[(?P<codes>[^\]]*)\])?(?P<reason>.*)", re.IGNORECASE
)
_CODE: Final = re.compile(r"RG\d{3}\Z")
_NO_CODE: Final = frozenset(
    {tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
)


class Suppression(NamedTuple):
    """One comment.

    Attributes:
        selectors: The codes and names of rules that it switches off.
        reason: Why, empty if it doesn't say.
        line: Where the comment stands, from 1 on.
        column: Its first character, from 1 on.
        end_column: The character after its last one.
        covers: The line that it is about, None for the whole file.
    """

    selectors: tuple[str, ...]
    reason: str
    line: int
    column: int
    end_column: int
    covers: int | None

    def suppresses(self, finding: Finding) -> bool:
        """Whether it is about this finding."""
        if finding.code not in self.selectors and finding.name not in self.selectors:
            return False
        return self.covers is None or self.covers in {finding.line, finding.end_line}

    def finding(self, rule: Rule, file: SourceFile, message: str) -> Finding:
        """A finding about the comment itself."""
        return Finding(
            *(rule.code, rule.name, message, file.path, self.line, self.column, self.line, self.end_column),
            severity=rule.severity,
            text=file.text.excerpt(self.line, self.column),
        )


@lru_cache(maxsize=1)  # asked for by the rule about reasons, and once more after all rules
def suppressions(text: Text) -> tuple[Suppression, ...]:
    """The comments of a file that switch rules off, from top to bottom."""
    lowered = text.content.lower()  # most files have neither word: many times faster than the expression
    if ("noqa" not in lowered and "regrow:" not in lowered) or _MAYBE.search(text.content) is None:
        return ()
    found: list[Suppression] = []
    waiting: list[tuple[tokenize.TokenInfo, re.Match[str]]] = []
    code_line = 0
    for token in tokens(text.content):
        line = token.start[0]
        if token.type not in _NO_CODE:
            found += [_made(match, comment, line) for comment, match in waiting]
            waiting.clear()
            code_line = token.end[0]
        elif token.type == tokenize.COMMENT:
            match = _NOQA.search(token.string)
            if match is not None and any(_CODE.match(code) for code in _split(match)):
                found.append(_made(match, token, line))
            match = _IGNORE.search(token.string)
            if match is None:
                continue
            if match["kind"].lower() == "file-ignore":
                found.append(_made(match, token, None))
            elif code_line == line:
                found.append(_made(match, token, line))
            else:
                waiting.append((token, match))
    found += [_made(match, comment, comment.start[0]) for comment, match in waiting]
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


def suppress(
    file: SourceFile,
    findings: Sequence[Finding],
    rules: Sequence[Rule],
    *,
    known: Collection[str] = (),
    failed: Collection[str] = (),
) -> list[Finding]:
    """Leave out the findings that a comment switches off; say which comments switch off nothing.

    Args:
        file: The file.
        findings: Its findings.
        rules: The rules that are on.
        known: The codes and names of all rules, those that are off among them; a comment that names
            another one is reported. Default: comments aren't checked for that.
        failed: Codes of rules that couldn't look at the file: what they would have found isn't known.
    """
    comments = suppressions(file.text)
    if not comments:
        return list(findings)
    used: set[tuple[int, str]] = set()
    kept: list[Finding] = []
    for finding in findings:
        about = [number for number, one in enumerate(comments) if one.suppresses(finding)]
        used |= {(number, name) for number in about for name in (finding.code, finding.name)}
        if not about:
            kept.append(finding)
    reporter = next((rule for rule in rules if rule.code == UNUSED), None)
    if reporter is None:
        return kept
    judged = known_names(rule for rule in rules if rule.code not in failed)
    for number, comment in enumerate(comments):
        left = [name for name in comment.selectors if (number, name) not in used]
        complaints = _complaints(comment, left, judged, known)
        kept += [comment.finding(reporter, file, message) for message in complaints]
    return sorted(kept, key=lambda one: (one.line, one.column, one.code))


def _complaints(
    comment: Suppression, left: Sequence[str], judged: Collection[str], known: Collection[str]
) -> Iterator[str]:
    if not comment.selectors:
        yield "this comment names no rule: write `# regrow: ignore[name] reason`"
    for name in left:
        if name in judged:
            yield f"{name} finds nothing here: delete it from this comment"
        elif known and name not in known:
            yield f"there is no rule {name}: correct it, or delete it from this comment"


def _split(match: re.Match[str]) -> tuple[str, ...]:
    return tuple(one for one in re.split(r"[,\s]+", match["codes"] or "") if one)


def _made(match: re.Match[str], comment: tokenize.TokenInfo, covers: int | None) -> Suppression:
    selectors = _split(match)
    if match.re is _NOQA:
        selectors = tuple(code for code in selectors if _CODE.match(code))
    line, column = comment.start
    reason = match["reason"].strip(" \t#:-.")
    return Suppression(selectors, reason, line, column + 1 + match.start(), comment.end[1] + 1, covers)
