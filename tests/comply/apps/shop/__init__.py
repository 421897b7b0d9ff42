"""A shop with nothing to find: each test plants one fault in a copy of it."""
