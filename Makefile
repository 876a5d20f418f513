# Every task of the project; each target prepares what it needs inside .venv, and only once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
# Every index that pip is configured with stays in force: only versions are fixed here.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two targets that install into one environment at the same time would spoil it.
.NOTPARALLEL:

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(STAMPS)/cli ## a shop's two days of support, decided and pushed to a file
	@$(BIN)/alignkit demo

# By scope, so that the blocks of one page, which build on one another, stay in one worker.
.PHONY: test
test: $(STAMPS)/test ## the tests, and the Python blocks of README and docs
	$(BIN)/python -m pytest --numprocesses auto --dist loadscope -m "not live"

.PHONY: live
live: $(STAMPS)/test ## end-to-end tests against real servers on loopback; needs root, apt and npm to install some
	tests/live/install.sh
	$(BIN)/python -m pytest -m live tests/live

# Goes on where it stopped; PAIRS and MINUTES say how far, and the seeds are printed.
PAIRS ?= 1000000
MINUTES ?= 120
# Of the moment, so that each run plays other histories, and the same for all workers of one run.
FIRST_SEED := $(shell date +%s)
.PHONY: fuzz
fuzz: $(STAMPS)/test ## a million generated policies and facts decided twice, and 200 new histories for each connector
	$(BIN)/python -m tests.reference.fuzz --pairs $(PAIRS) --minutes $(MINUTES)
	@echo "histories from seed $(FIRST_SEED); play them again with \`make fuzz FIRST_SEED=$(FIRST_SEED)\`"
	ALIGNKIT_HISTORIES=200 ALIGNKIT_SEED=$(FIRST_SEED) $(BIN)/python -m pytest --numprocesses auto -q \
		-k whatever_happened_meanwhile tests/connectors tests/testing

# MUTANTS names a part, such as `alignkit.rules.clocks*`, or chooses by chance: `--sample 1000`. What was found is kept in
# mutants/, and only the rest is run.
.PHONY: mutants
mutants: $(STAMPS)/mutants ## the rules changed in one place after the other, to see whether a test notices; an hour or two
	CI=true $(BIN)/python tools/mutants.py $(MUTANTS)

.PHONY: bench
bench: $(STAMPS)/bench $(STAMPS)/airbyte ## the figures, each against a baseline of the same run
	$(BIN)/python -m benchmarks

.PHONY: check
check: lint types ## all that is checked without running it; with `make -k check` to the end

.PHONY: lint
lint: $(STAMPS)/check ## ruff's rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: types
types: $(STAMPS)/check ## mypy and pyright, both strict; the public types must be complete
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	# This mode takes the first `python` on the path and overlooks `--pythonpath`.
	PATH="$(CURDIR)/$(BIN):$$PATH" pyright --verifytypes alignkit --ignoreexternal

.PHONY: docs
docs: $(STAMPS)/docs ## the documentation, into docs/_build/html; a warning is an error
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env -d docs/_build/doctrees docs docs/_build/html

.PHONY: constraints
constraints: ## settle the newest versions into constraints.txt
	PYTHON="$(PYTHON)" tools/settle-constraints

.PHONY: clean
clean: ## remove the environment, the caches and what was built
	rm -rf $(VENV) .cache build dist mutants docs/_build .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(STAMPS)/pip: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "alignkit needs Python 3.11 or newer; try `make PYTHON=python3.11`")'
	@echo "preparing $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) --upgrade pip
	@mkdir -p $(STAMPS) && touch $@

INSTALL = $(PIP_INSTALL) --build-constraint constraints.txt

$(STAMPS)/cli: pyproject.toml $(STAMPS)/pip
	@$(INSTALL) --editable ".[cli]"
	@touch $@

$(STAMPS)/test: pyproject.toml $(STAMPS)/pip
	@$(INSTALL) --editable ".[cli,fast,testing]" --group test
	@touch $@

$(STAMPS)/bench: pyproject.toml $(STAMPS)/pip
	@$(INSTALL) --editable ".[cli,fast]" --group bench
	@touch $@

# It wants other versions than ours of what both need, so it is measured from an environment of its own.
$(STAMPS)/airbyte: $(STAMPS)/pip
	@$(PYTHON) -m venv $(VENV)/airbyte
	@$(VENV)/airbyte/bin/python -m pip install --quiet --disable-pip-version-check airbyte-cdk==7.39.1
	@touch $@

$(STAMPS)/mutants: pyproject.toml $(STAMPS)/test
	@$(INSTALL) --group mutants
	@touch $@

# The checkers read tests, docs and benchmarks, so they need what those import.
$(STAMPS)/check: pyproject.toml $(STAMPS)/pip
	@$(INSTALL) --editable ".[cli,fast,testing]" --group check --group test --group docs --group bench
	@touch $@

$(STAMPS)/docs: pyproject.toml $(STAMPS)/pip
	@$(INSTALL) --editable . --group docs
	@touch $@
