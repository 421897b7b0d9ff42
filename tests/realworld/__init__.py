"""The linter on other people's code, fetched when it is wanted: ``python -m tests.realworld``."""
