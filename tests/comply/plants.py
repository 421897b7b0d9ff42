"""For each check the faults that it has to find, each planted in a copy of the shop."""

from typing import Final

from tests.comply.kit import Plant

MAKE = "def make_system() -> rg.System:\n"
PAY = "        self.total += self.prices[what]\n"
TOTAL = "        self.total = 0\n"
CAST = "    @rg.cast\n"
READ = "            self.prices = await read_prices()\n"
BOUNDED = f"        async with asyncio.timeout(1.0):\n{READ}"
ASK = '            await self.system.ref("stock", Stock).call(Stock.count("pear"), timeout=1.0)\n'
GOODS = '        id="goods",\n        strategy="rest_for_one",\n        max_restarts=3,\n'
SYSTEM = "    return rg.System([stock, desk"
CONTINUE = "def handle_continue(self, value: object)"
TILL = 'rg.child(Till, name="till")'
HELD = "\nHELD: list[object] = []\n"
TWICE = """
class Twice(rg.Supervisor):
    def init(self):
        one = rg.child(greet, id="a")
        return rg.SupervisorSpec((one, one), rg.SupervisorFlags())
"""
LATER = "import asyncio\n\n\ndef later() -> None:\n    {}\n"
CALL_LATER = f"{MAKE}    asyncio.get_running_loop().call_later(1.0, later)\n"
TIMER = "import threading\n\nTIMER = threading.Timer(60.0, print)\nTIMER.daemon = True\n"
ONE_ALONE = """
class OneAlone(rg.Supervisor):
    def _group(self, slot):
        return [slot]


def one_alone(children, *, id, **flags):
    return rg.child(OneAlone, id=id, args=(rg.SupervisorSpec.of(children, **flags),))
"""
SUBSCRIBES = "        self.system.events.subscribe('process', print)\n"

PLANTS: Final[dict[str, tuple[Plant, ...]]] = {
    "lint": (
        Plant(
            "till.py", PAY, f"        try:\n    {PAY}        except Exception:\n            pass\n", "RG401"
        ),
        Plant("broken.py", "", "def broken(:\n", "RG001"),
    ),
    "audit": (
        Plant("test_shop.py", "", "\n\ndef test_later():\n    import time\n    time.sleep(1)\n", "RG601"),
    ),
    "explicit-strategy": (
        Plant("main.py", GOODS, '        id="goods",\n        max_restarts=3,\n', "leaves strategy"),
        Plant("main.py", ', strategy="one_for_one")', ")", "System leaves strategy to a default"),
    ),
    "callbacks": (
        Plant("stock.py", "", "\n\nclass Idle(rg.GenServer):\n    pass\n", "it handles nothing"),
        Plant("till.py", CONTINUE, "def handle_continue(self)", "handle_continue has to take the value"),
        Plant("till.py", CONTINUE, "def on(self, value: object)", "its init returns rg.Continue"),
        Plant("stock.py", "def handle_info(", "def on(", "has no handle_info that would get the DOWN"),
        Plant("bad.py", "", "raise RuntimeError('no key')\n", "RuntimeError: no key"),
        Plant("bad.py", "", "raise SystemExit('no terminal')\n", "SystemExit: no terminal"),
        Plant("bad.py", "", "raise GeneratorExit('no end')\n", "GeneratorExit: no end"),
    ),
    "bounded-init": (
        Plant("till.py", BOUNDED, READ[4:], "awaits read_prices()"),
        Plant(
            "till.py",
            BOUNDED,
            "        await self.read()\n\n    async def read(self) -> None:\n"
            "        async with prices() as self.prices:\n            pass\n",
            "read awaits prices()",
        ),
    ),
    "builds": (
        Plant("stock.py", '        self.left = {"pear": 3}\n', "        raise OSError('no key')\n", "no key"),
        Plant("main.py", 'name="watcher"', 'name="watcher", id="stock"', "there twice"),
        Plant("main.py", 'name="watcher"', 'id="watcher", name="stock"', "NameTaken"),
        Plant("main.py", MAKE, f"{MAKE}    raise OSError('no disk')\n", "no disk"),
        Plant("main.py", MAKE, f"{MAKE}    raise SystemExit('no terminal')\n", "no terminal"),
        Plant(
            "main.py",
            MAKE,
            f"{MAKE}    raise type('Odd', (BaseException,), {{}})('no luck')\n",
            "Odd: no luck",
        ),
        Plant("main.py", "", "\n\nraise GeneratorExit('no end')\n", "GeneratorExit: no end"),
        Plant(
            "till.py",
            READ,
            f"{READ}            await asyncio.open_connection('127.0.0.1', 9)\n",
            "if it uses sockets, say so: suite(..., sockets=True), --sockets",
        ),
        Plant("main.py", SYSTEM, "    return list([stock, desk", "list"),
        Plant("main.py", SYSTEM, "    return rg.System([rg.child(Twice), stock, desk", "there twice", TWICE),
    ),
    "supervised": (
        Plant("main.py", MAKE, f"{MAKE}    TIMER.start()\n", "thread Thread", TIMER),
        Plant(
            "main.py",
            MAKE,
            f"{MAKE}    loop = asyncio.get_running_loop()\n"
            "    HELD.append(loop.create_task(asyncio.Event().wait(), name='loose'))\n",
            "task loose",
            f"import asyncio\n{HELD}",
            leaves="task",
        ),
        Plant(
            "main.py",
            MAKE,
            CALL_LATER,
            "UnsupervisedTask",
            LATER.format("asyncio.get_running_loop().create_task(greet())"),
        ),
        Plant("main.py", MAKE, CALL_LATER, "thread Thread", f"{LATER.format('TIMER.start()')}{TIMER}"),
    ),
    "steady": (
        Plant("stock.py", ASK, '            raise KeyError("pear")\n', "KeyError"),
        Plant("main.py", MAKE, CALL_LATER, "no disk", LATER.format("raise OSError('no disk')")),
    ),
    "bounded-calls": (
        Plant("stock.py", ASK, ASK.replace(", timeout=1.0", ""), "RG202"),
        Plant("stock.py", ASK, ASK.replace("1.0", 'float("inf")'), "RG204"),
        Plant("stock.py", ASK, ASK.replace("timeout=1.0", '**{"timeout": None}'), "timeout=None"),
    ),
    "restart-intensity": (
        Plant("main.py", GOODS, GOODS.replace("=3", "=1_000_000"), "1,000,000 restarts in 5 s"),
    ),
    "same-supervision": (
        Plant(
            "main.py",
            GOODS,
            GOODS.replace("=3", '=3 if "PYTEST_VERSION" in os.environ else 30'),
            "max_restarts is 30 in production and 3 in test",
            "import os\n",
        ),
        Plant(
            "main.py",
            TILL,
            'rg.child(Till, name="till", restart="temporary" if "pytest" in sys.modules else "permanent")',
            "in production and",
            "import sys\n",
        ),
        Plant(
            "main.py",
            MAKE,
            f'{MAKE}    if "PYTEST_VERSION" not in os.environ:\n        raise OSError("no key")\n',
            "the application doesn't run in production: OSError: no key",
            "import os\n",
        ),
    ),
    "kill-child": (
        Plant(
            "till.py",
            TOTAL,
            f"{TOTAL}        stock = self.system.whereis('stock')\n        rg.link(stock)\n",
            "root/desk/till ended too, which rest_for_one of root/goods doesn't ask for",
        ),
        Plant(
            "till.py",
            TOTAL,
            f"{TOTAL}        assert not self.system.statistics().exited\n",
            "the whole System came down",
        ),
        Plant(
            "till.py",
            TOTAL,
            f"{TOTAL}        if self.system.statistics().exited:\n            return rg.Ignore\n",
            "root/desk/till didn't come back",
        ),
        Plant(
            "main.py",
            "    stock = rg.supervisor(\n        [rg.child(Stock",
            "    stock = one_alone(\n        [rg.child(Stock",
            "root/goods/watcher had to be restarted with it, and wasn't",
            ONE_ALONE,
        ),
    ),
    "restart-leaks": (
        Plant("till.py", "        if not there.active:\n", "        if there:\n", "1 more processes"),
        Plant("till.py", TOTAL, f"{TOTAL}{SUBSCRIBES}", "1 more subscribers"),
        Plant(
            "till.py",
            TOTAL,
            f"{TOTAL}        self.later = asyncio.get_running_loop().call_later(3600.0, print)\n\n"
            "    def terminate(self, reason: object) -> None:\n        self.later.cancel()\n\n"
            "    async def read(self) -> None:\n",
            "nobody gave back what the killed one had: timer",
            leaves="timer",
        ),
    ),
    "shutdown": (
        Plant(
            "till.py",
            CAST,
            f"    def terminate(self, reason: object) -> None:\n        raise OSError('no disk')\n\n{CAST}",
            "no disk",
        ),
        Plant(
            "till.py",
            CAST,
            "    async def terminate(self, reason: object) -> None:\n"
            f"        await asyncio.Event().wait()\n\n{CAST}",
            "didn't end in its time",
        ),
        Plant("till.py", TOTAL, f"{TOTAL}{SUBSCRIBES}", "subscriber print of the System's events"),
        Plant("till.py", TOTAL, f"{TOTAL}        HELD.append(1)\n", "HELD", HELD),
        Plant(
            "till.py",
            TOTAL,
            f"{TOTAL}        asyncio.get_running_loop().call_later(3600.0, print)\n",
            "timer",
            leaves="timer",
        ),
        Plant(
            "till.py",
            TOTAL,
            f"{TOTAL}        logging.getLogger().addHandler(logging.NullHandler())\n",
            "logging",
            "import logging\n",
        ),
    ),
}
"""Check -> what it has to find."""
