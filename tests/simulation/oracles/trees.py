"""A whole tree of supervisors against what the events told, after the run."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable

from regrow import events
from tests.simulation.oracles.plans import Branch, branches
from tests.simulation.oracles.supervision import Attempt, Model
from tests.simulation.oracles.who import Who


class Leaving(events.Event, frozen=True):
    """Put among the events where the System is told to stop."""


class Everybody:
    """Contains every process."""

    def __contains__(self, pid: object) -> bool:
        return True


class Trees:
    """Tells each supervisor's model what concerns it.

    Args:
        root: The plan of the whole tree.
        violate: Told what is wrong.
        faulty: Whether anybody may be killed, and any start may fail, unknown to the scenario.
    """

    def __init__(self, root: Branch, violate: Callable[[str, str], object], *, faulty: bool) -> None:
        self.killed: set[Who] = set()
        """Processes that the scenario killed."""
        self.disturbed: set[Who] = set()
        """These, and those that it sent an exit signal."""
        self.labels: dict[Who, str] = {}
        """Which child a process is, written by its `init`."""
        self._plans = {branch.label: branch for branch in branches(root)}
        self._root = root.label
        self._faulty = faulty
        self._violate = violate
        self._attempts: defaultdict[Who | None, defaultdict[str, deque[Attempt]]] = defaultdict(
            lambda: defaultdict(deque)
        )
        self._models: dict[Who, Model] = {}
        self._parents: dict[Who, Who | None] = {}

    def born(self, parent: Who | None, label: str, pid: Who, outcome: str) -> None:
        """An `init` begins; `parent` is None below the root."""
        self.labels[pid] = label
        self._parents[pid] = parent
        self._attempts[parent][label].append(Attempt(pid, outcome))

    def check(self, told: Iterable[events.Event]) -> None:
        """Go through all that was told, in order."""
        told = list(told)
        self._find_root(told)
        for event in told:
            match event:
                case events.Started():
                    self._started(event)
                case events.Exited():
                    self._exited(event)
                case events.Restarted(supervisor=pid, child_id=child, new=new, attempts=attempts, at=at):
                    self._model(pid).told_restarted(child, new, attempts, at)
                case events.RestartFailed():
                    self._start_failed(event)
                case events.BudgetExceeded(supervisor=pid, child_id=child, at=at):
                    self._model(pid).told_exceeded(child, at)
                case Leaving():
                    self._model(self._root_pid()).ordered = True
        for model in self._models.values():
            model.finish()

    def _find_root(self, told: list[events.Event]) -> None:
        for event in told:
            if isinstance(event, events.Started) and event.parent is None and event.kind == "Supervisor":
                self.labels[event.pid] = self._root
                self._parents[event.pid] = None
                self._attempts[event.pid] = self._attempts[None]

    def _model(self, pid: Who) -> Model:
        model = self._models.get(pid)
        if model is None:
            plan = self._plans[self.labels[pid]]
            killed: Container[Who] = Everybody() if self._faulty else self.killed
            disturbed: Container[Who] = Everybody() if self._faulty else self.disturbed
            model = Model(plan, pid, self._attempts[pid], self._violate, killed=killed, disturbed=disturbed)
            above = self._parents.get(pid)
            if plan.label != self._root:
                model.above = self._model(above if above is not None else self._root_pid())
            self._models[pid] = model
        return model

    def _root_pid(self) -> Who:
        return next(pid for pid, label in self.labels.items() if label == self._root)

    def _started(self, event: events.Started) -> None:
        label = self.labels.get(event.pid)
        self._parents.setdefault(event.pid, event.parent)
        if label in self._plans:
            self._model(event.pid).up(event.at)
        if event.parent is not None:
            self._model(event.parent).started(label, event.pid, event.at)

    def _start_failed(self, event: events.RestartFailed) -> None:
        pid = self._model(event.supervisor).start_failed(event.child_id, event.reason, event.at)
        if pid in self._models:
            self._models[pid].phase = "dead"

    def _exited(self, event: events.Exited) -> None:
        label = self.labels.get(event.pid)
        if label in self._plans:
            self._model(event.pid).ended(event.reason)
        if label == self._root:
            for model in self._models.values():
                model.swept = True
        else:
            above = self._parents[event.pid]
            self._model(above if above is not None else self._root_pid()).child_ended(
                event.pid, event.reason, event.at
            )
