"""Servers whose state survives their crash: state, sends and acknowledgement are committed together."""
