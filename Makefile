# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

# Short names for sessions of noxfile.py; `nox -l` lists all of them. Each sets up what it needs under .cache.
# Settings: PYTHON=python3.13 picks the interpreter, ARGS="-k digest -x" goes to pytest or to the command,
# JOBS=4 is how many tests run side by side.

PYTHON ?= python3
JOBS ?= 2
ARGS ?=
export JOBS

VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)
HOME_OF_NOX := .cache/nox-$(VERSION)
NOX := $(HOME_OF_NOX)/bin/python -m nox
LOG := .cache/nox.log

.DEFAULT_GOAL := help
.PHONY: help demo test unit integration torture simulator bench fleet pictures clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

demo: $(HOME_OF_NOX)/ready ## watch the main job run against the simulator
	@$(NOX) -e demo -- $(ARGS)

test: $(HOME_OF_NOX)/ready ## everything that continuous integration runs: linters, sanity, all tests, their coverage
	@CI=true NO_COLOR=1 PY_COLORS=0 $(NOX)

unit: $(HOME_OF_NOX)/ready ## unit tests
	@$(NOX) -e tests -- tests/unit tests/repository $(ARGS)

integration: $(HOME_OF_NOX)/ready ## end-to-end tests: real playbooks, installed artefact, simulator
	@$(NOX) -e tests -- tests/integration $(ARGS)

torture: $(HOME_OF_NOX)/ready ## the heavy tests: every fault at every request of a run, kills, load, odd answers
	@$(NOX) -e tests -- tests/torture $(ARGS)
	@$(if $(ARGS),:,HYPOTHESIS_PROFILE=explore $(NOX) -e tests -- tests/unit -k hostile)

simulator: $(HOME_OF_NOX)/ready ## run the simulator in the foreground; prints the variables to export
	@$(NOX) -e simulator -- $(ARGS)

bench: $(HOME_OF_NOX)/ready ## our speed beside a uri loop, curl and an ideal client (25 minutes on 2 cores)
	@$(NOX) -e bench -- $(ARGS)

fleet: $(HOME_OF_NOX)/ready ## what 500 clusters with 400 snapshots each cost (25 minutes on 2 cores)
	@$(NOX) -e fleet -- $(ARGS)

pictures: $(HOME_OF_NOX)/ready ## draw the pictures of the guides anew
	@$(NOX) -e pictures

clean: ## remove .cache and what tools left behind
	rm -rf .cache .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output

$(HOME_OF_NOX)/ready: tests/requirements/nox.txt
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Install Python 3.10 or newer, or name one: make ... PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or newer is needed. Name one: make ... PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) lacks the venv module. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Setting up nox in $(HOME_OF_NOX) (needed once) ..."
	@mkdir -p .cache
	@{ $(PYTHON) -m venv --clear $(HOME_OF_NOX) && $(HOME_OF_NOX)/bin/python -m pip install --requirement $<; } >$(LOG) 2>&1 \
	  || { tail -n 30 $(LOG); echo "pip could not install $<, see above. It needs a package index"; exit 1; }
	@touch $@
