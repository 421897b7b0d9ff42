"""The checker finds what it is there to find: histories made by hand, one thing wrong in each."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from tests.crash import plan
from tests.crash.checker import Checker
from tests.crash.journal_file import DeadRow, LiveRow, Snapshot
from tests.crash.wire import Event, Note

SEED = 1


def find(kind: plan.Kind, fate: plan.Fate = "good", *, after: int = -1) -> plan.Operation:
    """The first operation of this kind and fate with a number above `after`, sender by sender."""
    numbers = ((sender, number) for number in count(after + 1) for sender in range(plan.SENDERS))
    operations = (plan.operation(SEED, sender, number) for sender, number in numbers)
    return next(o for o in operations if o.kind == kind and o.fate == fate)


GOOD = find("handled")
OWED = GOOD.owed[0]
EFFECT = find("effect")
BOOKED = EFFECT.owed[0]
FAILING = find("accepted", "failing")


def snapshot(
    *,
    boot: int = 1,
    live: tuple[str, ...] = (),
    dead: dict[str, DeadRow] | None = None,
    done: int = 0,
    lost: int = 0,
    discarded: int = 0,
    ledger: tuple[str, ...] = (),
    tally: tuple[int, int] | None = None,
    epoch: int = 1,
) -> Snapshot:
    """A journal in which everything fits, but for what is given."""
    dead = dead or {}
    counts = (len(live) + done + len(dead) + discarded + lost, len(live), done, len(dead), discarded)
    waiting = [owed for owed in live if owed.endswith(plan.TALLY)]
    weights = [plan.named(SEED, name).weight for name in ledger]
    fits = (len(ledger) - len(waiting), sum(weights) - sum(plan.named(SEED, o).weight for o in waiting))
    return Snapshot(
        boot=boot,
        counts=counts,
        live={owed: [LiveRow(number, 0, 0)] for number, owed in enumerate(live)},
        dead={owed: [row] for owed, row in dead.items()},
        epochs={plan.LEDGER: epoch},
        ledger=dict.fromkeys(ledger, 1),
        tally=tally or fits,
        failures={},
        named=frozenset(),
        redriven=0,
    )


def checker(*accepted: str, status: str = "accepted", durable: bool = True) -> Checker:
    """In its first run, with this accepted; every sender has been so far that nothing used here is new."""
    made = Checker(SEED, durable=durable, reached=40)
    made.next_start(drain=False)
    for owed in accepted:
        made.was_told(owed, status)
    return made


def notes(owed: str, *events: Event, run: int = 0, redrives: int = 0) -> list[Note]:
    return [Note(run, event, owed, redrives) for event in events]


def test_a_clean_history_is_right() -> None:
    made = checker(OWED, BOOKED)
    made.read("worker-0", notes(OWED, "start", "end"))
    made.read(plan.LEDGER, notes(BOOKED, "start", "end"))
    made.stopped(snapshot(done=1, ledger=(EFFECT.name,), live=(f"{EFFECT.name}@tally",)))
    assert (made.ok, made.wrong, made.starts.extra) == (True, [], 0)


def _lost(made: Checker) -> None:
    made.stopped(snapshot())


def _phantom(made: Checker) -> None:
    made.stopped(snapshot(live=(OWED, plan.owed(plan.operation(SEED, 3, 400).name, "worker-0"))))


def _handled_by_a_stranger(made: Checker) -> None:
    made.read("worker-0", notes(f"{GOOD.name}@nowhere", "start"))
    made.stopped(snapshot(live=(OWED,)))


def _started_again_though_settled(made: Checker) -> None:
    made.read("worker-0", notes(OWED, "start", "end"))
    made.stopped(snapshot(done=1))
    made.next_start(drain=False)
    made.read("worker-0", notes(OWED, "start", run=1))
    made.stopped(snapshot(boot=2, done=1))


def _started_again_while_it_ran(made: Checker) -> None:
    made.read("worker-0", notes(OWED, "start", "start"))
    made.stopped(snapshot(live=(OWED,)))


def _not_conserved(made: Checker) -> None:
    made.stopped(snapshot(live=(OWED,), lost=1))


def _old_boot(made: Checker) -> None:
    made.stopped(snapshot(live=(OWED,)))
    made.stopped(snapshot(live=(OWED,)))


def _old_epoch(made: Checker) -> None:
    made.stopped(snapshot(live=(OWED,), epoch=2))
    made.stopped(snapshot(live=(OWED,), boot=2, epoch=1))


def _dead_without_cause(made: Checker) -> None:
    made.stopped(snapshot(dead={OWED: DeadRow(1, "crash_loop", 0, 3, 0, 3)}))


def _another_number(made: Checker) -> None:
    made.stopped(snapshot(live=(OWED,)))
    made.stopped(snapshot(live=("1.1@worker-0", OWED), boot=2))


def _live_and_dead(made: Checker) -> None:
    made.stopped(snapshot(live=(OWED,), dead={OWED: DeadRow(0, "crash_loop", 0, 3, 0, 3)}))


def _live_at_the_end(made: Checker) -> None:
    end = snapshot(live=(OWED,))
    made.stopped(end)
    made.finished(end, set())


def _a_discard_that_nobody_wanted(made: Checker) -> None:
    made.read("worker-0", notes(OWED, "start", "end"))
    end = snapshot(done=1, discarded=1)
    made.stopped(end)
    made.finished(end, set())


@pytest.mark.parametrize(
    ("go_wrong", "words"),
    [
        (_lost, "it is lost"),
        (_phantom, "which nobody sent"),
        (_handled_by_a_stranger, "which nobody sent"),
        (_started_again_though_settled, "it was settled after run 0"),
        (_started_again_while_it_ran, "started again in run 0 after its start"),
        (_not_conserved, "conservation"),
        (_old_boot, "boot 1 after boot 1"),
        (_old_epoch, "epoch of ledger went back"),
        (_dead_without_cause, "is dead with"),
        (_another_number, "has number 1, it was 0"),
        (_live_and_dead, "is live and dead"),
        (_live_at_the_end, "1 live after the end"),
        (_a_discard_that_nobody_wanted, "1 counted as discarded"),
    ],
)
def test_what_is_wrong_with_deliveries_is_found(go_wrong: Callable[[Checker], None], words: str) -> None:
    made = checker(OWED)
    go_wrong(made)
    assert not made.ok
    assert words in "\n".join(made.wrong)


@pytest.mark.parametrize(
    ("journal", "words"),
    [
        (snapshot(done=1), "it is lost"),
        (snapshot(done=1, ledger=(EFFECT.name,), tally=(0, 0)), "the tally has"),
        (snapshot(live=(BOOKED,), ledger=(EFFECT.name,)), "took effect and is owed"),
        (snapshot(live=(BOOKED,)), "was answered and had no effect"),
    ],
)
def test_what_is_wrong_with_effects_is_found(journal: Snapshot, words: str) -> None:
    made = checker(BOOKED, status="handled")
    made.read(plan.LEDGER, notes(BOOKED, "start", "end"))
    made.stopped(journal)
    assert words in "\n".join(made.wrong)


def test_a_doubled_effect_is_found() -> None:
    made = checker(BOOKED)
    good = snapshot(done=1, ledger=(EFFECT.name,))
    good.ledger[EFFECT.name] = 2
    made.stopped(good)
    assert f"{EFFECT.name} took effect 2 times" in made.wrong


def test_a_start_after_a_kill_is_extra_only_if_it_was_in_flight() -> None:
    made = checker(OWED)
    made.read("worker-0", notes(OWED, "start"))
    made.stopped(snapshot(live=(OWED,)))
    made.next_start(drain=False)
    made.read("worker-0", notes(OWED, "start", "end", run=1))
    made.stopped(snapshot(boot=2, done=1))
    assert (made.wrong, made.starts.extra, made.starts.in_flight) == ([], 1, 1)


def test_a_dead_letter_tells_its_attempts() -> None:
    [owed] = FAILING.owed
    made = checker(owed)
    made.read("worker-0", notes(owed, *("start", "fail") * 3))
    made.stopped(snapshot(dead={owed: DeadRow(1, "max_attempts", 3, 0, 0, history=0)}))
    assert "no attempt is told" in made.wrong[0]


def test_a_redrive_starts_a_dead_letter_anew() -> None:
    [owed] = FAILING.owed
    made = checker(owed)
    made.read("worker-0", notes(owed, *("start", "fail") * 3))
    made.stopped(snapshot(dead={owed: DeadRow(1, "max_attempts", 3, 0, 0, history=3)}))
    made.next_start(drain=False)
    made.read("worker-0", notes(owed, "start", "end", run=1, redrives=1))
    made.stopped(snapshot(boot=2, done=1))
    assert made.wrong == []


def test_what_overtakes_in_its_lane_is_found() -> None:
    lane = find("lane")
    later = next(
        o
        for number in count(lane.number + 1)
        if (o := plan.operation(SEED, lane.sender, number)).kind == "lane"
    )
    made = checker()
    made.read(plan.ORDERED[0], notes(later.owed[0], "start", "end") + notes(lane.owed[0], "start", "end"))
    made.stopped(snapshot(done=2))
    assert "started after" in made.wrong[0]


def test_without_a_journal_loss_is_counted_and_nothing_else_is_allowed() -> None:
    made = checker(OWED, durable=False)
    made.stopped(None)
    made.finished(None, set())
    assert (made.lost, made.ok) == ({OWED}, True)


def test_what_is_in_doubt_is_sent_again_under_its_old_name() -> None:
    made = Checker(SEED, durable=True)
    made.next_start(drain=False)
    sender = next(s for s in range(plan.SENDERS) if plan.operation(SEED, s, 0).kind == "effect")
    made.stopped(snapshot())
    start = made.next_start(drain=False)
    assert f"{sender}.0" in start.again
    assert start.first[sender] == 1
