"""Whatever a file holds: no rule fails, what is fixed parses, compiles if it did, and is left alone then."""

import asyncio
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from regrow.lint.checker import Checker
from regrow.lint.discovery import Source
from regrow.lint.fixing import compiles
from regrow.lint.mending import mend
from regrow.lint.model import Role
from regrow.lint.registry import own_rules
from regrow.lint.settings import Settings
from regrow.lint.text import Text
from tests.lint.cases import CASES
from tests.lint.programs import mutated, program

LIBRARY = Path(asyncio.__file__).parent
REAL = [LIBRARY / name for name in ("queues.py", "runners.py", "locks.py", "timeouts.py", "taskgroups.py")]
SEEDS = [path.read_text() for path in (*sorted(CASES.rglob("*.py")), *REAL)]
CHECKER = Checker(Settings(extend_select=tuple(one.code for one in own_rules()), allow_sleep_zero=False))
RANDOM = st.integers(0, 2**32).map(Random)


def check(data: bytes, role: Role) -> int:
    """Fix it, twice; how many fixes were made."""
    source = Source(Path("a.py"), "a.py", "a.py", role, "a")
    result = mend(data, source, CHECKER, unsafe=True)
    assert result.failures == ()
    assert result.refused == ()
    if result.error is not None:
        assert "its lines end in different ways" in result.error
        assert result.new == data
    if not result.is_changed:
        return 0
    if compiles(Text(data).content):
        assert compiles(Text(result.new).content)
    assert mend(result.new, source, CHECKER, unsafe=True).new == result.new
    return len(result.made)


@settings(max_examples=500, deadline=None)
@given(RANDOM, st.sampled_from([Role.CODE, Role.TEST]))
def test_programs_made_up_at_random(random: Random, role: Role) -> None:
    check(program(random).encode(), role)


@settings(max_examples=100, deadline=None)
@given(RANDOM, st.sampled_from(SEEDS), st.sampled_from([Role.CODE, Role.TEST]))
def test_mutations_of_real_files(random: Random, seed: str, role: Role) -> None:
    check(mutated(random, seed).encode(), role)


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode(errors="replace")))
)
def test_any_bytes(data: bytes) -> None:
    check(data, Role.CODE)


def test_the_programs_give_fixes_something_to_do() -> None:
    made = sum(check(program(Random(seed)).encode(), Role.TEST) for seed in range(300))
    assert made >= 20
