"""The linter: rules for supervised asyncio code, on any Python code base.

Standard library alone, and `regrow.errors`: ``python -m regrow.lint`` works where nothing else is installed.
"""
