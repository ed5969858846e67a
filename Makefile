# Each target does its whole set-up: Python >= 3.11 and make are all that has to be there.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test lint bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed  ## the first notebook on the simulator: build/demo/01-first-video.html and .mp4
	$(BIN)/python notebooks/run_demo.py build/demo

test: $(VENV)/.browser  ## lint, types, layers, then every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m alone
	$(BIN)/pytest -m 'not alone' -n 3 --dist loadgroup

lint: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed  ## figures, as ratios against peers in one run
	$(BIN)/python -m tests.bench

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version)'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo 'The Python venv module is missing: apt-get install python3-venv'; apt-get update -q && apt-get install -qy python3-venv; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group test
	@touch $@

$(VENV)/.browser: $(VENV)/.installed tests/browser/chromium.py
	$(BIN)/python -m tests.browser.chromium
	@touch $@

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
