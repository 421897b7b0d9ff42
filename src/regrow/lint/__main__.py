"""``python -m regrow.lint``: the linter where nothing else is installed."""

import gc

# What is loaded stays to the end: to look through it for garbage again and again takes a tenth of a start.
gc.disable()

from regrow.lint.command import main  # noqa: E402

gc.enable()

if __name__ == "__main__":
    code = main()
    gc.freeze()  # nor is there any need to look through it on the way out
    raise SystemExit(code)
