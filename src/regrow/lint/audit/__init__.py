"""The test auditor: what a test suite's isolation is worth, file by file."""
