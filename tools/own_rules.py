"""Hold this project to its own rules: nothing found in `src` and `tests`, every exception explained.

    python tools/own_rules.py

Prints the suppressions with their reasons, and how many there are. Exit code 1 if something is found, if the
audit of the tests finds something, or if there are more than 20 suppressions.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from regrow.lint.audit.formats import text
from regrow.lint.audit.run import audit_paths
from regrow.lint.configuration import Configuration, read
from regrow.lint.discovery import find
from regrow.lint.formats import rendered
from regrow.lint.run import check_paths
from regrow.lint.suppressions import Suppression, suppressions
from regrow.lint.text import Text

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = (ROOT / "src", ROOT / "tests")
MOST: Final = 20


def explained(configuration: Configuration) -> Iterator[tuple[str, Suppression]]:
    """The comments that switch a rule off, and the files that they stand in."""
    for source in find(FOLDERS, configuration).sources:
        for one in suppressions(Text(source.file.read_bytes())):
            yield source.path, one


def main() -> int:
    os.chdir(ROOT)  # paths are shown from here
    configuration = read(ROOT / "pyproject.toml")
    report = check_paths(FOLDERS, configuration)
    audit = audit_paths([ROOT / "tests"], configuration)
    found = list(explained(configuration))
    for path, one in found:
        print(f"{path}:{one.line}: {', '.join(one.selectors)}: {one.reason}")
    print(f"{len(found)} suppressions, at most {MOST}")
    for line in (*rendered(report, "concise"), *(() if audit.passed else text(audit))):
        print(line)
    print(
        f"{len(report.findings)} findings in {report.files} files; audit of the tests: {audit.score} of 100"
    )
    faults = report.findings or report.failures or report.skipped
    return int(bool(faults) or not audit.passed or len(found) > MOST)


if __name__ == "__main__":
    sys.exit(main())
