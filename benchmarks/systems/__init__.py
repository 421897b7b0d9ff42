"""One adapter per system: how it does each workload by its own API."""
