"""Regrow: an OTP-grade fault-tolerance runtime for Python."""

__version__ = "0.1.0.dev0"
