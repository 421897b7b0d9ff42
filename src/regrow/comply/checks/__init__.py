"""The checks, each a class; `CHECKS` has one of each, in the order in which they run."""

from __future__ import annotations

from typing import Final

from regrow.comply.check import Check
from regrow.comply.checks.classes import BoundedInit, Callbacks
from regrow.comply.checks.restarts import KillChild, RestartLeaks
from regrow.comply.checks.runs import BoundedCalls, Builds, Shutdown, SteadyRun, Supervised
from regrow.comply.checks.sources import AuditTests, ExplicitStrategy, Lint
from regrow.comply.checks.supervision import RestartIntensity, SameSupervision

CHECKS: Final[tuple[Check, ...]] = (
    Lint(),
    AuditTests(),
    ExplicitStrategy(),
    Callbacks(),
    BoundedInit(),
    Builds(),
    Supervised(),
    SteadyRun(),
    BoundedCalls(),
    RestartIntensity(),
    SameSupervision(),
    KillChild(),
    RestartLeaks(),
    Shutdown(),
)
