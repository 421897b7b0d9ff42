"""Bugs to plant into the child, by patching the library from outside."""

PLANTS: tuple[str, ...] = ()


def plant(name: str) -> None:
    """Plant the bug with this name."""
