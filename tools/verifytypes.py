"""Fail unless pyright finds every public symbol of the package completely typed.

Run: python tools/verifytypes.py
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGE = "regrow"


def report() -> dict[str, Any]:
    command = [sys.executable, "-m", "pyright", "--verifytypes", PACKAGE, "--ignoreexternal", "--outputjson"]
    # With --verifytypes pyright looks into the first python of the path, whatever --pythonpath says.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.exit(f"verifytypes: pyright gave no report\n{done.stdout}{done.stderr}")
    return found


def main() -> int:
    found = report()
    completeness = found["typeCompleteness"]
    for symbol in completeness["symbols"]:
        if symbol["isExported"] and not symbol["isTypeKnown"]:
            for diagnostic in symbol["diagnostics"]:
                print(f"{symbol['name']}: {diagnostic['message'].splitlines()[0]}")
    for diagnostic in found["generalDiagnostics"]:
        print(diagnostic["message"])
    counts = completeness["exportedSymbolCounts"]
    known, total = counts["withKnownType"], sum(counts.values())
    print(f"verifytypes: {known} of {total} public symbols completely typed")
    # Nothing found is not everything typed.
    return 0 if 0 < known == total else 1


if __name__ == "__main__":
    raise SystemExit(main())
