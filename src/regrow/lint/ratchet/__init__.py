"""The ratchet: findings that are known stand in a baseline, which may shrink and not grow."""
