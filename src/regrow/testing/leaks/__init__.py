"""Leaks and contamination: what a test left behind, and where it was made."""
