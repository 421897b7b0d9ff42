"""How much a test has for itself: the four modes of the kit."""

import os
import random
from pathlib import Path

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing import run_virtual


class Counter(rg.GenServer):
    def init(self) -> None:
        self.n = 0

    @rg.call
    def increment(self) -> int:
        self.n += 1
        return self.n


def test_basic_shares_a_system_and_leaves_it_as_it_was() -> None:
    async def main() -> None:
        async with rg.System([rg.child(Counter, name="shared")]) as system:
            before = system.tree()
            async with rt.kit("basic", system=system) as kit:
                assert kit.system is system
                mine = await kit.start_supervised(Counter, name=kit.unique_name("counter"))
                assert await mine.call(Counter.increment(), timeout=1.0) == 1
            assert not mine.alive
            await system.idle()
            assert system.tree() == before
            assert system.state == "running"

    run_virtual(main())


def test_basic_without_a_system_has_names_only() -> None:
    async def main() -> None:
        async with rt.kit("basic", test_id="test_it") as kit:
            assert kit.unique_name() == "test_it-fd1485dc-1"
            with pytest.raises(rg.errors.NoKitSystem, match="mode 'basic' makes none"):
                _ = kit.system
            with pytest.raises(rg.errors.NoKitSystem):
                await kit.start_supervised(Counter)

    run_virtual(main())


def test_the_end_takes_away_the_tests_own_subscribers_and_nobody_elses() -> None:
    """Also such as have "test" in their names: nothing is found by what it is called."""

    async def main() -> None:
        async with rg.System() as system:
            async with rt.kit("basic", system=system, test_id="test_a") as one:
                async with rt.kit("basic", system=system, test_id="test_a_b") as two:
                    heard: list[str] = []

                    def test_handler(event: rg.events.Event) -> None:
                        heard.append(event.name)

                    kept = one.subscribe("process.started", test_handler)
                    gone = two.subscribe("", test_handler)
                assert (kept.active, gone.active) == (True, False)
                await one.start_supervised(Counter)
                await system.idle()
            assert heard == ["process.started"]
            assert system.events.subscriptions() == ()

    run_virtual(main())


def test_the_kit_starts_and_stops_the_programs_own_tree() -> None:
    async def main() -> None:
        program = rg.System([rg.child(Counter, name="counter")], name="program")
        async with rt.kit(system=program) as kit:
            ref = kit.system.ref("counter", Counter)
            assert await ref.call(Counter.increment(), timeout=1.0) == 1
        assert program.state == "stopped"

    run_virtual(main())


def test_a_system_that_fails_cancels_the_test_and_is_what_is_told() -> None:
    class Fragile(rg.GenServer):
        def handle_info(self, message: object) -> None:
            raise ValueError(message)

    async def main() -> None:
        program = rg.System([rg.child(Fragile, name="fragile")], max_restarts=0)
        async with rt.kit(system=program) as kit:
            kit.system.ref("fragile", Fragile).send("crash")
            await rt.wait_for(lambda: False, timeout=60.0)

    with pytest.raises(rg.errors.TeardownFailed) as caught:
        run_virtual(main())
    assert [type(error) for error in caught.value.exceptions] == [rg.errors.SystemFailed]


def test_full_has_random_numbers_a_clock_and_settings_of_its_own() -> None:
    async def draws(test_id: str) -> tuple[object, ...]:
        settings = rg.Settings(mailbox_capacity=7)
        async with rt.kit("full", test_id=test_id, settings=settings) as kit:
            assert kit.system.settings is settings
            return kit.random("mine").random(), kit.random("other").random(), random.random(), kit.seed

    async def main() -> None:
        first = await draws("test_a")
        assert first == await draws("test_a")
        assert len({*first, *(await draws("test_b"))}) == 8

    run_virtual(main())


def test_a_seed_that_is_given_is_taken() -> None:
    async def main() -> float:
        async with rt.kit("full", seed=7) as kit:
            assert kit.seed == 7
            return random.random()

    assert run_virtual(main()) == random.Random(7).random()


def test_full_puts_global_state_back_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLD", "1")
    before = (dict(os.environ), Path.cwd(), random.getstate())

    async def main() -> None:
        async with rt.kit("full"):
            os.environ["NEW"] = "1"
            del os.environ["OLD"]
            os.chdir(tmp_path)
            random.seed(5)

    run_virtual(main())
    assert (dict(os.environ), Path.cwd(), random.getstate()) == before


def test_global_state_is_put_back_after_the_end_of_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEFT", raising=False)

    class Late(rg.GenServer):
        def terminate(self, reason: rg.ExitReason) -> None:
            os.environ["LEFT"] = "by terminate"

    async def main(mode: rt.KitMode) -> None:
        async with rt.kit(mode) as kit:
            await kit.start_supervised(Late)

    run_virtual(main("full"))
    assert "LEFT" not in os.environ
    with pytest.raises(rg.errors.TeardownFailed) as caught:
        run_virtual(main("contamination"))
    (error,) = caught.value.exceptions
    assert str(error).endswith("env: LEFT was nothing, is 'by terminate'")
    assert "LEFT" not in os.environ


def test_contamination_fails_a_test_that_changes_global_state_unless_there_is_a_reason() -> None:
    async def main(allow: tuple[str, ...], reason: str) -> None:
        async with rt.kit("contamination", allow=allow, reason=reason):
            random.random()

    with pytest.raises(rg.errors.TeardownFailed) as caught:
        run_virtual(main((), ""))
    assert isinstance(caught.value.exceptions[0], rg.errors.Contaminated)
    before = random.getstate()
    run_virtual(main(("random",), "the program draws from it"))
    assert random.getstate() == before
    with pytest.raises(rg.errors.TeardownFailed) as caught:
        run_virtual(main(("random", "env"), "the program draws from it"))
    assert isinstance(caught.value.exceptions[0], rg.errors.StaleOptOut)


def test_two_tests_of_one_program_can_not_both_have_its_global_state() -> None:
    """In workers of their own they can, and beside each other with registries of their own."""

    async def main() -> None:
        async with rt.kit("full", test_id="test_a"):
            with pytest.raises(rg.errors.AlreadyIsolated, match=r"test_b can't have .* test_a has them"):
                async with rt.kit("contamination", test_id="test_b"):
                    pass
            async with rt.kit("registry", test_id="test_b"):
                pass
        async with rt.kit("full", test_id="test_b"):
            pass

    run_virtual(main())


def test_a_system_that_does_not_start_leaves_nothing_taken() -> None:
    class Refusing(rg.GenServer):
        def init(self) -> None:
            raise ValueError("no")

    async def main() -> None:
        with pytest.raises(rg.errors.ChildStartFailed):
            async with rt.kit("full", system=rg.System([rg.child(Refusing)])):
                pass
        async with rt.kit("full") as kit:
            assert kit.unique_name().endswith("-1")

    run_virtual(main())


@pytest.mark.parametrize(
    ("mode", "options", "text"),
    [
        ("total", {}, r"kit\(mode='total'\).*'basic', 'registry', 'full', 'contamination'"),
        ("basic", {"settings": rg.Settings()}, "mode 'basic' makes no System"),
        ("basic", {"system": rg.System()}, "one that runs"),
        ("full", {"system": rg.System(), "debug": True}, "the System is given"),
        ("full", {"system": "app"}, "has to be a System"),
        ("full", {"allow": ("env",), "reason": "x"}, "unless mode is 'contamination'"),
        ("contamination", {"allow": ("env",)}, "a text that says why"),
        ("contamination", {"allow": ("weather",), "reason": "x"}, "one of env, cwd, path"),
        ("contamination", {"package": ("",)}, "the name of a package"),
        ("registry", {"test_id": 3}, "a text that isn't empty"),
        ("registry", {"seed": "x"}, "a whole number"),
    ],
)
def test_options_that_can_not_be_used_are_refused(mode: str, options: dict[str, object], text: str) -> None:
    with pytest.raises(rg.errors.BadSetting, match=text):
        rt.kit(mode, **options)  # type: ignore[arg-type]
