"""The ``regrow`` command.

Its libraries come with the extra ``regrow[cli]``; without them the command says how to get them.
Data goes to the standard output, talk to the standard error.

Exit codes: 0 clean, 1 findings, 2 bad use or a missing extra, 3 no such thing, 101 a bug of ours.
"""

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from regrow.cli.exits import ExitCode

_EXTRA = ("click", "rich")
_HINT = """\
regrow: the command needs the extra 'cli' (missing: {missing}).
  Install it: pip install 'regrow[cli]'
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the ``regrow`` command.

    Args:
        argv: The arguments after the command's name. Default: those of this process.

    Returns:
        The exit code.
    """
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        sys.stderr.write(_HINT.format(missing=", ".join(missing)))
        return ExitCode.BAD_USE
    from regrow.cli.app import run

    return run(sys.argv[1:] if argv is None else argv)
