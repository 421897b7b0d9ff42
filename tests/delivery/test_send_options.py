"""Options of a send: one clear error for each that can't be used, before anything is sent."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

import regrow as rg
from regrow.delivery.options import DEFAULTS, options_of
from tests.delivery.kit import Worker, play, worker

BAD: list[tuple[dict[str, Any], str]] = [
    ({"on_error": "explode"}, "on_error='explode'.*'raise', 'log', 'dead_letter', 'ignore'"),
    ({"ack": "maybe"}, "ack='maybe'.*'handled' and 'accepted'"),
    ({"retries": -1}, "retries=-1.*whole number, 0 or more"),
    ({"retries": 1.5}, "retries=1.5.*whole number"),
    ({"retries": "3"}, "retries='3'.*whole number"),
    ({"retries": 2**63}, "retries=9223372036854775808.*at most 1,000,000,000"),
    ({"backoff": 2}, "backoff=2.*ExponentialBackoff"),
    ({"attempt_timeout": 0}, "attempt_timeout=0.*above 0"),
    ({"attempt_timeout": inf}, "attempt_timeout=inf.*at most a day"),
    ({"attempt_timeout": nan}, "attempt_timeout=nan"),
    ({"durable": "yes"}, "durable='yes'.*True or False"),
    ({"metadata": ["a"]}, "metadata=.*mapping with str keys"),
    ({"metadata": {1: "a"}}, "metadata=.*mapping with str keys"),
    ({"idempotency_key": ""}, "idempotency_key=''.*isn't empty"),
    ({"idempotency_key": 7}, "idempotency_key=7.*str"),
    ({"ordering_key": "k"}, "ordering_key='k'.*durable=True"),
    ({"expires_in": 0}, "expires_in=0.*above 0"),
    ({"expires_in": inf}, "expires_in=inf.*finite"),
    ({"expires_in": 1e300, "durable": True}, "expires_in=1e\\+300.*at most a century"),
    ({"delay": 10**400, "durable": True}, "delay=1000.*at most a century"),
    ({"expires_in": 1e6}, "expires_in=1000000.0.*unless with durable=True"),
    ({"delay": -1}, "delay=-1.*0 or more"),
    ({"expires_in": 1.0, "delay": 2.0}, "expires_in=1.0.*before its delay=2"),
    ({"breaker": True}, "breaker=True.*BreakerSettings"),
    ({"retry": 3}, "retry=3.*no such option.*retries"),
    ({"durable": True, "on_error": "raise"}, "on_error='raise'.*'dead_letter' or 'ignore'"),
]


@pytest.mark.parametrize(("given", "problem"), BAD, ids=[str(given) for given, _ in BAD])
def test_a_bad_option_is_refused_before_anything_is_sent(given: dict[str, Any], problem: str) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadDeliveryOption, match=problem) as caught:
            await rg.supervised_send("worker", Worker.note(1), timeout=5.0, **given)
        assert caught.value.option in given
        with pytest.raises(rg.errors.BadDeliveryOption):
            await rg.broadcast(["worker"], Worker.note(1), timeout=5.0, **given)

    play(body, worker(seen), hand_off=True)
    assert seen == []


@pytest.mark.parametrize("timeout", [0, -1.0, inf, nan, None, "5", 1e6])
def test_a_send_has_a_finite_timeout(hand_off: bool, timeout: Any) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadTimeout):
            await rg.supervised_send("worker", Worker.note(1), timeout=timeout)
        with pytest.raises(rg.errors.BadTimeout):
            await rg.supervised_send("worker", Worker.note(1))  # type: ignore[call-overload]

    play(body, worker([]), hand_off=hand_off)


def test_options_that_were_given_before_are_not_checked_again() -> None:
    first = options_of({"retries": 3, "on_error": "log"})
    assert options_of({"retries": 3, "on_error": "log"}) is first
    assert (first.retries, first.on_error, first.plain) == (3, "log", True)
    with_metadata = options_of({"metadata": {"a": []}})
    assert with_metadata.metadata == {"a": []}
    assert options_of({}) == DEFAULTS


def test_what_is_durable_is_dead_lettered_by_default() -> None:
    assert options_of({"durable": True}).on_error == "dead_letter"
    assert options_of({"durable": True, "on_error": "ignore", "ordering_key": "k"}).ordering_key == "k"
    assert not options_of({"durable": True}).plain
