"""Whether a file holds anything that rules look for, told by its bytes."""

from __future__ import annotations

from collections.abc import Sequence

from regrow.lint.parsing import CODE
from regrow.lint.rule import Rule


class Prefilter:
    """The triggers of some rules.

    Args:
        rules: The rules. One without triggers may find something in any file.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        # Not counting the rule of files that can't be parsed: the parser finds these.
        looking = [rule for rule in rules if rule.code != CODE]
        self._any = any(not rule.triggers for rule in looking)
        self._triggers = sorted({trigger.encode() for rule in looking for trigger in rule.triggers})

    def passes(self, data: bytes) -> bool:
        """Whether a rule may find something in a file."""
        if self._any:
            return True
        triggers = self._triggers
        for number, trigger in enumerate(triggers):
            if trigger in data:
                # What one file holds the next one is likely to hold: it is asked first from now on.
                triggers.insert(0, triggers.pop(number))
                return True
        return False
