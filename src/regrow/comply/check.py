"""What a check is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from regrow.comply.context import Context


class Check(ABC):
    """One check: it finds things to look at, and says what is wrong with each.

    Attributes:
        name: In kebab-case.
        title: What holds where it passes, in one line.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def subjects(self, context: Context) -> Sequence[str]:
        """What there is to look at.

        None at all means that the check could not run.

        Raises:
            CouldNotRun: It can't look, with the reason.
        """

    @abstractmethod
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        """Say what is wrong with one of them; nothing if all is well.

        Raises:
            CouldNotRun: It can't look at this one, with the reason.
        """

    @property
    def nothing(self) -> str:
        """Why it could not run where there is nothing to look at."""
        return "there is nothing to look at"
