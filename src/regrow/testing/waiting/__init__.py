"""Waiting in tests, without sleeping: one contract for predicates, assertions, processes and trees."""
