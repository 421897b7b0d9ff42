"""Regrow's pytest plugin, loaded by pytest at start.

It stands beside the package because importing anything of ``regrow`` here would make every
pytest run on the machine pay for it, and would hide the package's import from coverage.
Fixtures, when they come, import what they need inside.
"""
