"""The engine and the behaviours: processes, links, monitors, timers, servers, supervisors, system."""
