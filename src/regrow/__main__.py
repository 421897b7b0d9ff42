"""``python -m regrow`` is the ``regrow`` command."""

from regrow.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
