"""Calls: each is answered once, with its own answer, in time; who has gone makes callers fail at once."""

from __future__ import annotations

from collections.abc import Callable, Container

import regrow as rg
from tests.simulation.oracles.who import Who

NEAR = 1e-9
"""Seconds that two computations of one moment may be apart."""


class Ask:
    """One call, as its caller and its handler see it."""

    def __init__(self, token: int, target: Who | None, asked: float, deadline: float) -> None:
        self.token = token
        self.target = target
        self.asked = asked
        self.deadline = deadline
        self.begun: float | None = None
        self.answers: list[tuple[object, float]] = []
        self.lost = False
        """Its reply handle was dropped on purpose."""
        self.outcome: object = None
        self.over: float | None = None

    def __str__(self) -> str:
        return f"call {self.token} to {self.target} (asked {self.asked:g}, until {self.deadline:g})"


class Calls:
    """All calls of a run.

    Args:
        now: The virtual time.
        violate: Told what is wrong.
        faulty: Whether handlers may be held up before their first line.
    """

    def __init__(
        self, now: Callable[[], float], violate: Callable[[str, str], object], *, faulty: bool
    ) -> None:
        self._faulty = faulty
        self._now = now
        self._violate = violate
        self.asks: list[Ask] = []
        self.waits: dict[Who, Who] = {}
        """Which process's own task waits for which."""

    def wrong(self, invariant: str, text: str) -> None:
        self._violate(invariant, text)

    # -- the caller ----------------------------------------------------------------------------

    def ask(self, target: Who | None, seconds: float, within: Ask | None = None) -> Ask:
        """A call begins; `within` is the one that its caller handles."""
        now = self._now()
        deadline = now + seconds if within is None else min(now + seconds, within.deadline)
        ask = Ask(len(self.asks), target, now, deadline)
        self.asks.append(ask)
        return ask

    def circle(self, caller: Who, target: Who | None) -> bool:
        """Whether a call of `caller` to `target` would close a circle."""
        node = target
        while node is not None:
            if node == caller:
                return True
            node = self.waits.get(node)
        return False

    def got(self, ask: Ask, answer: object) -> None:
        """The caller has an answer."""
        now = self._over(ask, "answered")
        if not ask.answers or ask.answers[0][0] != answer:
            self.wrong("right answer", f"{ask} got {answer!r}; its handler gave {ask.answers}")
        elif abs(ask.answers[0][1] - now) > NEAR:
            self.wrong("prompt answer", f"{ask} got at {now:g} what was given at {ask.answers[0][1]:g}")

    def failed(self, ask: Ask, error: BaseException, *, circle: bool = False) -> None:
        """The caller got an exception that is no answer."""
        now = self._over(ask, error)
        if isinstance(error, rg.errors.CallTimeout):
            if abs(now - ask.deadline) > NEAR and not ask.deadline <= ask.asked:
                self.wrong("deadline", f"{ask} timed out at {now:g}")
        elif isinstance(error, rg.errors.ProcessExited | rg.errors.NoProcess):
            if ask.target is not None and ask.target.alive:
                self.wrong("alive", f"{ask} failed with {error!r}, but it lives")
        elif isinstance(error, rg.errors.ReplyLost):
            if not ask.lost:
                self.wrong("reply lost", f"{ask}: nobody dropped its reply handle")
        elif isinstance(error, rg.errors.CallCycle | rg.errors.CallToSelf):
            if not circle:
                self.wrong("circle", f"{ask} failed with {error!r}, but there is no circle")
        else:
            self.wrong("error", f"{ask} failed with {error!r}")

    def gave_up(self, ask: Ask) -> None:
        """The caller was cancelled or killed."""
        self._over(ask, "given up", late=True)

    def _over(self, ask: Ask, outcome: object, *, late: bool = False) -> float:
        now = self._now()
        if ask.over is not None:
            self.wrong("one outcome", f"{ask} was {ask.outcome} and is {outcome}")
        ask.outcome, ask.over = outcome, now
        if now > ask.deadline + NEAR and not late and ask.deadline > ask.asked:
            self.wrong("deadline", f"{ask} ended at {now:g}")
        return now

    # -- the handler ---------------------------------------------------------------------------

    def begun(self, token: int, pid: Who, *, late: bool = False) -> Ask:
        """Its handler begins; `late` if that is some time after it was given to a thread."""
        ask = self.asks[token]
        if ask.begun is not None:
            self.wrong("handled once", f"{ask} is handled again")
        if ask.over is not None and not self._faulty and not late:
            self.wrong("expired requests", f"{ask} is handled after it was over: {ask.outcome}")
        if pid != ask.target:
            self.wrong("right process", f"{ask} is handled by {pid}")
        ask.begun = self._now()
        return ask

    def answered(self, ask: Ask, answer: object) -> object:
        """Its handler gives the answer."""
        ask.answers.append((answer, self._now()))
        return answer

    # -- in the end ----------------------------------------------------------------------------

    def check(self, started: Container[Who], ended: dict[Who, float]) -> None:
        """Everybody has had an outcome; `ended` says when those who had `started` ended."""
        for ask in self.asks:
            if ask.over is None:
                self.wrong("one outcome", f"{ask} has none")
                continue
            if ask.target is None or ask.target not in started:
                continue
            died = ended.get(ask.target)
            if isinstance(ask.outcome, rg.errors.ProcessExited) and (died is None or died < ask.over - NEAR):
                self.wrong("told at once", f"{ask} was told at {ask.over:g} of an end at {died}")
            if isinstance(ask.outcome, rg.errors.CallTimeout):
                if died is not None and ask.asked <= died < ask.over - NEAR:
                    self.wrong("told at once", f"{ask} timed out at {ask.over:g}; it had ended at {died:g}")
                if any(at < ask.over - NEAR for _, at in ask.answers):
                    self.wrong("prompt answer", f"{ask} timed out; it was answered at {ask.answers}")

    def counts(self) -> tuple[int, int]:
        """How many requests expired unhandled, and how many answers came late, if nobody died."""
        given_up = [
            ask
            for ask in self.asks
            if ask.outcome == "given up" or isinstance(ask.outcome, rg.errors.CallTimeout)
        ]
        expired = sum(ask.begun is None and ask.deadline > ask.asked for ask in given_up)
        return expired, sum(bool(ask.answers) for ask in given_up)
