"""The fence around a simulated run: nothing real gets in, and whoever reaches out is told."""
