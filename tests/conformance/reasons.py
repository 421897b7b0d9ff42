"""One text per class of exit reason, and what each side calls it."""

from __future__ import annotations

TABLE: tuple[tuple[str, str, str], ...] = (
    ("normal", "normal", "NORMAL"),
    ("shutdown", "shutdown", "SHUTDOWN"),
    ("shutdown:D", "{shutdown, D}", "Shutdown(D)"),
    ("killed", "killed", "KILLED"),
    ("noproc", "noproc", "NOPROC; as a call's failure NoProcess"),
    ("crash", "{Error, Stacktrace}", "Crash(...)"),
    ("call_failed", "{Reason, {gen_server, call, _}}", "Crash of a ProcessExited or NoProcess"),
    (
        "other:D",
        "any other term; the scenarios use {other, D}",
        "any other object; the scenarios use ('other', D)",
    ),
    ("start_failed", "{shutdown, {failed_to_start_child, _, _}}", "StartFailed"),
    ("name_taken", "{already_started, Pid}", "NameTaken"),
)


def table() -> str:
    """The table as text, printed by the command."""
    rows = [("class", "Erlang/OTP", "Regrow"), *TABLE]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
