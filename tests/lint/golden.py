"""What fixes make of marker files: ``fixes.fixed`` beside ``fixes.py``.

``python -m tests.lint.golden RG104`` writes that of a rule anew; look at what it changed.
"""

import sys
from pathlib import Path

from regrow.lint.fixing import Fixed, fix_file
from tests.lint.cases import CASES, parsed, rule


def fixed(path: Path, code: str, data: bytes | None = None) -> Fixed:
    """A marker file with all fixes of a rule made, the unsafe ones too.

    Args:
        path: The marker file.
        code: The rule.
        data: What stands in it; default: what does.
    """
    file = parsed(path, data)
    return fix_file(path.read_bytes() if data is None else data, file, rule(code).check, unsafe=True)


def main() -> None:
    """Write the files of the rules named."""
    for code in sys.argv[1:]:
        for path in sorted((CASES / code.lower()).glob("fixes*.py")):
            result = fixed(path, code)
            if result.made:
                path.with_suffix(".fixed").write_bytes(result.data)
                sys.stdout.write(f"{path.with_suffix('.fixed')}: {len(result.made)} fixes\n")


if __name__ == "__main__":
    main()
