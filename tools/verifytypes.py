"""Fail unless pyright finds every public symbol of the package completely typed.

Run: python tools/verifytypes.py
"""

import json
import subprocess
import sys
from typing import Any

PACKAGE = "regrow"


def report() -> dict[str, Any]:
    command = [sys.executable, "-m", "pyright", "--verifytypes", PACKAGE, "--ignoreexternal", "--outputjson"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.exit(f"verifytypes: pyright gave no report\n{done.stdout}{done.stderr}")
    return found


def main() -> int:
    completeness = report().get("typeCompleteness")
    if completeness is None:
        sys.exit(f"verifytypes: pyright did not find {PACKAGE}; is it installed, with py.typed?")
    for symbol in completeness["symbols"]:
        if symbol["isExported"] and not symbol["isTypeKnown"]:
            print(symbol["name"])
            for diagnostic in symbol["diagnostics"]:
                print("   ", diagnostic["message"])
    counts = completeness["exportedSymbolCounts"]
    known, total = counts["withKnownType"], sum(counts.values())
    print(f"verifytypes: {known} of {total} public symbols completely typed")
    return 0 if known == total else 1


if __name__ == "__main__":
    raise SystemExit(main())
