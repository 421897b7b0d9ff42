"""Figures about the test kit that aren't speeds."""
