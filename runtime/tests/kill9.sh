#!/usr/bin/env bash
# Kills a server under load, again and again, and counts what is lost: runtime/tests/kill9.sh 1000
set -euo pipefail
cd "$(dirname "$0")/../.."
PARLOR_KILLS=${1:?"give the number of kills"} cargo test --release -p parlor-runtime --test kill9 -- --nocapture
