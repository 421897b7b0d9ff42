"""``python -m regrow.lint``: the linter where nothing else is installed."""

import gc

# A run is short, and its trees hold no cycles: to look through what is loaded for garbage takes a tenth of a
# start, and as long again on the way out.
gc.disable()

from regrow.lint.command import main  # noqa: E402

if __name__ == "__main__":
    code: int = main()
    gc.freeze()
    raise SystemExit(code)
