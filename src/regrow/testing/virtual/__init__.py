"""Virtual time: a loop whose clock jumps to the next timer, and what runs tests on it."""
