# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Each target sets up what it needs under .cache and leaves nothing else behind.
# Settings: PYTHON=python3.13 picks the interpreter, ANSIBLE_CORE=2.18 the ansible-core (default: the newest for that
# Python), ARGS="-k digest -x" goes to pytest, ansible-test or the demo, JOBS=4 is how many tests run side by side.

PYTHON ?= python3
JOBS ?= 2
ARGS ?=
export PYTHON ANSIBLE_CORE JOBS

DEMO := tests/tools/within.sh demo
TEST := tests/tools/within.sh test
IMPORTER := tests/tools/within.sh importer
BROWSER := tests/tools/browser.sh
PYTEST := $(TEST) python -m pytest --numprocesses=$(JOBS) --dist=worksteal

# The table of tests/tools/matrix.py, which says what each of them gets and with which Python.
CORES := core-2.16 core-2.17 core-2.18 core-2.19 core-2.20 core-2.21
LINTERS := ansible-lint ruff mypy changelog
GATES := yamllint reuse docs importer artefact habits $(CORES) mutation

.DEFAULT_GOAL := help
# All of them: what has a line of help is a name, not a file.
.PHONY: $(shell sed -n 's/^\([a-z0-9.-]*\):.*\#\# .*/\1/p' Makefile)

help: ## list the targets
	@sed -n 's/^\([a-z0-9.-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: ## the environment of the tests, once, so that most targets then need no package index
	@$(TEST) true

demo: ## watch the main job run against the simulator
	@$(DEMO) python tests/demo/run $(ARGS)

simulator: ## run the simulator in the foreground; prints the variables to export
	@$(DEMO) python -m simulator $(ARGS)

test: ## everything below, in order, up to the coverage; what CI runs
	@$(TEST) python tests/tools/stages.py ansible-lint ruff mypy changelog sanity tests browser coverage

lint: $(LINTERS) ## all linters of `make test`

ansible-lint: ## ansible-lint, profile production, strict
	@$(TEST) ansible-lint --offline --strict --profile production

ruff: ## ruff: rules and format
	@$(TEST) ruff check .
	@$(TEST) ruff format --check .

mypy: ## mypy, strict, over plugins and tests
	@$(TEST) mypy .cache/tree/ansible_collections/mongodb_ops/legacy_backup/plugins conftest.py tests $(wildcard tests/demo/run)

changelog: ## the changelog's fragments: well-formed, and there where something has changed
	@$(TEST) antsibull-changelog lint
	@$(TEST) python tests/tools/fragments.py

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

gates: ## what is too slow for `make test`: every ansible-core, the importer, a release, mutations; each is a target too
	@$(PYTHON) tests/tools/stages.py --of gates $(GATES)

yamllint: ## yamllint, strict, over all YAML
	@$(TEST) yamllint --strict .

reuse: ## the licence of every file, by the REUSE specification
	@$(TEST) reuse lint

importer: ## galaxy-importer as on Automation Hub; its log has to be free of warnings
	@$(IMPORTER) python tests/tools/importer.py

artefact: ## the artefact: reproducible, small, installs offline, verifies
	@$(TEST) python -m pytest tests/gates/test_artefact.py $(ARGS)

habits: ## a release in a clone from beginning to end, and fragments demanded where they are missing
	@$(TEST) python -m pytest tests/gates/test_release.py $(ARGS)

core-2.16: ## end-to-end tests on ansible-core 2.16, with no warning in any output
core-2.17: ## the same on ansible-core 2.17
core-2.18: ## the same on ansible-core 2.18
core-2.19: ## sanity, unit and end-to-end tests on ansible-core 2.19
core-2.20: ## the same on ansible-core 2.20
core-2.21: ## the same on ansible-core 2.21
$(CORES): core-%:
	@PYTHONPATH=tests $(PYTHON) -m tools.matrix $* $(ARGS)

mutation: ## mutants of the retention rules and of the snapshot; at least 90 % have to be noticed by the unit tests
	@tests/tools/within.sh mutation python tests/tools/mutation.py $(ARGS)

build: ## the artefact, into .cache/artefact
	@$(TEST) python tests/tools/artefact.py

format: ## rewrite the Python files in ruff's format and order of imports
	@$(TEST) ruff check --fix .
	@$(TEST) ruff format .

prepare-release: ## VERSION=1.2.3 into galaxy.yml, the fragments into the changelog
	@$(TEST) python tests/tools/release.py prepare "$$VERSION"

release: ## check and make release VERSION=1.2.3 from its tag, into .cache/release or DIST=folder
	@$(TEST) python tests/tools/release.py check "$$VERSION"
	@$(MAKE) --no-print-directory lint reuse artefact importer
	@$(TEST) python tests/tools/release.py write "$$VERSION" $${DIST:+"$$DIST"}

publish: ## upload the release in DIST to Galaxy, with the token in ANSIBLE_GALAXY_TOKEN
	@$(TEST) ansible-galaxy collection publish "$${DIST:?names the folder of the release}"/*.tar.gz

clean: ## remove .cache and what tools left behind
	rm -rf .cache .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output
