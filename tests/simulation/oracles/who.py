"""How oracles name processes."""

from __future__ import annotations

from typing import Any, TypeAlias

Who: TypeAlias = Any
"""A Pid. Events call it by a bare interface, so that their types know nothing of the runtime."""
