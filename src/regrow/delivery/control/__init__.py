"""The control socket: what the command asks of a journal's owner, or does itself where there is none."""
