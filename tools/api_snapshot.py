"""The public API as text, so that every change of it is seen in a review.

Run: python tools/api_snapshot.py --check | --write
"""

import argparse
import difflib
import enum
import inspect
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import regrow
import regrow.comply

SNAPSHOT = Path(__file__).parents[1] / "tests" / "api" / "public.txt"


def render() -> str:
    """All public names of the root and its public sub-modules, one line each, and of the compliance suite."""
    lines = [*_module("regrow", regrow), "module regrow.comply", *_module("regrow.comply", regrow.comply)]
    return "".join(f"{line}\n" for line in lines)


def _module(path: str, module: object) -> Iterator[str]:
    for name in sorted(getattr(module, "__all__", None) or _classes_of(module)):
        yield from _describe(f"{path}.{name}", getattr(module, name))


def _classes_of(module: object) -> Iterator[str]:
    """The public names of a module of classes, such as the errors."""
    return (name for name, value in vars(module).items() if inspect.isclass(value) and name[0] != "_")


def _describe(path: str, value: object) -> Iterator[str]:
    if inspect.ismodule(value):
        yield f"module {path}"
        yield from _module(path, value)
    elif inspect.isclass(value):
        yield from _class(path, value)
    elif inspect.isroutine(value):
        for signature in _signatures(value):
            yield f"{'async ' * inspect.iscoroutinefunction(value)}def {path}{signature}"
    else:
        yield f"{path}: {type(value).__name__}"


def _class(path: str, cls: type) -> Iterator[str]:
    bases = ", ".join(base.__name__ for base in cls.__bases__ if base is not object)
    yield f"class {path}({bases})" if bases else f"class {path}"
    constructor = _own_constructor(cls)
    if constructor is not None:
        yield f"  {path}{_text(constructor)}"
    for name, member in sorted(vars(cls).items()):
        if not name.startswith("_"):
            yield from (f"  {line}" for line in _member(f"{path}.{name}", member))


def _own_constructor(cls: type) -> inspect.Signature | None:
    if issubclass(cls, enum.Enum) or not {"__init__", "__new__"} & set(vars(cls)):
        return None
    try:
        return inspect.signature(cls)
    except ValueError:
        return None


def _member(path: str, member: object) -> Iterator[str]:
    if isinstance(member, property):
        yield f"property {path}"
    elif isinstance(member, staticmethod | classmethod):
        kind = type(member).__name__
        yield from (f"{kind} {line}" for line in _describe(path, member.__func__))
    elif inspect.isfunction(member):
        yield from _describe(path, member)
    else:
        yield path


def _signatures(function: object) -> Iterator[str]:
    assert callable(function)
    variants: Sequence[Callable[..., object]] = [function]
    if inspect.isfunction(function):
        variants = typing.get_overloads(function) or variants
    for variant in variants:
        try:
            yield _text(inspect.signature(variant))
        except ValueError:
            yield "(...)"


class _AsWritten:
    """An annotation that is a string, shown without its quotes."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _text(signature: inspect.Signature) -> str:
    def shown(annotation: object) -> object:
        return _AsWritten(annotation) if isinstance(annotation, str) else annotation

    parameters = [it.replace(annotation=shown(it.annotation)) for it in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=shown(signature.return_annotation)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="fail, with the difference, when it changed")
    what.add_argument("--write", action="store_true", help="write it anew")
    wanted = parser.parse_args()
    now = render()
    if wanted.write:
        SNAPSHOT.write_text(now)
        return 0
    before = SNAPSHOT.read_text() if SNAPSHOT.exists() else ""
    difference = list(
        difflib.unified_diff(before.splitlines(), now.splitlines(), "public.txt", "now", lineterm="")
    )
    print("\n".join(difference) or f"public API: as in {SNAPSHOT.name}")
    if difference:
        print(
            "public API: changed. If that is meant: make api, and an entry in CHANGELOG.md", file=sys.stderr
        )
    return bool(difference)


if __name__ == "__main__":
    raise SystemExit(main())
