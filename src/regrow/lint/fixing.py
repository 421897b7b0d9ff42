"""Fixes made in a file, until there are none left; and the file written back as it was encoded."""

from __future__ import annotations

import ast
import os
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from regrow.errors.fixing import CantEncode, FileChanged, FixesDontSettle, HardLinked, MixedLineEnds
from regrow.lint.comments import comments
from regrow.lint.discovery import shown
from regrow.lint.file import SourceFile
from regrow.lint.fixes.edits import apply, is_sound, without_overlaps
from regrow.lint.fixes.imports import with_imports
from regrow.lint.model import Finding, Fix, Safety
from regrow.lint.parsing import parse
from regrow.lint.replacing import replacing

Check: TypeAlias = Callable[[SourceFile], Iterable[Finding]]

MAX_ROUNDS: Final = 10


@dataclass(frozen=True, slots=True)
class Fixed:
    """What came of fixing a file.

    Attributes:
        data: Its bytes afterwards.
        made: The findings whose fixes were made.
        left: The findings of the last round: without a fix, or with one that wasn't asked for.
        refused: Findings whose fix would have broken the file or lost a comment: bugs of their rules.
    """

    data: bytes
    made: tuple[Finding, ...]
    left: tuple[Finding, ...]
    refused: tuple[Finding, ...]


def fix_file(data: bytes, file: SourceFile, check: Check, *, unsafe: bool = False) -> Fixed:
    """Make the fixes of a file again and again until no more is found.

    Args:
        data: The file's bytes.
        file: The same, parsed.
        check: What finds: the rules, with suppressed findings left out.
        unsafe: Whether fixes are made that may change what the program does. Default False.

    Raises:
        MixedLineEnds: There is something to fix and the lines end in different ways.
        CantEncode: The file's encoding lacks a character of the new text.
        FixesDontSettle: There is something to fix after ten rounds.
    """
    wanted = {Safety.SAFE, Safety.UNSAFE} if unsafe else {Safety.SAFE}
    made: list[Finding] = []
    refused: list[Finding] = []
    open_: list[Finding] = []
    for _ in range(MAX_ROUNDS + 2):  # the last two find nothing, and what was refused
        findings = list(check(file))
        broken = {one.fix for one in refused}
        open_ = [one for one in findings if one.fix and one.fix.safety in wanted and one.fix not in broken]
        if not open_:
            return Fixed(data, tuple(made), tuple(findings), tuple(refused))
        if file.text.is_mixed:
            raise MixedLineEnds(file.path)
        content, done, failed = _round(file.text.content, open_)
        made += done
        refused = failed if not done else []  # what was done moves the others: they are tried anew
        if done:
            data = _encoded(file, content)
            file = _parsed_again(data, file)
    raise FixesDontSettle(file.path, sorted({one.code for one in open_}), MAX_ROUNDS)


def _round(content: str, findings: Sequence[Finding]) -> tuple[str, list[Finding], list[Finding]]:
    """The new text, whose fixes were made, and whose would break it."""
    sound = [one for one in findings if one.fix and is_sound(content, one.fix.edits)]
    failed = [one for one in findings if one not in sound]
    by_fix = {one.fix: one for one in sound if one.fix}
    together = without_overlaps(by_fix)
    new = _made(content, together)
    if new is None:  # one of them breaks it: which?
        good: list[Fix] = []
        for fix in together:
            if _made(content, [*good, fix]) is None:
                failed.append(by_fix[fix])
            else:
                good.append(fix)
        together, new = good, _made(content, good)
    assert new is not None
    return new, [by_fix[fix] for fix in together], failed


def _made(content: str, fixes: Sequence[Fix]) -> str | None:
    """The text with these fixes; None if it is no longer a program then, or lacks a comment."""
    edits = [edit for fix in fixes for edit in fix.edits]
    new = apply(content, edits)
    imports = [one for fix in fixes for one in fix.imports]
    if imports and parses(new):
        new = with_imports(new, imports)
    if not parses(new) or (compiles(content) and not compiles(new)):
        return None
    touched = any("#" in content[edit.start : edit.end] for edit in edits)
    return None if touched and _comments(content) - _comments(new) else new


def parses(content: str) -> bool:
    """Whether its syntax is right; a ``return`` or ``await`` may stand where it may not."""
    return _is_accepted(content, ast.PyCF_ONLY_AST)


def compiles(content: str | bytes) -> bool:
    """Whether it is a program to this interpreter."""
    return _is_accepted(content, 0)


def _is_accepted(content: str | bytes, flags: int) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(content, "<fixed>", "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _comments(content: str) -> Counter[str]:
    return Counter(text for _, text in comments(content))


def _encoded(file: SourceFile, content: str) -> bytes:
    try:
        return file.text.encode(content)
    except UnicodeEncodeError:
        raise CantEncode(file.path, file.text.encoding) from None


def _parsed_again(data: bytes, file: SourceFile) -> SourceFile:
    again = parse(
        data,
        file.path,
        module=file.module,
        role=file.role,
        settings=file.settings,
        project=file.project._replace(absent=frozenset()),  # a fix may have written it
    )
    assert isinstance(again, SourceFile), again
    return again


def write_back(path: Path, old: bytes, new: bytes) -> None:
    """Put `new` in the place of `old`: wholly or not at all, with the same mode; a link stays a link.

    It keeps its owner where whoever runs this may give files away.

    Raises:
        FileChanged: The file doesn't hold `old` any more.
        HardLinked: It has other names.
        OSError: It can't be read or written, as where it is read-only.
    """
    target = path.resolve()
    with target.open("r+b"):  # another file may take its place even where it is read-only
        had = target.stat()
    check_links(path)
    with replacing(target) as made:
        made.write_bytes(new)
        if sys.platform != "win32":
            with suppress(OSError):  # only root may give files away, and not everywhere
                os.chown(made, had.st_uid, had.st_gid)
        shutil.copymode(target, made)
        _check_unchanged(path, old)


def check_links(path: Path) -> None:
    """Refuse a file whose place another file can't take.

    Raises:
        HardLinked: It has other names, which would keep the old one.
        OSError: It can't be looked at.
    """
    names = path.stat().st_nlink
    if names > 1:
        raise HardLinked(shown(path), names)


def _check_unchanged(path: Path, old: bytes) -> None:
    if path.read_bytes() != old:
        raise FileChanged(path.as_posix())
