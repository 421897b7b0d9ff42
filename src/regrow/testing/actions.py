"""What can be done to a running tree, as values: for tests that draw what happens.

`regrow.testing.strategies` draws them with Hypothesis; they can be made by hand as well.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Never, cast

import msgspec
from typing_extensions import override

from regrow.core.messages import CallMessage, CastMessage
from regrow.core.reasons import SHUTDOWN, ExitReason
from regrow.core.specs import ChildSpec
from regrow.errors import RegrowError
from regrow.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from regrow.runtime.system import System

__all__ = (
    "Action",
    "Call",
    "Cast",
    "DeleteChild",
    "Exit",
    "Kill",
    "RestartChild",
    "StartChild",
    "TerminateChild",
    "Wait",
)


class Action(msgspec.Struct, frozen=True):
    """One of them. `perform` does it."""

    async def perform(self, system: System, *, timeout: float = 1.0) -> object:
        """Do it.

        Args:
            system: The running System.
            timeout: Seconds for what is waited for. Default 1.0.

        Returns:
            What came of it: the answer; an error of Regrow, such as `NoProcess`, if that came instead.
        """
        try:
            return await self._do(system, timeout)
        except RegrowError as error:
            return error

    async def _do(self, system: System, timeout: float) -> object:
        raise NotImplementedError


class Call(Action, frozen=True):
    """Ask the process of that name.

    Attributes:
        name: Its registered name.
        message: The call.
    """

    name: str
    message: CallMessage[Never, object]

    @override
    async def _do(self, system: System, timeout: float) -> object:
        return await system.ref(self.name, object).call(
            cast("CallMessage[object, object]", self.message), timeout=timeout
        )


class Cast(Action, frozen=True):
    """Tell the process of that name.

    Attributes:
        name: Its registered name.
        message: The cast.
    """

    name: str
    message: CastMessage[Never]

    @override
    async def _do(self, system: System, timeout: float) -> object:
        system.ref(self.name, object).cast(cast("CastMessage[object]", self.message))
        return None


class Kill(Action, frozen=True):
    """End the process of that name, whatever it does.

    Attributes:
        name: Its registered name.
    """

    name: str

    @override
    async def _do(self, system: System, timeout: float) -> object:
        system.ref(self.name, object).kill()
        return None


class Exit(Action, frozen=True):
    """Send the process of that name an exit signal.

    Attributes:
        name: Its registered name.
        reason: The reason, default `rg.SHUTDOWN`.
    """

    name: str
    reason: ExitReason = SHUTDOWN

    @override
    async def _do(self, system: System, timeout: float) -> object:
        system.ref(self.name, object).exit(self.reason)
        return None


class StartChild(Action, frozen=True):
    """Have a supervisor start one more child.

    Attributes:
        supervisor: The supervisor's registered name.
        spec: The child.
    """

    supervisor: str
    spec: ChildSpec

    @override
    async def _do(self, system: System, timeout: float) -> object:
        return await _ask(system, self.supervisor, Supervisor.start_child(self.spec), timeout)


class TerminateChild(Action, frozen=True):
    """Have a supervisor stop a child and keep its spec.

    Attributes:
        supervisor: The supervisor's registered name.
        child: The child's id.
    """

    supervisor: str
    child: str

    @override
    async def _do(self, system: System, timeout: float) -> object:
        return await _ask(system, self.supervisor, Supervisor.terminate_child(self.child), timeout)


class RestartChild(Action, frozen=True):
    """Have a supervisor start a child that was stopped.

    Attributes:
        supervisor: The supervisor's registered name.
        child: The child's id.
    """

    supervisor: str
    child: str

    @override
    async def _do(self, system: System, timeout: float) -> object:
        return await _ask(system, self.supervisor, Supervisor.restart_child(self.child), timeout)


class DeleteChild(Action, frozen=True):
    """Have a supervisor forget a child that was stopped.

    Attributes:
        supervisor: The supervisor's registered name.
        child: The child's id.
    """

    supervisor: str
    child: str

    @override
    async def _do(self, system: System, timeout: float) -> object:
        return await _ask(system, self.supervisor, Supervisor.delete_child(self.child), timeout)


class Wait(Action, frozen=True):
    """Let time pass.

    Attributes:
        seconds: Of the loop's time.
    """

    seconds: float

    @override
    async def _do(self, system: System, timeout: float) -> object:
        await asyncio.sleep(self.seconds)
        return None


async def _ask(
    system: System, supervisor: str, message: CallMessage[Supervisor, object], timeout: float
) -> object:
    return await system.ref(supervisor, Supervisor).call(message, timeout=timeout)
