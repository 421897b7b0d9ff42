"""An application's supervision as it is in some environment: each is looked at in a process of its own."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypeAlias, cast

from regrow.comply.application import load
from regrow.comply.classes import find_classes
from regrow.comply.options import Options
from regrow.comply.stage import Stage, run
from regrow.comply.tree import Child, Node, nodes_of
from regrow.runtime.system import System
from regrow.testing.virtual.options import LoopSettings

Description: TypeAlias = "dict[str, dict[str, str]]"
"""Path of a supervisor -> what it is, and how each of its children is supervised, as texts."""

PRODUCTION: Final = "production"
TEST: Final = "test"
HERE: Final = "here"
LIMIT: Final = 60.0
"""Seconds of real time for one of them."""
_PYTEST: Final = {
    "PYTEST_VERSION": "8.4.0",
    "PYTEST_CURRENT_TEST": "tests/test_compliance.py::test_same_supervision (call)",
}


@dataclass(frozen=True, slots=True)
class Descriptions:
    """What was seen in each environment.

    Attributes:
        seen: Name of the environment -> its supervision.
        failed: Name of an environment in which the application doesn't run -> why.
    """

    seen: dict[str, Description]
    failed: dict[str, str]


def describe_all(options: Options) -> Descriptions:
    """Look at the application in each of its environments, in all of them at the same time."""
    seen: dict[str, Description] = {}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        given: dict[str, Mapping[str, str]] = {PRODUCTION: {}, TEST: {}, **options.environments}
        looks = {
            name: running.enter_context(_begun(options, name, variables, Path(folder) / f"{number}.json"))
            for number, (name, variables) in enumerate(given.items())
        }
        for number, (name, look) in enumerate(looks.items()):
            found = _ended(look, Path(folder) / f"{number}.json")
            if isinstance(found, str):
                failed[name] = found
            else:
                seen[name] = found
    return Descriptions(seen, failed)


def trial(options: Options) -> str | None:
    """Run the application in a process of its own: what would keep this one from its end, None for nothing.

    What the application raises is none of it: that is seen, and told, where it runs next.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "trial.json"
        with _begun(options, HERE, {}, out) as look:
            try:
                look.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                what = "a module, the factory or a callback of a process blocks"
                return f"it didn't start and stop within {LIMIT:g} s of real time: {what}"
        if not out.exists():
            return f"it ended the whole Python, with exit code {look.returncode}, as it ran"
        return cast("str | None", json.loads(out.read_text("utf-8")))


def _trial_here(options: Options) -> str | None:
    async def body(stage: Stage) -> System:
        return stage.system

    find_classes(options.package)  # its modules are imported for other checks
    first, second = run(options, body)[1], run(options, body)[1]
    if first is second and callable(load(str(options.app))):
        return "its factory returns the same System again, and each call has to make one"
    return None


def describe(options: Options) -> Description:
    """Look at the application in this process."""

    async def body(stage: Stage) -> Description:
        assert stage.engine is not None
        return {node.path: _row(node) for node in nodes_of(stage.engine)}

    return run(options, body)[1]


def _row(node: Node) -> dict[str, str]:
    flags = node.flags
    row = {
        "kind": node.kind,
        "strategy": str(flags.strategy),
        "max_restarts": str(flags.max_restarts),
        "max_seconds": f"{flags.max_seconds:g}",
        "auto_shutdown": str(flags.auto_shutdown),
        "backoff": repr(flags.backoff),
        "children": ", ".join(child.spec.id for child in node.children),
    }
    return {**row, **{f"child {child.spec.id!r}": _child(child) for child in node.children}}


def _child(child: Child) -> str:
    spec = child.spec
    target = f"{spec.target.__module__}.{getattr(spec.target, '__qualname__', spec.target)}"
    shown = f"{target}, restart={spec.restart!r}, shutdown={spec.shutdown!r}"
    return f"{shown}, significant=True" if spec.significant else shown


@contextmanager
def _begun(
    options: Options, name: str, variables: Mapping[str, str], out: Path
) -> Generator[subprocess.Popen[str]]:
    """A Python that looks at the application; it is killed if the block ends first."""
    kept = name == HERE
    environment = {key: value for key, value in os.environ.items() if kept or not key.startswith("PYTEST_")}
    environment["PYTHONPATH"] = os.pathsep.join(one for one in sys.path if one)
    environment |= (_PYTEST if name == TEST else {}) | dict(variables)
    given = json.dumps({"app": options.app, "package": options.package, "loop": options.loop})
    look = subprocess.Popen(  # noqa: S603  # this Python, and the user's own application
        [sys.executable, "-m", __spec__.name, name, given, str(out)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="backslashreplace",
    )
    with look:
        try:
            yield look
        finally:
            look.kill()


def _ended(look: subprocess.Popen[str], out: Path) -> Description | str:
    try:
        _, told = look.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return f"it took longer than {LIMIT:g} s"
    if look.returncode or not out.exists():
        return (told.strip().splitlines() or [f"exit code {look.returncode}"])[-1]
    return cast("Description", json.loads(out.read_text("utf-8")))


def main(argv: list[str]) -> int:
    """Look at the application, and write what was seen to a file."""
    name, encoded, out = argv
    if name == TEST and find_spec("pytest") is not None:
        __import__("pytest")  # some look for it in sys.modules
    logging.disable()
    options = cast("dict[str, object]", json.loads(encoded))
    loop = cast("LoopSettings", options["loop"])
    given = Options(str(options["package"]), str(options["app"]), loop=loop)
    if name == HERE:
        problem: str | None = None
        try:
            problem = _trial_here(given)
        finally:  # whatever it raises and whatever threads it leaves, see `trial`
            Path(out).write_text(json.dumps(problem), "utf-8")
            os._exit(0)
    Path(out).write_text(json.dumps(describe(given)), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
