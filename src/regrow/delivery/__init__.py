"""Delivery: supervised sends, broadcasts, the journal, dead letters, persistent servers."""
