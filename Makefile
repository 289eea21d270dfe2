# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Each target sets up what it needs under .cache and leaves nothing else behind.
# Settings: PYTHON=python3.13 picks the interpreter, ANSIBLE_CORE=2.18 the ansible-core (default: the newest for that
# Python), ARGS="-k digest -x" goes to pytest, ansible-test or the demo.

PYTHON ?= python3
JOBS ?= 2
ARGS ?=
export PYTHON ANSIBLE_CORE

DEMO := tests/tools/within.sh demo
TEST := tests/tools/within.sh test
BROWSER := tests/tools/browser.sh
PYTEST := $(TEST) python -m pytest --numprocesses=$(JOBS) --dist=worksteal

.DEFAULT_GOAL := help
.PHONY: help demo simulator test ansible-lint ruff mypy changelog lint sanity unit integration torture tests browser coverage docs pictures fleet bench build format clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: ## watch the main job run against the simulator
	@$(DEMO) python tests/demo/run $(ARGS)

simulator: ## run the simulator in the foreground; prints the variables to export
	@$(DEMO) python -m simulator $(ARGS)

test: ## everything below, in order, up to the coverage; what CI runs
	@$(TEST) python tests/tools/stages.py ansible-lint ruff mypy changelog sanity tests browser coverage

lint: ansible-lint ruff mypy changelog ## all linters

ansible-lint: ## ansible-lint, profile production, strict
	@$(TEST) ansible-lint --offline --strict --profile production

ruff: ## ruff: rules and format
	@$(TEST) ruff check .
	@$(TEST) ruff format --check .

mypy: ## mypy, strict, over plugins and tests
	@$(TEST) mypy .cache/tree/ansible_collections/mongodb_ops/legacy_backup/plugins conftest.py tests $(wildcard tests/demo/run)

changelog: ## the changelog's fragments
	@$(TEST) antsibull-changelog lint

sanity: ## ansible-test sanity, with no ignore file
	@$(TEST) python tests/tools/sanity.py $(ARGS)

unit: ## unit tests
	@$(PYTEST) tests/unit $(ARGS)

integration: ## end-to-end tests: real playbooks, installed artefact, simulator
	@$(PYTEST) tests/integration $(ARGS)

torture: ## the heavy tests: every fault at every request of a run, kills, load, odd answers; says how many cases held
	@$(PYTEST) tests/torture $(ARGS)
	@$(if $(ARGS),:,HYPOTHESIS_PROFILE=explore $(PYTEST) tests/unit -k hostile)

tests: ## unit and end-to-end tests, measured for the coverage
	@$(TEST) python tests/tools/measured.py run -- \
	  python -m pytest --numprocesses=$(JOBS) --dist=worksteal --durations=10 --durations-min=5 $(ARGS)

browser: ## the report's page in a real browser: headless Chromium, and axe-core for who reads it otherwise
	@$(BROWSER) python -m pytest tests/browser $(ARGS)

coverage: ## the coverage of the last `make tests`; fails under the limit of pyproject.toml
	@$(TEST) python tests/tools/measured.py report

docs: ## the documentation as a site, into .cache/docs: warnings are errors, and nothing comes from the network
	@tests/tools/within.sh docs python -m tools.docs
	@tests/tools/within.sh docs python -m pytest tests/docs $(ARGS)

pictures: ## draw the pictures of the guides anew
	@$(TEST) python -m tools.pictures

fleet: ## 500 clusters with 400 snapshots each: requests, time and memory, as a table and a plot (25 minutes on 2 cores)
	@tests/tools/within.sh measure python -m fleet $(ARGS)

bench: ## our speed beside a uri loop, curl and an ideal client, as tables, ratios and a plot (25 minutes on 2 cores)
	@tests/tools/within.sh measure python -m bench $(ARGS)

build: ## the artefact, into .cache/artefact
	@$(TEST) python tests/tools/artefact.py

format: ## rewrite the Python files in ruff's format and order of imports
	@$(TEST) ruff check --fix .
	@$(TEST) ruff format .

clean: ## remove .cache and what tools left behind
	rm -rf .cache .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output
