"""The files for CI hosts, hooks and ruff are valid, and the preset finds what it says."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from regrow.lint.commands import COMMANDS
from regrow.lint.formats import FORMATS

ROOT = Path(__file__).parents[2]
DATA = ROOT / "src" / "regrow" / "lint" / "data"
PRESET = DATA / "ruff-regrow.toml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
CALL = re.compile(r"python -m regrow\.lint (?P<command>\w+)(?P<arguments>[^>\n]*)")
BAD = """\
import asyncio
import os
import threading
import time

import pytest
import requests

known = None


async def dropped(job):
    asyncio.create_task(job())  # expect: RUF006
    time.sleep(1)  # expect: ASYNC251
    asyncio.ensure_future(job())  # expect: RUF006, TID251


async def limited(timeout: float) -> None: ...


def spawn(work):
    threading.Thread(target=work).start()  # expect: TID251
    os.fork()  # expect: TID251


def swallow(work, items):
    try:
        work()
    except Exception:  # expect: BLE001, S110
        pass
    try:
        work()
    except:  # expect: E722
        print("no")
    for item in items:
        try:
            work(item)
        except Exception:  # expect: BLE001, S112
            continue
    try:
        work()
    finally:
        return  # expect: B012


def remember(value):
    global known  # expect: PLW0603
    known = value


def fetch(url):
    return requests.get(url)  # expect: S113


def test_it():
    with pytest.raises(Exception):  # expect: B017, PT011
        fetch("")
    with pytest.raises(ValueError):  # expect: PT011
        fetch("")


local = threading.local()  # expect: TID251
kept = asyncio.run  # noqa: RG101 a code that ruff hasn't
"""


def run(*command: str | Path, cwd: Path = ROOT) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)], cwd=cwd, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", DATA / "github-workflow.yml"),
        ("custom.github-workflows-require-timeout", DATA / "github-workflow.yml"),
        ("vendor.gitlab-ci", DATA / "gitlab-job.yml"),
    ],
)
def test_files_for_hosts_are_valid(schema: str, file: Path) -> None:
    code, output = run("check_jsonschema", "--builtin-schema", schema, file)
    assert code == 0, output


def test_hooks_are_valid(tmp_path: Path) -> None:
    text = {"type": "string", "minLength": 1}
    hook = {
        "type": "object",
        "required": ["id", "name", "entry", "language"],
        "properties": {
            **dict.fromkeys(("id", "name", "description", "entry"), text),
            "language": {"const": "python"},
            "types_or": {"const": ["python", "pyi"]},
            "require_serial": {"type": "boolean"},
            "pass_filenames": {"const": False},
        },
        "additionalProperties": False,
    }
    schema = tmp_path / "hooks.json"
    schema.write_text(json.dumps({"type": "array", "minItems": 2, "items": hook}))
    code, output = run("check_jsonschema", "--schemafile", schema, HOOKS)
    assert code == 0, output


def calls() -> Iterator[tuple[str, list[str]]]:
    for file in (HOOKS, *DATA.glob("*.yml")):
        for call in CALL.finditer(file.read_text()):
            yield call["command"], shlex.split(call["arguments"])


def test_commands_and_formats_in_them_exist() -> None:
    found = list(calls())
    assert {command for command, _ in found} == {"baseline", "check", "fix"} <= set(COMMANDS)
    assert [arguments for command, arguments in found if command == "baseline"] == [["tighten"]]
    formats = [one[one.index("--format") + 1] for _, one in found if "--format" in one]
    assert len(formats) == 2
    assert set(formats) <= set(FORMATS)


def ruff(folder: Path, *options: str | Path) -> list[tuple[int, str]]:
    (folder / "bad.py").write_text(BAD)
    _, output = run(
        "ruff", "check", "--no-cache", "--quiet", "--output-format=json", *options, "bad.py", cwd=folder
    )
    found = cast("list[dict[str, object]]", json.loads(output))
    rows = [cast("dict[str, int]", one["location"])["row"] for one in found]
    return sorted(zip(rows, (str(one["code"]) for one in found), strict=True))


def expected() -> list[tuple[int, str]]:
    return sorted(
        (number, code)
        for number, line in enumerate(BAD.splitlines(), 1)
        for codes in re.findall(r"# expect: (.+)", line)
        for code in codes.split(", ")
    )


def test_the_preset_finds_what_is_marked(tmp_path: Path) -> None:
    selected = re.findall(r'^  "([A-Z]+)(\d*)",', PRESET.read_text(), flags=re.MULTILINE)
    families = {letters + digits for letters, digits in selected} - {"ASYNC109"}
    assert {code if code in families else "ASYNC" for _, code in expected()} == families
    assert ruff(tmp_path, "--config", PRESET) == expected()


def test_the_preset_keeps_our_codes_in_comments(tmp_path: Path) -> None:
    last = BAD.count("\n")
    strict = ("--extend-select=RUF100,RUF102", "--preview")
    assert (last, "RUF102") in ruff(tmp_path, "--isolated", *strict)
    assert not [code for line, code in ruff(tmp_path, "--config", PRESET, *strict) if line == last]


def test_a_project_extends_the_preset(tmp_path: Path) -> None:
    own = f'[tool.ruff]\nextend = "{PRESET.as_posix()}"\n[tool.ruff.lint]\nextend-select = ["T201"]\n'
    (tmp_path / "pyproject.toml").write_text(own)
    printed = BAD.splitlines().index('        print("no")') + 1
    assert ruff(tmp_path) == sorted([*expected(), (printed, "T201")])
