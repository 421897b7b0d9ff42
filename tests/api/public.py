"""The public names, for the tests of this folder."""

import inspect

import regrow
from regrow import errors

# The type checkers do not see `__all__`: to them the root's `as` imports say what is public.
NAMES: list[str] = vars(regrow)["__all__"]

ERRORS: dict[str, type] = dict(inspect.getmembers(errors, inspect.isclass))
