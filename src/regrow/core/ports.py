"""Ports: everything that isn't deterministic enters a System through these."""

from __future__ import annotations

import itertools
import random
import secrets
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, TypeVar, final

from typing_extensions import override

from regrow.errors.settings import BadPort

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = (
    "Chooser",
    "IdSource",
    "MailboxDecision",
    "MailboxHook",
    "Phase",
    "Ports",
    "RandomStreams",
    "Serials",
    "StepHook",
    "ThreadRunner",
    "ports_of",
)

T = TypeVar("T")

MailboxDecision: TypeAlias = Literal["deliver", "drop", "duplicate"] | float
"""What becomes of a message: delivered, dropped and counted, delivered twice if it is lossy, or held for so
many seconds. What is sent later by the same process to the same one waits behind it."""
Chooser: TypeAlias = Callable[[Sequence[object]], int]
"""Takes the ready processes, oldest first, and gives the index of the one that runs next."""
MailboxHook: TypeAlias = Callable[[object, object, object, bool], MailboxDecision]
"""Takes sender (None for outside), receiver, message, and whether it is lossy: a plain cast or send, of
which nobody is told what becomes. Runtime signals aren't shown to it. With a hook there is no hand-off."""
Phase: TypeAlias = Literal["init", "message"]
"""What a process is about to do: run `init`, or, for a plain process under a supervisor, its function; or
take a message."""
StepHook: TypeAlias = Callable[[object, Phase, object], None]
"""Takes the pid, what it is about to do, and the message, None before `init`. What it raises ends the
process, as if its own code had raised it before it began."""


class IdSource(Protocol):
    """Where serial numbers come from."""

    @property
    def next(self) -> Callable[[], int]:
        """Gives a number that it never gave before; a plain method will do."""
        ...


class ThreadRunner(Protocol):
    """Runs `blocking` handlers on threads."""

    def submit(self, fn: Callable[[], T], /) -> Future[T]:
        """Run `fn` on a thread; the future can be waited for from any thread."""
        ...

    def replace(self) -> None:
        """Give up one thread that a handler will never give back, and allow one more for it."""
        ...

    def close(self) -> None:
        """Take nothing more, and don't wait for what still runs."""
        ...


@final
class Serials:
    """Counts up from `start`; thread-safe, as one C call is all it takes."""

    __slots__ = ("_next",)

    def __init__(self, start: int = 1) -> None:
        self._next = itertools.count(start).__next__

    @property
    def next(self) -> Callable[[], int]:
        """Gives the next number; keep it at hand where speed counts."""
        return self._next


@final
class RandomStreams:
    """Named random streams: each the same for the same seed, whoever else draws from others.

    Args:
        seed: Where all streams come from. Default: the operating system's entropy.
    """

    __slots__ = ("_streams", "seed")

    def __init__(self, seed: int | None = None) -> None:
        self.seed: Final = seed if seed is not None else secrets.randbits(64)
        self._streams: dict[str, random.Random] = {}

    def __call__(self, name: str) -> random.Random:
        """The stream called `name`: one object, made when first asked for."""
        stream = self._streams.get(name)
        if stream is None:
            # A text seeds through SHA-512: the same on every machine, whatever the hash seed.
            stream = self._streams[name] = random.Random(f"{self.seed}/{name}")  # noqa: S311
        return stream

    @override
    def __repr__(self) -> str:
        return f"RandomStreams(seed={self.seed})"


@final
class Ports:
    """What a System takes from the world; all but loop time, which is its loop's `time()`.

    Args:
        monotonic: Real seconds, for how long a turn has held the loop. Default `time.monotonic`.
        wall: Seconds since 1970, for reports. Default `time.time`.
        random: Gives the random stream of a name. Default `RandomStreams()`.
        ids: Serial numbers. Default `Serials()`, fresh for each.
        threads: Runs `blocking` handlers. Default None: the runtime's own threads.
        chooser: Picks the next ready process. Default None: first come first served.
        mailbox_hook: Decides about each message that isn't a signal. Default None.
        step_hook: Called before each step of a process: `init` and each message. Default None.
        store: What a durable System keeps its journal in. Default None.
        virtual: Whether time is virtual, so that no watchdog thread has anything to watch. Default False.
        sockets: Whether sockets may be opened; without them a journal has no control socket. Default True.

    Raises:
        BadPort: If one of them can't be called, or isn't what is said above.
    """

    __slots__ = (
        "chooser",
        "ids",
        "mailbox_hook",
        "monotonic",
        "random",
        "sockets",
        "step_hook",
        "store",
        "threads",
        "virtual",
        "wall",
    )

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        random: Callable[[str], random.Random] | None = None,
        ids: IdSource | None = None,
        threads: ThreadRunner | None = None,
        chooser: Chooser | None = None,
        mailbox_hook: MailboxHook | None = None,
        step_hook: StepHook | None = None,
        store: object | None = None,
        virtual: bool = False,
        sockets: bool = True,
    ) -> None:
        self.monotonic: Final = _checked_callable("monotonic", monotonic)
        self.wall: Final = _checked_callable("wall", wall)
        self.random: Final = _checked_callable("random", random if random is not None else RandomStreams())
        self.ids: Final[IdSource] = ids if ids is not None else Serials()
        self.threads: Final = threads
        self.chooser: Final = None if chooser is None else _checked_callable("chooser", chooser)
        self.mailbox_hook: Final = (
            None if mailbox_hook is None else _checked_callable("mailbox_hook", mailbox_hook)
        )
        self.step_hook: Final = None if step_hook is None else _checked_callable("step_hook", step_hook)
        self.store: Final = store
        self.virtual: Final = virtual
        self.sockets: Final = sockets
        _has_methods("ids", self.ids, ("next",))
        if threads is not None:
            _has_methods("threads", threads, ("submit", "replace", "close"))


def ports_of(loop: object) -> Ports:
    """Ports for a System that was given none: what its loop offers by `regrow_ports()`, else real ones.

    So a loop with a clock of its own brings wall clock, random numbers and threads that go with it, also to
    Systems that the code under test makes itself.
    """
    offered: Callable[[], Ports] | None = getattr(loop, "regrow_ports", None)
    return Ports() if offered is None else offered()


def _checked_callable(option: str, port: T) -> T:
    if not callable(port):
        raise BadPort(option, port, "callable")
    return port


def _has_methods(option: str, port: object, methods: tuple[str, ...]) -> None:
    if not all(callable(getattr(port, method, None)) for method in methods):
        raise BadPort(option, port, f"an object with {', '.join(f'{method}()' for method in methods)}")
