"""What a process does with each kind of item in its mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from regrow.core.deliveries import HandedOut
from regrow.core.events import Unhandled
from regrow.core.messages import CastMessage
from regrow.runtime.after import End, Failed, Stop
from regrow.runtime.items import Continuation, Down, Exit, Info, Request, Sync, Tick, Tracked

if TYPE_CHECKING:
    from regrow.runtime.blueprint import Entry
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Extras, Process


class Intake:
    """The half of the scheduler that knows calls, casts, infos and signals apart."""

    __slots__ = ("_engine", "found")

    def __init__(self, engine: Engine) -> None:
        self._engine: Engine = engine
        self.found: tuple[Entry, object] | None = None
        """The async handler that the last slice met and could not run itself."""

    def _other(self, process: Process, item: object) -> bool:
        """Handle what is no cast. False if it needs the process's own task (see `found`)."""
        if type(item) is Request:
            return self._request(process, item)
        prepared = self.prepare(process, item)
        if prepared is None:
            return True
        entry, argument = prepared
        if not entry.inline:
            self.found = (entry, argument)
            return False
        entry.invoke(process.instance, argument)
        if process.after is None:
            self.done(process)
        elif isinstance(process.after, Stop) and process.extras is not None:
            self._handled(process, process.extras)
        return True

    def _request(self, process: Process, request: Request) -> bool:
        engine = self._engine
        if request.future.done():
            engine.calls.expired(process, request)
            return True
        if request.delivery is not None:
            if isinstance(request.delivery, HandedOut):
                request.delivery.started()
            turns = process.extras.turns if process.extras is not None else None
            if turns is not None and not turns.admits(request):
                return True
        entry = process.blueprint.calls.get(type(request.message))
        if entry is None:
            entry = process.blueprint.entry(request.message)
        process.current = request
        request.taken = True
        if not entry.inline:
            self.found = (entry, request.message)
            return False
        invoke = entry.invoke
        try:
            result = invoke(process.instance, request.message)
        except entry.raises as error:
            self.declared(process, error)
            return True
        engine.calls.finished(process, request, result)
        return True

    def completed(self, process: Process, result: object) -> None:
        """A handler has returned `result`: answer the call if it was one."""
        current = process.current
        if type(current) is Request:
            self._engine.calls.finished(process, current, result)
        else:
            self.done(process)

    def declared(self, process: Process, error: BaseException) -> None:
        """A handler raised an exception that it declares: that is the answer."""
        current = process.current
        if type(current) is Request:
            self._engine.calls.finished(process, current, None, error)
        else:
            process.current = None

    def done(self, process: Process) -> None:
        """An item that is no call is handled."""
        if process.extras is not None:
            self._handled(process, process.extras)
        process.current = None

    def _handled(self, process: Process, extras: Extras) -> None:
        """The handler has returned; whatever comes now, its message is handled."""
        if extras.turns is not None and not isinstance(process.after, End | Failed):
            extras.turns.close(None, None)
        if extras.receipt is not None:
            receipt, extras.receipt = extras.receipt, None
            self._engine.loop.call_soon(receipt.handled)

    def prepare(self, process: Process, item: object) -> tuple[Entry, object] | None:
        """Find the callback for an item that is neither cast nor request; None if that was all."""
        if isinstance(item, Tracked):
            if item.receipt.withdrawn:
                self._engine.calls.withdrawn(process, item)
                return None
            process.more().receipt = item.receipt
            if isinstance(item.receipt.delivery, HandedOut):
                item.receipt.delivery.started()
            item = item.item
        if isinstance(item, Info):
            return self._info(process, item.message)
        if isinstance(item, CastMessage):  # tracked, or to a process whose turns are held
            process.current = message = cast("object", item)  # a cast to any class
            return process.blueprint.cast_entry(message), message
        if isinstance(item, Tick):
            if item.timer.own:
                process.room -= 1
            return self._info(process, item.timer.message) if item.timer.taken() else None
        process.room -= 1
        return self._signal(process, item)

    def _signal(self, process: Process, item: object) -> tuple[Entry, object] | None:
        """What no bound counts; its place is free already."""
        if isinstance(item, Sync):
            if not item.future.done():
                item.future.set_result(None)
            return None
        if isinstance(item, Continuation):
            process.current = item
            continues = process.blueprint.continues
            return (continues, item.value) if continues is not None else None
        if isinstance(item, Exit) and _from_above(process, item.pid):
            process.after = Stop(item.reason)
            return None
        if isinstance(item, Down) and not item.monitor.deliver():
            return None
        return self._info(process, item)

    def _info(self, process: Process, message: object) -> tuple[Entry, object] | None:
        info = process.blueprint.info
        if info is not None:
            process.current = message
            return info, message
        self.unhandled(process, message)
        self.done(process)
        return None

    def unhandled(self, process: Process, message: object) -> None:
        """Tell, once per class and type, of an info that nobody has use for."""
        engine = self._engine
        seen = process.blueprint.unhandled_seen
        if type(message) not in seen:
            seen.add(type(message))
            engine.reporter.unhandled(process, message)
        if Unhandled in engine.hub.wanted:
            shown = engine.reporter.show(message)
            engine.hub.emit(Unhandled(at=engine.loop.time(), pid=process, message=shown))


def _from_above(process: Process, sender: object) -> bool:
    """Whether an EXIT is the word of the supervisor; the root, which has none, tells itself."""
    above = process.parent
    return sender is above if above is not None else sender is process and process.blueprint.is_supervisor
