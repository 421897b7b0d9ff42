"""The errors as a whole: the drawn tree, their public place, copies and pickles."""

import copy
import inspect
import pickle
from collections.abc import Iterator

import pytest

from regrow import errors
from regrow.errors.base import show

CLASSES = dict(inspect.getmembers(errors, inspect.isclass))


def drawn(kind: type, depth: int = 1) -> Iterator[str]:
    also = [
        base.__name__ for base in kind.__bases__ if base.__module__ == "builtins" and base is not Exception
    ]
    yield "    " * depth + kind.__name__ + (f" ({', '.join(also)})" if also else "")
    children = [other for other in CLASSES.values() if kind in other.__bases__]
    for child in sorted(children, key=lambda other: other.__name__):
        yield from drawn(child, depth + 1)


def test_the_docstring_draws_the_tree() -> None:
    tree = "\n".join(drawn(errors.RegrowError))
    assert f"::\n\n{tree}\n" in (errors.__doc__ or "")


def test_each_is_a_regrow_error_from_the_public_place() -> None:
    for name, kind in CLASSES.items():
        assert issubclass(kind, errors.RegrowError), name
        assert (kind.__module__, kind.__name__) == ("regrow.errors", name)


@pytest.mark.parametrize(
    "error",
    [
        errors.BadRestart("always", "counter"),
        errors.UnknownTimeout("lnog", ("long", "default")),
        errors.BadSetting("max_warm", -1, "0 or more"),
        errors.DuplicateChild("a", (0, 2)),
        errors.BadIntensity("max_restarts", -1),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_copies_and_pickles(error: errors.RegrowError) -> None:
    for again in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


class Unprintable:
    def __repr__(self) -> str:
        raise ValueError


def test_any_value_can_be_shown() -> None:
    assert show("a\nb") == "'a\\nb'"
    assert len(show("x" * 1000)) == 200
    assert show(Unprintable()) == "<Unprintable whose __repr__ raised ValueError>"
    assert "Unprintable whose" in str(errors.BadTimeout(Unprintable()))
