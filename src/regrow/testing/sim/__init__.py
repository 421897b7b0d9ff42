"""Seeded simulation: one seed decides the schedule, the faults and the times of a run."""
