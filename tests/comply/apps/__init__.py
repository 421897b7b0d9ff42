"""Applications that the compliance suite is tried on."""
