"""The trace that a send belongs to."""

from __future__ import annotations

from sys import modules
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opentelemetry.trace import Span

__all__ = ("TRACE", "traceparent")

TRACE: Final = "opentelemetry.trace"
"""A program that never imported it has no span: asking costs one look-up."""


def traceparent() -> str | None:
    """The W3C trace context of the current OpenTelemetry span, None if there is none."""
    if TRACE not in modules:
        return None
    span: Span = modules[TRACE].get_current_span()
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
