#!/usr/bin/env bash
# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

# curl_loop.sh USER:PASSWORD EXPIRES URL...
#
# Gives each snapshot an expiry, as a shell script does it: a process, a connection and a digest dance for each.
set -euo pipefail
key=$1 expires=$2
shift 2
for url in "$@"; do
  curl --silent --show-error --fail --output /dev/null --digest --user "$key" --request PATCH \
    --header 'Content-Type: application/json' --data "{\"expires\": \"$expires\"}" "$url"
done
