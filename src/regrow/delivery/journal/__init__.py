"""The journal: what was accepted, until it is settled; the stores that keep it."""
