# Python 3.11 or later and make are all that a machine needs: every target sets up .venv by itself, once.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Further arguments for pytest, or for the demo: make test ARGS="-m 'not slow'"
ARGS ?=

# Two processes test, with a thread each; an idle one takes tests from the other. make test JOBS=0 tests in one process.
JOBS ?= 2

.DEFAULT_GOAL := test
.PHONY: demo test lint audit fuzz bench search-bench frontend browser

demo: .venv/dev.stamp
	TF_CPP_MIN_LOG_LEVEL=2 $(BIN)/python -m models.digits_mlp $(ARGS)

test: .venv/dev.stamp
	TF_CPP_MIN_LOG_LEVEL=2 OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive kerastune_lite kerastune_lite_tensorboard

# Known vulnerabilities of what is installed; asks PyPI, so it is no part of the tests.
audit: .venv/audit.stamp
	$(BIN)/pip-audit --skip-editable $(ARGS)

# Odd files until one raises an error that is not ours: make fuzz ARGS="journal -max_total_time=300"
fuzz: .venv/fuzz.stamp
	$(BIN)/python -m tests.fuzz.fuzz $(or $(ARGS),journal -max_total_time=300)

bench: .venv/bench.stamp
	$(BIN)/python -m benchmarks.overhead $(ARGS)
	$(BIN)/python -m benchmarks.trial_throughput $(ARGS)

# LCBENCH: the folder of LCBench's surrogate (model.onnx, encoding.json); without it those tasks are left out.
# RESULTS: a file of runs; those in it are not run again.
QUALITY := $(BIN)/python -m benchmarks.search_quality $(if $(RESULTS),--results $(RESULTS))
search-bench: .venv/search-bench.stamp
	$(BIN)/python -m benchmarks.suggest_cost $(ARGS)
	$(QUALITY) $(if $(LCBENCH),--lcbench $(LCBENCH))
	$(QUALITY) --families functions kinds "small networks" --sides kerastune_lite "right prior" "wrong prior" random
	$(BIN)/python -m benchmarks.cost_aware

# The page of the Tuning tab; needs node. The built page is committed.
frontend: frontend/node_modules/.package-lock.json
	cd frontend && npm run build

# What the tests of the page need: its packages, and Chromium. Without it they are skipped.
browser: frontend/node_modules/.package-lock.json
	command -v chromium || command -v google-chrome || \
	  (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium)

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	cd frontend && npm ci

# The stamps are newer than pyproject.toml as long as what it asks for is installed.
.venv/dev.stamp: pyproject.toml
	$(PYTHON) -m venv .venv
	$(INSTALL) --editable '.[dev]'
	@touch $@

.venv/audit.stamp: .venv/dev.stamp
	$(INSTALL) --editable '.[audit]'
	@touch $@

.venv/fuzz.stamp: .venv/dev.stamp
	$(INSTALL) --editable '.[fuzz]'
	@touch $@

.venv/search-bench.stamp: .venv/bench.stamp
	$(INSTALL) --editable '.[search-bench]'
	@touch $@

.venv/bench.stamp: .venv/dev.stamp
	$(INSTALL) --editable '.[bench]'
	@touch $@
