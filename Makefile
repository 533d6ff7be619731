# `make lab` opens the course, `make test` runs everything that CI runs. `make help` lists the rest.
SHELL := /bin/bash
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for each in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	$$each -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$each && break; done)
VENV := .venv
BIN := $(VENV)/bin
WORKSPACE ?= workspace
SOURCES := mlopt_lessons tests benchmarks notebooks site solutions nbgrader_config.py
NOTEBOOKS := $(wildcard notebooks/*.ipynb)
SOLUTIONS := $(wildcard solutions/*/*.ipynb)
NBVAL := --nbval --nbval-sanitize-with tests/notebooks/nbval_sanitize.cfg --nbval-current-env \
	--nbval-cell-timeout 300 -p no:cacheprovider
# A file stays with one worker: its fixtures are made once, and a notebook has one kernel.
PARALLEL := -n 2 --dist loadfile
# Threads that wait by spinning take the cores from the other worker: some tests take four times as long.
SHARED_CORES := OMP_WAIT_POLICY=PASSIVE

# Sums differ in the last digit with the number of threads, and outputs are compared.
unit notebooks-test browser-test bench notebooks exercises: export OMP_NUM_THREADS ?= 2

.NOTPARALLEL: # the browser test times what it sees
.PHONY: help lab test lint format types unit notebooks-test browser-test bench notebooks exercises site clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab: $(VENV)/.lab ## open the course in JupyterLab (WORKSPACE=folder, default: workspace)
	@$(BIN)/mlopt lab $(WORKSPACE)

test: lint types unit notebooks-test browser-test ## everything that CI runs

lint: $(VENV)/.test ## style of code and notebooks
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

format: $(VENV)/.test ## mend the style
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

types: $(VENV)/.test ## type check of the package
	$(BIN)/mypy

unit: $(VENV)/.test ## the tests of the package
	$(SHARED_CORES) $(BIN)/pytest tests -m "not browser and not timing" $(PARALLEL)
	$(BIN)/pytest tests -m timing

notebooks-test: $(VENV)/.test ## every notebook and solution, its outputs compared
	$(SHARED_CORES) $(BIN)/pytest $(NBVAL) $(PARALLEL) $(NOTEBOOKS) $(SOLUTIONS)

browser-test: $(VENV)/.test ## the labs in a real browser; alone, since it times them
	$(BIN)/pytest tests/browser -m browser

bench: $(VENV)/.test ## the figures of the README
	$(BIN)/python benchmarks/run.py

notebooks: $(VENV)/.test ## run every notebook and solution again and store the outputs
	$(BIN)/python tests/notebooks/execute.py $(NOTEBOOKS) $(SOLUTIONS)

exercises: $(VENV)/.test ## release the exercises from solutions/
	$(BIN)/python tests/grading/release.py

site: $(VENV)/.test ## the course as web pages, in site/_build/html
	rm -rf site/_build
	$(BIN)/python site/make_site.py

clean: ## remove the environment and caches (never your workspace)
	rm -rf $(VENV) dist build site/_build .pytest_cache .ruff_cache .mypy_cache .hypothesis

# pip comes last into a new environment: where it is missing, the making was cut short.
$(BIN)/pip:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(NEW_ENOUGH)' || { echo "Python 3.11 or newer is needed." \
	  "Install it and run make again, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "Python's venv module is missing; on Debian: apt install python3-venv" >&2; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)

# Two stamps, so that a learner does not wait for what only the tests need.
$(VENV)/.lab: pyproject.toml constraints.txt | $(BIN)/pip
	$(BIN)/pip install --quiet -e . -c constraints.txt
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/pip
	$(BIN)/pip install --quiet -e '.[test]' -c constraints.txt
	@touch $@ $(VENV)/.lab
