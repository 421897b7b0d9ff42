"""The pages of the linter's rules in docs/rules/, out of the rules themselves.

Run: python tools/rule_pages.py --check | --write
"""

import argparse
import sys
from pathlib import Path

from regrow.lint.model import Safety, Scope
from regrow.lint.registry import own_rules, page, summary
from regrow.lint.rule import Rule

FOLDER = Path(__file__).parents[1] / "docs" / "rules"
FIXES = {
    None: "none",
    Safety.SAFE: "safe",
    Safety.UNSAFE: "unsafe",
    Safety.DISPLAY: "shown only",
}
FILES = {
    Scope.EVERYWHERE: "all files",
    Scope.CODE: "what ships, not tests",
    Scope.TESTS: "tests",
}
INDEX = """\
# The rules

<!-- written by tools/rule_pages.py -->

What `regrow check` finds; `regrow rule RG101` prints a page where there is no browser. A rule is off by
default when it would be wrong too often, or when it is a matter of taste; `extend-select` switches it on. A
code is never used for another rule again. [Checking code](../checking.md) says how rules are chosen, and how
a line is allowed to break one.

| code | name | what it finds | severity | default | looks at | fix |
|---|---|---|---|---|---|---|
{rows}

```{{toctree}}
:hidden:

{pages}
```
"""


def file_name(rule: Rule) -> str:
    return f"{rule.code.lower()}.md"


def facts(rule: Rule) -> list[str]:
    default = "on" if rule.default else "off"
    return [str(rule.severity), default, FILES[rule.scope], FIXES[rule.fix]]


def rule_page(rule: Rule) -> str:
    """A rule's own page: its facts, and the docstring of its module."""
    severity, default, files, fix = facts(rule)
    text = f"# {rule.code} {rule.name}\n\n<!-- written by tools/rule_pages.py -->\n\n"
    text += (
        f"Severity: {severity}. By default: {default}. Looks at: {files}. Fix: {fix}. Since: {rule.since}."
    )
    return f"{text}\n\n{page(rule).strip()}\n"


def index() -> str:
    """The table of all rules."""
    rules = own_rules()
    rows = [
        f"| [{rule.code}]({file_name(rule)}) | `{rule.name}` | {summary(rule)} | {' | '.join(facts(rule))} |"
        for rule in rules
    ]
    return INDEX.format(rows="\n".join(rows), pages="\n".join(rule.code.lower() for rule in rules))


def pages() -> dict[str, str]:
    """The name of each file in the folder -> what has to be in it."""
    return {"index.md": index(), **{file_name(rule): rule_page(rule) for rule in own_rules()}}


def stale(folder: Path = FOLDER) -> list[str]:
    """The files that are missing, not as they have to be, or about no rule."""
    wanted = pages()
    there = {file.name: file.read_text() for file in folder.glob("*.md")}
    return sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))


def write(folder: Path = FOLDER) -> None:
    folder.mkdir(exist_ok=True)
    wanted = pages()
    for name in stale(folder):
        if name in wanted:
            (folder / name).write_text(wanted[name])
        else:
            (folder / name).unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="fail when a page is not up to date")
    what.add_argument("--write", action="store_true", help="write them anew")
    if parser.parse_args().write:
        write()
    elif names := stale():
        listed = ", ".join(f"docs/rules/{name}" for name in names)
        print(f"{listed}: not up to date; run python tools/rule_pages.py --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
