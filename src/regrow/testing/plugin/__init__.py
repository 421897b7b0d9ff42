"""What the pytest plugin loads when a test uses it; pytest itself starts without."""
