"""The trace context of the sender's OpenTelemetry span goes along, whichever way a message takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_current_span

import regrow as rg
from tests.delivery import durable_kit
from tests.delivery.kit import play

TRACER = TracerProvider().get_tracer("tests")


class Traced(rg.GenServer):
    """Answers with the trace context of what it handles."""

    @rg.call
    def at_once(self) -> str | None:
        return seen()

    @rg.call
    async def later(self) -> str | None:
        return seen()

    @rg.call
    def crash_once(self) -> str | None:
        if current().attempt == 1 and not current().redrives:
            raise ValueError("again, please")
        return seen()

    def handle_info(self, message: object) -> None:
        infos.append(seen())


infos: list[str | None] = []
TRACED = rg.child(Traced, name="traced")


def current() -> rg.CurrentDelivery:
    found = rg.current_delivery()
    assert found is not None
    return found


def seen() -> str | None:
    return current().traceparent


@contextmanager
def span() -> Iterator[str]:
    """Within a span; gives its W3C trace context."""
    with TRACER.start_as_current_span("order") as here:
        context = here.get_span_context()
        yield f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def test_a_volatile_message_carries_it(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        for message in (Traced.at_once(), Traced.later(), Traced.crash_once()):
            with span() as wanted:
                delivery = await rg.supervised_send("traced", message, timeout=60.0, retries=1)
            assert delivery.reply == wanted
        with span() as wanted:
            result = await rg.broadcast(["traced"] * 2, Traced.at_once(), timeout=5.0)
        assert [one.reply for one in result.results] == [wanted, wanted]
        infos.clear()
        with span() as wanted:
            await rg.supervised_send("traced", "an info", timeout=5.0)
        assert infos == [wanted]

    play(body, TRACED, hand_off=hand_off)


def test_without_a_span_there_is_none(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        assert not get_current_span().get_span_context().is_valid
        for message in (Traced.at_once(), Traced.later()):
            assert (await rg.supervised_send("traced", message, timeout=5.0)).reply is None

    play(body, TRACED, hand_off=hand_off)


def test_a_durable_message_carries_it_over_crashes() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        for message in (Traced.at_once(), Traced.later(), Traced.crash_once()):
            with span() as wanted:
                delivery = await rg.supervised_send("traced", message, timeout=600.0, durable=True)
            assert delivery.reply == wanted

    durable_kit.play(body, TRACED)


@pytest.mark.parametrize("durable", [True, False])
def test_a_dead_letter_keeps_it_and_gives_it_to_its_redrive(durable: bool) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        infos.clear()
        with span() as wanted:
            delivery = await rg.supervised_send(
                "nobody", "an info", timeout=1.0, on_error="dead_letter", durable=durable, expires_in=0.5
            )
        assert delivery.status == "dead_lettered"
        (letter,) = (await journal.dead_letters.list()).letters
        assert (await journal.dead_letters.show(letter.id)).traceparent == wanted
        await journal.dead_letters.retry(letter.id, target="traced")
        await durable_kit.settled()
        assert infos == [wanted]

    durable_kit.play(body, TRACED)
