# `make run` starts everything on a fresh machine; `make check` and `make test` are what CI runs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS := bundled,office,ocr,train,dev
SAMPLES := samples/documents

.DEFAULT_GOAL := help
.PHONY: help install run test check format bench docs lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Build .venv with everything; does nothing when it is up to date

# PyTorch goes first, so that nothing else chooses another build of it.
$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

run: install ## Prepare models, take in the samples if they are new, start the service
	$(BIN)/youju serve --ingest $(SAMPLES)

test: install ## Run all tests
	$(BIN)/pytest

check: install ## Format, lint, types, import contracts, generated documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m app.settings_doc --check docs/configuration.md

format: install ## Format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install ## Write the documentation that is generated from the code
	$(BIN)/python -m app.settings_doc docs/configuration.md

bench: install ## Measure search and answers: make bench DATASET=folder
	$(BIN)/youju evaluate retrieval $(DATASET)
	$(BIN)/youju evaluate answers $(DATASET)

lock: install ## Resolve constraints.txt anew from pyproject.toml
	$(BIN)/python .ci/lock

clean: ## Remove the environment, caches and built files; data stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache \
	    .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
