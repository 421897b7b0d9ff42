"""``regrow doctor``: what is installed here, and does it fit."""

import os
import platform
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Literal

import click
from rich.text import Text

import regrow
from regrow.cli.exits import ExitCode
from regrow.cli.output import console, json_option, print_json

Status = Literal["ok", "missing", "untested", "wrong"]

_LEAST_PYTHON = (3, 11)
_NEEDED = ("msgspec", "typing_extensions")
_OPTIONAL = {"uvloop": "uvloop", "click": "cli", "rich": "cli", "pytest": "test", "hypothesis": "test"}
_STYLES = {"ok": "green", "missing": "dim", "untested": "yellow", "wrong": "bold red"}
_STATUS_WIDTH = max(map(len, _STYLES))


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing looked at. Only ``wrong`` is a finding."""

    name: str
    value: str
    status: Status = "ok"
    note: str = ""


@click.command()
@json_option
def doctor(*, as_json: bool) -> int:
    """Tell what is installed here, and whether it fits.

    Exit code 1 means that something is wrong; a missing extra is not.
    """
    checks = list(examine())
    sound = all(check.status != "wrong" for check in checks)
    if as_json:
        print_json({"ok": sound, "checks": [asdict(check) for check in checks]}, schema=1)
    else:
        _show(checks, sound=sound)
    return ExitCode.CLEAN if sound else ExitCode.FINDINGS


def examine() -> Iterator[Check]:
    """Look at everything, one check after the other."""
    yield Check(name="regrow", value=regrow.__version__)
    yield _python()
    yield _platform()
    yield Check(name="debug", value="on" if _debug() else "off", note="PYTHONASYNCIODEBUG, python -X dev")
    for package in _NEEDED:
        yield _needed(package)
    for package, extra in _OPTIONAL.items():
        yield _optional(package, extra)


def _python() -> Check:
    value = f"{platform.python_implementation()} {platform.python_version()}"
    if sys.version_info < _LEAST_PYTHON:
        return Check(name="python", value=value, status="wrong", note="Regrow needs Python 3.11 or later")
    if sys.implementation.name != "cpython":
        return Check(name="python", value=value, status="untested", note="only CPython is tested")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return Check(name="python", value=value, status="untested", note="free threading is not tested")
    return Check(name="python", value=value)


def _platform() -> Check:
    value = f"{platform.system()} {platform.machine()}"
    if platform.system() == "Windows":
        return Check(name="platform", value=value, status="untested", note="Windows is not tested")
    return Check(name="platform", value=value)


def _debug() -> bool:
    return sys.flags.dev_mode or bool(os.environ.get("PYTHONASYNCIODEBUG"))


def _needed(package: str) -> Check:
    version = _version(package)
    if version is None:
        note = "needed: pip install --force-reinstall regrow"
        return Check(name=package, value="-", status="wrong", note=note)
    return Check(name=package, value=version)


def _optional(package: str, extra: str) -> Check:
    version = _version(package)
    if version is None:
        note = f"optional: pip install 'regrow[{extra}]'"
        return Check(name=package, value="-", status="missing", note=note)
    return Check(name=package, value=version)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _show(checks: list[Check], *, sound: bool) -> None:
    out = console()
    name_width = max(len(check.name) for check in checks)
    value_width = max(len(check.value) for check in checks)
    for check in checks:
        line = Text(f"{check.name:<{name_width}}  {check.value:<{value_width}}  ")
        line.append(check.status, style=_STYLES[check.status])
        if check.note:
            line.append(f"{'':{_STATUS_WIDTH - len(check.status)}}  {check.note}")
        out.print(line)
    out.print("all is well" if sound else "something is wrong: see above")
