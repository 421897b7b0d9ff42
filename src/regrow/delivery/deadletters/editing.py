"""Making the payload that takes the place of a dead letter's, checked against its handler's types."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter
from typing import TYPE_CHECKING

import msgspec

from regrow.core.codec import codec
from regrow.delivery.deadletters.decoding import (
    Known,
    Wire,
    handler_of,
    known_class,
    loaded,
    payload_of,
    today,
    wire_of,
)
from regrow.delivery.journal.rows import INFO, DeadLetter
from regrow.errors.deadletters import BadDeadLetterOption, BadEdit
from regrow.errors.messages import CodecError

if TYPE_CHECKING:
    from regrow.core.handler import Handler

__all__ = ("check_edit", "edited_arguments", "edited_value")


def check_edit(arguments: object, value: bool, note: bool) -> None:  # noqa: FBT001  # whether they are given
    """See that there is one thing to change.

    Raises:
        BadDeadLetterOption: There is none, or two.
    """
    if arguments is None:
        if not (value or note):
            raise BadDeadLetterOption("arguments", arguments, "given, or else a value or a note")
    elif arguments == {} or not isinstance(arguments, Mapping):
        raise BadDeadLetterOption("arguments", arguments, "a mapping of values by the arguments' names")
    elif value:
        raise BadDeadLetterOption("value", "given", "left out where there are arguments")


def edited_arguments(letter: DeadLetter, arguments: Mapping[str, object], known: Known) -> bytes:
    """The message with other values of these arguments, as its handler is today.

    Raises:
        BadEdit: It is an info, its class isn't known here, there is no such argument, or a value has
            another type than declared.
    """
    id = letter.live.id
    if letter.live.kind == INFO:
        raise BadEdit(id, "it is an info, which has no arguments: give its whole value")
    wire = wire_of(today(letter, payload_of(letter), known))
    if wire is None:
        raise BadEdit(id, "its bytes are no message, so that there are no arguments to change")
    server = known_class(letter, wire, known.server_of)
    if server is None:
        raise BadEdit(id, f"{wire.server} is not loaded here: edit it while its program runs, or import it")
    handler = handler_of(server, wire)
    if handler is None:
        raise BadEdit(id, f"{server.__qualname__} has no handler {wire.handler} any more")
    values = _replaced(id, wire, handler, arguments)
    payload = _encoded(id, [wire.server, wire.handler, handler.version, *values])
    try:
        codec(server).decode(payload)
    except CodecError as error:
        raise BadEdit(id, str(error)) from error
    return payload


def edited_value(letter: DeadLetter, value: object) -> bytes:
    """Another value of an info.

    Raises:
        BadEdit: It is no info, or the value can't be written, or doesn't fit the type if that is loaded.
    """
    id = letter.live.id
    if letter.live.kind != INFO:
        raise BadEdit(id, "it is a message, no info: give its arguments")
    payload = _encoded(id, value)
    kind = loaded(letter.live.type)
    if kind is not None:
        try:
            msgspec.msgpack.decode(payload, type=kind)
        except (msgspec.MsgspecError, TypeError) as error:
            raise BadEdit(id, f"no {letter.live.type}: {error}") from error
    return payload


def _replaced(id: int, wire: Wire, handler: Handler, arguments: Mapping[str, object]) -> list[object]:
    fields = handler.fields
    unknown = [name for name in arguments if name not in fields]
    if unknown:
        known = ", ".join(fields) or "none"
        raise BadEdit(id, f"{wire.handler} has no argument {', '.join(map(repr, unknown))}; it has {known}")
    values = wire.values[: len(fields)]
    parameters = handler.parameters.all
    for name, parameter in list(zip(fields, parameters, strict=True))[len(values) :]:
        # What was stored before a parameter was added has only the ones before it.
        if name not in arguments and parameter.default is Parameter.empty:
            raise BadEdit(id, f"argument {name!r} is missing and has no default")
        values.append(arguments.get(name, parameter.default))
    return [arguments.get(name, value) for name, value in zip(fields, values, strict=True)]


def _encoded(id: int, value: object) -> bytes:
    try:
        return msgspec.msgpack.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise BadEdit(id, f"it can't be written: {error}") from error
