"""An audit as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from regrow.lint.audit.model import OUTSIDE, WHOLE, Audit, AuditedFile
from regrow.lint.console import counted
from regrow.lint.escaping import code, plain

SCHEMA: Final = 1


def text(audit: Audit) -> Iterator[str]:
    """For people: the problems, the files that have some, worst first, and the suite."""
    for file in audit.files:
        for one in file.problems:
            code = f"{one.code} " if one.code else ""
            where = f" (in {one.unit})" if one.unit != OUTSIDE else ""
            yield f"{file.path}:{one.line}: {code}[{one.name}] {one.message}{where}"
    faulty = _worst_first(audit)
    if faulty:
        yield ""
        width = max(len(file.path) for file in faulty)
        for file in faulty:
            tests = counted(file.tests, "test")
            yield f"{file.path:<{width}}  score {file.score:>3}  {tests}: {_listed(file)}"
        yield ""
    for how, count in audit.isolation.items():
        yield f"{count:>6,}  isolation: {how}"
    for name, count in audit.problems.items():
        yield f"{count:>6,}  {name}"
    yield f"score {audit.score} of {WHOLE}{_limit(audit)}"


def as_json(audit: Audit) -> Iterator[str]:
    """For programs: everything."""
    document = {
        "schema": SCHEMA,
        "score": audit.score,
        "limit": audit.limit,
        "passed": audit.passed,
        "tests": audit.tests,
        "problems": audit.problems,
        "isolation": audit.isolation,
        "files": [_row(file) for file in audit.files],
    }
    yield json.dumps(document, indent=2, ensure_ascii=False)


def markdown(audit: Audit) -> Iterator[str]:
    """For a summary in CI."""
    yield f"## Test audit: {audit.score} of {WHOLE}{_limit(audit)}"
    yield ""
    yield f"{counted(audit.tests, 'test')} in {counted(len(audit.files), 'file')}."
    yield ""
    yield from _table(("problem", "number"), audit.problems)
    yield ""
    yield from _table(("isolation", "tests"), audit.isolation)
    faulty = _worst_first(audit)
    if faulty:
        yield ""
        yield "| file | score | tests | problems |"
        yield "|---|---|---|---|"
        for file in faulty:
            path = code(file.path, in_table=True)
            yield f"| {path} | {file.score} | {file.tests} | {plain(_listed(file))} |"


FORMATS: Final[Mapping[str, Callable[[Audit], Iterator[str]]]] = {
    "text": text,
    "json": as_json,
    "markdown": markdown,
}


def _worst_first(audit: Audit) -> list[AuditedFile]:
    return sorted((file for file in audit.files if file.problems), key=lambda file: (file.score, file.path))


def _limit(audit: Audit) -> str:
    if audit.limit == WHOLE:
        return ""
    return f" ({audit.limit} {'is' if audit.score >= audit.limit else 'would be'} enough)"


def _listed(file: AuditedFile) -> str:
    counts = Counter(problem.name for problem in file.problems)
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _table(head: tuple[str, str], counts: Mapping[str, int]) -> Iterator[str]:
    yield f"| {head[0]} | {head[1]} |"
    yield "|---|---|"
    for name, count in counts.items():
        yield f"| {plain(name)} | {count} |"


def _row(file: AuditedFile) -> dict[str, object]:
    return {
        "path": file.path,
        "score": file.score,
        "tests": file.tests,
        "async_tests": file.async_tests,
        "units": file.units,
        "isolation": dict(file.isolation),
        "problems": [
            {"line": one.line, "name": one.name, "code": one.code, "unit": one.unit, "message": one.message}
            for one in file.problems
        ],
    }
