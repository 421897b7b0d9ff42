"""Bringing the tasks and processes of a test into step."""
