"""How a main coroutine is run by peers that need more than an event loop; in the peer's own environment."""
