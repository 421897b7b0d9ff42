"""Pure values: reasons, specs, budgets, timeouts, deadlines, events, ports, settings; no asyncio."""
