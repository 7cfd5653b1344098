# The two commands: `make demo` and `make test`. Both set up what they need, and only what is not there yet.

PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.set-up
OPENCV4 := .venv/opencv4
export UV_COMPILE_BYTECODE := 1
export DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DVC_NO_ANALYTICS := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup tools browser demo data repro test test-fast lint format lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(SETUP) ## Make the virtual environment from the lock

$(SETUP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "Facefoundry needs Python 3.11 to 3.13. Choose one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { echo "Python cannot make virtual environments here. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	$(BIN)/pip install --quiet --require-hashes --requirement .venv/uv.lock
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

tools: $(SETUP) ## Build OpenCV's two trainer programs into the user's cache, once
	@$(BIN)/facefoundry tools install

browser: ## Debian's Chromium, for the tests that open pages, where root can install it
	@command -v chromium > /dev/null || { test "$$(id -u)" = 0 && command -v apt-get > /dev/null \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium > /dev/null; } \
	  || echo "No Chromium here and no way to install it: the tests that open pages will be skipped."

$(OPENCV4): $(SETUP) tests/opencv4.lock
	@rm -rf $@
	$(BIN)/uv pip install --quiet --no-deps --require-hashes --python $(BIN)/python --target $@ --requirement tests/opencv4.lock
	@touch $@

data: $(SETUP) ## Write the generated sample data, unless data/ is there
	@test -e data || $(BIN)/facefoundry sample-data

demo: data ## Run both lines on the sample data, to registered models
	@$(BIN)/facefoundry run both --out work/demo

repro: data ## The same steps by DVC: only what changed runs
	@$(BIN)/dvc repro

test: lint tools browser $(OPENCV4) ## Everything that CI runs
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test-fast: $(SETUP) ## The tests that need neither a server nor minutes
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not slow and not prefect"

lint: $(SETUP) ## Format, lint and type checks, changing nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(SETUP) ## Format, and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Resolve the dependencies anew into requirements.lock, without addresses
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --quiet --output-file requirements.lock
	echo 'opencv-contrib-python-headless<5' | $(BIN)/uv pip compile - --no-deps --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet --output-file tests/opencv4.lock

clean: ## Remove what steps wrote, not the data and not the environment
	rm -rf work
