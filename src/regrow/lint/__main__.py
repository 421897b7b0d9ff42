"""``python -m regrow.lint``: the linter where nothing else is installed."""

from regrow.lint.command import main

if __name__ == "__main__":
    raise SystemExit(main())
