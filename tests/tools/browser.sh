#!/usr/bin/env bash
# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

# browser.sh COMMAND [ARGUMENT...]
#
# Runs COMMAND with a Chromium, and with axe-core and the linters of tests/browser/package.json: the first is Debian's
# package, installed when it is not there and may be, the others come from npm into .cache. CHROMIUM names another Chromium
# or Chrome.
set -euo pipefail

fail() {
  printf '\n%s: %s\n' "cannot set up the browser tests" "$1" >&2
  exit 1
}

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
cache=$root/.cache
log=$cache/browser.log
npm=$cache/npm

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  else
    sudo --non-interactive "$@"
  fi
}

install_chromium() {
  command -v apt-get >/dev/null \
    || fail "there is no chromium, and no apt-get to install it with. Install Chromium, or name one: CHROMIUM=/path nox -e browser"
  [[ $(id -u) == 0 ]] || sudo --non-interactive true 2>/dev/null \
    || fail "there is no chromium, and no right to install it. As root: apt-get install chromium fonts-dejavu-core"
  echo "Installing Debian's chromium (needed once) ..."
  { as_root apt-get update --quiet \
    && as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends \
      chromium fonts-dejavu-core; } >"$log" 2>&1 \
    || { tail -n 20 "$log" >&2; fail "apt-get could not install chromium, see above. It needs a package mirror"; }
}

install_from_npm() {
  command -v npm >/dev/null \
    || fail "there is no npm, which axe-core and the linters come from. On Debian and Ubuntu: apt-get install npm"
  echo "Fetching axe-core and the linters (needed once) ..."
  rm -rf "$npm"
  mkdir -p "$npm"
  cp tests/browser/package.json "$npm/"
  npm install --prefix "$npm" --no-audit --no-fund --no-package-lock --ignore-scripts >"$log" 2>&1 \
    || { tail -n 20 "$log" >&2; fail "npm could not install tests/browser/package.json, see above. It needs a package registry"; }
  cp tests/browser/package.json "$npm/complete.json"
}

mkdir -p "$cache"
(
  # Two runs side by side: the second waits for the first and finds the work done.
  if command -v flock >/dev/null; then flock 9; fi
  if [[ -z ${CHROMIUM:-} ]] && ! command -v chromium >/dev/null; then
    install_chromium
  fi
  cmp -s tests/browser/package.json "$npm/complete.json" || install_from_npm
) 9>"$cache/browser.lock"

CHROMIUM=${CHROMIUM:-$(command -v chromium)} || fail "chromium was installed and is not on the PATH"
[[ -x $CHROMIUM ]] || fail "$CHROMIUM is no program. Name another: CHROMIUM=/path nox -e browser"
export CHROMIUM
export NODE_PATH=$npm/node_modules
exec "$@"
