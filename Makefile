# make demo   the main job on the sandbox       make test   all tests but the slow ones
# make check  what CI runs, without the live suite

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help setup dev demo test test-live test-faults bench fuzz lint types coverage docs fidelity picture wheel check clean

help:  ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# What running it needs, and what working on it needs: the demo waits for the first only.
$(VENV)/.run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "flowplan needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

setup: $(VENV)/.run  ## install flowplan into .venv
dev: $(VENV)/.dev  ## install it with what development needs

demo: $(VENV)/.run  ## plan, apply, status, predict and destroy an example on the sandbox
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/openai-chat/demo.sh

test: $(VENV)/.dev  ## run all tests but the slow ones
	@$(BIN)/python -m tests.live.s3 build
	$(BIN)/python -m pytest -q -n $(WORKERS) -m 'not slow and not live'

test-live: $(VENV)/.dev  ## run against a real OpenSearch node (needs mvn and a JDK 21+)
	$(BIN)/python -m pytest -q -m live tests

test-faults: $(VENV)/.dev  ## kill at every point, not at some
	FLOWPLAN_ALL_POINTS=1 $(BIN)/python -m pytest -q -n $(WORKERS) -m 'slow and not live' -s

# Of its own: it brings a pytest plugin and another thirty packages, which nothing else needs.
$(VENV)/fuzz/.made: Makefile $(VENV)/.dev
	$(BIN)/python -m venv $(VENV)/fuzz
	$(VENV)/fuzz/bin/python -m pip install --quiet 'schemathesis>=4.32,<5'
	@touch $@

fuzz: $(VENV)/fuzz/.made  ## send serve what its OpenAPI document admits, and what not (half a minute)
	$(BIN)/python -m tests.server.fuzz $(VENV)/fuzz/bin/schemathesis

bench: $(VENV)/.dev  ## measure against Terraform and computed bounds (takes about an hour)
	$(BIN)/python -m bench $(BENCH)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy -p flowplan
	$(BIN)/mypy --explicit-package-bases tests examples docs bench

coverage: $(VENV)/.dev  ## branch coverage of planner and state: 95 % at least
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -m 'not slow and not live' \
		tests/planner tests/state tests/workflow tests/contract tests/property
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --include='*/planner/*,*/state/*' --fail-under=95

docs: $(VENV)/.dev  ## regenerate what is generated in docs/
	$(BIN)/python -m docs.generate

fidelity: $(VENV)/.dev  ## compare the sandbox, and serve, with recordings of a real node
	$(BIN)/python -m tests.fidelity
	$(BIN)/python -m tests.server

picture: $(VENV)/.dev  ## draw the pictures in docs/ from real runs
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh docs/picture.sh
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh docs/picture_plan.sh

wheel: $(VENV)/.dev  ## build dist/*.whl
	$(BIN)/python -m build --wheel --outdir dist

check: lint types coverage  ## lint, types, tests with coverage

clean:  ## remove what was built
	rm -rf $(VENV) build dist *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache
