"""Probes: processes that note what they get and can be asked about it."""
