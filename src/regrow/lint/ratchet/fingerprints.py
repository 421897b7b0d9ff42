"""What a finding is known by when lines move and files are renamed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from regrow.lint.model import Finding

_DIGITS = 16


def fingerprint(finding: Finding) -> str:
    """The digest of its rule, of the function that it stands in, and of its line without white space.

    Neither its file nor its line's number go into it, so two findings may have the same one.
    """
    parts = (finding.code, finding.scope, "".join(finding.text.split()))
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


def numbered(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Findings and their fingerprints with ``:1``, ``:2``, ... at their ends: each once in a file."""
    seen: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        mark = fingerprint(finding)
        seen[finding.path, mark] += 1
        yield finding, f"{mark}:{seen[finding.path, mark]}"
