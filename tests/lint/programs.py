"""Programs made up at random: shapes that rules look for, in every place where they may stand."""

from random import Random

_EXPRESSIONS = (
    *(
        "x",
        "x.y",
        "f(x)",
        "not x",
        "x == (1)",
        "(a or b)",
        "x if TESTING else y",
        "[f(x) for x in y]",
        "None",
    ),
    *(
        "lambda: f(x)",
        "(x := f(1))",
        "'#'",
        '"""a\nb"""',
        "f'{x}'",
        "TESTING",
        "not TESTING",
        "x and not TESTING",
    ),
    *(
        "os.environ['PYTEST_VERSION']",
        "'pytest' in sys.modules",
        "float('inf')",
        "rg.monitor(ref)",
        "jobs.pop()",
    ),
    *(
        "asyncio.create_task(f(x))",
        "asyncio.ensure_future(self.run())",
        "ref.call(Server.read(x))",
        "time.time()",
    ),
    *(
        "requests.get(x)",
        "rg.supervisor([x])",
        "asyncio.gather(f(x), return_exceptions=True)",
        "x is not None",
    ),
)
_STATEMENTS = (
    *(
        "pass",
        "x = {e}",
        "print({e})  # why",
        "{e}",
        "{e}; {e}",
        "assert {e}",
        "assert {e}, 'text'",
        "return {e}",
    ),
    *(
        "asyncio.create_task(work({e}))",
        "asyncio.create_task(\n{i}    work({e}),  # one\n{i})",
        "x: int = {e}",
    ),
    *("loop.create_task(work(x), name='x')", "asyncio.Task(work())", "task = asyncio.create_task(work())"),
    *("ref.send({e})", "ref.send(Server.add({e}))", "ref.send(\n{i}    {e}\n{i})", "self.ref.send(x)"),
    *(
        "rg.supervisor([{e}], )",
        "rg.dynamic_supervisor(\n{i}    name='x'  # no comma\n{i})",
        "rg.monitor(ref)",
    ),
    *("rg.supervisor(x for x in y)", "requests.get({e}, )", "urlopen({e})", "get(x for x in y)"),
    *("await ref.call({e})", "await ref.call({e}, timeout=None)", "await asyncio.open_connection('a', 1)"),
    *("await asyncio.sleep(0.1)", "await asyncio.sleep(0)", "time.sleep(1)", "await asyncio.sleep(x)  # why"),
    *(
        "await asyncio.sleep(1)\n{i}assert {e}",
        "await asyncio.sleep(1)\n{i}assert {e}\n{i}assert x\n",
        "import os",
    ),
    *(
        "global x",
        "os.environ['A'] = {e}",
        "def g(): ...",
        "with suppress(Exception, ValueError): f()",
        "del x",
    ),
    *(
        "for _ in range(9):\n{i}    if {e}: break\n{i}    await asyncio.sleep(1)",
        "\n{i}# a comment",
        "x = 'é' ; y = 'ß'",
    ),
    *(
        "while not {e}:\n{i}    await asyncio.sleep(0.1)",
        "while {e}: await asyncio.sleep(1)",
        "raise {e}",
        "break",
    ),
)
_BLOCKS = (
    *(
        "if {e}:",
        "if TESTING:",
        "if not TESTING:  # why",
        "while {e}:",
        "for x in y:",
        "with {e} as x:",
        "if x and TESTING:",
    ),
    *(
        "async with asyncio.TaskGroup() as group:",
        "async with anyio.create_task_group() as group:",
        "class A:",
    ),
    *(
        "async def f(self, x, ref: rg.Ref[Server]):",
        "def test_x(regrow_kit):",
        "async def test_y():",
        "@a\n{i}def g():",
    ),
    *(
        "class Server(rg.GenServer):",
        "with suppress(asyncio.CancelledError, ValueError):",
        "try:",
        "else:",
        "match x:",
    ),
)
_HANDLERS = (
    *(
        "except:",
        "except Exception:",
        "except BaseException as error:",
        "except asyncio.CancelledError:",
        "finally:",
    ),
    *("except (ValueError, asyncio.CancelledError):  # why", "except* ValueError:"),
)
_IMPORTS = (
    *(
        "import asyncio",
        "import regrow as rg",
        "import regrow.testing as rt",
        "import requests",
        "import os, sys",
    ),
    *(
        "from urllib.request import urlopen",
        "from contextlib import suppress",
        "from __future__ import annotations",
    ),
    *(
        "import anyio",
        "import time; x = 1",
        "from regrow import *",
        "TESTING = False",
        "# a comment",
        '"""A text."""',
    ),
)


def program(random: Random) -> str:
    """A text that often is a program."""
    lines = [random.choice(_IMPORTS) for _ in range(random.randrange(6))]
    lines += ["import asyncio", "import regrow as rg"] if random.random() < 0.7 else []
    lines += (_block(random, 0) for _ in range(random.randrange(1, 4)))
    text = "\n".join(lines)
    return text if random.random() < 0.1 else f"{text}\n"


def mutated(random: Random, text: str) -> str:
    """A text with some of its lines taken out, doubled, moved, or put under something else."""
    lines = text.split("\n")
    for _ in range(random.randrange(1, 6)):
        at = random.randrange(len(lines))
        match random.randrange(6):
            case 0:
                del lines[at : at + random.randrange(1, 3)]
            case 1:
                lines.insert(at, lines[random.randrange(len(lines))])
            case 2:
                lines[at] = _statement(random, lines[at][: len(lines[at]) - len(lines[at].lstrip())])
            case 3:
                start = random.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:start] + random.choice("()[]#:,;=' \t\\\f") + lines[at][start:]
            case 4:
                indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
                end = at + random.randrange(1, 6)
                lines[at:end] = [f"{indent}if TESTING:", *(f"    {line}" for line in lines[at:end])]
            case _:
                lines[at] = lines[at].replace(random.choice(["(", ",", ":", "await ", "async "]), "", 1)
        lines = lines or [""]
    return random.choice(["\n", "\n", "\r\n"]).join(lines)


def _block(random: Random, depth: int) -> str:
    indent = random.choice(["    ", "    ", "    ", "  ", "\t"])[:] * depth if depth else ""
    if depth > 4 or random.random() < 0.45:
        return indent + _statement(random, indent)
    head = random.choice(_BLOCKS).format(e=_expression(random), i=indent)
    if random.random() < 0.1:
        return f"{indent}{head} {_statement(random, indent)}"
    body = [_inner(random, indent, depth) for _ in range(random.randrange(1, 4))]
    parts = [f"{indent}{head}", *body]
    if head == "try:":
        for handler in random.sample(_HANDLERS, random.randrange(1, 3)):
            parts += [f"{indent}{handler}", _inner(random, indent, depth)]
    elif head.startswith("if") and random.random() < 0.5:
        other = random.choice(
            ["else:", "elif TESTING:", "elif x:\n" + indent + "    y()\n" + indent + "else:"]
        )
        parts += [f"{indent}{other}", _inner(random, indent, depth)]
    return "\n".join(parts)


def _inner(random: Random, indent: str, depth: int) -> str:
    step = f"{indent}    "
    if depth > 3 or random.random() < 0.5:
        return step + _statement(random, step)
    return "\n".join(f"{indent}    {line}" if line else line for line in _block(random, 0).split("\n"))


def _statement(random: Random, indent: str) -> str:
    return random.choice(_STATEMENTS).format(e=_expression(random), i=indent)


def _expression(random: Random) -> str:
    return random.choice(_EXPRESSIONS)
