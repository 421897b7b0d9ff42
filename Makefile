# Every target sets itself up: Python 3.11+, git and make are enough to start from.
# What the package index does not have (Erlang, for the conformance oracle) comes from
# Debian, or its part is skipped in so many words.

VENV  := .venv
BIN   := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-uvloop test-debug flakes check format api bench conformance conformance-record \
        docs build clean erlang

help:
	@echo "make setup               the virtual environment with all tools"
	@echo "make demo                indexes the standard library while it is killed three times"
	@echo "make test                all tests, on 2 workers"
	@echo "make test-uvloop         the few tests that run on uvloop, alone"
	@echo "make flakes              the tests 20 times in random order: an hour"
	@echo "make test-debug          the tests under -X dev and asyncio's debug mode"
	@echo "make check               lint, types, import rules, public API, size budgets"
	@echo "make format              rewrite files as 'make check' wants them"
	@echo "make api                 write the public-API snapshot anew"
	@echo "make conformance         compare with real Erlang/OTP (erl), at length"
	@echo "make conformance-record  write the golden traces anew (needs erl)"
	@echo "make bench               the quick benchmarks"
	@echo "make docs                the documentation, warnings are errors"
	@echo "make build               wheel and sdist, tried in a clean environment"

setup: $(READY)

$(READY): pyproject.toml tools/setup.sh
	sh tools/setup.sh $(VENV)
	@touch $@

demo: $(READY)
	$(BIN)/python examples/index_stdlib.py

test: $(READY)
	$(PYTEST) -n 2 --dist loadfile

test-uvloop: $(READY)
	$(PYTEST) -n 2 --dist loadfile -m uvloop

test-debug: $(READY)
	PYTHONASYNCIODEBUG=1 $(BIN)/python -X dev -m pytest -n 2 --dist loadfile

flakes: $(READY)
	$(BIN)/python tools/flakes.py

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python tools/verifytypes.py
	$(BIN)/python tools/api_snapshot.py --check
	$(BIN)/python tools/event_table.py --check
	$(BIN)/python tools/rule_pages.py --check
	$(BIN)/python tools/own_rules.py
	$(PYTEST) -q tests/api

format: $(READY)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

api: $(READY)
	$(BIN)/python tools/api_snapshot.py --write

bench: $(READY)
	$(BIN)/python benchmarks/run.py --suite runtime --quick

# erlang-base is a few megabytes and all that the oracle needs. Without it the golden
# traces still stand in for the live oracle.
erlang:
	@sh tools/erlang.sh

conformance: $(READY) erlang
	$(BIN)/python -m tests.conformance

conformance-record: $(READY) erlang
	$(BIN)/python -m tests.conformance --record

docs: $(READY)
	$(BIN)/python tools/rule_pages.py --write
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

build: $(READY)
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python tools/check_dist.py dist

clean:
	rm -rf $(VENV) dist build docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .regrow_cache
