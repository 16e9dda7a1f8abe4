# One set of commands for hands, hooks and CI. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PYTEST ?= $(BIN)/pytest

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.venv/.installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@echo "Installing into .venv (once; about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

.PHONY: install
install: .venv/.installed ## Make .venv and install everything into it

.PHONY: test
test: install ## All tests that need nothing but Python
	$(PYTEST) -n 2

.PHONY: lint
lint: install ## ruff, mypy --strict, import-linter, deptry
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	$(BIN)/deptry operator

.PHONY: format
format: install ## Rewrite the code as the linters want it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: crds
crds: install ## Regenerate crds/ from operator/acrcmk/api
	$(BIN)/acrcmk crd > crds/acrcmk.dev_encryptedregistries.yaml

.PHONY: lock
lock: install ## Renew the lock files (hashes of every dependency)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra lab --group dev pyproject.toml -o requirements-dev.lock
