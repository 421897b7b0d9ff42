"""Faults of mailboxes: messages that are held, lost, or come twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, cast, final

from regrow.core.messages import CastMessage, Message
from regrow.errors.faults import BadFault
from regrow.runtime.process import Process
from regrow.testing.sim.hazards import Chance
from regrow.testing.sim.victims import Victims, label_of

if TYPE_CHECKING:
    from regrow.core.ports import MailboxDecision
    from regrow.testing.sim.faults import Faults
    from regrow.testing.sim.hazards import Hazard, Hazards, Tally

__all__ = ("MailboxFaults", "MessageKind", "MessageScript", "kind_of")

STEPS: Final = 20
"""Into how many steps the longest delay is divided."""

MessageKind: TypeAlias = type[object] | None
"""Which messages are meant: their class, None for all."""


@final
class MessageScript:
    """One fault of messages that a test asks for.

    Args:
        kind: "delay", "drop" or "duplicate".
        source: Who sends, None for anybody.
        target: To whom.
        message: Which messages.
        times: How many.
        seconds: How long they are held.
    """

    __slots__ = ("_message", "_source", "_target", "_times", "kind", "seconds")

    def __init__(
        self,
        kind: str,
        source: Process | str | None,
        target: Process | str,
        message: MessageKind,
        *,
        times: int,
        seconds: float = 0.0,
    ) -> None:
        self.kind: str = kind
        self.seconds: float = seconds
        self._source = source
        self._target = target
        self._message = message
        self._times = times

    def strikes(self, sender: Process | None, target: Process, message: object, *, lossy: bool) -> bool:
        """Whether it strikes this message."""
        if not self._times or not (lossy or self.kind == "delay"):
            return False
        if not _is(target, self._target) or (self._source is not None and not _is(sender, self._source)):
            return False
        if self._message is not None and not isinstance(message, self._message):
            return False
        self._times -= 1
        return True


def _is(process: Process | None, who: Process | str) -> bool:
    return process is not None and (process is who or (process.name is not None and process.name == who))


def kind_of(owner: str, message: object, *, lossy: bool) -> MessageKind:
    """The class of messages that a test means.

    Args:
        owner: What is asked for.
        message: A handler, such as `Counter.add`, a class, or None for all.
        lossy: Whether they may be lost.

    Raises:
        BadFault: It is none of these, or it must not be lost.
    """
    if message is None:
        return None
    handler = getattr(message, "handler", None)
    kind: object = message if isinstance(message, type) else getattr(handler, "message", None)
    if not isinstance(kind, type):
        raise BadFault(owner, "message", message, "a handler, such as Counter.add, or a class of messages")
    if lossy and issubclass(kind, Message) and not issubclass(kind, CastMessage):
        allowed = "a cast or a class of plain messages: calls, supervised messages and signals are never lost"
        raise BadFault(owner, "message", message, allowed)
    return cast("type[object]", kind)


@final
class MailboxFaults:
    """Decides about the messages of one run, by chance and by script.

    Args:
        faults: How often.
        hazards: Where chance comes from.
        tally: Where faults are counted.
    """

    __slots__ = ("_all", "_faults", "_hazards", "_known", "_lossy", "_on", "_tally", "_victims", "scripts")

    def __init__(self, faults: Faults, hazards: Hazards, tally: Tally) -> None:
        delay = Chance("delay", faults.delay, STEPS)
        drop, duplicate = Chance("drop", faults.drop, 1), Chance("duplicate", faults.duplicate, 1)
        self._faults = faults
        self._hazards = hazards
        self._tally = tally
        self._all = (delay,)
        self._lossy = (delay, drop, duplicate)
        self._on = any(chance.probability for chance in self._lossy)
        self._victims = Victims(faults)
        self._known: dict[tuple[Process | None, Process, bool], Hazard | None] = {}
        self.scripts: list[MessageScript] = []
        """What the test wants to happen, in the order in which it said so."""

    @property
    def wanted(self) -> bool:
        """Whether messages have to go past here."""
        return self._on or bool(self.scripts)

    def decide(self, sender: object, target: object, message: object, lossy: bool) -> MailboxDecision:  # noqa: FBT001  # a port
        """What becomes of a message: the mailbox hook of the run's Systems."""
        source, to = cast("Process | None", sender), cast("Process", target)
        for script in self.scripts:
            if script.strikes(source, to, message, lossy=lossy):
                return self._counted(script.kind, script.seconds, source, to, message)
        if not self._on:
            return "deliver"
        key = (source, to, lossy)
        try:
            hazard = self._known[key]
        except KeyError:
            hazard = self._known[key] = self._hazard(source, to, lossy=lossy)
        drawn = None if hazard is None else hazard.strike()
        if drawn is None:
            return "deliver"
        return self._counted(drawn.kind, self._faults.max_delay * drawn.strength / STEPS, source, to, message)

    def _hazard(self, sender: Process | None, target: Process, *, lossy: bool) -> Hazard | None:
        label = self._victims.label(target)
        if label is None:
            return None
        way = f"{_called(sender)} to {label}" if lossy else f"{_called(sender)} asking {label}"
        return self._hazards.of(way, self._lossy if lossy else self._all)

    def _counted(
        self, kind: str, seconds: float, sender: Process | None, target: Process, message: object
    ) -> MailboxDecision:
        what = f"{kind} {type(message).__name__} from {_called(sender)} to {label_of(target)}"
        self._tally.struck(kind, f"{what} by {seconds:g} s" if kind == "delay" else what)
        if kind == "delay":
            return seconds
        return "drop" if kind == "drop" else "duplicate"


def _called(process: Process | None) -> str:
    return "outside" if process is None else label_of(process)
