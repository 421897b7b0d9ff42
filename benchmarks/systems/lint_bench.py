"""Linters on the standard library, each by its own command; its findings in a planted file are counted.

The planted file holds as many faults as the nonce says, each with something that every tool's rules see.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.systems.kit import Bench, Job, Note, Result

PLANTED = "planted.py"
_FAULT = """

async def fault_{number}(work, problem, other):
    asyncio.create_task(work())
    try:
        work()
    except:
        pass
    try:
        work()
    except problem or other:
        raise
"""
_SETTINGS = "[tool.regrow.check]\n\n[tool.fixit]\nroot = true\n"
_AST_GREP = "id: create-task\nlanguage: python\nrule:\n  pattern: asyncio.create_task($$$ARGS)\n"
_SEMGREP = """\
rules:
  - id: create-task
    languages: [python]
    severity: WARNING
    message: a task that is dropped
    pattern: asyncio.create_task(...)
"""
# What no linter on Python's own parser can be faster than.
_PARSE = """\
import ast, gc, pathlib, sys
gc.disable()
for path in map(pathlib.Path, sys.argv[1:]):
    for file in sorted(path.rglob('*.py')) if path.is_dir() else [path]:
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):
            continue
        if file.name == 'planted.py':
            found = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
            print('async def' + ', async def' * (len(found) - 1))
"""
# As ruff's families and single rules are about errors, time, tasks and state.
_RUFF_RULES = "ASYNC,TRY,BLE,RUF006,S110,S112,S113,SLF001,PLW0603,E722,B012,B017,PT011"
_PYLINT_RULES = "bare-except,broad-exception-caught,global-statement,protected-access,consider-using-with"


@dataclass(frozen=True, slots=True)
class Tool:
    """How a linter is run.

    Attributes:
        distribution: What it is called in its environment; empty for ours, whose version is Python's.
        command: The program or module, and its arguments; paths come behind them.
        finding: What a finding in the planted file looks like.
        cold, warm: Arguments that keep a cache away, and that bring one.
        jobs: The argument that says how many processes there are.
    """

    distribution: str
    command: tuple[str, ...]
    finding: str
    cold: tuple[str, ...] = ()
    warm: tuple[str, ...] = ()
    jobs: str | None = "-j{jobs}"

    def line(self, scratch: Path, jobs: int, *, warm: bool) -> list[str]:
        """The command without paths."""
        words = [*self.command, *(self.warm if warm else self.cold), *([self.jobs] if self.jobs else [])]
        given = {
            "scratch": scratch,
            "jobs": jobs,
            "bin": Path(sys.executable).parent,
            "python": sys.executable,
        }
        return [word.format(**given) for word in words]


TOOLS = {
    "regrow": Tool(
        "", ("{python}", "-Pm", "regrow.lint", "check"), rf"^{PLANTED}:.*RG101", cold=("--no-cache",)
    ),
    "ruff": Tool(
        "ruff",
        (
            "{bin}/ruff",
            "check",
            "--isolated",
            "--no-respect-gitignore",
            "--output-format=concise",
            f"--select={_RUFF_RULES}",
        ),
        rf"^{PLANTED}:.*RUF006",
        cold=("--no-cache",),
        warm=("--cache-dir={scratch}/ruff-cache",),
        jobs=None,  # by the environment
    ),
    "ast.parse": Tool("", ("{python}", "-Pc", _PARSE), r"async def", jobs=None),
    "flake8-async": Tool(
        "flake8-async",
        ("{python}", "-Pm", "flake8", "--isolated", "--select=ASYNC"),
        rf"{PLANTED}:.*ASYNC300",
    ),
    "pylint": Tool(
        "pylint",
        (
            "{python}",
            "-Pm",
            "pylint",
            "--disable=all",
            f"--enable={_PYLINT_RULES}",
            "--exit-zero",
            "--score=n",
        ),
        rf"^{PLANTED}:.*W0702",
    ),
    "fixit": Tool(
        "fixit",
        ("{python}", "-Pm", "fixit", "--rules", "fixit.rules:AvoidOrInExcept", "-o", "fixit", "lint"),
        rf"^{PLANTED}@.*AvoidOrInExcept",
        jobs=None,
    ),
    "ast-grep": Tool(
        "ast-grep-cli",
        ("{bin}/ast-grep", "scan", "--rule={scratch}/ast-grep.yml", "--json=compact", "--no-ignore=vcs"),
        rf'"file":"(?:\./)?{PLANTED}"',
        jobs="--threads={jobs}",
    ),
    "semgrep": Tool(
        "semgrep",
        (
            *("{bin}/semgrep", "scan", "--config={scratch}/semgrep.yml", "--json", "--quiet"),
            *("--metrics=off", "--disable-version-check", "--no-git-ignore"),
        ),
        rf'"path":"(?:\./)?{PLANTED}"',
        jobs="--jobs={jobs}",
    ),
}


class LintBench(Bench):
    """A tool by its name, over folders of a copy of the standard library."""

    def run(self, family: str, job: Job) -> Result:
        name, tree = job.text("tool"), _tree(Path(job.text("scratch")))
        tool, folders, jobs = TOOLS[name], job.text("folders").split(), job.int("jobs")
        faults = job.nonce % job.int("faults") + 1
        planted = tree / PLANTED
        planted.write_text("import asyncio\n" + "".join(_FAULT.format(number=n) for n in range(faults)))
        command = [*tool.line(tree.parent, jobs, warm=bool(job.int("warm")))]
        command += [PLANTED, *folders] if folders else ["."]
        if job.int("warm"):
            _timed(command, tree, jobs)
        output, seconds, cpu = _timed(command, tree, jobs)
        lines = _lines(tree, folders)
        return {
            "version": version(tool.distribution) if tool.distribution else platform.python_version(),
            "seconds": seconds,
            "cpu": cpu,
            "per_core_second": lines / cpu,
            "proof": {"planted": len(re.findall(tool.finding, output, flags=re.MULTILINE)), "lines": lines},
        }


def _lines(tree: Path, folders: Sequence[str]) -> int:
    """As the orchestrator counts them, in the tree that was looked at."""
    below = [tree / name for name in folders] or [tree]
    files = (file for folder in below for file in folder.rglob("*.py") if file != tree / PLANTED)
    return sum(file.read_bytes().count(b"\n") for file in files)


def _tree(scratch: Path) -> Path:
    """The copy that all tools look at, without what is installed; made by whoever comes first."""
    tree = scratch / "stdlib"
    if not tree.exists():
        partial = scratch / f"partial-{os.getpid()}"
        skip = shutil.ignore_patterns("site-packages", "__pycache__", "lib-dynload", "*.so", "*.a")
        shutil.copytree(sysconfig.get_paths()["stdlib"], partial, ignore=skip)
        (partial / "pyproject.toml").write_text(_SETTINGS)
        (scratch / "ast-grep.yml").write_text(_AST_GREP)
        (scratch / "semgrep.yml").write_text(_SEMGREP)
        partial.rename(tree)
    return tree


def _timed(command: Sequence[str], tree: Path, jobs: int) -> tuple[str, float, float]:
    """What it printed, and how long it took on the clock and on processors, its children included."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(jobs), "SEMGREP_SEND_METRICS": "off"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else each start would compile what has changed
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode not in {0, 1}:
        raise Note(f"exit code {done.returncode}: {done.stderr.strip()[-200:]}")
    return done.stdout, seconds, cpu


BENCH = LintBench()
