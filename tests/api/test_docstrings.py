"""Every public name is documented."""

import inspect
from collections.abc import Iterator

import regrow
from regrow import debug, events, types
from tests.api.public import ERRORS, NAMES


def undocumented(name: str, value: object) -> Iterator[str]:
    """A name without a docstring of its own, and the public members of a class without one."""
    if not (inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value)):
        return
    if not value.__doc__:  # getdoc would take the one of a base
        yield name
    if inspect.isclass(value):
        for member, attribute in vars(value).items():
            method = inspect.isfunction(attribute) or isinstance(attribute, property)
            if method and not member.startswith("_") and not inspect.getdoc(getattr(value, member)):
                yield f"{name}.{member}"


def test_every_public_name_has_a_docstring() -> None:
    assert [gap for name in NAMES for gap in undocumented(name, getattr(regrow, name))] == []


def test_every_error_has_a_docstring() -> None:
    assert [gap for name, error in ERRORS.items() for gap in undocumented(name, error)] == []


def test_what_the_sub_modules_export_has_a_docstring() -> None:
    exported = {name: value for module in (debug, events, types) for name, value in vars(module).items()}
    public = {name: value for name, value in exported.items() if not name.startswith("_")}
    assert len(public) > 60
    assert [gap for name, value in public.items() for gap in undocumented(name, value)] == []
