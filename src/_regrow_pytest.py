"""Regrow's pytest plugin, loaded by pytest at start.

It stands beside the package because importing anything of ``regrow`` here would make every
pytest run on the machine pay for it, and would hide the package's import from coverage. What it does
it does only in projects whose ``pyproject.toml`` has a table ``[tool.regrow.test]``, and there only for
tests that use the kit: those that request one of its fixtures or carry ``@pytest.mark.regrow``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import pytest

if TYPE_CHECKING:
    import asyncio

    from regrow.testing.isolation.kit import Kit
    from regrow.testing.leaks.guard import LeakGuard
    from regrow.testing.plugin.running import KitTest

Settings: TypeAlias = "Mapping[str, str | float | bool]"
LoopFactory: TypeAlias = "Callable[[], asyncio.AbstractEventLoop]"

MARK: Final = (
    'regrow(time="virtual"|"real", isolation="basic"|"registry"|"full"|"contamination", timeout=seconds,'
    ' sockets=True, threads=True, subprocesses=True, allow_leaks=("task", ...), allow_changes=("env:TZ", ...'
    '), sleep=True, reason="..."): the test uses Regrow\'s test kit, so; the last options need the reason'
)
FIXTURES: Final = frozenset({"regrow_kit", "regrow_guard"})
"""All fixtures of the kit come to one of these, so that a project's own `unique_name` isn't one."""
NO_TABLE: Final = (
    "Regrow's test kit is switched on by a table [tool.regrow.test], which may be empty, in the"
    " pyproject.toml of pytest's rootdir ({rootdir})"
)

CHOICES: Final[dict[str, tuple[str | bool, ...]]] = {
    "isolation": ("registry", "basic", "full", "contamination"),
    "loop": ("virtual", "real"),
    "leak-check": ("error", "report", "off"),
    "contamination": ("off", "report", "error"),
    "block-sleep": (False, True),
    "blocking-calls": ("off", "error"),
}
"""What the settings can be; the first is the default."""
SECONDS: Final = {"test-timeout": 10.0, "virtual-timeout": 86_400.0}
"""Times in seconds, and their defaults."""
PACKAGE: Final = "package"

settings_key: Final = pytest.StashKey[Settings]()


# -- options and settings ----------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("regrow", "Regrow's test kit")
    group.addoption(
        "--regrow-seeds",
        type=int,
        default=None,
        metavar="N",
        help="run each simulated test (@simulate) with N seeds instead of its own number",
    )
    group.addoption(
        "--regrow-replay",
        default=None,
        metavar="TOKEN",
        help="run simulated tests once, exactly as the failed run that printed TOKEN",
    )
    group.addoption(
        "--regrow-bisect",
        default=None,
        metavar="TEST",
        help="find out which of the selected tests makes TEST, a test id, fail when it runs before it",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> pytest.ExitCode | None:
    """Bisects instead of running tests, if that is asked for."""
    if not config.getoption("--regrow-bisect"):
        return None
    from regrow.testing.bisect_pytest import bisect_main

    return bisect_main(config)


def pytest_configure(config: pytest.Config) -> None:
    """Registers the mark, and the rest where a project asks for it."""
    config.addinivalue_line("markers", MARK)
    for variable, value in (
        ("REGROW_SEEDS", config.option.regrow_seeds),
        ("REGROW_REPLAY", config.option.regrow_replay),
    ):
        if value is not None:  # simulated tests are functions like others: they look there
            patch = pytest.MonkeyPatch()
            patch.setenv(variable, str(value))
            config.add_cleanup(patch.undo)
    settings = read_settings(config.rootpath / "pyproject.toml")
    if settings is not None:
        config.stash[settings_key] = settings
        config.pluginmanager.register(TestKit(config), "regrow-test-kit")
        config.pluginmanager.register(async_fixtures(config), "regrow-async-fixtures")


def read_settings(path: Path) -> Settings | None:
    """The table ``[tool.regrow.test]`` of a ``pyproject.toml`` with defaults filled in; None without one.

    Raises:
        pytest.UsageError: Something in it can't be used.
    """
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    if "regrow" not in text:
        return None
    import tomllib

    table: object = tomllib.loads(text)
    for key in ("tool", "regrow", "test"):
        table = cast("dict[str, object]", table).get(key) if isinstance(table, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise pytest.UsageError(f"{path}: tool.regrow.test = {table!r} has to be a table, [tool.regrow.test]")
    given = cast("dict[str, str | float | bool]", table)
    problems = [problem for key, value in given.items() if (problem := _problem(key, value))]
    if problems:
        raise pytest.UsageError(f"{path}: [tool.regrow.test]: {'; '.join(problems)}")
    return {**{key: values[0] for key, values in CHOICES.items()}, **SECONDS, PACKAGE: "", **given}


def _problem(key: str, value: object) -> str | None:
    if key in CHOICES:
        if any(type(value) is type(choice) and value == choice for choice in CHOICES[key]):
            return None
        names = (f'"{choice}"' if isinstance(choice, str) else str(choice).lower() for choice in CHOICES[key])
        allowed = "one of " + ", ".join(names)
    elif key in SECONDS:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf"):
            return None
        allowed = "a number of seconds above 0"
    elif key == PACKAGE:
        if isinstance(value, str) and value.replace(".", "_").isidentifier():
            return None
        allowed = 'the name of the package under test, such as "myapp"'
    else:
        return f"unknown key {key!r}; known are {', '.join([*CHOICES, *SECONDS, PACKAGE])}"
    return f"{key} = {value!r} can't be used: it has to be {allowed}"


# -- tests that use the kit --------------------------------------------------------------------


def uses_kit(item: pytest.Item) -> bool:
    """Whether a test carries the mark or requests a fixture of the kit, itself or through another one."""
    requested: list[str] = getattr(item, "fixturenames", [])
    return item.get_closest_marker("regrow") is not None or not FIXTURES.isdisjoint(requested)


def watch(item: pytest.Function) -> None:
    """Has a test request `regrow_guard`, as fixtures of the kit do: before all other fixtures of its own."""
    names = item.fixturenames
    if "regrow_guard" in names:
        return
    # There is no public way to learn the scopes of a test's fixtures.
    info = item._fixtureinfo  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    known: Mapping[str, Sequence[pytest.FixtureDef[object]]] = info.name2fixturedefs
    own = (place for place, name in enumerate(names) if name in known and known[name][-1].scope == "function")
    place = next(own, len(names))
    item.fixturenames = [*names[:place], "regrow_guard", *names[place:]]  # the list is other tests' too


def time_of(item: pytest.Item) -> object:
    """Whose time the test runs in: what its mark says, else what the project's settings say."""
    for mark in item.iter_markers("regrow"):
        if "time" in mark.kwargs:
            return mark.kwargs["time"]
    return item.config.stash[settings_key]["loop"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuses the mark where it would do nothing."""
    if settings_key not in item.config.stash and item.get_closest_marker("regrow") is not None:
        pytest.fail(NO_TABLE.format(rootdir=item.config.rootpath), pytrace=False)


# -- fixtures ----------------------------------------------------------------------------------


@pytest.fixture
def regrow_guard(request: pytest.FixtureRequest) -> Iterator[LeakGuard]:
    """Watches the test for leaks, as the settings and its mark say: an `rt.LeakGuard`."""
    if settings_key not in request.config.stash:
        pytest.fail(NO_TABLE.format(rootdir=request.config.rootpath), pytrace=False)
    from regrow.testing.plugin.fixtures import guarding

    with guarding(request.node) as guard:
        yield guard


@pytest.fixture
def regrow_kit(request: pytest.FixtureRequest, regrow_guard: object) -> Kit:
    """What the test has for itself: an open `rt.Kit`, in the mode that the settings and its mark say."""
    del regrow_guard  # there first, to look on until the kit is closed
    return cast("Kit", request.getfixturevalue(_async_fixture_of(request)))


@pytest.fixture
def start_supervised(regrow_kit: Kit) -> object:
    """`regrow_kit.start_supervised`: starts a process that is stopped with the test."""
    return regrow_kit.start_supervised


@pytest.fixture
def spawn_supervised(regrow_kit: Kit) -> object:
    """`regrow_kit.spawn_supervised`: runs a function as a process of the test."""
    return regrow_kit.spawn_supervised


@pytest.fixture
def unique_name(regrow_kit: Kit) -> Callable[..., str]:
    """`regrow_kit.unique_name`: gives names that no other test has."""
    return regrow_kit.unique_name


async def _open_kit(request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    from regrow.testing.plugin.fixtures import opened_kit

    async with opened_kit(request.node) as kit:
        yield kit


def _async_fixture_of(request: pytest.FixtureRequest) -> str:
    """The fixture that opens the kit on the loop that the test will run on."""
    mark = request.node.get_closest_marker("asyncio")
    if mark is not None and request.config.pluginmanager.hasplugin("asyncio"):
        usual = request.config.getini("asyncio_default_test_loop_scope")
        return f"_regrow_kit_{mark.kwargs.get('loop_scope') or mark.kwargs.get('scope') or usual}"
    if "anyio_backend" not in request.fixturenames:
        pytest.fail(
            "regrow_kit needs an async test, run by pytest-asyncio or anyio; in another one,"
            " `async with rt.kit() as kit:` within rt.run_virtual(...) does the same",
            pytrace=False,
        )
    if request.getfixturevalue("anyio_backend_name") != "asyncio":
        pytest.skip("Regrow runs on asyncio")
    return "_regrow_kit_anyio"


def async_fixtures(config: pytest.Config) -> ModuleType:
    """A plugin with a fixture for each way in which async fixtures are run; all do the same."""
    plugin = ModuleType("regrow_async_fixtures")
    vars(plugin)["_regrow_kit_anyio"] = pytest.fixture(name="_regrow_kit_anyio")(_open_kit)
    if config.pluginmanager.hasplugin("asyncio"):
        import pytest_asyncio

        for scope in ("function", "class", "module", "package", "session"):
            name = f"_regrow_kit_{scope}"
            # It notes the scope in the function, so each needs one of its own.
            own = FunctionType(_open_kit.__code__, globals(), name)
            vars(plugin)[name] = pytest_asyncio.fixture(loop_scope=scope, name=name)(own)
    return plugin


# -- hooks -------------------------------------------------------------------------------------


class TestKit:
    """The hooks of a project that has the table."""

    __test__ = False

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._requests: list[pytest.FixtureRequest] = []
        self._test: KitTest | None = None

    @pytest.hookimpl(wrapper=True, optionalhook=True)
    def pytest_asyncio_loop_factories(
        self, item: pytest.Item
    ) -> Generator[None, Mapping[str, LoopFactory] | None, Mapping[str, LoopFactory]]:
        """Offers one factory, so that ids stay as they are; the loops of other tests are the stock ones.

        It is the same object for all tests: with a different one, pytest-asyncio would end the fixtures of
        whole sessions to give a single test its loop. A project's own hook is left alone but for such tests.
        """
        offered = yield
        mark = item.get_closest_marker("asyncio")
        chosen = mark is not None and "loop_factories" in mark.kwargs
        if offered and (chosen or not uses_kit(item)):
            return offered
        return {"regrow": self.new_loop}

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """A loop for the test that runs, if it uses the kit and the loop is for nobody else."""
        request = self._requests[-1] if self._requests else None
        if self._test is not None and (request is None or request.scope == "function"):
            return self._test.new_loop()
        import asyncio

        return asyncio.new_event_loop()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, request: pytest.FixtureRequest) -> Generator[None, object, object]:
        """Remembers which fixture is being set up: loops are made then."""
        self._requests.append(request)
        try:
            return (yield)
        finally:
            self._requests.pop()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Has tests with the mark watched, and gives those on virtual time a loop of their own.

        Here all marks are known: also those of parameters, of unittest's tests, and from other plugins.
        """
        # Without the plugin nobody reads its mark, and pytest would warn of one that it doesn't know.
        by_asyncio = self._config.pluginmanager.hasplugin("asyncio")
        for item in items:
            if isinstance(item, pytest.Function) and item.get_closest_marker("regrow") is not None:
                watch(item)
            mark = item.get_closest_marker("asyncio") if by_asyncio else None
            if mark is None or not uses_kit(item) or time_of(item) == "real":
                continue
            if mark.kwargs.keys().isdisjoint({"loop_scope", "scope"}):
                item.add_marker(pytest.mark.asyncio(**mark.kwargs, loop_scope="function"), append=False)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Begins to watch a test that uses the kit."""
        __tracebackhide__ = True
        if uses_kit(item):
            from regrow.testing.plugin.running import KitTest

            self._test = KitTest(item, self._config.stash[settings_key], self.new_loop)
            self._test.begin()
        yield

    @pytest.hookimpl(specname="pytest_runtest_setup", tryfirst=True)
    def pytest_regrow_marks(self) -> None:
        """Fails it if its marks can't be used: not in the wrapper above, which other plugins stand inside."""
        if self._test is not None:
            self._test.read_marks()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, None, None]:
        """Runs such a test within its limits."""
        __tracebackhide__ = True
        if self._test is None:
            yield
            return
        with self._test.calling():
            yield

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, None, None]:
        """Fails it if it left behind what nobody handled."""
        __tracebackhide__ = True
        test, self._test = self._test, None
        if test is None:
            yield
            return
        with test.ending():
            yield
