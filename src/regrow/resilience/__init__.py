"""Resilience: how long to wait before a retry, and when not to try at all."""
