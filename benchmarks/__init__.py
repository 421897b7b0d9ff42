"""Benchmarks of the runtime, beside asyncio, Erlang/OTP and other Python libraries."""
