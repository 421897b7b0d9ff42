"""What pure values may know of a process: its address."""

from __future__ import annotations

from typing import Protocol


class Address(Protocol):
    """One incarnation of a process: system name, serial number and the system's incarnation.

    The runtime's `Pid` is the implementation; events, reasons and specs only need this much of it.
    """

    @property
    def system_name(self) -> str:
        """Name of the System that the process belongs to."""
        ...

    @property
    def serial(self) -> int:
        """Number of the process within its System, never used twice."""
        ...

    @property
    def incarnation(self) -> int:
        """Which start of the System it was born in."""
        ...

    @property
    def registered_name(self) -> str | None:
        """The name it is, or was last, registered under."""
        ...
