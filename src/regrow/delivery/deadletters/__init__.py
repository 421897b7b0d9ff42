"""Dead letters: what could not be delivered, and everything that can be done about it."""
