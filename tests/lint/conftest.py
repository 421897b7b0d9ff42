"""The marker files of the rules are read by tests, and never run as any."""

collect_ignore = ["cases"]
