#!/usr/bin/env bash
# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# within.sh NAME COMMAND [ARGUMENT...]
#
# Runs COMMAND, from the top of the checkout, in the environment of tests/requirements/NAME.txt. The environment
# is made when it is not there, and made anew when the requirements or the Python have changed.
# PYTHON names the interpreter (default python3), ANSIBLE_CORE a version of ansible-core such as 2.18 (default:
# the newest that the Python allows).
set -euo pipefail

fail() {
  printf '\n%s: %s\n' "cannot set up the environment" "$1" >&2
  exit 1
}

name=$1
shift
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
cache=$root/.cache
python=${PYTHON:-python3}
core=${ANSIBLE_CORE:-}

command -v "$python" >/dev/null \
  || fail "there is no $python. Install Python 3.10 or newer, or name one: make ... PYTHON=/path/to/python3"
version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) \
  || fail "$python does not run. Install Python 3.10 or newer, or name one: make ... PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
  || fail "$python is Python $version; 3.10 or newer is needed. Name one: make ... PYTHON=/path/to/python3"
"$python" -c 'import ensurepip, venv' 2>/dev/null \
  || fail "$python lacks the venv module. On Debian and Ubuntu: apt-get install python3-venv"

environment=$cache/$name-${version%.*}${core:+-core-$core}

# The text of a list of requirements, and of those that it names.
requirements() {
  local line
  while IFS= read -r line; do
    printf '%s\n' "$line"
    [[ $line != "-r "*.txt ]] || { line=${line#-r }; requirements "${line%.txt}"; }
  done <"tests/requirements/$1.txt"
}
wanted=$(requirements "$name" && echo "Python $version in $environment, ansible-core ${core:-newest}")

make_environment() {
  local log=$environment.log
  echo "Setting up ${environment#"$root/"} (Python $version; needed once) ..."
  rm -rf "$environment"
  "$python" -m venv "$environment" >"$log" 2>&1 \
    || { cat "$log" >&2; fail "$python -m venv failed, see above"; }
  "$environment/bin/python" -m pip install --disable-pip-version-check --requirement "tests/requirements/$name.txt" \
    ${core:+"ansible-core==$core.*"} >"$log" 2>&1 \
    || { tail -n 30 "$log" >&2; fail "pip could not install tests/requirements/$name.txt, see above. It needs a package index"; }
  printf '%s\n' "$wanted" >"$environment/complete"
}

mkdir -p "$cache"
(
  # Two runs side by side: the second waits for the first and finds the work done.
  if command -v flock >/dev/null; then flock 9; fi
  if [[ ! -f $environment/complete || $(<"$environment/complete") != "$wanted" ]]; then
    make_environment
  fi
) 9>"$environment.lock"

export VIRTUAL_ENV=$environment
export PATH=$environment/bin:$PATH
export PYTHONNOUSERSITE=1
export LC_ALL=C.UTF-8
unset PYTHONHOME

# The one place where imports, playbooks and linters find the collection under its full name.
tree=$("$environment/bin/python" tests/tools/tree.py)
export PYTHONPATH=$tree:$root/tests
export ANSIBLE_COLLECTIONS_PATH=$tree
export ANSIBLE_HOME=$cache/ansible
exec "$@"
