"""`rg.broadcast`: one message to many recipients, at once, under one deadline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TypeVar, cast, overload

from typing_extensions import Unpack

from regrow.core.messages import CallMessage, CastMessage, Message
from regrow.delivery.casting import Casting
from regrow.delivery.options import DEFAULTS, Options, SendOptions, options_of
from regrow.delivery.outbox import outbox_of
from regrow.delivery.recipients import Recipient, recipient_of, seconds_of
from regrow.delivery.records import REACHED, BroadcastResult, Delivery, Strategy
from regrow.delivery.send import LEFT_OUT
from regrow.delivery.together import reach_all
from regrow.errors import (
    BadAddress,
    BadDeliveryOption,
    BroadcastFailed,
    CallFromHandler,
    NotSent,
    OtherSystem,
    WrongServer,
)
from regrow.runtime.pid import Address, Timeout

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

__all__ = ("broadcast",)

S = TypeVar("S")
R = TypeVar("R")
STRATEGIES: Final = ("best_effort", "at_least_one", "all_or_nothing")


@overload
async def broadcast(  # type: ignore[overload-overlap]
    recipients: Iterable[Address[S]],
    message: CallMessage[S, R],
    *,
    timeout: Timeout,
    strategy: Strategy = "best_effort",
    **options: Unpack[SendOptions],
) -> BroadcastResult[R]: ...
@overload
async def broadcast(  # type: ignore[overload-overlap]
    recipients: Iterable[Address[S]],
    message: CastMessage[S],
    *,
    timeout: Timeout,
    strategy: Strategy = "best_effort",
    **options: Unpack[SendOptions],
) -> BroadcastResult[None]: ...
@overload
def broadcast(  # type: ignore[overload-overlap]  # one has no handler for it: to await this is the error
    recipients: Iterable[Address[object]],
    message: Message,
    *,
    timeout: Timeout,
    strategy: Strategy = "best_effort",
    **options: Unpack[SendOptions],
) -> WrongServer: ...
@overload
async def broadcast(
    recipients: Iterable[Address[object] | str],
    message: object,
    *,
    timeout: Timeout,
    strategy: Strategy = "best_effort",
    **options: Unpack[SendOptions],
) -> BroadcastResult[object]: ...
async def broadcast(  # type: ignore[misc]  # never a WrongServer: it raises it
    recipients: Iterable[Address[object] | str],
    message: object,
    *,
    timeout: Timeout = LEFT_OUT,
    strategy: Strategy = "best_effort",
    **options: Unpack[SendOptions],
) -> BroadcastResult[object]:
    """Send a message to many recipients at the same time, under one deadline.

    Thousands of them don't hold the loop: a few milliseconds' worth are sent at a time. One that is idle may
    have handled the message before the last one has it.

    - `best_effort`: each for itself. Always keeps its promise, also to nobody.
    - `at_least_one`: the same, and it has failed if it reached none; so it has with an empty list.
    - `all_or_nothing`: either everybody gets the message, or nobody does. It waits, holding no place
      anywhere, until all recipients live, their breakers let it through and all their mailboxes have a
      place; then it puts the message into all of them in one step in which nothing else runs (some
      microseconds for each of them). If that
      moment doesn't come before the deadline, or a recipient is gone, nobody gets it, and each result
      says so.

      What it promises ends with that step: every recipient was alive and had the message in its mailbox.
      One that dies after that, before it handled the message, has not handled it: its result says so,
      the others handle theirs all the same, and nothing is taken back. With `retries` such a message
      goes to the next incarnation of a name, as in any supervised send. Nobody is everybody: an empty
      list keeps the promise.

    Args:
        recipients: Pids, Refs or names; who stands there twice gets it twice.
        message: As of `rg.supervised_send`.
        timeout: Seconds for everything, or a name from the timeout table.
        strategy: See above. Default `"best_effort"`.
        **options: Those of `rg.supervised_send`, for each recipient, but not `durable`. At
            `on_error="raise"`, the default, what could not be delivered is in the results, and only a
            broken promise is raised.

    Returns:
        A record per recipient, in the order given.

    Raises:
        BroadcastFailed: The strategy's promise could not be kept, and `on_error` is `"raise"`.
        BadDeliveryOption, BadTimeout, BadAddress, OtherSystem: It can't be sent like this.
        NoJournal, WrongServer, CallToSelf, CallCycle: As of `rg.supervised_send`, for any of them.
    """
    chosen = options_of(options) if options else DEFAULTS
    if strategy not in STRATEGIES:
        raise BadDeliveryOption("strategy", strategy, f"allowed are {', '.join(map(repr, STRATEGIES))}")
    if chosen.durable or (chosen.delay and strategy == "all_or_nothing"):
        option = "durable" if chosen.durable else "delay"
        raise BadDeliveryOption(option, getattr(chosen, option), "a broadcast can't have it; send to each")
    given = cast("object", recipients)
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise BadAddress(given, "a list of Pids, Refs and names")
    engine, addresses = _addresses(recipients)
    if engine is None:
        return _result(strategy, (), 0.0, chosen)
    if engine.handling is not None:
        raise CallFromHandler(engine.handling, message)
    engine.check_here("broadcast")
    seconds = seconds_of(engine, addresses[0], message, timeout)
    outbox = outbox_of(engine)
    casting = Casting(outbox, addresses, message, seconds, chosen)
    await casting.check()
    if strategy == "all_or_nothing":
        await reach_all(casting, engine)
    else:
        await casting.start()
    results = await casting.wait()
    return _result(strategy, results, engine.loop.time() - casting.began, chosen)


def _addresses(recipients: Iterable[object]) -> tuple[Engine | None, list[Recipient]]:
    found: Engine | None = None
    addresses: list[Recipient] = []
    for one in recipients:
        engine, address = recipient_of(one)
        if found is None:
            found = engine
        elif engine is not found:
            raise OtherSystem(one, found.name)
        addresses.append(address)
    return found, addresses


def _result(
    strategy: Strategy, results: tuple[Delivery[object], ...], seconds: float, options: Options
) -> BroadcastResult[object]:
    reached = sum(one.status in REACHED for one in results)
    ok = True
    if strategy == "at_least_one":
        ok = reached > 0
    elif strategy == "all_or_nothing":
        ok = not any(isinstance(one.error, NotSent) for one in results)
    result = BroadcastResult(strategy, results, ok, seconds)
    if not ok and strategy != "best_effort" and options.on_error == "raise":
        raise BroadcastFailed(strategy, result, reached, len(results))
    return result
