import os

import regrow as rg
from app import DEBUG, ENV, Metrics, Worker, settings

LIMIT = 1_000 if os.environ.get("APP_ENV") == "ci" else 3
FIXED = 3
FROM_OUTSIDE = int(os.environ.get("MAX_RESTARTS", "3"))

if settings.debug:
    SECONDS = 100.0
else:
    SECONDS = 5.0

one = rg.supervisor(
    [rg.child(Worker)],
    strategy="one_for_one" if ENV != "prod" else "rest_for_one",  # expect: RG107
    max_restarts=LIMIT,  # expect: RG107
    max_seconds=SECONDS,  # expect: RG107
)
two = rg.supervisor(
    [
        rg.child(Worker, restart="permanent" if settings.is_production else "temporary"),  # expect: RG107
    ],
    strategy="one_for_one",
    max_restarts=FROM_OUTSIDE,
    max_seconds=5.0,
)
three = rg.System([rg.child(Worker), *([] if DEBUG else [rg.child(Metrics)])])  # expect: RG107
four = rg.SupervisorFlags(max_restarts={"test": 1_000, "prod": 3}[ENV], max_seconds=FIXED)  # expect: RG107
five = rg.SupervisorFlags(max_restarts=settings.max_restarts, max_seconds=5 if settings.slow else 1)


def tree(production: bool, metrics: bool) -> rg.ChildSpec:
    if not production:
        return rg.supervisor([], strategy="one_for_one", max_restarts=1_000)  # expect: RG107
    else:
        return rg.supervisor([], strategy="one_for_one", max_restarts=3)


def children(metrics: bool) -> rg.ChildSpec:
    if metrics:
        return rg.supervisor([rg.child(Metrics)], strategy="one_for_one", max_restarts=3)
    else:
        return rg.supervisor([], strategy="one_for_one", max_restarts=3)
