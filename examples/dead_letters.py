"""A shop whose billing can't do odd cents, and what its operator does about that.

docs/operations.md shows what it prints. Run: python examples/dead_letters.py
"""

import asyncio
import contextlib
import io
import logging
import os
import tempfile

import regrow as rg
from regrow.cli import main as command


class Billing(rg.GenServer):
    mended = False

    @rg.call
    def charge(self, customer: str, cents: int, card_token: str) -> str:
        if cents % 100 and not Billing.mended:
            raise ArithmeticError(f"odd cents: {cents}")
        return f"{customer} paid"


async def regrow(*arguments: str) -> None:
    """Run the command beside the program, as in another window."""
    shown = [f"'{word}'" if " " in word else word for word in arguments]
    print(f"$ regrow {' '.join(shown)}", flush=True)
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        code = await asyncio.to_thread(command, arguments)
    print(errors.getvalue(), end="")
    print(f"(exit code {code})\n" if code else "")


async def program(journal: rg.Journal) -> None:
    for customer, cents in [("ann", 500), ("bob", 199), ("eve", 301)]:
        delivery = await rg.supervised_send(
            "billing",
            Billing.charge(customer, cents, card_token="4711"),
            timeout=60.0,
            durable=True,
            on_error="dead_letter",
        )
        print(customer, delivery.status)
    print()
    await operate((await journal.dead_letters.groups())[0].fingerprint)


async def operate(cause: str) -> None:
    await regrow("dlq", "stats", "shop.db")
    await regrow("dlq", "groups", "shop.db")
    await regrow("dlq", "list", "shop.db", "--newer-than", "1h")
    await regrow("dlq", "show", "shop.db", "2")
    await regrow("dlq", "quarantine", "shop.db", cause, "--note", "bug 12", "--actor", "ann")

    Billing.mended = True  # somebody deploys
    await regrow("dlq", "quarantine", "shop.db", cause, "--release", "--actor", "ann")
    await regrow("dlq", "edit", "shop.db", "3", "--set", 'cents="three"', "--actor", "ann")
    await regrow(
        "dlq", "edit", "shop.db", "3", "--set", "cents=300", "--note", "eve called", "--actor", "ann"
    )
    await regrow("dlq", "redrive", "shop.db", "--fingerprint", cause, "--dry-run")
    await regrow("dlq", "redrive", "shop.db", "--fingerprint", cause, "--canary", "1", "--actor", "ann")
    await regrow("journal", "stats", "shop.db")
    await regrow("journal", "audit", "shop.db")


async def main() -> None:
    journal = rg.Journal("shop.db")
    async with (
        rg.System([rg.child(Billing, name="billing")], services=[journal], max_restarts=100) as system,
        system.guest(),
    ):
        await program(journal)


if __name__ == "__main__":
    logging.disable()  # the crash reports: here they are what is meant to happen
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        asyncio.run(main())
