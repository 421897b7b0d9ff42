"""``[tool.regrow.check]`` and ``[tool.regrow.ratchet]`` as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Settings(NamedTuple):
    """The settings of a run; each has the name of its key in ``[tool.regrow.check]``, with ``_`` for ``-``.

    Attributes:
        select: Codes, prefixes of codes, or names; what isn't listed is off. Default: all rules, of which
            those that are off by default stay off.
        ignore: Codes, prefixes or names that are off.
        extend_select: Rules that are on beside `select`, those off by default among them.
        src: Folders whose packages are importable, for module names.
        tests: Folders of tests. Files called ``test_*.py`` or ``*_test.py`` are tests wherever they stand.
        test_support: Files and folders (globs) with helpers of tests; ``conftest.py`` always is one.
        scripts: Files and folders (globs) that are run by hand.
        exclude: Globs of what isn't looked at, beside hidden folders and virtual environments.
        per_file_ignores: Globs to codes, prefixes or names that are off in these files.
        supervised_spawners: Qualified functions whose tasks, threads and processes have an owner.
        task_group_types: Qualified classes that own the tasks that they make.
        send_names: Methods that send without an answer.
        call_names: Methods that wait for an answer.
        timeout_scopes: Qualified functions whose ``with`` bounds what stands in it.
        allow_sleep_zero: Whether ``sleep(0)`` is allowed in tests.
        broad_except_boundaries: Qualified functions (or modules) where catching all is the job.
        state_attributes: Attributes that are a process's private state.
        require_reason: Whether a suppression needs a reason.
    """

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    src: tuple[str, ...] = ("src", ".")
    tests: tuple[str, ...] = ("tests", "test")
    test_support: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ("scripts",)
    exclude: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = {}
    supervised_spawners: tuple[str, ...] = ()
    task_group_types: tuple[str, ...] = (
        "asyncio.TaskGroup",
        "asyncio.taskgroups.TaskGroup",
        "anyio.abc.TaskGroup",
        "anyio.create_task_group",
        "trio.open_nursery",
        "trio.Nursery",
        "aiotools.TaskGroup",
        "quattro.TaskGroup",
    )
    send_names: tuple[str, ...] = ("send", "put_nowait")
    call_names: tuple[str, ...] = ("call", "ask")
    timeout_scopes: tuple[str, ...] = (
        "asyncio.timeout",
        "asyncio.timeout_at",
        "anyio.fail_after",
        "anyio.move_on_after",
        "trio.fail_after",
        "trio.fail_at",
        "trio.move_on_after",
        "trio.move_on_at",
        "async_timeout.timeout",
        "async_timeout.timeout_at",
    )
    allow_sleep_zero: bool = True
    broad_except_boundaries: tuple[str, ...] = ()
    state_attributes: tuple[str, ...] = ("_state", "state")
    require_reason: bool = True


class RatchetSettings(NamedTuple):
    """What holds the number of findings down: ``[tool.regrow.ratchet]``.

    Attributes:
        baseline: The file of the findings that are known, relative to the configuration's root.
        exact: Whether findings that are gone have to leave the baseline: ``mode = "exact"``, the default,
            and not ``"no-grow"``.
        max_total: Codes, prefixes or names to how many findings there may be of these rules together.
        audit_min: The score that `regrow audit` asks of the test suite, 0 to 100; None for 100.
    """

    baseline: str = "regrow-baseline.json"
    exact: bool = True
    max_total: Mapping[str, int] = {}
    audit_min: int | None = None
