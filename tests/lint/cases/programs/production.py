"""Branches for tests in every shape."""

import os
import sys

TESTING = False
ENVIRONMENT = os.environ.get("NO_SUCH_VARIABLE", "production")

limit = 1_000 if TESTING else 3
name = "test" if "PYTEST_NEVER_SET" in os.environ or TESTING else "app"

if TESTING:
    limit = 0
elif limit:
    limit += 1
else:
    limit = -1

if ENVIRONMENT == "test":
    print("pretending")
else:
    # In earnest.
    def start(number):
        return [
            number,
    number]

    print("starting", start(limit))

if name and not TESTING:
    print(name)
if limit > 10 or ENVIRONMENT == "testing":
    print("many")
elif TESTING:
    print("never")
print(limit, len(sys.argv) >= 0)
